import LatchkeyTestSupport
import LaunchConfiguration
import Testing
import WorkerProtocol

@testable import Refresh

/// When a worker says to come again.
struct ScheduleTests {
    private static func plan(_ interval: Duration?, jitter: Int = 10) -> RefreshPlan {
        var plan = RefreshPlan()
        plan.interval = interval
        plan.jitter = jitter
        return plan
    }

    @Test(arguments: [0, 10, 50, 100])
    func `an interval is drawn from what the jitter allows, and all of it is used`(percent: Int) throws {
        var numbers = SplitMix64(state: 1)
        let drawn = (0..<2000).compactMap { _ in
            Schedule.next(Self.plan(.seconds(300), jitter: percent), using: &numbers)
        }
        let spread = Duration.seconds(3 * percent)
        #expect(drawn.count == 2000)
        let (least, most) = (try #require(drawn.min()), try #require(drawn.max()))
        #expect(least >= .seconds(300) - spread && most <= .seconds(300) + spread)
        #expect(least <= .seconds(300) - spread * 0.98 && most >= .seconds(300) + spread * 0.98)
    }

    @Test(arguments: 0..<12)
    func `the pause after failures doubles to the interval, is never near none, and is drawn from all between`(
        failures: Int64
    ) throws {
        var numbers = SplitMix64(state: 2)
        let drawn = (0..<2000).map { _ in
            Schedule.afterFailure(Self.plan(.seconds(300)), failures: failures, retryAfter: nil, using: &numbers)
        }
        let bound = min(Duration.seconds(1 << failures), .seconds(300))
        let (least, most) = (try #require(drawn.min()), try #require(drawn.max()))
        #expect(least >= .milliseconds(250) && least <= .milliseconds(250) + bound * 0.02)
        #expect(most <= bound && most >= bound * 0.98)
    }

    @Test(arguments: [(0, 1), (1, 1), (7, 7), (300, 300), (86_400, 300)] as [(Int64, Int64)])
    func `what the server asks for is startup to, within one second and five minutes`(asked: Int64, pause: Int64) {
        var numbers = SplitMix64(state: 3)
        let next = Schedule.afterFailure(
            Self.plan(.seconds(300)), failures: 3, retryAfter: .seconds(asked), using: &numbers)
        #expect(next == .seconds(pause))
    }

    @Test func `an expiry, or the beginning of validity, before the interval is over comes first`() {
        var numbers = SplitMix64(state: 4)
        let plan = Self.plan(.seconds(300), jitter: 0)
        func next(_ points: [Int64]) -> Duration? {
            Schedule.next(plan, turningPoints: points, now: 1000, using: &numbers)
        }
        #expect(next([]) == .seconds(300))
        #expect(next([1060, 1100]) == .seconds(60))
        #expect(next([999, 1000, 5000]) == .seconds(300))
        #expect(Schedule.next(Self.plan(nil), turningPoints: [1060], now: 1000, using: &numbers) == nil)
    }

    /// When instances that were started at once refresh for the how-many-eth time, in seconds.
    private static func moments(of instances: Int, _ refreshes: Int64) -> [Double] {
        (0..<instances).map { number in
            let key = JitterKey(["machine", "boot", "web-\(number % 50)", "/run/latchkey/\(number)"])
            return (1...refreshes).reduce(0) { sum, attempt in
                var numbers = key.generator(attempt: attempt)
                return sum + (Schedule.next(plan(.seconds(300)), using: &numbers) ?? .zero) / .seconds(1)
            }
        }.sorted()
    }

    @Test func `a thousand instances that were started at once come spread over all of the jitter`() {
        let moments = Self.moments(of: 1000, 1)
        // Pearson's test against an even spread: 99.9 % of even draws into 20 parts stay below 43.8.
        var parts = [Double](repeating: 0, count: 20)
        for moment in moments { parts[min(Int((moment - 270) / 3), 19)] += 1 }
        let deviation = parts.reduce(0) { $0 + ($1 - 50) * ($1 - 50) / 50 }
        #expect(deviation < 43.8, "\(parts)")
        // The widest gap among a thousand even draws over 60 s is some 0.41 s, and one in 10,000 times above 1 s.
        let gaps = zip(moments, moments.dropFirst()).map { $1 - $0 }
        #expect((gaps.max() ?? 60) < 1 && moments[0] < 271 && moments[999] > 329)
    }

    @Test func `the draws of an instance have nothing to do with each other`() {
        // The spread of sums grows with the root of their number: 17.3 s for one, 54.8 s for ten (uniform variance).
        let moments = Self.moments(of: 1000, 10)
        let mean = moments.reduce(0, +) / 1000
        let deviation = (moments.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 1000).squareRoot()
        #expect(abs(mean - 3000) < 7 && deviation > 49 && deviation < 61, "\(mean) ± \(deviation)")
    }

    @Test func `an instance comes after the same intervals each time, and another one after others`() {
        func draws(_ parts: [String]) -> [Duration?] {
            (1...5 as ClosedRange<Int64>).map { attempt in
                var numbers = JitterKey(parts).generator(attempt: attempt)
                return Schedule.next(Self.plan(.seconds(300)), using: &numbers)
            }
        }
        let own = draws(["machine", "web"])
        #expect(own == draws(["machine", "web"]) && Set(own).count == 5)
        for other in [["machine", "web-2"], ["machine2", "web"], ["machin", "eweb"], ["machineweb", ""]] {
            #expect(Set(own).isDisjoint(with: draws(other)))
        }
    }
}
