import Foundation
import Glibc
import LinuxSystem
import Messages
import Supervision
import Testing
import WorkerProtocol

struct ChangeTransitionTests {
    private func fixture(_ action: ChangeAction) -> Fixture {
        var fixture = Fixture(plan: Fixture.plan { $0.action = action })
        fixture.start()
        return fixture
    }

    @Test func `without an action the first change is a warning`() {
        var fixture = fixture(.unset)
        let change = fixture.report { $0.filesChanged = true }
        #expect(fixture.refresh(change).codes == [.refreshed, .changeUnannounced])
        #expect(fixture.refresh(change).codes == [.refreshed])
    }

    @Test func `the status tells of a stale environment, with or without a warning`() {
        var fixture = fixture(.unset)
        fixture.refresh(fixture.report { $0.filesChanged = true })
        #expect(!fixture.machine.status.environmentIsStale)
        fixture.refresh(fixture.report { $0.environmentChanged = true })
        #expect(fixture.machine.status.environmentIsStale)
    }

    @Test func `an unchanged refresh tells nobody`() {
        for action in [ChangeAction.unset, .none, .restart, .exec(["x"])] {
            var fixture = fixture(action)
            #expect(fixture.refresh(fixture.report()).effects == [.keepMemory])
        }
    }

    @Test func `a signal is sent on change, and unchanged where somebody asked`() {
        var fixture = fixture(.signal(SIGUSR1))
        #expect(fixture.refresh(fixture.report()).effects == [.keepMemory, .signalChange(SIGUSR1)])
        fixture.wait(300)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        #expect(fixture.handle(.workerMessage(.finished(fixture.report()))).effects == [.keepMemory])
    }

    @Test func `a signal that was withheld is said once`() {
        var fixture = fixture(.signal(SIGUSR1))
        let event = SupervisorEvent.changeSignalWithheld(number: SIGUSR1, reason: .noHandler)
        #expect(fixture.handle(event).codes == [.signalUnhandled])
        #expect(fixture.handle(event).isEmpty)
    }

    @Test func `a sidecar signals its target`() {
        var fixture = Fixture(
            isSidecar: true,
            plan: Fixture.plan {
                $0.action = .signal(SIGHUP)
                $0.target = .process(4711)
            })
        fixture.start()
        #expect(
            fixture.refresh(fixture.report { $0.filesChanged = true }).effects.last
                == .signalTarget(.process(4711), SIGHUP, since: fixture.now))
    }

    @Test(arguments: [true, false])
    func `a sidecar tells at its start of files that it has replaced, and of nothing else`(replaced: Bool) {
        var fixture = Fixture(
            isSidecar: true,
            plan: Fixture.plan {
                $0.action = .signal(SIGHUP)
                $0.target = .process(4711)
            })
        fixture.begin()
        let report = fixture.report {
            $0.filesChanged = replaced
            // The worker always fills one at the first attempt.
            $0.environmentChanged = true
        }
        let actions = fixture.handle(.workerMessage(.finished(report)))
        #expect(actions.contains(.signalTarget(.process(4711), SIGHUP, since: fixture.now)) == replaced)
        #expect(fixture.machine.phase == .watching)
    }

    @Test func `variables that a running command does not have are named, all that have changed so far`() throws {
        var fixture = fixture(.none)
        func change(_ names: [String]) -> String? {
            let actions = fixture.refresh(
                fixture.report {
                    $0.environmentChanged = true
                    $0.changedVariables = names
                })
            return actions.lazy.compactMap { action in
                if case .log(let message) = action, message.diagnosis.code == .environmentStale {
                    message.diagnosis.text
                } else {
                    nil
                }
            }.first
        }
        #expect(change(["B"])?.hasSuffix("a running process: B") == true)
        #expect(change(["A"])?.hasSuffix("a running process: A, B") == true)
        let many = (0..<12).map { "V\($0)" }
        #expect(change(many)?.hasSuffix(" and 4 more") == true)
        let document = StatusDocument(
            instance: "web", process: 7, child: fixture.machine.child?.pid, status: fixture.machine.status)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(document.json)) as? [String: Any])
        #expect((object["stale_variables"] as? [String])?.count == 14)
    }

    @Test(arguments: [ChangeAction.signal(SIGHUP), .none])
    func `a sidecar looks for its target at the start, where it is to signal it`(action: ChangeAction) {
        var fixture = Fixture(
            isSidecar: true,
            plan: Fixture.plan {
                $0.action = action
                $0.target = .process(4711)
            })
        fixture.begin()
        let actions = fixture.handle(.workerMessage(.finished(fixture.report())))
        #expect(actions.contains(.findTarget(.process(4711))) == (action != .none))
        #expect(fixture.handle(.targetMissing("process 4711")).codes == [.signalTarget])
        #expect(fixture.machine.phase == .watching)
    }

    @Test func `changes within two seconds are one restart`() {
        var fixture = fixture(.restart)
        fixture.refresh(fixture.report { $0.environmentChanged = true })
        fixture.wait(1)
        fixture.refresh(fixture.report { $0.environmentChanged = true })
        #expect(fixture.wait(1).effects == [.signalChild(SIGTERM, queuedValue: nil)])
        #expect(fixture.machine.phase == .running(.stoppingOld))
        #expect(fixture.ends(Fixture.childPid, .killed(signal: SIGTERM)) == [.startChild])
        #expect(fixture.machine.status.restarts == 1)
    }

    @Test func `a restart kills when the stop timeout has passed`() {
        var fixture = fixture(.restart)
        fixture.refresh(fixture.report { $0.filesChanged = true })
        fixture.wait(2)
        #expect(fixture.wait(25).effects.contains(.signalChild(SIGKILL, queuedValue: nil)))
    }

    @Test func `a restart that fails goes back once, and ends with the child's code then`() {
        var fixture = fixture(.restart)
        fixture.restart()
        let actions = fixture.ends(Fixture.childPid + 1, .exited(code: 3))
        #expect(actions.codes == [.childRolledBack])
        #expect(actions.effects.first == .restoreEnvironment)
        #expect(actions.order?.task == .rollBack)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        #expect(fixture.handle(.workerMessage(.finished(fixture.report()))) == [.keepMemory, .startChild])
        fixture.handle(.childStarted(pid: Fixture.childPid + 2))
        #expect(fixture.ends(Fixture.childPid + 2, .exited(code: 4)).last == .exit(code: 4))
    }

    @Test func `however many changes become one restart, a failed one goes back to what ran before all of them`() {
        var fixture = fixture(.restart)
        let change = fixture.report { $0.environmentChanged = true }
        #expect(fixture.refresh(change).effects.contains(.keepEnvironment(keepsPrevious: false)))
        fixture.signal(SIGHUP)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        let second = fixture.handle(.workerMessage(.finished(change))) + fixture.ends(Fixture.workerPid)
        #expect(second.effects.contains(.keepEnvironment(keepsPrevious: true)))
        // One more while the child is being stopped: it starts with that.
        fixture.wait(2)
        #expect(fixture.machine.phase == .running(.stoppingOld))
        #expect(fixture.refresh(change).effects.contains(.keepEnvironment(keepsPrevious: true)))
        #expect(fixture.ends(Fixture.childPid, .killed(signal: SIGTERM)) == [.startChild])
        fixture.handle(.childStarted(pid: Fixture.childPid + 1))
        let actions = fixture.ends(Fixture.childPid + 1, .exited(code: 3))
        #expect(actions.effects.first == .restoreEnvironment)
        #expect(actions.order?.task == .rollBack)
    }

    @Test func `a file's change after one of the environment takes nothing away that a rollback needs`() {
        var fixture = fixture(.restart)
        fixture.refresh(fixture.report { $0.environmentChanged = true })
        let actions = fixture.refresh(fixture.report { $0.filesChanged = true })
        #expect(actions.effects == [.keepMemory])
    }

    @Test func `a child that fails while a newer change waits is started with that one`() {
        var fixture = fixture(.restart)
        let change = fixture.report { $0.environmentChanged = true }
        fixture.restart()
        #expect(fixture.refresh(change).effects.contains(.keepEnvironment(keepsPrevious: true)))
        #expect(fixture.ends(Fixture.childPid + 1, .exited(code: 3)) == [.startChild])
        fixture.handle(.childStarted(pid: Fixture.childPid + 2))
        #expect(fixture.machine.status.restarts == 2)
        #expect(fixture.wait(2).effects.isEmpty, "the restart is done")
        #expect(fixture.ends(Fixture.childPid + 2, .exited(code: 3)).effects.first == .restoreEnvironment)
    }

    @Test func `a child that takes long to stop has not proven the generation it stops with`() {
        var fixture = fixture(.restart)
        let change = fixture.report { $0.environmentChanged = true }
        fixture.restart()
        fixture.refresh(change)
        fixture.wait(2)
        #expect(fixture.machine.phase == .running(.stoppingOld))
        fixture.wait(9)
        #expect(fixture.refresh(change).effects.contains(.keepEnvironment(keepsPrevious: true)))
    }

    @Test func `what has held out for ten seconds is what the next rollback returns to`() {
        var fixture = fixture(.restart)
        fixture.restart()
        fixture.wait(10)
        let actions = fixture.refresh(fixture.report { $0.environmentChanged = true })
        #expect(actions.effects.contains(.keepEnvironment(keepsPrevious: false)))
    }

    @Test func `a child that can't be started anew is a restart that failed`() {
        var fixture = fixture(.restart)
        fixture.refresh(fixture.report { $0.environmentChanged = true })
        fixture.wait(2)
        fixture.ends(Fixture.childPid, .exited(code: 0))
        #expect(
            fixture.handle(.childNotStarted(SpawnFailure(step: .execute, code: ENOENT))).codes == [.childRolledBack])
    }

    @Test func `after ten seconds an end is the child's own`() {
        var fixture = fixture(.restart)
        fixture.restart()
        fixture.wait(10)
        #expect(fixture.ends(Fixture.childPid + 1, .exited(code: 3)).last == .exit(code: 3))
    }

    @Test func `success right after a restart is an end like any other`() {
        var fixture = fixture(.restart)
        fixture.restart()
        #expect(fixture.ends(Fixture.childPid + 1, .exited(code: 0)).last == .exit(code: 0))
    }

    @Test(arguments: [SIGHUP, SIGINT, SIGQUIT])
    func `what the terminal ended is no failed restart`(number: Int32) {
        var fixture = fixture(.restart)
        fixture.restart()
        fixture.signal(number, code: SignalCode.kernel)
        #expect(fixture.ends(Fixture.childPid + 1, .killed(signal: number)).last == .dieOf(number))
    }

    @Test func `without a worker to point the files back the child has its chance all the same`() {
        var fixture = fixture(.restart)
        fixture.restart()
        fixture.ends(Fixture.childPid + 1, .exited(code: 3))
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        let actions = fixture.ends(Fixture.workerPid, .killed(signal: SIGSEGV))
        #expect(actions.effects == [.startChild])
        fixture.handle(.childStarted(pid: Fixture.childPid + 2))
        #expect(fixture.machine.deadlines[.refresh] != nil)
    }

    @Test func `a change of files alone leaves no older environment to go back to`() {
        var fixture = fixture(.restart)
        fixture.signal(SIGHUP)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        let actions = fixture.handle(.workerMessage(.finished(fixture.report { $0.filesChanged = true })))
        #expect(actions.effects.first == .forgetPreviousEnvironment)
    }

    @Test func `TERM during a restart ends with the child`() {
        var fixture = fixture(.restart)
        fixture.refresh(fixture.report { $0.filesChanged = true })
        fixture.wait(2)
        fixture.signal(SIGTERM)
        #expect(fixture.machine.phase == .stopping(exitCode: nil))
        #expect(fixture.ends(Fixture.childPid, .killed(signal: SIGTERM)).last == .dieOf(SIGTERM))
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
