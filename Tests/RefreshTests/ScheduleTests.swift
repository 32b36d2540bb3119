import LatchkeyTestSupport
import LaunchConfiguration
import Testing

@testable import Refresh

/// When a worker says to come again.
struct ScheduleTests {
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private static func plan(_ interval: Duration?, jitter: Int = 10) -> RefreshPlan {
        var plan = RefreshPlan()
        plan.interval = interval
        plan.jitter = jitter
        return plan
    }

    @Test(arguments: [0, 10, 50, 100])
    func `an interval is drawn from what the jitter allows, and all of it is used`(percent: Int) throws {
        var numbers = Numbers(state: 1)
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
        var numbers = Numbers(state: 2)
        let drawn = (0..<2000).map { _ in
            Schedule.afterFailure(Self.plan(.seconds(300)), failures: failures, retryAfter: nil, using: &numbers)
        }
        let bound = min(Duration.seconds(1 << failures), .seconds(300))
        let (least, most) = (try #require(drawn.min()), try #require(drawn.max()))
        #expect(least >= .milliseconds(250) && least <= .milliseconds(250) + bound * 0.02)
        #expect(most <= bound && most >= bound * 0.98)
    }

    @Test(arguments: [(0, 1), (1, 1), (7, 7), (300, 300), (86_400, 300)] as [(Int64, Int64)])
    func `what the server asks for is held to, within one second and five minutes`(asked: Int64, pause: Int64) {
        var numbers = Numbers(state: 3)
        let next = Schedule.afterFailure(
            Self.plan(.seconds(300)), failures: 3, retryAfter: .seconds(asked), using: &numbers)
        #expect(next == .seconds(pause))
    }

    @Test func `an expiry, or the beginning of validity, before the interval is over comes first`() {
        var numbers = Numbers(state: 4)
        let plan = Self.plan(.seconds(300), jitter: 0)
        func next(_ points: [Int64]) -> Duration? {
            Schedule.next(plan, turningPoints: points, now: 1000, using: &numbers)
        }
        #expect(next([]) == .seconds(300))
        #expect(next([1060, 1100]) == .seconds(60))
        #expect(next([999, 1000, 5000]) == .seconds(300))
        #expect(Schedule.next(Self.plan(nil), turningPoints: [1060], now: 1000, using: &numbers) == nil)
    }
}
