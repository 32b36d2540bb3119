package import Messages

/// A mistake in options, environment or configuration file, with its source location.
package struct ConfigurationError: DiagnosableError, Equatable {
    package let diagnosis: Diagnosis

    init(_ code: MessageCode, exit exitCode: ExitCode, _ text: String, hint: String? = nil) {
        diagnosis = Diagnosis(code, exit: exitCode, text, hint: hint)
    }

    /// A mistake on the command line.
    static func usage(_ code: MessageCode, _ text: String, hint: String? = nil) -> ConfigurationError {
        ConfigurationError(code, exit: .usage, text, hint: hint)
    }
}

/// Why a text is not a valid value. The caller, who knows the text's source, makes an error of it.
struct ValueProblem: Error, Equatable {
    let reason: String
    let hint: String?

    init(_ reason: String, hint: String? = nil) {
        self.reason = reason
        self.hint = hint
    }
}

/// Where a setting was given.
enum Origin: Equatable, Sendable {
    /// As written: `--refresh`, `-e DB_PASSWORD=…`.
    case option(String)
    /// A positional argument: `REFERENCE`.
    case argument(String)
    /// The variable's name.
    case environment(String)
    /// The source location in the file, and the key.
    case file(SourceLocation, key: String)
    /// A run's start, for settings that a refresh does not change.
    case startup(String)

    /// The exit code of mistakes there.
    var exitCode: ExitCode {
        switch self {
        case .option, .argument: .usage
        case .environment, .file, .startup: .configuration
        }
    }

    /// The origin as in messages.
    var location: SourceLocation {
        switch self {
        case .option(let word), .argument(let word): SourceLocation("'\(word)'")
        case .environment(let name): SourceLocation("the environment variable \(name)")
        case .file(let location, _): location
        case .startup(let name): SourceLocation("the start's '\(name)'")
        }
    }

    /// The error for a value given there.
    func error(_ problem: ValueProblem) -> ConfigurationError {
        error(code, problem.reason, hint: problem.hint)
    }

    /// An error about something given there.
    func error(_ code: MessageCode, _ reason: String, hint: String? = nil) -> ConfigurationError {
        let start =
            switch self {
            case .option(let option): "option '\(Self.shortened(option))'"
            case .argument(let name): "argument \(name)"
            case .environment(let name): "environment variable '\(name)'"
            case .file(let location, let key): "\(location): '\(Self.shortened(key))'"
            case .startup(let name): "option '--\(name)'"
            }
        return ConfigurationError(code, exit: exitCode, "\(start): \(reason)", hint: hint)
    }

    /// Shortens the given text if the message is too long: the message would otherwise be cut at its end, where the
    /// reason is.
    static func shortened(_ text: String) -> String { PrintableText.clipped(text, to: 300) }

    private var code: MessageCode {
        switch self {
        case .option, .argument, .startup: .optionValue
        case .environment: .environmentValue
        case .file: .configurationValue
        }
    }
}
