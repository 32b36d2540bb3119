package import LaunchConfiguration
import LinuxSystem

/// The time of the next refresh. Pure functions; the caller passes the random numbers.
package enum Schedule {
    /// The interval ± jitter; nil if refreshing is off.
    package static func next(
        _ plan: RefreshPlan, using generator: inout some RandomNumberGenerator
    ) -> Duration? {
        guard let interval = plan.interval else { return nil }
        let spread = interval * plan.jitter / 100
        guard spread > .zero else { return interval }
        return interval
            + .milliseconds(Int64.random(in: -spread.wholeMilliseconds...spread.wholeMilliseconds, using: &generator))
    }

    /// After success: the interval, or the next expiry or beginning of validity if that is earlier.
    package static func next(
        _ plan: RefreshPlan, turningPoints: [Int64], now: Int64, using generator: inout some RandomNumberGenerator
    ) -> Duration? {
        let regular = next(plan, using: &generator)
        let ahead = turningPoints.filter { $0 > now }.min().map { Duration.seconds($0 - now) }
        guard let ahead, plan.interval != nil else { return regular }
        return regular.map { min($0, ahead) }
    }

    /// After a failure: a backoff up to the interval, or what the server asked for.
    package static func afterFailure(
        _ plan: RefreshPlan, failures: Int64, retryAfter: Duration?, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        if let retryAfter { return min(max(retryAfter, .seconds(1)), .seconds(300)) }
        var backoff = Backoff.betweenAttempts(interval: plan.interval, after: failures)
        return backoff.next(using: &generator)
    }
}
