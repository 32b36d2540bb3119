/// The exit codes of Latchkey's own failures (latchkey(1), EXIT STATUS; the names are those of sysexits(3)).
package enum ExitCode: Int32, Sendable, Comparable, CaseIterable {
    case success = 0
    /// `status`: the instance is stale, failing or starting.
    case stale = 1
    /// `status` and `refresh`: no such instance is running.
    case notRunning = 3
    /// An option is unknown, missing or has a bad value.
    case usage = 64
    /// A secret can't be delivered as asked.
    case data = 65
    /// A secret, a JSON member, a configuration or other input file does not exist.
    case noInput = 66
    /// A defect of Latchkey.
    case software = 70
    /// The operating system refused a resource or a right.
    case system = 71
    /// The secrets directory was refused, or a file to be made exists.
    case cannotCreate = 73
    /// A write to the secrets directory failed.
    case inputOutput = 74
    /// Temporary: trying again is right.
    case temporary = 75
    /// Protocol or trust.
    case protocolFailure = 76
    /// Denied.
    case denied = 77
    /// The configuration, in the file or in the environment.
    case configuration = 78
    case notExecutable = 126
    case notFound = 127

    package static func < (left: ExitCode, right: ExitCode) -> Bool { left.rawValue < right.rawValue }
}
