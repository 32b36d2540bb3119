package import LaunchConfiguration
import WorkerProtocol

/// When to come again: pure, with the randomness given.
package enum Schedule {
    /// The interval ± jitter; nil where refreshing is off.
    package static func next(
        _ plan: RefreshPlan, using generator: inout some RandomNumberGenerator
    ) -> Duration? {
        guard let interval = plan.interval else { return nil }
        let spread = interval * plan.jitter / 100
        guard spread > .zero else { return interval }
        return interval
            + .milliseconds(Int64.random(in: -milliseconds(spread)...milliseconds(spread), using: &generator))
    }

    /// After success: the interval, or the next expiry or beginning of validity where that is earlier.
    package static func next(
        _ plan: RefreshPlan, turningPoints: [Int64], now: Int64, using generator: inout some RandomNumberGenerator
    ) -> Duration? {
        let regular = next(plan, using: &generator)
        let ahead = turningPoints.filter { $0 > now }.min().map { Duration.seconds($0 - now) }
        guard let ahead, plan.interval != nil else { return regular }
        return regular.map { min($0, ahead) }
    }

    /// After a failure: 1 s doubling to the interval, or what the server asked for. The jitter is full but for a floor,
    /// since a draw near zero would be no pause at all.
    package static func afterFailure(
        _ plan: RefreshPlan, failures: Int64, retryAfter: Duration?, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        if let retryAfter { return min(max(retryAfter, .seconds(1)), .seconds(300)) }
        let cap = max(milliseconds(plan.interval ?? .seconds(300)), 1000)
        return .milliseconds(backoffMilliseconds(after: failures, upTo: cap, using: &generator))
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
