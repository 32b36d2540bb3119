import Glibc
import Messages
import Secrets
import WorkerProtocol

extension Settings {
    /// The option's value, read by `parse`; nil if nothing was given.
    func read<Value>(
        _ id: OptionID, _ parse: (String) throws(ValueProblem) -> Value
    ) throws(ConfigurationError) -> Value? {
        guard let setting = self[id] else { return nil }
        return try setting.origin.check { () throws(ValueProblem) in try parse(setting.text) }
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ id: OptionID, _: Choice.Type = Choice.self
    ) throws(ConfigurationError) -> Choice? {
        try self[id]?.choice()
    }

    func duration(_ id: OptionID, atLeast shortest: Duration = .zero) throws(ConfigurationError) -> Duration? {
        try read(id) { text throws(ValueProblem) in try DurationText.parse(text, atLeast: shortest) }
    }

    func vault(_ suffix: VaultSuffix) throws(ConfigurationError) -> VaultAddress? {
        try self[.vault]?.vault(suffix)
    }

    func vaultSuffix() throws(ConfigurationError) -> VaultSuffix? {
        guard let setting = self[.vaultSuffix] else { return nil }
        do { return try VaultSuffix(parsing: setting.text) } catch {
            throw setting.origin.error(
                ValueProblem(
                    error.reason,
                    hint: "Azure's are \(VaultSuffix.ofAzure.joined(separator: ", ")); an emulator's has "
                        + "a port, as in vault.localhost:8443"))
        }
    }

    /// A value that is put into a URL or a form unchanged: not empty, without spaces and control characters.
    func identifier(_ id: OptionID) throws(ConfigurationError) -> String? {
        try read(id) { text throws(ValueProblem) in
            guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw ValueProblem("'\(text)' is no id")
            }
            return text
        }
    }

    /// The log's format and level; `auto` is nil.
    func log() throws(ConfigurationError) -> LogPlan {
        var log = LogPlan()
        switch try choice(.logFormat, LogFormatChoice.self) {
        case .text: log.format = .text
        case .json: log.format = .json
        case .journal: log.format = .journal
        case .auto, nil: break
        }
        switch try choice(.logLevel, LogLevelChoice.self) {
        case .error: log.level = .error
        case .warning: log.level = .warning
        case .debug: log.level = .debug
        case .info, nil: break
        }
        return log
    }
}

private enum LogFormatChoice: String, CaseIterable {
    case auto, text, json, journal
}

private enum LogLevelChoice: String, CaseIterable {
    case error, warning, info, debug
}

/// Values that are read in one place only.
enum OptionText {
    static func percent(_ text: String) throws(ValueProblem) -> Int {
        let digits = text.hasSuffix("%") ? text.dropLast() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let percent = Int(digits),
            percent <= 100
        else { throw ValueProblem("'\(text)' is no percentage", hint: "write a whole number from 0 to 100") }
        return percent
    }

    /// The signal for a change: one that a program can handle.
    static func changeSignal(_ text: String) throws(ValueProblem) -> CInt {
        let signal = try SignalText.parse(text)
        guard signal != 9, signal != SIGSTOP else {
            throw ValueProblem("'\(text)' can't be handled by any program", hint: "take HUP, USR1 or USR2")
        }
        return signal
    }

    static func stopSignal(_ text: String) throws(ValueProblem) -> CInt {
        let signal = try SignalText.parse(text)
        guard signal != SIGSTOP else { throw ValueProblem("'\(text)' suspends a program, but does not end it") }
        return signal
    }

    /// A PID, `name:COMMAND`, or else a pid file's path.
    static func signalTarget(_ text: String, in directory: String) throws(ValueProblem) -> SignalTarget {
        if text.hasPrefix("name:") {
            let name = String(text.dropFirst(5))
            guard !name.isEmpty, !name.contains("/"), !name.utf8.contains(0) else {
                throw ValueProblem("'\(text)' names no command", hint: "write name:COMMAND, such as name:nginx")
            }
            return .command(name)
        }
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: "-") }) else {
            return .pidFile(try PathText.absolute(text, in: directory))
        }
        guard let pid = Int32(text), pid > 0 else {
            throw ValueProblem("'\(text)' is no process id", hint: "write a PID, a pid file's path, or name:COMMAND")
        }
        return .process(pid)
    }
}
