package import LaunchConfiguration

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

    /// After a failure: 1 s doubling to the interval with full jitter, or what the server asked for.
    package static func afterFailure(
        _ plan: RefreshPlan, failures: Int64, retryAfter: Duration?, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        let cap = max(plan.interval ?? .seconds(300), .seconds(1))
        if let retryAfter { return min(max(retryAfter, .seconds(1)), .seconds(300)) }
        let bound = min(Duration.seconds(1 << min(max(failures, 0), 30)), cap)
        return .milliseconds(Int64.random(in: 0...max(milliseconds(bound), 1), using: &generator))
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
