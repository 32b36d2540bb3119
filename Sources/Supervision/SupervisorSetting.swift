/// What the loop is given at the start.
package struct SupervisorSetting: Sendable {
    /// All arguments as the kernel gave them.
    package var arguments: [[UInt8]]
    package var isSidecar: Bool
    /// The original environment, sealed.
    package var environment: CInt
    /// `NOTIFY_SOCKET`, `WATCHDOG_*`, `LISTEN_*`: workers never get these.
    package var manager: ManagerVariables
    /// Whether messages in text format have colours.
    package var hasColour: Bool
    /// Whether the first worker shows its progress on a terminal.
    package var hasProgress: Bool

    package init(
        arguments: [[UInt8]], isSidecar: Bool, environment: CInt, manager: ManagerVariables, hasColour: Bool,
        hasProgress: Bool
    ) {
        self.arguments = arguments
        self.isSidecar = isSidecar
        self.environment = environment
        self.manager = manager
        self.hasColour = hasColour
        self.hasProgress = hasProgress
    }
}
