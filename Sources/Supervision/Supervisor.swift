import Glibc
import LinuxSystem
import Messages
package import WorkerProtocol

/// The state machine of a supervised run: a value that turns events into actions, without a process or a clock.
///
/// The next phase, by phase and event; where a cell is empty the phase stays. What an attempt brings:
///
/// | phase       | delivered       | with changes | failed      | failed for good | worker ended |
/// |-------------|-----------------|--------------|-------------|-----------------|--------------|
/// | starting    | start child [1] | the same     | ended       | ended           | ended        |
/// | becoming    |                 |              |             |                 | become child |
/// | steady      |                 | scheduled    |             | stopping        |              |
/// | scheduled   |                 |              |             | stopping        |              |
/// | stoppingOld |                 |              |             |                 |              |
/// | startingNew |                 |              |             |                 |              |
/// | probation   |                 | superseded   |             | stopping        |              |
/// | superseded  |                 |              |             | stopping        |              |
/// | rollingBack | start child     | start child  | start child | start child     | [2]          |
/// | overlapping |                 |              |             |                 |              |
/// | reverting   | steady          | steady       | steady      | steady          | steady       |
/// | watching    |                 |              |             | ended           |              |
/// | stopping    |                 |              |             |                 |              |
///
/// [1] With `--once`: becoming. A sidecar: watching. [2] A refresh was under way: the attempt to roll back begins.
///
/// What the child, signals and the clock bring (a restart is scheduled only with `--on-change restart`):
///
/// | phase       | child started | not started | exits with 0 | fails [3]   | TERM [4] | restart due | 10 s passed |
/// |-------------|---------------|-------------|--------------|-------------|----------|-------------|-------------|
/// | starting    | steady        | ended       |              |             | ended    |             |             |
/// | becoming    |               | ended       |              |             | ended    |             |             |
/// | steady      |               |             | ended        | ended       | stopping |             |             |
/// | scheduled   |               |             | ended        | ended       | stopping | stoppingOld |             |
/// | stoppingOld |               |             | startingNew  | startingNew | stopping |             |             |
/// | startingNew | probation     | rollingBack |              |             | ended    |             |             |
/// | probation   |               |             | ended        | rollingBack | stopping |             | steady      |
/// | superseded  |               |             | ended        | startingNew | stopping | stoppingOld | scheduled   |
/// | rollingBack | steady        | ended       |              |             | ended    |             |             |
/// | overlapping |               | reverting   | probation    | probation   | stopping |             |             |
/// | reverting   |               |             | ended        | ended       | stopping |             |             |
/// | watching    |               |             |              |             | ended    |             |             |
/// | stopping    |               |             | ended        | ended       | KILL     |             |             |
///
/// [3] An end by a signal of the terminal is in the column before. [4] INT and QUIT too; HUP from the terminal where
/// there is no child.
///
/// With `--group-signal` the child has ended when its group is gone: once its own process has ended, what is left gets the
/// stop signal, unless it has it, and KILL at the stop timeout. A restart, a rollback and the end wait for that.
///
/// With `--on-change replace` a restart that is due becomes `overlapping` instead of `stoppingOld`, as soon as no worker is
/// at work and no second process is left; until the phase is `steady` again, refreshes wait. `superseded`, `stoppingOld`
/// and `startingNew` do not occur, except that the child ends between the second one's start and the word of it:
/// `startingNew`. What the second process brings (`Supervisor+Overlap.swift`):
///
/// | phase       | second is ready | second ends            | not ready in time |
/// |-------------|-----------------|------------------------|-------------------|
/// | overlapping | probation       | reverting              | reverting         |
/// | scheduled   |                 | overlapping, where due |                   |
/// | stopping    |                 | ended, where last      |                   |
///
/// In `probation` and `reverting` the second process is one that was told to stop; where the tables say `ended`, and it
/// is still there, `stopping` comes first.
///
/// All other events leave the phase alone. `Supervisor+….swift` hold the transitions.
package struct Supervisor: Sendable {
    package enum Phase: Equatable, Sendable {
        /// The first attempt is under way, and there is no child.
        case starting
        /// `--once`: everything is delivered. This process becomes the child when the worker has ended.
        case becoming
        case running(Rollout)
        /// A sidecar has delivered.
        case watching
        /// The child was told to end. Latchkey ends with the code then; nil: as the child does.
        case stopping(exitCode: Int32?)
        case ended
    }

    /// How far a new generation has come to the child. `--on-change restart` and `replace` alone leave `steady`.
    package enum Rollout: Equatable, Sendable {
        /// The child runs, and no newer generation waits for it.
        case steady
        /// The child runs, and a newer generation is delivered. Changes within two seconds become one restart, or one
        /// overlap, which waits for what is under way.
        case scheduled
        /// The child was told to stop for the restart.
        case stoppingOld
        /// The child is being started with the newer generation.
        case startingNew
        /// The child runs, and beside it a second one with the newer generation, which is starting or not ready yet.
        case overlapping
        /// The second child failed, and the first one runs on: a worker points the files back.
        case reverting
        /// The child runs with the newer generation, for less than ten seconds so far.
        case probation
        /// As in probation, and one more generation is delivered.
        case superseded
        /// The child failed with the newer generation: a worker points the files back to the one before.
        case rollingBack

        /// Whether the child runs, and neither stops nor starts.
        var isUp: Bool {
            switch self {
            case .steady, .scheduled, .overlapping, .reverting, .probation, .superseded: true
            case .stoppingOld, .startingNew, .rollingBack: false
            }
        }

        /// Whether the newest generation has yet to prove itself: a rollback skips all that is delivered meanwhile.
        var isUnproven: Bool { ![.steady, .rollingBack, .reverting].contains(self) }

        /// Whether the child is started again, or another one is there, if it ends or fails now.
        package var mayRestart: Bool { ![.steady, .scheduled, .reverting].contains(self) }
    }

    /// The process that runs the command.
    package struct Child: Equatable, Sendable {
        package let pid: Int32
        let startedAt: BootInstant
        var isStopped = false
        /// `--notify child`: it has said that it is ready.
        var isReady = false
        /// How it ended. With `--group-signal` it is over when its group is gone, and stays the child until then.
        var ending: Ending?
        /// It was sent KILL.
        var wasKilled = false
        /// A terminal has sent it a signal to end: such an end is not a failed restart.
        var wasInterrupted = false
    }

    /// Why a refresh happens: by the clock, or by request (HUP, `latchkey refresh`).
    enum RefreshCause: Equatable, Sendable {
        case schedule, request
    }

    /// A worker, until it is reaped.
    struct Worker: Equatable, Sendable {
        enum State {
            case working
            /// It has sent its report and is about to exit.
            case reported
            /// It was killed: whatever it still sends is ignored.
            case abandoned
        }

        /// nil until it has been spawned.
        var pid: Int32?
        let order: WorkerOrder
        let cause: RefreshCause
        var state = State.working
    }

    package let isSidecar: Bool
    /// Whether this is the first process of its PID namespace: it can neither stop itself nor die of a signal.
    let isInit: Bool
    /// Whether this is the leader of its session: its terminal tells it alone that it hangs up.
    let leadsSession: Bool
    /// Half of the watchdog's interval, where the service manager set one.
    let watchdogPeriod: Duration?

    package internal(set) var phase = Phase.starting
    package internal(set) var plan = SupervisorPlan()
    /// The first worker has sent the plan.
    package internal(set) var hasPlan = false
    package internal(set) var deadlines = Deadlines()
    package internal(set) var child: Child?
    /// The other process of the command: while they overlap the one that is to become the child, else one that was told to
    /// end.
    package internal(set) var second: Child?
    /// Latchkey ends so, once the second process has ended too.
    var outcome: Ending?
    /// The pid of the command of `--ready`, and how it failed last.
    var checkProcess: Int32?
    var checkFailure: String?
    /// The files are newer than those that the child was started with.
    var hasNewerFiles = false
    package internal(set) var status = SupervisorStatus()
    var worker: Worker?
    /// A refresh that begins as soon as the worker before it is gone and the child runs.
    var pendingRefresh: RefreshCause?
    /// What nobody was told of yet.
    package internal(set) var owed: OwedChange?
    /// A sidecar's worker may have noted a change that nobody was told of (`SecretsDirectory.untold`).
    var hasNote = false
    /// What the running command on change was given.
    var telling: OwedChange?
    /// The pid of the command on change.
    package internal(set) var actionProcess: Int32?
    /// When the first attempt began.
    var startedAt = BootInstant(nanoseconds: 0)
    /// Failed attempts in a row.
    var failures: Int64 = 0
    /// The failure that was logged last: one that lasts is logged once.
    var loggedFailure: String?
    /// Warnings that are given once.
    var warned: Set<MessageCode> = []
    /// The service manager was told that we are ready.
    var isReady = false
    var generator: SplitMix64

    package init(
        isSidecar: Bool, isInit: Bool, leadsSession: Bool = false, watchdogPeriod: Duration? = nil, seed: UInt64
    ) {
        self.isSidecar = isSidecar
        self.isInit = isInit
        self.leadsSession = leadsSession
        self.watchdogPeriod = watchdogPeriod
        generator = SplitMix64(state: seed)
    }

    /// nil in every phase but `running`.
    package var rollout: Rollout? {
        if case .running(let rollout) = phase { rollout } else { nil }
    }

    /// Takes an event and returns what is to be done, in order. At most one of them starts a process.
    package mutating func handle(_ event: SupervisorEvent, at now: Moment) -> [SupervisorAction] {
        guard phase != .ended else { return [] }
        let actions = handled(event, at: now)
        // A worker at work may note the next one.
        guard hasNote, pending == nil, worker == nil, phase == .watching else { return actions }
        hasNote = false
        return actions + [.forgetUntold]
    }

    private mutating func handled(_ event: SupervisorEvent, at now: Moment) -> [SupervisorAction] {
        switch event {
        case .begun: return begin(at: now)
        case .signal(let signal): return received(signal, at: now)
        case .child(let event): return happened(event, at: now)
        case .workerStarted(let pid):
            worker?.pid = pid
            return []
        case .workerNotStarted(let failure): return workerCouldNotStart(failure, at: now)
        case .workerMessage(let message): return received(message, at: now)
        case .workerGarbage(let reason): return workerSentGarbage(reason, at: now)
        case .socketFailed(let diagnosis):
            guard phase == .starting else { return [] }
            return [.log(Message(.error, diagnosis))] + end(code: diagnosis.exitCode.rawValue)
        case .childStarted(let pid): return childDidStart(pid, at: now)
        case .childNotStarted(let failure): return childCouldNotStart(failure, at: now)
        case .childReady:
            guard child != nil else { return [] }
            child?.isReady = true
            return becameReady()
        case .groupSeen(let isGone): return groupSeen(isGone: isGone, at: now)
        case .secondGroupSeen(let isGone): return secondGroupSeen(isGone: isGone, at: now)
        case .secondReady: return secondIsReady(at: now)
        case .checkStarted(let pid): return checkStarted(pid, at: now)
        case .checkNotStarted(let failure): return checkEnded("could not be started: \(failure.reason)", at: now)
        case .actionStarted(let pid):
            actionProcess = pid
            deadlines[.action] = now.boot + Self.actionLimit
            return []
        case .actionNotStarted(let failure):
            return actionEnded(actionFailed("could not be started: \(failure.reason)"), at: now)
        case .changeTold(let byStart): return wasTold(byStart: byStart)
        case .changeSignalWithheld(let number, let reason): return changeSignalWithheld(number, reason, at: now)
        case .targetMissing(let description):
            let text = "there is no process to signal yet: \(description); every change looks for it anew"
            return [.log(Message(.warning, .signalTarget, text, hint: Self.targetRemedy))]
        case .deadline(let name): return deadlines.take(name, at: now.boot) ? passed(name, at: now) : []
        }
    }

    private mutating func begin(at now: Moment) -> [SupervisorAction] {
        guard phase == .starting, worker == nil else { return [] }
        startedAt = now.boot
        if let watchdogPeriod { deadlines[.watchdog] = now.boot + watchdogPeriod }
        return startAttempt(.first, at: now)
    }

    private mutating func passed(_ deadline: Deadlines.Name, at now: Moment) -> [SupervisorAction] {
        switch deadline {
        case .watchdog:
            if let watchdogPeriod { deadlines[.watchdog] = now.boot + watchdogPeriod }
            return watchdogIsOurs(at: now) ? [.notify("WATCHDOG=1")] : []
        case .stop: return stopTimePassed(at: now)
        case .group: return child?.ending == nil ? [] : [.lookAtGroup]
        case .action: return [.killAction]
        case .owed: return tell(at: now)
        case .probation:
            phase = .running(rollout == .superseded ? .scheduled : .steady)
            guard worker == nil else { return [] }
            let begun = rollOutIfDue(at: now)
            return begun.isEmpty ? refreshIfRequested(at: now) : begun
        case .worker: return workerHung(at: now)
        case .retire: return retireTimePassed(at: now)
        case .secondGroup: return second?.ending == nil ? [] : [.lookAtSecondGroup]
        case .check: return checkIsDue(at: now)
        case .ready: return readyTimedOut(at: now)
        case .restart: return rollOut(at: now)
        case .refresh: return refresh(.schedule, at: now)
        }
    }

    /// How long the command on change may take.
    static let actionLimit = Duration.seconds(60)
    /// How long a worker may take before it sends the plan.
    static let planLimit = Duration.seconds(60)
    /// How long a worker may take to exit after its report.
    static let exitLimit = Duration.seconds(10)
    /// Changes within this time are one restart.
    static let restartWindow = Duration.seconds(2)
    /// How long what is left of a group is waited for after KILL.
    static let killLimit = Duration.seconds(5)
    /// The pause between two looks at a group.
    static let groupPause = Duration.milliseconds(50)
    /// A child that fails within this time after a restart failed because of it.
    static let probation = Duration.seconds(10)
}
