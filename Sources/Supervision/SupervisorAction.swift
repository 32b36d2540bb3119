package import LinuxSystem
package import Messages
package import WorkerProtocol

/// What the loop does for the state machine.
package enum SupervisorAction: Equatable, Sendable {
    case startWorker(WorkerOrder)
    /// Kills the worker with its group.
    case killWorker
    /// Takes over the worker's environment. The current one is kept for a rollback; with `keepsPrevious` an older one
    /// that is already kept stays instead.
    case keepEnvironment(keepsPrevious: Bool)
    /// Closes the environment that is kept for a rollback: the generation before has the current one.
    case forgetPreviousEnvironment
    /// Makes the environment that is kept for a rollback the current one.
    case restoreEnvironment
    /// Takes over what the worker left for the next one.
    case keepMemory
    /// Opens the sockets of the plan.
    case openSockets
    case startChild
    /// Starts the command once more, beside the child.
    case startSecond
    case signalSecond(Int32)
    /// Looks whether anybody is left of the second child's group, whose leader has ended.
    case lookAtSecondGroup
    /// Runs the command that says whether the second child is ready.
    case startCheck([String], child: Int32)
    case killCheck(Int32)
    /// Gives the terminal of the second child's group to the child's.
    case passTerminal
    /// This process becomes the child (`--once`).
    case becomeChild
    case signalChild(Int32, queuedValue: UInt64?)
    /// Looks whether anybody is left of the child's group, whose leader has ended.
    case lookAtGroup
    /// Sends the signal for a change, unless the child has no handler for it.
    case signalChange(Int32)
    /// The same for the process beside a sidecar; one that has started since the change needs no signal.
    case signalTarget(SignalTarget, Int32, since: BootInstant?)
    /// Looks whether the process beside a sidecar is there.
    case findTarget(SignalTarget)
    case startAction([String], changedNames: [String])
    /// Starts a worker that reloads a unit of systemd's.
    case startReload(unit: String)
    case killAction
    /// Stops this process by the signal by which the terminal stopped the child.
    case stopSelf(by: Int32)
    /// Gives the terminal back to the child's group, after a stop.
    case giveTerminal
    case notify(String)
    /// RELOADING=1 with the monotonic clock's time.
    case notifyReloading
    case log(Message)
    case writeStatus
    /// Nobody has to be told of what is delivered (`SecretsDirectory.untold`).
    case forgetUntold
    /// Removes what was delivered.
    case clean
    case exit(code: Int32)
    /// Dies of the signal. PID 1 can't, and exits with 128 + number.
    case dieOf(Int32)
}
