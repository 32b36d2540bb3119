import Glibc
import Messages
import Supervision
import Testing
import WorkerProtocol

/// Clocks that jump: the wall clock is shown and never waited for; the boot clock goes on during a suspend.
struct ClockTransitionTests {
    static let years: [Int64] = [-30 * 31_557_600, 30 * 31_557_600]

    @Test(arguments: years)
    func `a wall clock that jumps by years brings no refresh forward and puts none off`(jump: Int64) {
        var fixture = Fixture()
        fixture.start()
        let due = fixture.machine.deadlines[.refresh]
        fixture.wallShift = jump
        #expect(fixture.wait(299).isEmpty)
        #expect(fixture.machine.deadlines[.refresh] == due)
        #expect(fixture.wait(1).order?.task == .refresh)
    }

    @Test(arguments: years)
    func `a jump during an attempt neither kills its worker nor fails it`(jump: Int64) {
        var fixture = Fixture()
        fixture.start()
        fixture.signal(SIGHUP)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        fixture.wallShift = jump
        #expect(fixture.wait(0).isEmpty)
        #expect(fixture.handle(.workerMessage(.finished(fixture.report()))).codes.isEmpty)
        #expect(fixture.machine.status.state == "fresh")
        // What is shown is the clock as it is now.
        #expect(fixture.machine.status.refreshedAt == fixture.seconds + jump)
        #expect(fixture.machine.status.nextRefreshAt == fixture.seconds + jump + 300)
    }

    @Test(arguments: years)
    func `a jump while the child is being stopped leaves it its time`(jump: Int64) {
        var fixture = Fixture()
        fixture.start()
        fixture.signal(SIGTERM)
        fixture.wallShift = jump
        #expect(fixture.wait(24).effects.isEmpty)
        #expect(fixture.wait(1).effects == [.signalChild(SIGKILL, queuedValue: nil)])
    }

    @Test func `a suspend of a week is one refresh, and the interval begins anew behind it`() {
        var fixture = Fixture()
        fixture.start()
        let woken = fixture.wait(7 * 86_400)
        #expect(woken.order?.task == .refresh)
        #expect(woken.effects.count == 1)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        fixture.handle(.workerMessage(.finished(fixture.report())))
        #expect(!fixture.ends(Fixture.workerPid).startsWorker)
        #expect(!fixture.wait(299).startsWorker)
        #expect(fixture.wait(1).order?.task == .refresh)
    }

    @Test func `a suspend during the wait after a failure is one try`() {
        var fixture = Fixture()
        fixture.start()
        fixture.refresh(fixture.failure())
        #expect(fixture.wait(7 * 86_400).order?.task == .refresh)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        #expect(fixture.handle(.workerMessage(.finished(fixture.report()))).codes == [.refreshRecovered])
        #expect(!fixture.ends(Fixture.workerPid).startsWorker)
    }
}
