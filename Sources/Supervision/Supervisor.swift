import LinuxSystem
import Messages
package import WorkerProtocol

/// The state machine of a supervised run: a value, state × event → actions, without a process or a clock of its own.
///
/// `Supervisor+….swift` hold the transitions: signals, the child's life, the worker's, the refreshes.
package struct Supervisor: Sendable {
    package enum Phase: Equatable, Sendable {
        /// The first attempt is under way; there is no child.
        case starting
        /// `--once`: everything is delivered, and the worker's end is awaited.
        case becoming
        case running
        /// A sidecar that has delivered.
        case watching
        /// The child was told to stop, for a restart with new secrets.
        case restarting
        /// The child failed with the new secrets; the files are being pointed back.
        case rollingBack
        /// The end was asked for.
        case stopping
        case ended
    }

    /// An attempt under way.
    struct Worker: Equatable, Sendable {
        var pid: Int32
        var order: WorkerOrder
        /// Somebody asked for it (HUP, `latchkey refresh`).
        var asked: Bool
        var hasFinished = false
        /// Was killed, whatever it still says: its attempt does not count.
        var isAbandoned = false
    }

    /// An attempt that begins as soon as the worker before it is gone.
    struct Queued: Equatable, Sendable {
        var task: WorkerOrder.Task
        var asked: Bool
    }

    package let isSidecar: Bool
    /// Whether this is the first process of its PID namespace: it can't stop itself or die of a signal.
    let isInit: Bool
    /// Half of the watchdog's interval, where the manager wants to hear from us.
    let watchdogPeriod: Duration?

    package internal(set) var phase = Phase.starting
    package internal(set) var plan = SupervisorPlan()
    package internal(set) var deadlines = Deadlines()
    package internal(set) var child: Int32?
    package internal(set) var status = SupervisorStatus()
    var worker: Worker?
    /// The pid of the command on change.
    var actionProcess: Int32?
    var queued: Queued?
    var childIsStopped = false
    /// When the first attempt began.
    var startedAt = BootInstant(nanoseconds: 0)
    /// Failed attempts in a row.
    var failures: Int64 = 0
    /// The state of failing that was logged last.
    var loggedFailure: String?
    var warnedUnannounced = false
    var warnedUnhandled = false
    /// The child in probation runs on the previous generation already.
    var rolledBack = false
    /// A generation was delivered with which the child has not held out yet: a restart with it is to come, under way, or
    /// in probation. Whatever is delivered meanwhile, a rollback returns to the generation before.
    var isUnproven = false
    /// What Latchkey ends with once the child is gone; nil: the child's own code.
    var endCode: Int32?
    var isReady = false
    /// `--notify child`: the child that runs now has said that it is ready.
    var childIsReady = false
    var childStartedAt = BootInstant(nanoseconds: 0)
    /// The terminal has told the child to end: what it ends with is no failure of a restart.
    var terminalHasAsked = false
    /// Somebody asked for a refresh while none could begin.
    var asksWaiting = false
    var generator: SplitMix64

    package init(isSidecar: Bool, isInit: Bool, watchdogPeriod: Duration? = nil, seed: UInt64) {
        self.isSidecar = isSidecar
        self.isInit = isInit
        self.watchdogPeriod = watchdogPeriod
        generator = SplitMix64(state: seed)
    }

    /// Whether a worker is under way whose report is still to come.
    var isAttempting: Bool { worker.map { !$0.hasFinished && !$0.isAbandoned } ?? false }

    /// The state after an event, and what is to be done, in order.
    package mutating func handle(_ event: SupervisorEvent, at now: Moment) -> [SupervisorAction] {
        guard phase != .ended else { return [] }
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
        case .childStarted(let pid): return childDidStart(pid, at: now)
        case .childNotStarted(let failure): return childCouldNotStart(failure, at: now)
        case .actionStarted(let pid):
            actionProcess = pid
            deadlines[.action] = now.boot + Self.actionLimit
            return []
        case .actionNotStarted(let failure): return [.log(Self.actionFailed("could not be started: \(failure.reason)"))]
        case .changeSignalWithheld(let number, let reason): return changeSignalWithheld(number, reason)
        case .childReady:
            childIsReady = true
            return becameReady()
        case .deadline: return deadlinesPassed(at: now)
        }
    }

    private mutating func begin(at now: Moment) -> [SupervisorAction] {
        startedAt = now.boot
        if let watchdogPeriod { deadlines[.watchdog] = now.boot + watchdogPeriod }
        return startAttempt(.first, asked: false, at: now)
    }

    private mutating func deadlinesPassed(at now: Moment) -> [SupervisorAction] {
        var actions: [SupervisorAction] = []
        if deadlines.take(.watchdog, at: now.boot), let watchdogPeriod {
            deadlines[.watchdog] = now.boot + watchdogPeriod
            if watchdogIsOurs(at: now) { actions.append(.notify("WATCHDOG=1")) }
        }
        if deadlines.take(.stop, at: now.boot) { actions.append(.signalChild(9, queuedValue: nil)) }
        if deadlines.take(.action, at: now.boot) {
            actions += [.killAction, .log(Self.actionFailed("was killed: it took longer than 60s"))]
        }
        if deadlines.take(.probation, at: now.boot) {
            rolledBack = false
            // With a newer one on its way it is that which has to hold out.
            isUnproven = deadlines[.restart] != nil
        }
        if deadlines.take(.worker, at: now.boot) { actions += workerHung(at: now) }
        if deadlines.take(.restart, at: now.boot) { actions += restartChild(at: now) }
        if deadlines.take(.refresh, at: now.boot) { actions += refresh(asked: false, at: now) }
        return actions
    }

    /// How long the command on change may take.
    static let actionLimit = Duration.seconds(60)
    /// How long a worker may take before it says what the plan is.
    static let planLimit = Duration.seconds(60)
    /// How long a worker may take to exit after its report.
    static let exitLimit = Duration.seconds(10)
    /// Changes within this time are one restart.
    static let restartWindow = Duration.seconds(2)
    /// A child that fails within this time after a restart failed because of it.
    static let probation = Duration.seconds(10)

    static func actionFailed(_ what: String) -> Message {
        Message(.warning, .actionFailed, "the command on change \(what)")
    }
}
