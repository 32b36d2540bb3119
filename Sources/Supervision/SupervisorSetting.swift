/// What the loop is given at the start.
package struct SupervisorSetting: Sendable {
    /// All arguments as the kernel gave them.
    package var arguments: [[UInt8]]
    package var isSidecar: Bool
    /// The worker's program, opened by `O_PATH` at the start, so that an upgrade can't mix versions.
    package var workerProgram: CInt
    /// In a bundle: the loader that starts the worker, with its arguments. Empty elsewhere.
    package var workerArguments: [[UInt8]]
    /// The original environment, sealed.
    package var environment: CInt
    /// `NOTIFY_SOCKET`, `WATCHDOG_*`, `LISTEN_*`: workers never get these.
    package var manager: ManagerVariables
    /// Whether messages in text format have colours.
    package var hasColour: Bool
    /// Whether the first worker shows its progress on a terminal.
    package var hasProgress: Bool

    package init(
        arguments: [[UInt8]], isSidecar: Bool, workerProgram: CInt, workerArguments: [[UInt8]], environment: CInt,
        manager: ManagerVariables, hasColour: Bool, hasProgress: Bool
    ) {
        self.arguments = arguments
        self.isSidecar = isSidecar
        self.workerProgram = workerProgram
        self.workerArguments = workerArguments
        self.environment = environment
        self.manager = manager
        self.hasColour = hasColour
        self.hasProgress = hasProgress
    }
}
