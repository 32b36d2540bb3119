import LinuxSystem
import Testing

@testable import HTTPTransport

@Suite struct ConnectionPlanTests {
    private let start = BootInstant(nanoseconds: 1_000_000_000)

    @Test func `the first of a cold host goes alone`() {
        var plan = ConnectionPlan(bound: 8)
        #expect(plan.room(active: 0, connected: 0, waiting: 20) == 1)
        plan.started()
        #expect(plan.room(active: 1, connected: 0, waiting: 19) == 0)
    }

    @Test func `a host that does not accept within the patience is far: all start, up to the bound`() {
        var plan = ConnectionPlan(bound: 8)
        plan.started()
        plan.watch(resolved: false, accepted: false, now: start)
        #expect(plan.nextLook == nil)
        plan.watch(resolved: true, accepted: false, now: start)
        #expect(plan.nextLook == start + ConnectionPlan.acceptPatience)
        plan.watch(resolved: true, accepted: false, now: start + ConnectionPlan.acceptPatience)
        #expect(plan.room(active: 1, connected: 0, waiting: 19) == 7)
    }

    @Test func `a near host answers two over one connection, then the rest of little work too`() {
        var plan = ConnectionPlan(bound: 8)
        plan.started()
        plan.watch(resolved: true, accepted: true, now: start)
        plan.connected(multiplexes: false)
        plan.answered(after: .milliseconds(1))
        plan.ended(connectionsMade: 1)
        #expect(plan.room(active: 0, connected: 0, waiting: 9) == 1)
        plan.started()
        #expect(plan.room(active: 1, connected: 1, waiting: 8) == 0)
        plan.answered(after: .microseconds(100))
        #expect(plan.room(active: 0, connected: 0, waiting: 8) == 1)
        #expect(plan.room(active: 0, connected: 0, waiting: 200) > 1)
    }

    @Test func `a near host whose second answer does not come is opened`() {
        var plan = ConnectionPlan(bound: 8)
        plan.started()
        plan.answered(after: .milliseconds(1))
        plan.watch(resolved: true, accepted: true, now: start)
        #expect(plan.nextLook == start + ConnectionPlan.answerPatience)
        plan.watch(resolved: true, accepted: true, now: start + ConnectionPlan.answerPatience)
        #expect(plan.nextLook == nil)
        #expect(plan.room(active: 1, connected: 1, waiting: 200) == 7)
    }

    @Test func `a far host's long answers are worth as many connections as are allowed`() {
        var plan = ConnectionPlan(bound: 32)
        plan.started()
        plan.answered(after: .milliseconds(20))
        #expect(plan.room(active: 0, connected: 0, waiting: 200) == 32)
        #expect(plan.room(active: 0, connected: 0, waiting: 1) == 1)
    }

    @Test func `one connection that carries many is enough, until a later one carries but one`() {
        var plan = ConnectionPlan(bound: 8)
        plan.started()
        plan.connected(multiplexes: true)
        #expect(plan.isMultiplexed)
        #expect(plan.room(active: 1, connected: 1, waiting: 50) == 50)
        #expect(plan.room(active: 0, connected: 0, waiting: 50) == 1)
        plan.connected(multiplexes: false)
        #expect(!plan.isMultiplexed)
        #expect(plan.room(active: 0, connected: 0, waiting: 50) == 8)
        plan.connected(multiplexes: true)
        #expect(!plan.isMultiplexed)
    }

    @Test func `after a failure to connect those under way are awaited, and then one goes first again`() {
        var plan = ConnectionPlan(bound: 8, isKnown: true)
        #expect(plan.room(active: 2, connected: 0, waiting: 4) == 4)
        plan.failedToConnect()
        #expect(plan.room(active: 1, connected: 0, waiting: 4) == 0)
        plan.forget()
        #expect(plan.room(active: 0, connected: 0, waiting: 4) == 1)
    }
}
