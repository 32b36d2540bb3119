/// Backoff with full jitter: a random pause between `floor` and a bound that doubles from `base` to `cap`.
package struct Backoff: Sendable {
    private var bound: Duration
    private let cap: Duration
    private let floor: Duration

    /// `failures`: how many came before.
    package init(base: Duration, cap: Duration, floor: Duration = .zero, after failures: Int64 = 0) {
        bound = min(base * (1 << min(max(failures, 0), 30)), cap)
        self.cap = cap
        self.floor = floor
    }

    /// Between the attempts of workers: from 1 s, doubled up to the refresh interval. `floor` prevents a random pause
    /// near zero.
    package static func betweenAttempts(interval: Duration?, after failures: Int64) -> Backoff {
        let cap = max(interval ?? .seconds(300), .seconds(1))
        return Backoff(base: .seconds(1), cap: cap, floor: .milliseconds(250), after: failures)
    }

    /// The next pause. The bound doubles.
    package mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let range = min(floor, bound).wholeNanoseconds...max(bound.wholeNanoseconds, 1)
        bound = min(bound * 2, cap)
        return .nanoseconds(Int64.random(in: range, using: &generator))
    }
}
