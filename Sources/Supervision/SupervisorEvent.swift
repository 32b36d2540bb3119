package import LinuxSystem
package import WorkerProtocol

/// What happens to a supervisor.
package enum SupervisorEvent: Equatable, Sendable {
    /// The supervisor's first moment.
    case begun
    case signal(ReceivedSignal)
    /// Something happened to a child, ours or an orphan's.
    case child(ChildEvent)
    case workerStarted(pid: Int32)
    case workerNotStarted(SpawnFailure)
    case workerMessage(WorkerMessage)
    /// What the worker sent can't be read.
    case workerGarbage(reason: String)
    case childStarted(pid: Int32)
    case childNotStarted(SpawnFailure)
    case actionStarted(pid: Int32)
    case actionNotStarted(SpawnFailure)
    /// The signal for a change was not sent: the child has no handler for it, or the target was not found.
    case changeSignalWithheld(number: Int32, reason: WithheldReason)
    /// The child said through its notify socket that it is ready.
    case childReady
    /// A deadline has passed.
    case deadline

    package enum WithheldReason: Equatable, Sendable {
        case noHandler
        case noTarget(String)
    }
}

/// The two clocks at an event: the one that waits go by, and the one that people read.
package struct Moment: Equatable, Sendable {
    package let boot: BootInstant
    /// Seconds since 1970.
    package let wall: Int64

    package init(boot: BootInstant, wall: Int64) {
        self.boot = boot
        self.wall = wall
    }
}
