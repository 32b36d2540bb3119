import Glibc
import LinuxSystem
import Messages
import Supervision
import Testing
import WorkerProtocol

/// A change is owed until it was told, or nobody is left to be told.
struct OwedTransitionTests {
    private func fixture(_ action: ChangeAction, target: SignalTarget? = nil) -> Fixture {
        var fixture = Fixture(
            isSidecar: target != nil,
            plan: Fixture.plan {
                $0.action = action
                $0.target = target
            })
        fixture.start()
        return fixture
    }

    private func change(_ names: String...) -> WorkerReport {
        var report = WorkerReport(outcome: .delivered)
        report.nextMilliseconds = 86_400_000
        report.filesChanged = true
        report.changedNames = names
        return report
    }

    private func start(_ names: String...) -> SupervisorAction {
        .startAction(["/bin/reload"], changedNames: names)
    }

    @Test func `a command that runs ends by itself, and one more is told of all that it was not told of`() {
        var fixture = fixture(.exec(["/bin/reload"]))
        #expect(fixture.refresh(change("a")).effects.last == start("a"))
        fixture.handle(.actionStarted(pid: 300))
        #expect(fixture.refresh(change("c")).effects == [.forgetPreviousEnvironment, .keepMemory])
        #expect(fixture.refresh(change("b")).effects == [.forgetPreviousEnvironment, .keepMemory])
        #expect(fixture.machine.pending?.names == ["a", "b", "c"])
        #expect(fixture.ends(300).effects == [start("b", "c")])
        fixture.handle(.actionStarted(pid: 301))
        #expect(fixture.machine.pending?.names == ["b", "c"])
        #expect(fixture.ends(301).effects.isEmpty)
        #expect(fixture.machine.pending == nil)
    }

    @Test func `a unit's reload that failed is tried after the interval, or with the refresh that somebody asks for`() {
        var fixture = fixture(.reloadUnit("nginx.service"))
        #expect(fixture.refresh(change("a")).effects.last == .startReload(unit: "nginx.service"))
        fixture.handle(.actionStarted(pid: 300))
        for outcome in UnitReloadOutcome.allCases where outcome != .done {
            let said = fixture.ends(300, .exited(code: outcome.rawValue)).codes
            #expect(said == (outcome == .failed ? [.unitReloadFailed] : []), "\(outcome)")
            #expect(fixture.machine.pending?.names == ["a"])
            #expect(fixture.wait(299).effects.isEmpty)
            #expect(fixture.wait(1).effects == [.startReload(unit: "nginx.service")])
            fixture.handle(.actionStarted(pid: 300))
        }
        #expect(fixture.ends(300).codes == [.unitReloaded])
        #expect(fixture.machine.pending == nil)
    }

    @Test func `a command that takes too long is killed, and run again`() {
        var fixture = fixture(.exec(["/bin/reload"]))
        fixture.refresh(change("a"))
        fixture.handle(.actionStarted(pid: 300))
        #expect(fixture.wait(60) == [.killAction])
        #expect(fixture.ends(300, .killed(signal: SIGKILL)).codes == [.actionFailed])
        #expect(fixture.machine.pending?.names == ["a"])
        #expect(fixture.wait(1).effects == [start("a")])
    }

    @Test func `a failed try is followed by others, later and later, and said once`() {
        var fixture = fixture(.exec(["/bin/reload"]))
        fixture.refresh(change("a"))
        var codes: [MessageCode] = []
        for pause: Int64 in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            fixture.handle(.actionStarted(pid: 300))
            codes += fixture.ends(300, .exited(code: 1)).codes
            #expect(fixture.wait(pause - 1).effects.isEmpty)
            #expect(fixture.wait(1).effects == [start("a")], "after \(pause) s")
        }
        #expect(codes == [.actionFailed])
        codes = fixture.handle(.actionNotStarted(SpawnFailure(step: .execute, code: ENOENT))).codes
        #expect(codes.isEmpty)
        fixture.wait(300)
        fixture.handle(.actionStarted(pid: 300))
        #expect(fixture.ends(300).codes == [.changeTold])
        #expect(!fixture.wait(300).effects.contains(start("a")))
    }

    @Test func `a command that failed is told again with what has changed since`() {
        var fixture = fixture(.exec(["/bin/reload"]))
        fixture.refresh(change("a"))
        fixture.handle(.actionStarted(pid: 300))
        fixture.refresh(change("b"))
        #expect(fixture.ends(300, .killed(signal: SIGSEGV)).effects == [start("a", "b")])
    }

    @Test func `a signal waits for a handler`() {
        var fixture = fixture(.signal(SIGUSR1))
        #expect(fixture.refresh(change("a")).effects.last == .signalChange(SIGUSR1))
        let withheld = SupervisorEvent.changeSignalWithheld(number: SIGUSR1, reason: .noHandler)
        #expect(fixture.handle(withheld).codes == [.signalUnhandled])
        #expect(fixture.wait(1) == [.signalChange(SIGUSR1)])
        #expect(fixture.handle(withheld).isEmpty)
        #expect(fixture.wait(2) == [.signalChange(SIGUSR1)])
        #expect(fixture.handle(.changeTold(byStart: false)).codes == [.changeTold])
        #expect(fixture.machine.pending == nil)
        #expect(fixture.machine.deadlines[.owed] == nil)
    }

    @Test func `a signal waits for its process, and a new change is tried at once`() {
        var fixture = fixture(.signal(SIGHUP), target: .pidFile("/run/app.pid"))
        fixture.refresh(change("a"))
        let withheld = SupervisorEvent.changeSignalWithheld(number: SIGHUP, reason: .noTarget("x"))
        #expect(fixture.handle(withheld).codes == [.signalTarget])
        for pause: Int64 in [1, 2, 4, 8] {
            #expect(fixture.wait(pause).count == 1)
            #expect(fixture.handle(withheld).isEmpty)
        }
        let actions = fixture.refresh(change("b"))
        #expect(actions.effects.last == .signalTarget(.pidFile("/run/app.pid"), SIGHUP, since: fixture.now))
        #expect(fixture.handle(withheld).isEmpty)
        #expect(fixture.machine.pending?.names == ["a", "b"])
        #expect(fixture.wait(1).count == 1)
        #expect(fixture.handle(.changeTold(byStart: true)).codes == [.changeTold])
        #expect(fixture.machine.pending == nil)
    }

    @Test func `a change that was told at once is not said`() {
        var fixture = fixture(.signal(SIGUSR1))
        fixture.refresh(change("a"))
        #expect(fixture.handle(.changeTold(byStart: false)) == [.writeStatus])
    }

    @Test func `a request without a change owes nothing`() {
        var fixture = fixture(.signal(SIGUSR1))
        #expect(fixture.refresh(fixture.report()).effects.last == .signalChange(SIGUSR1))
        #expect(
            fixture.handle(.changeSignalWithheld(number: SIGUSR1, reason: .noHandler)).codes == [.signalUnhandled])
        #expect(fixture.machine.pending == nil)
        #expect(fixture.wait(299).isEmpty)
    }

    @Test func `a restart is owed until the command runs anew`() {
        var fixture = fixture(.restart)
        fixture.refresh(change("a"))
        #expect(fixture.machine.pending?.receiver == .restart)
        fixture.wait(2)
        fixture.refresh(change("b"))
        fixture.ends(Fixture.childPid)
        #expect(fixture.machine.pending?.names == ["a", "b"])
        fixture.handle(.childStarted(pid: Fixture.childPid + 1))
        #expect(fixture.machine.pending == nil)
    }

    @Test func `what a command failed with is owed no more`() {
        var fixture = fixture(.restart)
        fixture.refresh(change("a"))
        fixture.wait(2)
        fixture.ends(Fixture.childPid)
        fixture.handle(.childNotStarted(SpawnFailure(step: .execute, code: ENOENT)))
        #expect(fixture.machine.pending == nil)
    }

    @Test func `another plan has another receiver, or none`() {
        for action in [ChangeAction.exec(["/bin/reload"]), .none] {
            var fixture = fixture(.signal(SIGUSR1))
            fixture.refresh(change("a"))
            fixture.handle(.changeSignalWithheld(number: SIGUSR1, reason: .noHandler))
            fixture.signal(SIGHUP)
            fixture.handle(.workerStarted(pid: Fixture.workerPid))
            let actions = fixture.handle(.workerMessage(.prepared(Fixture.plan { $0.action = action }, nil)))
            #expect(actions.effects == (action == .none ? [] : [start("a")]))
            #expect((fixture.machine.pending == nil) == (action == .none))
        }
    }

    @Test func `who stops is told nothing more`() {
        var fixture = fixture(.signal(SIGUSR1))
        fixture.refresh(change("a"))
        fixture.handle(.changeSignalWithheld(number: SIGUSR1, reason: .noHandler))
        fixture.signal(SIGTERM)
        #expect(fixture.wait(24).isEmpty)
    }
}
