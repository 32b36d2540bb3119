package import NameServices

/// The input of the parser.
package struct Invocation: Sendable {
    /// The raw arguments, from the program's name on.
    package var arguments: [[UInt8]]
    package var environment: InheritedEnvironment
    /// Absolute.
    package var workingDirectory: String
    package var nameService: any NameService
    /// The width of help in columns.
    package var columns: Int
    /// The settings from the run's start (`LaunchPlan.startup`), for a refresh; nil at the start.
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

    /// A path for messages: relative if it is below the working directory.
    func displayed(_ path: String) -> String {
        let start = workingDirectory + (workingDirectory.hasSuffix("/") ? "" : "/")
        return start != "/" && path.hasPrefix(start) ? String(path.dropFirst(start.count)) : path
    }
}
