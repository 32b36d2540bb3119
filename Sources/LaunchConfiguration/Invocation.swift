package import NameServices

/// All that a command line is read from.
package struct Invocation: Sendable {
    /// The raw arguments, from the program's name on.
    package var arguments: [[UInt8]]
    package var environment: InheritedEnvironment
    /// Absolute.
    package var workingDirectory: String
    package var nameService: any NameService
    /// How wide help may be.
    package var columns: Int
    /// What the run started with (`LaunchPlan.held`), when it is read again for a refresh; nil at the start.
    package var startup: StartupSettings?

    package init(
        arguments: [[UInt8]], environment: InheritedEnvironment, workingDirectory: String,
        nameService: any NameService = SystemNameService(), columns: Int = 80, startup: StartupSettings? = nil
    ) {
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.nameService = nameService
        self.columns = columns
        self.startup = startup
    }
}
