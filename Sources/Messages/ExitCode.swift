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

    /// What it says, for the manual.
    package var meaning: String {
        switch self {
        case .success: "success"
        case .stale: "'status': the instance is stale, failing or starting"
        case .notRunning: "'status' and 'refresh': no such instance is running"
        case .usage: "usage: an option is unknown, missing or has a bad value"
        case .data: "a secret can't be delivered as asked: a NUL byte, its size, its name, its encoding"
        case .noInput: "a secret, a JSON member, a configuration or other input file does not exist"
        case .software: "a defect of Latchkey"
        case .system: "the operating system refused a resource or a right"
        case .cannotCreate: "the secrets directory was refused, or a file to be made exists"
        case .inputOutput: "a write failed"
        case .temporary:
            "temporary: unreachable, throttled or timed out until the start timeout; trying again is right"
        case .protocolFailure:
            "protocol or trust: TLS, a challenge for another resource, a malformed or oversized answer, a redirect"
        case .denied:
            "denied: no identity, a token refused, no permission, unknown tenant, firewall, disabled secret"
        case .configuration: "configuration: in the file, in LATCHKEY_* or in Azure's variables"
        case .notExecutable: "COMMAND was found, but is not executable"
        case .notFound: "COMMAND was not found"
        }
    }

    package static func < (left: ExitCode, right: ExitCode) -> Bool { left.rawValue < right.rawValue }
}
