/// How much a message matters (`--log-level`).
package enum Severity: UInt8, Sendable, Comparable, CaseIterable {
    case error, warning, info, debug

    /// The word that users write and read.
    package var name: String {
        switch self {
        case .error: "error"
        case .warning: "warning"
        case .info: "info"
        case .debug: "debug"
        }
    }

    /// The syslog priority (syslog(3)): 3, 4, 6, 7.
    package var priority: Int {
        switch self {
        case .error: 3
        case .warning: 4
        case .info: 6
        case .debug: 7
        }
    }

    package static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }
}

/// How messages are written (`--log-format`, with `auto` decided).
package enum MessageFormat: UInt8, Sendable, CaseIterable {
    case text, json, journal
}

/// One message: a diagnosis with its severity.
package struct Message: Equatable, Sendable {
    package var severity: Severity
    package var diagnosis: Diagnosis

    package init(_ severity: Severity, _ diagnosis: Diagnosis) {
        self.severity = severity
        self.diagnosis = diagnosis
    }

    /// A message that ends nothing.
    package init(
        _ severity: Severity, _ code: MessageCode, _ text: String, hint: String? = nil, secret: String? = nil,
        vault: String? = nil
    ) {
        self.init(severity, Diagnosis(code, exit: .success, text, hint: hint, secret: secret, vault: vault))
    }
}
