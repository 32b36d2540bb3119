import Glibc
import LinuxSystem
import Messages
import Supervision
import Testing
import WorkerProtocol

// The cells of `TransitionTableTests` for two processes of the command.
extension TransitionTableTests {
    static let double: [State] = [
        .overlapping, .overlappingEarly, .reverting, .replaced, .dueLater, .stoppingBoth, .stoppingLast,
    ]
    static let single = all.filter { !double.contains($0) }
    private static let serving = double.filter { $0 != .stoppingLast }
    private static let secondAndCheckEvents: [Event] = [
        .secondReady, .secondSucceeds, .secondFails, .secondStops, .checkNotStarted, .checkSucceeds, .checkFails,
        .checkDue, .readyTimeout, .retireTimeout,
    ]
    private static let workerEvents: [Event] = [
        .prepared, .waiting, .delivered, .changed, .failed, .failedForGood, .endedSilently, .garbage, .workerNotStarted,
        .workerEnds, .workerTimeout,
    ]

    static let overlapRules: [Rule] = signals + ends + starts + workers + clocks

    private static let signals = [
        Rule([.overlapping, .overlappingEarly, .reverting, .replaced], [.hangUp], nil, "notifyReloading"),
        Rule([.dueLater], [.hangUp], nil, "notifyReloading", "startWorker(refresh)", "writeStatus"),
        Rule([.stoppingBoth, .stoppingLast], [.hangUp]),
        Rule(double, [.terminalHangUp, .terminalInterrupt]),
        Rule(
            [.overlapping], [.term], .stopping(exitCode: nil), "STOPPING=1", "child(\(SIGTERM))", "second(\(SIGTERM))",
            "killCheck(\(Fixture.checkPid))"),
        Rule(
            [.overlappingEarly, .replaced, .dueLater], [.term], .stopping(exitCode: nil), "STOPPING=1",
            "child(\(SIGTERM))"),
        Rule([.reverting], [.term], .stopping(exitCode: nil), "STOPPING=1", "child(\(SIGTERM))", "killWorker"),
        Rule([.stoppingBoth], [.term], nil, "child(\(SIGKILL))", "second(\(SIGKILL))"),
        Rule([.stoppingLast], [.term], nil, "second(\(SIGKILL))"),
        Rule(serving, [.stopSignal], nil, "child(\(SIGTSTP))"),
        Rule([.stoppingLast], [.stopSignal], nil, "stopSelf(by: \(SIGTSTP))"),
        Rule(serving, [.user1], nil, "child(\(SIGUSR1))"),
        Rule([.stoppingLast], [.user1]),
    ]

    private static let ends = [
        Rule(single, secondAndCheckEvents),
        // The first one's own end makes the second the child.
        Rule(
            [.overlapping], [.childSucceeds, .childFails], .running(.probation), "killCheck(\(Fixture.checkPid))",
            "[child-replaced]", "writeStatus"),
        Rule([.overlappingEarly], [.childSucceeds, .childFails], .running(.startingNew)),
        Rule(
            [.reverting], [.childSucceeds, .childFails], .stopping(exitCode: nil), "killWorker", "writeStatus"),
        Rule([.replaced], [.childSucceeds], .stopping(exitCode: nil), "writeStatus"),
        Rule(
            [.replaced], [.childFails], .running(.rollingBack), "[child-rolled-back]", "restoreEnvironment",
            "startWorker(rollBack)"),
        Rule([.dueLater], [.childSucceeds, .childFails], .stopping(exitCode: nil), "writeStatus"),
        Rule([.stoppingBoth], [.childSucceeds, .childFails], nil, "writeStatus"),
        Rule([.stoppingLast], [.childSucceeds, .childFails, .childStops]),
        Rule(serving, [.childStops], nil, "stopSelf(by: \(SIGTSTP))"),
        Rule(
            [.overlapping], [.secondSucceeds, .secondFails], .running(.reverting),
            "killCheck(\(Fixture.checkPid))", "[child-rolled-back]", "restoreEnvironment", "startWorker(rollBack)"),
        Rule([.overlappingEarly, .stoppingBoth], [.secondSucceeds, .secondFails]),
        Rule([.reverting, .replaced], [.secondSucceeds, .secondFails], nil, "writeStatus"),
        Rule(
            [.dueLater], [.secondSucceeds, .secondFails], .running(.overlapping), "writeStatus", "[child-replacing]",
            "startSecond"),
        // The code is that of the one that served.
        Rule(
            [.stoppingLast], [.secondSucceeds, .secondFails], .ended, "killAction", "STOPPING=1", "clean",
            "exit(code: 0)"),
        Rule(double, [.secondStops]),
    ]

    private static let starts = [
        Rule([.overlappingEarly], [.childStarted], nil, "[child-started]", "writeStatus"),
        Rule(double.filter { $0 != .overlappingEarly }, [.childStarted]),
        Rule(
            [.overlappingEarly], [.childNotStarted], .running(.reverting), "[child-rolled-back]", "restoreEnvironment",
            "startWorker(rollBack)"),
        Rule(double.filter { $0 != .overlappingEarly }, [.childNotStarted]),
        Rule(double, [.secondReady, .checkNotStarted, .checkFails]),
        Rule([.overlapping, .overlappingEarly], [.checkStarted]),
        Rule(
            all.filter { $0 != .overlapping && $0 != .overlappingEarly }, [.checkStarted], nil,
            "killCheck(\(Fixture.checkPid))"),
        Rule(
            [.overlapping], [.checkSucceeds], .running(.probation), "[child-replaced]", "second(\(SIGTERM))",
            "writeStatus"),
        Rule(double.filter { $0 != .overlapping }, [.checkSucceeds]),
    ]

    private static let workers = [
        Rule(double.filter { $0 != .reverting }, workerEvents),
        Rule([.reverting], [.prepared, .waiting]),
        Rule([.reverting], [.delivered, .changed], .running(.steady), "keepMemory", "writeStatus"),
        Rule([.reverting], [.failed, .failedForGood, .endedSilently], .running(.steady), "writeStatus"),
        Rule([.reverting], [.garbage], .running(.steady), "killWorker", "[worker-report]", "writeStatus"),
        Rule([.reverting], [.workerTimeout], .running(.steady), "killWorker", "[worker-hung]", "writeStatus"),
        Rule([.reverting], [.workerNotStarted], .running(.steady), "[worker-missing]", "writeStatus"),
        Rule([.reverting], [.workerEnds], .running(.steady), "[worker-crashed]", "writeStatus"),
    ]

    private static let clocks = [
        Rule([.dueLater], [.refreshDue], nil, "startWorker(refresh)", "writeStatus"),
        Rule(double.filter { $0 != .dueLater }, [.refreshDue]),
        Rule([.stoppingBoth], [.stopTimeout], nil, "child(\(SIGKILL))"),
        Rule(double.filter { $0 != .stoppingBoth }, [.stopTimeout]),
        Rule([.replaced], [.probationOver], .running(.steady)),
        Rule(double.filter { $0 != .replaced }, [.probationOver]),
        Rule([.overlapping], [.checkDue], nil, "killCheck(\(Fixture.checkPid))"),
        Rule(double.filter { $0 != .overlapping }, [.checkDue]),
        Rule(
            [.overlapping], [.readyTimeout], .running(.reverting), "killCheck(\(Fixture.checkPid))",
            "[child-rolled-back]", "second(\(SIGTERM))", "restoreEnvironment", "startWorker(rollBack)"),
        Rule(double.filter { $0 != .overlapping }, [.readyTimeout]),
        Rule(
            [.reverting, .replaced, .dueLater, .stoppingBoth, .stoppingLast], [.retireTimeout], nil,
            "second(\(SIGKILL))"),
        Rule([.overlapping, .overlappingEarly], [.retireTimeout]),
    ]
}

extension Fixture {
    static let secondPid = childPid + 1
    static let checkPid: Int32 = 400

    /// A change is due, and the second process is to be started.
    mutating func beginOverlap() {
        refresh(report { $0.environmentChanged = true })
        wait(2)
    }

    mutating func overlap(to state: TransitionTableTests.State) {
        beginOverlap()
        if state == .overlappingEarly { return }
        handle(.childStarted(pid: Self.secondPid))
        wait(1)
        handle(.checkStarted(pid: Self.checkPid))
        switch state {
        case .reverting:
            seconds += 60
            handle(.deadline(.ready))
            handle(.workerStarted(pid: Self.workerPid))
        case .stoppingBoth: signal(SIGTERM)
        case .replaced, .dueLater, .stoppingLast: ends(Self.checkPid)
        default: break
        }
        if state == .stoppingLast { ends(Self.secondPid) }
        guard state == .dueLater else { return }
        wait(10)
        beginOverlap()
    }
}

/// What the table's cells make together.
struct OverlapTests {
    private func fixture(
        _ ready: Readiness = .after(milliseconds: 2000), signal: Int32? = nil, notifies: Bool = false
    ) -> Fixture {
        var fixture = Fixture(
            plan: Fixture.plan {
                $0.action = .replace(signal: signal)
                $0.ready = ready
                $0.childNotifies = notifies
            })
        fixture.start()
        if notifies { fixture.handle(.childReady) }
        return fixture
    }

    private func overlapping(
        _ ready: Readiness = .after(milliseconds: 2000), signal: Int32? = nil, notifies: Bool = false
    ) -> Fixture {
        var fixture = fixture(ready, signal: signal, notifies: notifies)
        fixture.beginOverlap()
        fixture.handle(.childStarted(pid: Fixture.secondPid))
        return fixture
    }

    @Test func `after its time the second one is the child, and the first one is stopped and killed at last`() {
        var fixture = overlapping()
        #expect(fixture.machine.secondRole?.role == "starting")
        #expect(fixture.wait(1).effects.isEmpty)
        #expect(fixture.wait(1).effects == [.signalSecond(SIGTERM)])
        #expect(fixture.machine.child?.pid == Fixture.secondPid)
        #expect(fixture.machine.secondRole?.pid == Fixture.childPid)
        #expect(fixture.machine.secondRole?.role == "stopping")
        #expect(fixture.machine.status.restarts == 1)
        #expect(fixture.wait(25).effects.contains(.signalSecond(SIGKILL)))
        #expect(fixture.ends(Fixture.childPid, .killed(signal: SIGKILL)) == [.writeStatus])
        #expect(fixture.ends(Fixture.secondPid, .exited(code: 7)).last == .exit(code: 7))
    }

    @Test func `changes within two seconds are one second child`() {
        var fixture = fixture()
        fixture.refresh(fixture.report { $0.environmentChanged = true })
        fixture.wait(1)
        let again = fixture.refresh(fixture.report { $0.environmentChanged = true })
        #expect(again.effects.contains(.keepEnvironment(keepsPrevious: true)))
        #expect(fixture.wait(1).effects == [.startSecond])
    }

    @Test func `a worker that is at work ends before the second child starts`() {
        var fixture = fixture()
        fixture.refresh(fixture.report { $0.environmentChanged = true })
        fixture.signal(SIGHUP)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        #expect(fixture.wait(2).effects.isEmpty)
        fixture.handle(.workerMessage(.finished(fixture.report())))
        #expect(fixture.ends(Fixture.workerPid).effects == [.startSecond])
    }

    @Test func `a refresh waits until the second child has proven itself`() {
        var fixture = overlapping()
        #expect(fixture.signal(SIGHUP) == [.notifyReloading])
        #expect(!fixture.wait(2).startsWorker)
        #expect(fixture.machine.phase == .running(.probation))
        #expect(fixture.signal(SIGHUP) == [.notifyReloading])
        #expect(fixture.wait(10).startsWorker)
        #expect(fixture.machine.phase == .running(.steady))
    }

    @Test func `a refresh waits until the second child is withdrawn`() {
        var fixture = overlapping()
        fixture.signal(SIGHUP)
        let failed = fixture.ends(Fixture.secondPid, .exited(code: 3))
        #expect(failed.order?.task == .rollBack)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        #expect(!fixture.handle(.workerMessage(.finished(fixture.report()))).startsWorker)
        #expect(fixture.ends(Fixture.workerPid).order?.task == .refresh)
        #expect(fixture.machine.child?.pid == Fixture.childPid)
    }

    @Test func `a second child that fails leaves everything as it was, twenty times in a row`() {
        var fixture = fixture()
        for pid in Fixture.secondPid..<Fixture.secondPid + 20 {
            fixture.beginOverlap()
            fixture.handle(.childStarted(pid: pid))
            let actions = fixture.ends(pid, .exited(code: 3))
            #expect(actions.codes == [.childRolledBack])
            #expect(actions.effects.first == .restoreEnvironment)
            fixture.handle(.workerStarted(pid: Fixture.workerPid))
            fixture.handle(.workerMessage(.finished(fixture.report())))
            fixture.ends(Fixture.workerPid)
            #expect(fixture.machine.phase == .running(.steady))
            #expect(fixture.machine.child?.pid == Fixture.childPid)
        }
        fixture.beginOverlap()
        fixture.handle(.childStarted(pid: Fixture.secondPid + 20))
        fixture.wait(2)
        #expect(fixture.machine.child?.pid == Fixture.secondPid + 20)
    }

    @Test(arguments: [nil, SIGUSR1])
    func `a child that may have read newer files is told that they have gone back`(number: Int32?) {
        var fixture = fixture(signal: number)
        fixture.refresh(fixture.report { $0.filesChanged = true })
        fixture.wait(2)
        fixture.handle(.childStarted(pid: Fixture.secondPid))
        fixture.ends(Fixture.secondPid, .exited(code: 3))
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        let effects = fixture.handle(.workerMessage(.finished(fixture.report()))).effects
        #expect(effects == [.keepMemory] + (number.map { [.signalChange($0)] } ?? []))
    }

    @Test func `a second child that hangs is stopped, and the message says why it was not ready`() throws {
        var fixture = overlapping(.command(["curl"]))
        for _ in 0..<3 {
            let check = SupervisorAction.startCheck(["curl"], child: Fixture.secondPid)
            #expect(fixture.wait(1).effects == [check])
            fixture.handle(.checkStarted(pid: Fixture.checkPid))
            #expect(fixture.ends(Fixture.checkPid, .exited(code: 7)).isEmpty)
        }
        // One that takes too long is killed, and another one follows.
        fixture.wait(1)
        fixture.handle(.checkStarted(pid: Fixture.checkPid))
        #expect(fixture.wait(10).effects == [.killCheck(Fixture.checkPid)])
        fixture.ends(Fixture.checkPid, .killed(signal: SIGKILL))
        fixture.seconds += 60
        let actions = fixture.handle(.deadline(.ready))
        #expect(actions.effects.prefix(2) == [.signalSecond(SIGTERM), .restoreEnvironment])
        let log = try #require(actions.compactMap { if case .log(let message) = $0 { message } else { nil } }.first)
        #expect(log.diagnosis.text.contains("not ready within 60s; the command of --ready: signal \(SIGKILL)"))
    }

    @Test func `a second child that fails after it was ready is started once more with the previous secrets`() {
        var fixture = overlapping()
        fixture.wait(2)
        let actions = fixture.ends(Fixture.secondPid, .exited(code: 3))
        #expect(actions.codes == [.childRolledBack])
        #expect(actions.order?.task == .rollBack)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        // The one before may still be about to end.
        #expect(fixture.handle(.workerMessage(.finished(fixture.report()))).effects == [.keepMemory, .startChild])
        fixture.handle(.childStarted(pid: Fixture.secondPid + 1))
        #expect(fixture.ends(Fixture.childPid) == [.writeStatus])
        #expect(fixture.machine.phase == .running(.steady))
    }

    @Test(arguments: [true, false])
    func `TERM goes to both, and the code is that of the one that served`(servingFirst: Bool) {
        var fixture = overlapping()
        #expect(
            fixture.signal(SIGTERM).effects
                == [.signalChild(SIGTERM, queuedValue: nil), .signalSecond(SIGTERM)])
        let (serving, second) = (Fixture.childPid, Fixture.secondPid)
        let first = servingFirst ? fixture.ends(serving, .exited(code: 5)) : fixture.ends(second, .exited(code: 6))
        #expect(first.effects.isEmpty)
        let last = servingFirst ? fixture.ends(second, .exited(code: 6)) : fixture.ends(serving, .exited(code: 5))
        #expect(last.last == .exit(code: 5))
    }

    @Test func `each of two that are stopped has its own time`() {
        var fixture = overlapping()
        fixture.wait(2)
        fixture.wait(20)
        fixture.signal(SIGTERM)
        #expect(fixture.wait(5).effects == [.signalSecond(SIGKILL)])
        #expect(
            fixture.wait(20).effects == [.signalChild(SIGKILL, queuedValue: nil)])
    }

    @Test func `what a terminal ends in both is no failed replacement`() {
        var fixture = overlapping()
        fixture.signal(SIGINT, code: SignalCode.kernel)
        #expect(fixture.ends(Fixture.childPid, .killed(signal: SIGINT)).codes == [.childReplaced])
        #expect(fixture.ends(Fixture.secondPid, .killed(signal: SIGINT)).last == .dieOf(SIGINT))
    }

    @Test func `the second child's READY is the switch, and the manager hears of the unit`() {
        var fixture = fixture(.notify, notifies: true)
        fixture.refresh(fixture.report { $0.environmentChanged = true })
        #expect(fixture.wait(2).contains(.notifyReloading))
        fixture.handle(.childStarted(pid: Fixture.secondPid))
        #expect(fixture.wait(20).effects.isEmpty)
        let actions = fixture.handle(.secondReady)
        #expect(actions.effects == [.signalSecond(SIGTERM)])
        #expect(actions.last == .notify("READY=1"))
    }

    @Test func `a reload that was announced ends also where the second child fails`() {
        var fixture = overlapping(.notify, notifies: true)
        fixture.ends(Fixture.secondPid, .exited(code: 1))
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        #expect(fixture.handle(.workerMessage(.finished(fixture.report()))).last == .notify("READY=1"))
    }

    @Test func `a stopped process is continued to end`() {
        var fixture = overlapping()
        fixture.ends(Fixture.childPid, .stopped(signal: SIGSTOP))
        #expect(fixture.wait(2).effects == [.signalSecond(SIGTERM), .signalSecond(SIGCONT)])
    }

    @Test func `with a group of its own the one that serves has the terminal`() {
        var fixture = Fixture(
            plan: Fixture.plan {
                $0.action = .replace(signal: nil)
                $0.groupSignal = true
            })
        fixture.start()
        fixture.beginOverlap()
        fixture.handle(.childStarted(pid: Fixture.secondPid))
        #expect(fixture.wait(2).effects == [.passTerminal, .signalSecond(SIGTERM)])
    }
}
