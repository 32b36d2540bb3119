package import LinuxSystem
package import Messages
package import WorkerProtocol

/// What happens to a supervisor.
package enum SupervisorEvent: Equatable, Sendable {
    /// The supervisor begins.
    case begun
    case signal(ReceivedSignal)
    /// A child, or an orphan that was given to us, has ended, stopped or continued.
    case child(ChildEvent)
    case workerStarted(pid: Int32)
    case workerNotStarted(SpawnFailure)
    case workerMessage(WorkerMessage)
    /// What the worker sent can't be read.
    case workerGarbage(reason: String)
    /// A socket of the plan could not be opened.
    case socketFailed(Diagnosis)
    case childStarted(pid: Int32)
    case childNotStarted(SpawnFailure)
    /// The child said through its notify socket that it is ready.
    case childReady
    /// The answer to `lookAtGroup`.
    case groupSeen(isGone: Bool)
    /// The answer to `lookAtSecondGroup`.
    case secondGroupSeen(isGone: Bool)
    /// The second child said so.
    case secondReady
    /// The command of `--ready` runs.
    case checkStarted(pid: Int32)
    case checkNotStarted(SpawnFailure)
    case actionStarted(pid: Int32)
    case actionNotStarted(SpawnFailure)
    /// The signal for a change was sent, or the process to signal has started since the change.
    case changeTold(byStart: Bool)
    /// The signal for a change was not sent: the child has no handler for it, or the target was not found.
    case changeSignalWithheld(number: Int32, reason: WithheldReason)
    /// The process that a sidecar signals is not there at the start.
    case targetMissing(String)
    /// The clock has gone on: the deadline may have passed.
    case deadline(Deadlines.Name)

    package enum WithheldReason: Equatable, Sendable {
        case noHandler
        case noTarget(String)
    }
}

/// The two clocks at an event: one that waits go by, and one that people read.
package struct Moment: Equatable, Sendable {
    package let boot: BootInstant
    /// Seconds since 1970.
    package let wall: Int64

    package init(boot: BootInstant, wall: Int64) {
        self.boot = boot
        self.wall = wall
    }
}
