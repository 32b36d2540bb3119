import LinuxSystem
import Messages
import Supervision
import Testing
import WorkerProtocol

struct ChangeTransitionTests {
    private func stage(_ action: SupervisorPlan.Action) -> Stage {
        var stage = Stage(plan: Stage.plan { $0.action = action })
        stage.start()
        return stage
    }

    @Test func `without an action the first change is a warning`() {
        var stage = stage(.unset)
        let change = stage.report { $0.filesChanged = true }
        #expect(stage.refresh(change).codes == [.refreshed, .changeUnannounced])
        #expect(stage.refresh(change).codes == [.refreshed])
    }

    @Test func `an unchanged refresh tells nobody`() {
        for action in [SupervisorPlan.Action.unset, .none, .restart, .exec([Array("x".utf8)])] {
            var stage = stage(action)
            #expect(stage.refresh(stage.report()).deeds == [.keepMemory])
        }
    }

    @Test func `a signal is sent on change, and unchanged where somebody asked`() {
        var stage = stage(.signal(10))
        #expect(stage.refresh(stage.report()).deeds == [.keepMemory, .signalChange(10)])
        stage.wait(300)
        stage.give(.workerStarted(pid: Stage.workerPid))
        #expect(stage.give(.workerMessage(.finished(stage.report()))).deeds == [.keepMemory])
    }

    @Test func `a signal that was withheld is said once`() {
        var stage = stage(.signal(10))
        let event = SupervisorEvent.changeSignalWithheld(number: 10, reason: .noHandler)
        #expect(stage.give(event).codes == [.signalUnhandled])
        #expect(stage.give(event).isEmpty)
    }

    @Test func `a sidecar signals its target`() {
        var stage = Stage(
            isSidecar: true,
            plan: Stage.plan {
                $0.action = .signal(1)
                $0.target = .process(4711)
            })
        stage.start()
        #expect(stage.refresh(stage.report { $0.filesChanged = true }).deeds.last == .signalTarget(.process(4711), 1))
    }

    @Test func `a command on change runs once at a time and has a limit`() {
        var stage = stage(.exec([Array("/bin/reload".utf8)]))
        let change = stage.report {
            $0.filesChanged = true
            $0.changedNames = "DB"
        }
        let start = SupervisorAction.startAction([Array("/bin/reload".utf8)], changedNames: "DB")
        #expect(stage.refresh(change).deeds.last == start)
        stage.give(.actionStarted(pid: 300))
        #expect(stage.refresh(change).deeds.suffix(2) == [.killAction, start])
        stage.give(.actionStarted(pid: 301))
        #expect(stage.wait(60).contains(.killAction))
        #expect(stage.ends(301, .killed(signal: 9)).codes == [.actionFailed])
    }

    @Test func `changes within two seconds are one restart`() {
        var stage = stage(.restart)
        stage.refresh(stage.report { $0.environmentChanged = true })
        stage.wait(1)
        stage.refresh(stage.report { $0.environmentChanged = true })
        #expect(stage.wait(1).deeds == [.signalChild(15, queuedValue: nil)])
        #expect(stage.machine.phase == .restarting)
        #expect(stage.ends(Stage.childPid, .killed(signal: 15)) == [.startChild])
        #expect(stage.machine.status.restarts == 1)
    }

    @Test func `a restart kills when the stop timeout has passed`() {
        var stage = stage(.restart)
        stage.refresh(stage.report { $0.filesChanged = true })
        stage.wait(2)
        #expect(stage.wait(25).deeds.contains(.signalChild(9, queuedValue: nil)))
    }

    @Test func `a restart that fails goes back once, and ends with the child's code then`() {
        var stage = stage(.restart)
        stage.restart()
        let actions = stage.ends(Stage.childPid + 1, .exited(code: 3))
        #expect(actions.codes == [.childRolledBack])
        #expect(actions.deeds.first == .restoreEnvironment)
        #expect(actions.order?.task == .rollBack)
        stage.give(.workerStarted(pid: Stage.workerPid))
        #expect(stage.give(.workerMessage(.finished(stage.report()))) == [.keepMemory, .startChild])
        stage.give(.childStarted(pid: Stage.childPid + 2))
        #expect(stage.ends(Stage.childPid + 2, .exited(code: 4)).last == .exit(code: 4))
    }

    @Test func `however many changes become one restart, a failed one goes back to what ran before all of them`() {
        var stage = stage(.restart)
        let change = stage.report { $0.environmentChanged = true }
        #expect(stage.refresh(change).deeds.contains(.keepEnvironment(keepsPrevious: false)))
        stage.signal(1)
        stage.give(.workerStarted(pid: Stage.workerPid))
        let second = stage.give(.workerMessage(.finished(change))) + stage.ends(Stage.workerPid)
        #expect(second.deeds.contains(.keepEnvironment(keepsPrevious: true)))
        // One more while the child is being stopped: it starts with that.
        stage.wait(2)
        #expect(stage.machine.phase == .restarting)
        #expect(stage.refresh(change).deeds.contains(.keepEnvironment(keepsPrevious: true)))
        #expect(stage.ends(Stage.childPid, .killed(signal: 15)) == [.startChild])
        stage.give(.childStarted(pid: Stage.childPid + 1))
        let actions = stage.ends(Stage.childPid + 1, .exited(code: 3))
        #expect(actions.deeds.first == .restoreEnvironment)
        #expect(actions.order?.task == .rollBack)
    }

    @Test func `a file's change after one of the environment takes nothing away that a rollback needs`() {
        var stage = stage(.restart)
        stage.refresh(stage.report { $0.environmentChanged = true })
        let actions = stage.refresh(stage.report { $0.filesChanged = true })
        #expect(actions.deeds == [.keepMemory])
    }

    @Test func `a child that fails while a newer change waits is started with that one`() {
        var stage = stage(.restart)
        let change = stage.report { $0.environmentChanged = true }
        stage.restart()
        #expect(stage.refresh(change).deeds.contains(.keepEnvironment(keepsPrevious: true)))
        #expect(stage.ends(Stage.childPid + 1, .exited(code: 3)) == [.startChild])
        stage.give(.childStarted(pid: Stage.childPid + 2))
        #expect(stage.machine.status.restarts == 2)
        #expect(stage.wait(2).deeds.isEmpty, "the restart is done")
        #expect(stage.ends(Stage.childPid + 2, .exited(code: 3)).deeds.first == .restoreEnvironment)
    }

    @Test func `what has held out for ten seconds is what the next rollback returns to`() {
        var stage = stage(.restart)
        stage.restart()
        stage.wait(10)
        let actions = stage.refresh(stage.report { $0.environmentChanged = true })
        #expect(actions.deeds.contains(.keepEnvironment(keepsPrevious: false)))
    }

    @Test func `a child that can't be started anew is a restart that failed`() {
        var stage = stage(.restart)
        stage.refresh(stage.report { $0.environmentChanged = true })
        stage.wait(2)
        stage.ends(Stage.childPid, .exited(code: 0))
        #expect(stage.give(.childNotStarted(SpawnFailure(step: .execute, code: 2))).codes == [.childRolledBack])
    }

    @Test func `after ten seconds an end is the child's own`() {
        var stage = stage(.restart)
        stage.restart()
        stage.wait(10)
        #expect(stage.ends(Stage.childPid + 1, .exited(code: 3)).last == .exit(code: 3))
    }

    @Test func `success right after a restart is an end like any other`() {
        var stage = stage(.restart)
        stage.restart()
        #expect(stage.ends(Stage.childPid + 1, .exited(code: 0)).last == .exit(code: 0))
    }

    @Test(arguments: [1, 2, 3] as [Int32])
    func `what the terminal ended is no failed restart`(number: Int32) {
        var stage = stage(.restart)
        stage.restart()
        stage.signal(number, code: SignalCode.kernel)
        #expect(stage.ends(Stage.childPid + 1, .killed(signal: number)).last == .dieOf(number))
    }

    @Test func `without a worker to point the files back the child has its chance all the same`() {
        var stage = stage(.restart)
        stage.restart()
        stage.ends(Stage.childPid + 1, .exited(code: 3))
        stage.give(.workerStarted(pid: Stage.workerPid))
        let actions = stage.ends(Stage.workerPid, .killed(signal: 11))
        #expect(actions.deeds == [.startChild])
        stage.give(.childStarted(pid: Stage.childPid + 2))
        #expect(stage.machine.deadlines[.refresh] != nil)
    }

    @Test func `a change of files alone leaves no older environment to go back to`() {
        var stage = stage(.restart)
        stage.signal(1)
        stage.give(.workerStarted(pid: Stage.workerPid))
        let actions = stage.give(.workerMessage(.finished(stage.report { $0.filesChanged = true })))
        #expect(actions.deeds.first == .forgetPreviousEnvironment)
    }

    @Test func `TERM during a restart ends with the child`() {
        var stage = stage(.restart)
        stage.refresh(stage.report { $0.filesChanged = true })
        stage.wait(2)
        stage.signal(15)
        #expect(stage.machine.phase == .stopping)
        #expect(stage.ends(Stage.childPid, .killed(signal: 15)).last == .dieOf(15))
    }
}

struct DeadlinesTests {
    private func instant(_ seconds: Int64) -> BootInstant { BootInstant(nanoseconds: seconds * 1_000_000_000) }

    @Test func `the earliest is waited for`() {
        var deadlines = Deadlines()
        #expect(deadlines.earliest == nil)
        deadlines[.refresh] = instant(5)
        deadlines[.stop] = instant(3)
        #expect(deadlines.earliest == instant(3))
        deadlines[.stop] = nil
        #expect(deadlines.earliest == instant(5))
    }

    @Test(arguments: Deadlines.Name.allCases)
    func `a deadline is taken once, and not before its time`(name: Deadlines.Name) {
        var deadlines = Deadlines()
        deadlines[name] = instant(5)
        let times: [(Int64, Bool)] = [(4, false), (5, true), (6, false)]
        for (time, isTaken) in times {
            let taken = deadlines.take(name, at: instant(time))
            #expect(taken == isTaken)
        }
    }
}
