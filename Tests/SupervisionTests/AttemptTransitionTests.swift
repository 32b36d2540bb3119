import LinuxSystem
import Messages
import Supervision
import Testing
import WorkerProtocol

struct AttemptTransitionTests {
    @Test func `the first attempt delivers and the child starts`() {
        var stage = Stage()
        #expect(stage.give(.begun).order?.task == .first)
        stage.give(.workerStarted(pid: Stage.workerPid))
        stage.give(.workerMessage(.prepared(stage.plan, nil)))
        let actions = stage.give(.workerMessage(.finished(stage.report())))
        #expect(actions == [.keepEnvironment(keepsPrevious: false), .keepMemory, .startChild])
        let started = stage.give(.childStarted(pid: Stage.childPid))
        #expect(started.contains { if case .notify(let state) = $0 { state.hasPrefix("READY=1") } else { false } })
        #expect(stage.machine.phase == .running)
    }

    @Test func `a child that notifies is reported when it is ready`() {
        var stage = Stage(plan: Stage.plan { $0.childNotifies = true })
        stage.begin()
        stage.give(.workerMessage(.finished(stage.report())))
        #expect(
            !stage.give(.childStarted(pid: Stage.childPid)).contains { if case .notify = $0 { true } else { false } })
        #expect(stage.give(.childReady).count == 1)
        #expect(stage.give(.childReady).isEmpty)
    }

    @Test func `once waits for the worker's end before it becomes the child`() {
        var stage = Stage(plan: Stage.plan { $0.once = true })
        stage.begin()
        let deeds = stage.give(.workerMessage(.finished(stage.report()))).deeds
        #expect(deeds == [.keepEnvironment(keepsPrevious: false), .keepMemory])
        #expect(stage.machine.phase == .becoming)
        #expect(stage.signal(1).isEmpty)
        #expect(stage.ends(Stage.workerPid) == [.becomeChild])
    }

    @Test func `once kills a worker that does not end`() {
        var stage = Stage(plan: Stage.plan { $0.once = true })
        stage.begin()
        stage.give(.workerMessage(.finished(stage.report())))
        #expect(stage.wait(10) == [.killWorker])
        #expect(stage.ends(Stage.workerPid, .killed(signal: 9)) == [.becomeChild])
    }

    @Test func `a worker that says its last word ends the run with its code`() {
        var stage = Stage()
        stage.begin()
        let report = WorkerReport(outcome: .ended(exitCode: 66))
        #expect(stage.give(.workerMessage(.finished(report))).deeds == [.killWorker, .clean, .exit(code: 66)])
    }

    @Test(arguments: [ChildEvent.Change.exited(code: 0), .exited(code: 71), .killed(signal: 9)])
    func `a worker that ends without a report ends a start with 70`(change: ChildEvent.Change) {
        var stage = Stage()
        stage.begin()
        let actions = stage.ends(Stage.workerPid, change)
        #expect(actions.codes == [.workerCrashed])
        #expect(actions.last == .exit(code: 70))
    }

    @Test func `a worker that can't be started ends a start with 71`() {
        var stage = Stage()
        stage.give(.begun)
        let actions = stage.give(.workerNotStarted(SpawnFailure(step: .execute, code: 2)))
        #expect(actions.codes == [.workerMissing])
        #expect(actions.last == .exit(code: 71))
    }

    @Test func `a lack of descriptors is not the worker's absence`() {
        var stage = Stage()
        stage.give(.begun)
        let actions = stage.give(.workerNotStarted(SpawnFailure(step: .pipe, code: 24)))
        #expect(actions.codes == [.systemRefused])
        #expect(actions.last == .exit(code: 71))
    }

    @Test func `a worker that hangs at the start is killed`() {
        var stage = Stage()
        stage.give(.begun)
        stage.give(.workerStarted(pid: Stage.workerPid))
        let actions = stage.wait(60)
        #expect(actions.codes == [.workerHung])
        #expect(actions.first == .killWorker)
        #expect(actions.last == .exit(code: 70))
    }

    @Test func `a worker whose report can't be read ends a start`() {
        var stage = Stage()
        stage.give(.begun)
        stage.give(.workerStarted(pid: Stage.workerPid))
        let actions = stage.give(.workerGarbage(reason: "x"))
        #expect(actions.codes == [.workerReport])
        #expect(actions.last == .exit(code: 70))
    }

    @Test func `waiting at the start moves the manager's timeout on`() {
        var stage = Stage()
        stage.begin()
        #expect(
            stage.give(.workerMessage(.waiting(milliseconds: 2000))) == [
                .notify("EXTEND_TIMEOUT_USEC=47000000\nSTATUS=the first fetch is being retried, next try in 2s")
            ])
    }

    @Test(arguments: [(2, 127), (20, 127), (13, 126), (8, 126), (12, 126)] as [(Int32, Int32)])
    func `a command that can't be executed has the shells' codes`(errno: Int32, code: Int32) {
        var stage = Stage()
        stage.begin()
        stage.give(.workerMessage(.finished(stage.report())))
        let actions = stage.give(.childNotStarted(SpawnFailure(step: .execute, code: errno)))
        #expect(actions.last == .exit(code: code))
    }

    @Test func `a crash, garbage and a hang are failed refreshes and nothing more`() {
        for event in [
            SupervisorEvent.child(ChildEvent(pid: Stage.workerPid, change: .killed(signal: 11))),
            .workerGarbage(reason: "x"), .workerNotStarted(SpawnFailure(step: .fork, code: 11)),
        ] {
            var stage = Stage()
            stage.start()
            stage.signal(1)
            stage.give(.workerStarted(pid: Stage.workerPid))
            let actions = stage.give(event)
            #expect(actions.codes == [.refreshFailed])
            #expect(stage.machine.phase == .running)
            #expect(stage.machine.status.failure?.exitCode == 70)
            #expect(stage.machine.deadlines[.refresh] != nil)
        }
    }

    @Test func `a hang in a refresh ends with the worker's death and a new try`() {
        var stage = Stage()
        stage.start()
        stage.signal(1)
        stage.give(.workerStarted(pid: Stage.workerPid))
        #expect(stage.wait(120).deeds == [.killWorker])
        #expect(stage.give(.workerMessage(.finished(stage.report { $0.environmentChanged = true }))).isEmpty)
        stage.ends(Stage.workerPid, .killed(signal: 9))
        #expect(stage.wait(2).order?.task == .refresh)
    }

    @Test func `a failure is logged once for each change of state`() {
        var stage = Stage()
        stage.start()
        #expect(stage.refresh(stage.failure("request 1")).codes == [.refreshFailed])
        #expect(stage.refresh(stage.failure("request 2")).codes.isEmpty)
        #expect(stage.refresh(stage.failure(code: "vault-failing")).codes == [.refreshFailed])
        #expect(stage.refresh(stage.report()).codes == [.refreshRecovered])
        #expect(stage.refresh(stage.report()).codes.isEmpty)
    }

    @Test func `HUP during a refresh is one more afterwards, never two`() {
        var stage = Stage()
        stage.start()
        #expect(stage.signal(1).order?.task == .refresh)
        stage.give(.workerStarted(pid: Stage.workerPid))
        for _ in 0..<3 { #expect(!stage.signal(1).startsWorker) }
        stage.give(.workerMessage(.finished(stage.report())))
        #expect(stage.ends(Stage.workerPid).order?.task == .refresh)
        stage.give(.workerStarted(pid: Stage.workerPid))
        stage.give(.workerMessage(.finished(stage.report())))
        #expect(!stage.ends(Stage.workerPid).startsWorker)
    }

    @Test func `HUP during the first fetch is a refresh once the child runs`() {
        var stage = Stage()
        stage.begin()
        #expect(stage.signal(1).isEmpty)
        stage.give(.workerMessage(.finished(stage.report())))
        stage.give(.childStarted(pid: Stage.childPid))
        #expect(stage.ends(Stage.workerPid).order?.task == .refresh)
    }

    @Test func `the timer begins a refresh, and a long sleep begins one`() {
        var stage = Stage()
        stage.start()
        #expect(stage.wait(299).isEmpty)
        #expect(stage.wait(86_400).order?.task == .refresh)
        #expect(!stage.wait(1).startsWorker)
    }

    @Test func `a reload is answered whether it succeeds or not`() {
        for isFailure in [true, false] {
            var stage = Stage()
            stage.start()
            #expect(stage.signal(1).first == .notifyReloading)
            stage.give(.workerStarted(pid: Stage.workerPid))
            let actions = stage.give(.workerMessage(.finished(isFailure ? stage.failure() : stage.report())))
            #expect(
                actions.contains { if case .notify(let state) = $0 { state.hasPrefix("READY=1\n") } else { false } })
        }
    }

    @Test func `a secret that is gone for good stops the child where that was chosen`() {
        var stage = Stage()
        stage.start()
        #expect(stage.refresh(stage.failure(stops: true)).deeds.contains(.signalChild(15, queuedValue: nil)))
        #expect(stage.ends(Stage.childPid, .killed(signal: 15)).last == .exit(code: 75))
    }

}
