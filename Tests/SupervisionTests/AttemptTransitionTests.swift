import Glibc
import LinuxSystem
import Messages
import Supervision
import Testing
import WorkerProtocol

struct AttemptTransitionTests {
    @Test func `the first attempt delivers and the child starts`() {
        var fixture = Fixture()
        #expect(fixture.handle(.begun).order?.task == .first)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        #expect(fixture.handle(.workerMessage(.prepared(fixture.plan, nil))) == [.writeStatus])
        let actions = fixture.handle(.workerMessage(.finished(fixture.report())))
        #expect(actions == [.keepEnvironment(keepsPrevious: false), .keepMemory, .startChild])
        let started = fixture.handle(.childStarted(pid: Fixture.childPid))
        #expect(started.contains { if case .notify(let state) = $0 { state.hasPrefix("READY=1") } else { false } })
        #expect(fixture.machine.phase == .running(.steady))
    }

    @Test func `a child that notifies is reported when it is ready`() {
        var fixture = Fixture(plan: Fixture.plan { $0.childNotifies = true })
        fixture.begin()
        fixture.handle(.workerMessage(.finished(fixture.report())))
        #expect(
            !fixture.handle(.childStarted(pid: Fixture.childPid)).contains {
                if case .notify = $0 { true } else { false }
            })
        #expect(fixture.handle(.childReady).count == 1)
        #expect(fixture.handle(.childReady).isEmpty)
    }

    @Test func `once waits for the worker's end before it becomes the child`() {
        var fixture = Fixture(plan: Fixture.plan { $0.once = true })
        fixture.begin()
        let effects = fixture.handle(.workerMessage(.finished(fixture.report()))).effects
        #expect(effects == [.keepEnvironment(keepsPrevious: false), .keepMemory])
        #expect(fixture.machine.phase == .becoming)
        #expect(fixture.signal(SIGHUP).isEmpty)
        #expect(fixture.ends(Fixture.workerPid) == [.becomeChild])
    }

    @Test func `once kills a worker that does not end`() {
        var fixture = Fixture(plan: Fixture.plan { $0.once = true })
        fixture.begin()
        fixture.handle(.workerMessage(.finished(fixture.report())))
        #expect(fixture.wait(10) == [.killWorker])
        #expect(fixture.ends(Fixture.workerPid, .killed(signal: SIGKILL)) == [.becomeChild])
    }

    @Test func `a worker that says its last word ends the run with its code`() {
        var fixture = Fixture()
        fixture.begin()
        let report = WorkerReport(outcome: .ended(exitCode: 66))
        #expect(fixture.handle(.workerMessage(.finished(report))).effects == [.killWorker, .clean, .exit(code: 66)])
    }

    @Test(arguments: [ChildEvent.Change.exited(code: 0), .exited(code: 71), .killed(signal: SIGKILL)])
    func `a worker that ends without a report ends a start with 70`(change: ChildEvent.Change) {
        var fixture = Fixture()
        fixture.begin()
        let actions = fixture.ends(Fixture.workerPid, change)
        #expect(actions.codes == [.workerCrashed])
        #expect(actions.last == .exit(code: 70))
    }

    @Test func `a worker that can't be started ends a start with 71`() {
        var fixture = Fixture()
        fixture.handle(.begun)
        let actions = fixture.handle(.workerNotStarted(SpawnFailure(step: .execute, code: ENOENT)))
        #expect(actions.codes == [.workerMissing])
        #expect(actions.last == .exit(code: 71))
    }

    @Test func `a lack of descriptors is not the worker's absence`() {
        var fixture = Fixture()
        fixture.handle(.begun)
        let actions = fixture.handle(.workerNotStarted(SpawnFailure(step: .pipe, code: EMFILE)))
        #expect(actions.codes == [.systemRefused])
        #expect(actions.last == .exit(code: 71))
    }

    @Test func `a worker that hangs at the start is killed`() {
        var fixture = Fixture()
        fixture.handle(.begun)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        let actions = fixture.wait(60)
        #expect(actions.codes == [.workerHung])
        #expect(actions.first == .killWorker)
        #expect(actions.last == .exit(code: 70))
    }

    @Test func `a worker whose report can't be read ends a start`() {
        var fixture = Fixture()
        fixture.handle(.begun)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        let actions = fixture.handle(.workerGarbage(reason: "x"))
        #expect(actions.codes == [.workerReport])
        #expect(actions.last == .exit(code: 70))
    }

    @Test func `waiting at the start moves the manager's timeout on`() {
        var fixture = Fixture()
        fixture.begin()
        #expect(
            fixture.handle(.workerMessage(.waiting(milliseconds: 2000))) == [
                .notify("EXTEND_TIMEOUT_USEC=47000000\nSTATUS=the first fetch is being retried, next try in 2s")
            ])
    }

    @Test(arguments: [(ENOENT, 127), (ENOTDIR, 127), (EACCES, 126), (ENOEXEC, 126), (ENOMEM, 126)] as [(Int32, Int32)])
    func `a command that can't be executed has the shells' codes`(errno: Int32, code: Int32) {
        var fixture = Fixture()
        fixture.begin()
        fixture.handle(.workerMessage(.finished(fixture.report())))
        let actions = fixture.handle(.childNotStarted(SpawnFailure(step: .execute, code: errno)))
        #expect(actions.last == .exit(code: code))
    }

    @Test func `a crash, garbage and a hang are failed refreshes and nothing more`() {
        for event in [
            SupervisorEvent.child(ChildEvent(pid: Fixture.workerPid, change: .killed(signal: SIGSEGV))),
            .workerGarbage(reason: "x"), .workerNotStarted(SpawnFailure(step: .fork, code: EAGAIN)),
        ] {
            var fixture = Fixture()
            fixture.start()
            fixture.signal(SIGHUP)
            fixture.handle(.workerStarted(pid: Fixture.workerPid))
            let actions = fixture.handle(event)
            #expect(actions.codes == [.refreshFailed])
            #expect(fixture.machine.phase == .running(.steady))
            #expect(fixture.machine.status.failure?.exitCode == 70)
            #expect(fixture.machine.deadlines[.refresh] != nil)
        }
    }

    @Test func `a hang in a refresh ends with the worker's death and a new try`() {
        var fixture = Fixture()
        fixture.start()
        fixture.signal(SIGHUP)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        #expect(fixture.wait(120).effects == [.killWorker])
        #expect(fixture.handle(.workerMessage(.finished(fixture.report { $0.environmentChanged = true }))).isEmpty)
        fixture.ends(Fixture.workerPid, .killed(signal: SIGKILL))
        #expect(fixture.wait(2).order?.task == .refresh)
    }

    @Test func `a failure is logged once for each change of state`() {
        var fixture = Fixture()
        fixture.start()
        #expect(fixture.refresh(fixture.failure("request 1")).codes == [.refreshFailed])
        #expect(fixture.refresh(fixture.failure("request 2")).codes.isEmpty)
        #expect(fixture.refresh(fixture.failure(code: "vault-failing")).codes == [.refreshFailed])
        #expect(fixture.refresh(fixture.report()).codes == [.refreshRecovered])
        #expect(fixture.refresh(fixture.report()).codes.isEmpty)
    }

    @Test func `HUP during a refresh is one more afterwards, never two`() {
        var fixture = Fixture()
        fixture.start()
        #expect(fixture.signal(SIGHUP).order?.task == .refresh)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        for _ in 0..<3 { #expect(!fixture.signal(SIGHUP).startsWorker) }
        fixture.handle(.workerMessage(.finished(fixture.report())))
        #expect(fixture.ends(Fixture.workerPid).order?.task == .refresh)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        fixture.handle(.workerMessage(.finished(fixture.report())))
        #expect(!fixture.ends(Fixture.workerPid).startsWorker)
    }

    @Test func `HUP during the first fetch is a refresh once the child runs`() {
        var fixture = Fixture()
        fixture.begin()
        #expect(fixture.signal(SIGHUP).isEmpty)
        fixture.handle(.workerMessage(.finished(fixture.report())))
        fixture.handle(.childStarted(pid: Fixture.childPid))
        #expect(fixture.ends(Fixture.workerPid).order?.task == .refresh)
    }

    @Test func `the timer begins a refresh, and a long sleep begins one`() {
        var fixture = Fixture()
        fixture.start()
        #expect(fixture.wait(299).isEmpty)
        #expect(fixture.wait(86_400).order?.task == .refresh)
        #expect(!fixture.wait(1).startsWorker)
    }

    @Test func `a reload is answered whether it succeeds or not`() {
        for isFailure in [true, false] {
            var fixture = Fixture()
            fixture.start()
            #expect(fixture.signal(SIGHUP).first == .notifyReloading)
            fixture.handle(.workerStarted(pid: Fixture.workerPid))
            let actions = fixture.handle(.workerMessage(.finished(isFailure ? fixture.failure() : fixture.report())))
            #expect(
                actions.contains { if case .notify(let state) = $0 { state.hasPrefix("READY=1\n") } else { false } })
        }
    }

    @Test func `a secret that is gone for good stops the child where that was chosen`() {
        var fixture = Fixture(plan: Fixture.plan { $0.stopsWhenGone = true })
        fixture.start()
        #expect(
            fixture.refresh(fixture.failure(isGone: true)).effects.contains(.signalChild(SIGTERM, queuedValue: nil)))
        #expect(fixture.ends(Fixture.childPid, .killed(signal: SIGTERM)).last == .exit(code: 75))
    }

    @Test func `a secret that is gone for good stops no child where that was not chosen`() {
        var fixture = Fixture()
        fixture.start()
        #expect(fixture.refresh(fixture.failure(isGone: true)).effects == [.keepMemory])
        #expect(fixture.machine.phase == .running(.steady))
    }

    @Test func `a later plan changes what a refresh may change, and nothing else`() {
        var fixture = Fixture()
        fixture.start()
        fixture.signal(SIGHUP)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        #expect(fixture.handle(.workerMessage(.prepared(Fixture.plan { $0.action = .restart }, nil))).isEmpty)
        #expect(fixture.machine.plan.action == .restart)
        fixture.handle(.workerMessage(.finished(fixture.report())))
        fixture.ends(Fixture.workerPid)
        fixture.signal(SIGHUP)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        let other = Fixture.plan {
            $0.identity = UserIdentity(user: 0, group: 0, groups: [])
            $0.action = .exec(["/bin/sh"])
        }
        let actions = fixture.handle(.workerMessage(.prepared(other, nil)))
        #expect(actions.codes == [.refreshFailed])
        #expect(actions.first == .killWorker)
        #expect(fixture.machine.plan == Fixture.plan { $0.action = .restart })
        #expect(fixture.handle(.workerMessage(.finished(fixture.report { $0.filesChanged = true }))).isEmpty)
    }
}
