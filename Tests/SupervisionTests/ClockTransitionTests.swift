import Messages
import Supervision
import Testing
import WorkerProtocol

/// Clocks that jump: the wall clock is shown and never waited for; the boot clock goes on during a suspend.
struct ClockTransitionTests {
    static let years: [Int64] = [-30 * 31_557_600, 30 * 31_557_600]

    @Test(arguments: years)
    func `a wall clock that jumps by years brings no refresh forward and puts none off`(jump: Int64) {
        var stage = Stage()
        stage.start()
        let due = stage.machine.deadlines[.refresh]
        stage.wallShift = jump
        #expect(stage.wait(299).isEmpty)
        #expect(stage.machine.deadlines[.refresh] == due)
        #expect(stage.wait(1).order?.task == .refresh)
    }

    @Test(arguments: years)
    func `a jump during an attempt neither kills its worker nor fails it`(jump: Int64) {
        var stage = Stage()
        stage.start()
        stage.signal(1)
        stage.give(.workerStarted(pid: Stage.workerPid))
        stage.wallShift = jump
        #expect(stage.give(.deadline).isEmpty)
        #expect(stage.give(.workerMessage(.finished(stage.report()))).codes.isEmpty)
        #expect(stage.machine.status.state == "fresh")
        // What is shown is the clock as it is now.
        #expect(stage.machine.status.refreshedAt == stage.seconds + jump)
        #expect(stage.machine.status.nextRefreshAt == stage.seconds + jump + 300)
    }

    @Test(arguments: years)
    func `a jump while the child is being stopped leaves it its time`(jump: Int64) {
        var stage = Stage()
        stage.start()
        stage.signal(15)
        stage.wallShift = jump
        #expect(stage.wait(24).deeds.isEmpty)
        #expect(stage.wait(1).deeds == [.signalChild(9, queuedValue: nil)])
    }

    @Test func `a suspend of a week is one refresh, and the interval begins anew behind it`() {
        var stage = Stage()
        stage.start()
        let woken = stage.wait(7 * 86_400)
        #expect(woken.order?.task == .refresh)
        #expect(woken.deeds.count == 1)
        stage.give(.workerStarted(pid: Stage.workerPid))
        stage.give(.workerMessage(.finished(stage.report())))
        #expect(!stage.ends(Stage.workerPid).startsWorker)
        #expect(!stage.wait(299).startsWorker)
        #expect(stage.wait(1).order?.task == .refresh)
    }

    @Test func `a suspend during the wait after a failure is one try`() {
        var stage = Stage()
        stage.start()
        stage.refresh(stage.failure())
        #expect(stage.wait(7 * 86_400).order?.task == .refresh)
        stage.give(.workerStarted(pid: Stage.workerPid))
        #expect(stage.give(.workerMessage(.finished(stage.report()))).codes == [.refreshRecovered])
        #expect(!stage.ends(Stage.workerPid).startsWorker)
    }
}
