package import LaunchConfiguration
import Secrets

/// Fetches what a plan asks for. While a vault can't be reached, is throttled or fails, its fallback stands in for it,
/// for the whole of this attempt; after any other failure it does not.
///
/// The time is shared: a vault with another one behind it has half of what is left, at most `turn`. A start begins
/// again with the first vault until its time is over.
package func fetchSet(
    _ plan: LaunchPlan, from origin: FetchSources, since earlier: EarlierDelivery? = nil
) throws(RefreshFailure) -> FetchedSet {
    guard !plan.fallbacks.isEmpty else { return try fetchOnce(plan, from: origin, since: earlier) }
    var turns = FallbackTurns(plan.fallbacks)
    while true {
        var current = origin
        current.standIns = turns.standIns
        current.retryPolicy = turns.share(of: origin.retryPolicy)
        do throws(RefreshFailure) {
            var fetchedSet = try fetchOnce(plan, from: current, since: earlier)
            for (vault, standIn) in turns.all { fetchedSet.fallbacks[vault.name] = standIn?.name ?? "" }
            fetchedSet.notices += turns.notices(since: earlier?.memory.fallbacks ?? [:])
            return fetchedSet
        } catch {
            guard turns.advance(after: error, within: origin.retryPolicy) else { throw turns.failure(error) }
        }
    }
}
