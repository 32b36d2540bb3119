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

    /// After success: the interval, or the next expiry, beginning of validity or renewal of a token if that is earlier.
    /// Tokens are renewed even if refreshing is off, because they would expire. Times are in seconds since 1970.
    package static func next(
        _ plan: RefreshPlan, turningPoints: [Int64], renewals: [Int64] = [], now: Int64,
        using generator: inout some RandomNumberGenerator
    ) -> Duration? {
        let regular = next(plan, using: &generator)
        let ahead = (plan.interval == nil ? [] : turningPoints.filter { $0 > now }) + renewals.map { max($0, now + 1) }
        return (ahead.map { Duration.seconds($0 - now) } + [regular].compactMap(\.self)).min()
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
