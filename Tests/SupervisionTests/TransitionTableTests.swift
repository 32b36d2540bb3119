import Glibc
import LinuxSystem
import Messages
import Supervision
import Testing
import WorkerProtocol

/// The tables of `Supervisor`, cell by cell: each state with each event, the phase that follows, and what is done.
struct TransitionTableTests {
    /// The phases and rollouts, each with a worker at work where there can be one. Those from `idle` on tell what
    /// depends on the worker: none; one that has reported; one that was killed; one, and a refresh that waits for its
    /// end; one that was killed for a rollback.
    enum State: String, CaseIterable {
        case starting, becoming, steady, scheduled, stoppingOld, startingNew, probation, superseded, rollingBack
        case watching, stopping, ended
        case idle, reported, abandoned, pending, rollingBackLater
        /// Two processes, and no worker but in `reverting`: the second one runs and is asked; is not there yet; is being
        /// stopped. The first one is being stopped, while the second one proves itself; while a newer change is due; both
        /// are being stopped; the first one alone is left.
        case overlapping, overlappingEarly, reverting, replaced, dueLater, stoppingBoth, stoppingLast
    }

    enum Event: String, CaseIterable {
        case begun
        case hangUp, terminalHangUp, term, terminalInterrupt, stopSignal, user1, fault
        case childStarted, childNotStarted, childReady, childSucceeds, childFails, childStops, childContinues
        case secondReady, secondSucceeds, secondFails, secondStops
        case checkStarted, checkNotStarted, checkSucceeds, checkFails, checkDue, readyTimeout, retireTimeout
        case workerStarted, workerNotStarted, workerEnds
        case prepared, waiting, delivered, changed, failed, failedForGood, endedSilently, garbage
        case actionStarted, actionNotStarted, actionFails, orphanEnds, signalWithheld, targetMissing, changeTold,
            groupGone, groupLeft
        case refreshDue, workerTimeout, stopTimeout, restartDue, probationOver, actionTimeout, watchdogDue, owedDue,
            groupDue
    }

    /// Cells that have the same answer. No `next`: the phase stays. No `actions`: nothing is done.
    struct Rule {
        var states: [State]
        var events: [Event]
        var next: Supervisor.Phase?
        var actions: [String]

        init(_ states: [State], _ events: [Event], _ next: Supervisor.Phase? = nil, _ actions: String...) {
            self.states = states
            self.events = events
            self.next = next
            self.actions = actions
        }
    }

    @Test(arguments: State.allCases, Event.allCases)
    func `every state has one answer to every event`(state: State, event: Event) throws {
        let rules = Self.rules.filter { $0.states.contains(state) && $0.events.contains(event) }
        #expect(rules.count == 1, "a cell has one rule")
        let rule = try #require(rules.first)
        var fixture = Self.fixture(state)
        #expect(fixture.machine.phase == Self.phase(state))
        let actions = fixture.handle(event).map(\.brief)
        #expect(fixture.machine.phase == rule.next ?? Self.phase(state))
        #expect(actions == rule.actions.filter { state != .idle || $0 != "killWorker" })
        // The loop knows a process only once the event of its start was handled.
        #expect(actions.filter { $0.hasPrefix("start") || $0 == "becomeChild" }.count <= 1)
    }

    static let all = State.allCases.filter { $0 != .ended }
    /// The child runs, and neither stops nor starts.
    private static let up: [State] = [
        .steady, .scheduled, .probation, .superseded, .idle, .reported, .abandoned, .pending,
    ]
    private static let withChild = up + [.stoppingOld, .stopping]
    private static let withoutChild: [State] = [.starting, .becoming, .startingNew, .rollingBack, .rollingBackLater]
    /// A refresh is at work.
    private static let refreshing: [State] = [
        .steady, .scheduled, .stoppingOld, .startingNew, .probation, .superseded, .watching,
    ]
    /// Whatever a worker says does not count, or there is none.
    private static let deaf: [State] = [.becoming, .stopping, .idle, .reported, .abandoned, .rollingBackLater]
    private static let messages: [Event] = [
        .prepared, .waiting, .delivered, .changed, .failed, .failedForGood, .endedSilently, .garbage, .workerNotStarted,
    ]

    private static let rules: [Rule] =
        signalRules + childRules + workerRules + reportRules + otherRules + overlapRules

    private static let signalRules = [
        Rule([.starting, .becoming, .rollingBack, .rollingBackLater, .stopping], [.hangUp]),
        Rule(refreshing + [.reported, .abandoned, .pending], [.hangUp], nil, "notifyReloading"),
        Rule([.idle], [.hangUp], nil, "notifyReloading", "startWorker(refresh)", "writeStatus"),
        Rule(
            withoutChild, [.terminalHangUp], .ended, "killWorker", "killAction", "STOPPING=1", "clean",
            "dieOf(\(SIGHUP))"),
        Rule(withChild, [.terminalHangUp]),
        Rule(
            [.watching], [.terminalHangUp], .ended, "killWorker", "killAction", "STOPPING=1", "clean",
            "dieOf(\(SIGHUP))"),
        Rule(withoutChild, [.term], .ended, "killWorker", "killAction", "STOPPING=1", "clean", "dieOf(\(SIGTERM))"),
        Rule(up, [.term], .stopping(exitCode: nil), "STOPPING=1", "child(\(SIGTERM))", "killWorker"),
        Rule([.stoppingOld], [.term], .stopping(exitCode: nil), "STOPPING=1", "killWorker"),
        Rule([.stopping], [.term], nil, "child(\(SIGKILL))"),
        Rule(
            [.watching], [.term, .terminalInterrupt], .ended, "killWorker", "killAction", "STOPPING=1", "clean",
            "exit(code: 0)"),
        Rule(
            withoutChild, [.terminalInterrupt], .ended, "killWorker", "killAction", "STOPPING=1", "clean",
            "dieOf(\(SIGINT))"),
        Rule(withChild, [.terminalInterrupt]),
        Rule(withoutChild + [.watching], [.stopSignal], nil, "stopSelf(by: \(SIGTSTP))"),
        Rule(withChild, [.stopSignal], nil, "child(\(SIGTSTP))"),
        Rule(withoutChild + [.watching], [.user1]),
        Rule(withChild, [.user1], nil, "child(\(SIGUSR1))"),
        Rule(all, [.fault]),
    ]

    private static let childRules = [
        Rule([.starting], [.childStarted], .running(.steady), "[child-started]", "writeStatus", "READY=1"),
        Rule([.startingNew], [.childStarted], .running(.probation), "[child-started]", "writeStatus"),
        Rule([.rollingBack], [.childStarted], .running(.steady), "[child-started]", "writeStatus"),
        // A requested refresh was abandoned for the rollback.
        Rule(
            [.rollingBackLater], [.childStarted], .running(.steady), "[child-started]", "writeStatus",
            "notifyReloading"),
        Rule([.becoming, .watching] + withChild, [.childStarted]),
        Rule(
            [.starting, .becoming, .rollingBack, .rollingBackLater], [.childNotStarted], .ended,
            "ERRNO=\(ENOENT)", "killWorker", "killAction", "STOPPING=1", "clean", "exit(code: 127)"),
        Rule(
            [.startingNew], [.childNotStarted], .running(.rollingBack),
            "[child-rolled-back]", "restoreEnvironment", "killWorker"),
        Rule([.watching] + withChild, [.childNotStarted]),
        // The service manager was told with the child's start.
        Rule(all, [.childReady]),
        Rule(withoutChild + [.watching], [.childSucceeds, .childFails, .childStops]),
        Rule(
            up + [.stopping], [.childSucceeds], .ended, "killWorker", "killAction", "STOPPING=1", "clean",
            "exit(code: 0)"),
        Rule([.stoppingOld], [.childSucceeds, .childFails], .running(.startingNew), "startChild"),
        Rule(
            up.filter { $0 != .probation && $0 != .superseded } + [.stopping], [.childFails], .ended,
            "killWorker", "killAction", "STOPPING=1", "clean", "exit(code: 3)"),
        Rule(
            [.probation], [.childFails], .running(.rollingBack), "[child-rolled-back]", "restoreEnvironment",
            "killWorker"),
        Rule([.superseded], [.childFails], .running(.startingNew), "startChild"),
        Rule(withChild, [.childStops], nil, "stopSelf(by: \(SIGTSTP))"),
        Rule(all, [.childContinues]),
    ]

    private static let workerRules = [
        Rule(all, [.workerStarted]),
        Rule(deaf, messages),
        Rule(
            [.starting], [.workerNotStarted], .ended, "[worker-missing]", "killAction", "STOPPING=1", "clean",
            "exit(code: 71)"),
        Rule([.rollingBack], [.workerNotStarted], nil, "[worker-missing]", "startChild"),
        Rule(refreshing, [.workerNotStarted, .workerEnds], nil, "[refresh-failed]", "writeStatus", "READY=1"),
        Rule([.pending], [.workerNotStarted], nil, "[refresh-failed]", "writeStatus", "STATUS"),
        Rule(
            [.starting], [.workerEnds], .ended, "[worker-crashed]", "killAction", "STOPPING=1", "clean",
            "exit(code: 70)"),
        Rule([.becoming], [.workerEnds], nil, "becomeChild"),
        Rule([.rollingBack], [.workerEnds], nil, "[worker-crashed]", "startChild"),
        Rule([.rollingBackLater], [.workerEnds], nil, "startWorker(rollBack)"),
        Rule(
            [.pending], [.workerEnds], nil,
            "[refresh-failed]", "writeStatus", "STATUS", "startWorker(refresh)", "writeStatus"),
        Rule([.stopping, .idle, .reported, .abandoned], [.workerEnds]),
        Rule(
            [.starting], [.workerTimeout], .ended,
            "killWorker", "[worker-hung]", "killWorker", "killAction", "STOPPING=1", "clean", "exit(code: 70)"),
        Rule([.rollingBack], [.workerTimeout], nil, "killWorker", "[worker-hung]", "startChild"),
        Rule(
            refreshing, [.workerTimeout, .garbage], nil, "killWorker", "[refresh-failed]", "writeStatus", "READY=1"),
        Rule([.pending], [.workerTimeout, .garbage], nil, "killWorker", "[refresh-failed]", "writeStatus", "STATUS"),
        Rule(
            [.becoming, .stopping, .reported, .rollingBackLater], [.workerTimeout], nil, "killWorker"),
        Rule([.idle, .abandoned], [.workerTimeout]),
        Rule(
            [.starting], [.garbage], .ended,
            "killWorker", "[worker-report]", "killWorker", "killAction", "STOPPING=1", "clean", "exit(code: 70)"),
        Rule([.rollingBack], [.garbage], nil, "killWorker", "[worker-report]", "startChild"),
    ]

    private static let reportRules = [
        // The same plan once more: a worker that begins the attempt anew.
        Rule([.starting], [.prepared]),
        Rule([.starting], [.waiting], nil, "EXTEND_TIMEOUT_USEC"),
        Rule(refreshing + [.pending, .rollingBack], [.prepared, .waiting]),
        Rule([.starting], [.delivered, .changed], nil, "keepEnvironment", "keepMemory", "startChild"),
        Rule([.rollingBack], [.delivered, .changed], nil, "keepMemory", "startChild"),
        Rule(refreshing, [.delivered], nil, "keepMemory", "writeStatus", "READY=1"),
        Rule([.pending], [.delivered], nil, "keepMemory", "writeStatus", "STATUS"),
        Rule(
            [.steady], [.changed], .running(.scheduled),
            "keepEnvironment", "keepMemory", "[refreshed]", "writeStatus", "READY=1"),
        Rule(
            [.pending], [.changed], .running(.scheduled),
            "keepEnvironment", "keepMemory", "[refreshed]", "writeStatus", "STATUS"),
        Rule([.watching], [.changed], nil, "keepEnvironment", "keepMemory", "[refreshed]", "writeStatus", "READY=1"),
        Rule(
            [.scheduled, .stoppingOld, .startingNew, .superseded], [.changed], nil,
            "keepEnvironment, not the one before", "keepMemory", "[refreshed]", "writeStatus", "READY=1"),
        Rule(
            [.probation], [.changed], .running(.superseded),
            "keepEnvironment, not the one before", "keepMemory", "[refreshed]", "writeStatus", "READY=1"),
        Rule(
            [.starting], [.failed, .failedForGood], .ended, "killWorker", "killAction", "STOPPING=1", "clean",
            "exit(code: 75)"),
        Rule(
            [.starting], [.endedSilently], .ended, "killWorker", "killAction", "STOPPING=1", "clean", "exit(code: 66)"),
        Rule([.rollingBack], [.failed, .failedForGood, .endedSilently], nil, "startChild"),
        Rule(
            refreshing, [.failed, .endedSilently], nil, "keepMemory", "[refresh-failed]", "writeStatus", "READY=1"),
        Rule([.pending], [.failed, .endedSilently], nil, "keepMemory", "[refresh-failed]", "writeStatus", "STATUS"),
        Rule(
            [.steady, .scheduled, .probation, .superseded, .pending], [.failedForGood], .stopping(exitCode: 75),
            "keepMemory", "[refresh-failed]", "writeStatus", "STOPPING=1", "child(\(SIGTERM))", "killWorker"),
        Rule(
            [.stoppingOld, .startingNew], [.failedForGood], nil,
            "keepMemory", "[refresh-failed]", "writeStatus", "READY=1"),
        Rule(
            [.watching], [.failedForGood], .ended,
            "keepMemory", "[refresh-failed]", "killWorker", "killAction", "STOPPING=1", "clean", "exit(code: 75)"),
    ]

    private static let otherRules = [
        Rule([.ended], Event.allCases),
        Rule(all, [.begun, .actionStarted, .orphanEnds]),
        Rule(all, [.actionNotStarted, .actionFails], nil, "[action-failed]"),
        Rule(all, [.actionTimeout], nil, "killAction"),
        Rule(all, [.signalWithheld], nil, "[signal-unhandled]"),
        Rule(all, [.targetMissing], nil, "[signal-target]"),
        // What there is to tell waits for no try, and no signal was sent.
        Rule(all, [.owedDue, .changeTold]),
        // The child's own end is its end here.
        Rule(all, [.groupDue, .groupGone, .groupLeft]),
        Rule(all, [.watchdogDue], nil, "WATCHDOG=1"),
        Rule([.idle], [.refreshDue], nil, "startWorker(refresh)", "writeStatus"),
        Rule(single.filter { $0 != .idle }, [.refreshDue]),
        Rule([.stoppingOld, .stopping], [.stopTimeout], nil, "child(\(SIGKILL))"),
        Rule(single.filter { $0 != .stoppingOld && $0 != .stopping }, [.stopTimeout]),
        Rule(
            [.scheduled, .superseded], [.restartDue], .running(.stoppingOld), "[child-restarting]", "child(\(SIGTERM))"),
        Rule(all.filter { $0 != .scheduled && $0 != .superseded }, [.restartDue]),
        Rule([.probation], [.probationOver], .running(.steady)),
        Rule([.superseded], [.probationOver], .running(.scheduled)),
        Rule(single.filter { $0 != .probation && $0 != .superseded }, [.probationOver]),
    ]
}

extension TransitionTableTests {
    static func phase(_ state: State) -> Supervisor.Phase {
        switch state {
        case .starting: .starting
        case .becoming: .becoming
        case .steady, .idle, .reported, .abandoned, .pending: .running(.steady)
        case .scheduled: .running(.scheduled)
        case .stoppingOld: .running(.stoppingOld)
        case .startingNew: .running(.startingNew)
        case .probation: .running(.probation)
        case .superseded: .running(.superseded)
        case .rollingBack, .rollingBackLater: .running(.rollingBack)
        case .watching: .watching
        case .stopping: .stopping(exitCode: nil)
        case .ended: .ended
        case .overlapping, .overlappingEarly: .running(.overlapping)
        case .reverting: .running(.reverting)
        case .replaced: .running(.probation)
        case .dueLater: .running(.scheduled)
        case .stoppingBoth, .stoppingLast: .stopping(exitCode: nil)
        }
    }

    static func fixture(_ state: State) -> Fixture {
        var fixture = Fixture(
            isSidecar: state == .watching, watchdog: .seconds(5),
            plan: Fixture.plan {
                $0.once = state == .becoming
                $0.stopsWhenGone = true
                $0.action = state == .watching ? .none : double.contains(state) ? .replace(signal: nil) : .restart
                $0.ready = .command(["curl"])
            })
        fixture.bring(to: state)
        fixture.handle(.actionStarted(pid: Fixture.actionPid))
        return fixture
    }
}

extension Fixture {
    static let actionPid: Int32 = 300
    private static let strangerPid: Int32 = 999

    fileprivate mutating func bring(to state: TransitionTableTests.State) {
        switch state {
        case .starting: return begin()
        case .becoming:
            begin()
            handle(.workerMessage(.finished(report())))
            return
        default: start()
        }
        if TransitionTableTests.double.contains(state) { return overlap(to: state) }
        let change = report { $0.environmentChanged = true }
        switch state {
        case .scheduled: refresh(change)
        case .stoppingOld, .startingNew:
            refresh(change)
            wait(2)
        case .probation, .rollingBackLater: restart()
        case .superseded:
            restart()
            refresh(change)
        case .rollingBack:
            restart()
            handle(.childFails)
            handle(.workerStarted(pid: Self.workerPid))
            return
        default: break
        }
        if state == .idle { return }
        signal(SIGHUP)
        handle(.workerStarted(pid: Self.workerPid))
        switch state {
        case .startingNew: handle(.childSucceeds)
        case .rollingBackLater: handle(.childFails)
        case .stopping: handle(.term)
        case .ended: handle(.childSucceeds)
        case .reported: handle(.delivered)
        case .abandoned: handle(.workerTimeout)
        case .pending: handle(.hangUp)
        default: break
        }
    }

    @discardableResult
    fileprivate mutating func handle(_ event: TransitionTableTests.Event) -> [SupervisorAction] {
        let child = machine.child?.pid ?? Self.strangerPid
        let second = machine.second?.pid ?? Self.strangerPid
        switch event {
        case .begun: return handle(.begun as SupervisorEvent)
        case .hangUp: return signal(SIGHUP)
        case .terminalHangUp: return signal(SIGHUP, code: SignalCode.kernel)
        case .term: return signal(SIGTERM)
        case .terminalInterrupt: return signal(SIGINT, code: SignalCode.kernel)
        case .stopSignal: return signal(SIGTSTP)
        case .user1: return signal(SIGUSR1)
        case .fault: return signal(SIGSEGV)
        case .childStarted: return handle(.childStarted(pid: Self.childPid + 9))
        case .childNotStarted: return handle(.childNotStarted(SpawnFailure(step: .execute, code: ENOENT)))
        case .childReady: return handle(.childReady as SupervisorEvent)
        case .childSucceeds: return ends(child)
        case .childFails: return ends(child, .exited(code: 3))
        case .childStops: return ends(child, .stopped(signal: SIGTSTP))
        case .childContinues: return ends(child, .continued)
        case .secondReady: return handle(.secondReady as SupervisorEvent)
        case .secondSucceeds: return ends(second)
        case .secondFails: return ends(second, .exited(code: 3))
        case .secondStops: return ends(second, .stopped(signal: SIGTSTP))
        case .checkStarted: return handle(.checkStarted(pid: Self.checkPid))
        case .checkNotStarted: return handle(.checkNotStarted(SpawnFailure(step: .execute, code: ENOENT)))
        case .checkSucceeds: return ends(Self.checkPid)
        case .checkFails: return ends(Self.checkPid, .exited(code: 1))
        case .checkDue: return reach(.check)
        case .readyTimeout: return reach(.ready)
        case .retireTimeout: return reach(.retire)
        case .workerStarted: return handle(.workerStarted(pid: Self.workerPid))
        case .workerNotStarted: return handle(.workerNotStarted(SpawnFailure(step: .execute, code: ENOENT)))
        case .workerEnds: return ends(Self.workerPid, .killed(signal: SIGSEGV))
        case .prepared: return handle(.workerMessage(.prepared(plan, nil)))
        case .waiting: return handle(.workerMessage(.waiting(milliseconds: 1000)))
        case .delivered: return handle(.workerMessage(.finished(report())))
        case .changed: return handle(.workerMessage(.finished(report { $0.environmentChanged = true })))
        case .failed: return handle(.workerMessage(.finished(failure())))
        case .failedForGood: return handle(.workerMessage(.finished(failure(isGone: true))))
        case .endedSilently: return handle(.workerMessage(.finished(WorkerReport(outcome: .ended(exitCode: 66)))))
        case .garbage: return handle(.workerGarbage(reason: "too long"))
        case .actionStarted: return handle(.actionStarted(pid: Self.actionPid))
        case .actionNotStarted: return handle(.actionNotStarted(SpawnFailure(step: .execute, code: ENOENT)))
        case .actionFails: return ends(Self.actionPid, .exited(code: 1))
        case .orphanEnds: return ends(Self.strangerPid)
        case .targetMissing: return handle(.targetMissing("process 4711"))
        case .signalWithheld: return handle(.changeSignalWithheld(number: SIGUSR1, reason: .noHandler))
        case .changeTold: return handle(.changeTold(byStart: false))
        case .groupDue: return reach(.group)
        case .groupGone: return handle(.groupSeen(isGone: true))
        case .groupLeft: return handle(.groupSeen(isGone: false))
        case .owedDue: return reach(.owed)
        case .refreshDue: return reach(.refresh)
        case .workerTimeout: return reach(.worker)
        case .stopTimeout: return reach(.stop)
        case .restartDue: return reach(.restart)
        case .probationOver: return reach(.probation)
        case .actionTimeout: return reach(.action)
        case .watchdogDue: return reach(.watchdog)
        }
    }

    /// Moves the clock to a deadline, and tells the machine of this one alone.
    private mutating func reach(_ name: Deadlines.Name) -> [SupervisorAction] {
        if let instant = machine.deadlines[name] {
            seconds = max(seconds, instant.nanoseconds / 1_000_000_000 + 1)
        }
        return handle(.deadline(name))
    }
}

extension SupervisorAction {
    /// The action in a few words, without what a table leaves open.
    fileprivate var brief: String {
        switch self {
        case .startWorker(let order): "startWorker(\(order.task))"
        case .keepEnvironment(let keepsPrevious): "keepEnvironment\(keepsPrevious ? ", not the one before" : "")"
        case .signalChild(let number, _): "child(\(number))"
        case .signalSecond(let number): "second(\(number))"
        case .notify(let state): String(state.prefix { $0 != "\n" }.prefix(state.hasPrefix("STATUS") ? 6 : 19))
        case .log(let message): "[\(message.diagnosis.code.rawValue)]"
        default: String(describing: self)
        }
    }
}
