import Messages

/// The arguments before `--`, parsed by the tables of commands and options.
struct Arguments: Equatable {
    struct Given: Equatable {
        let id: OptionID
        /// Empty for switches.
        let value: String
        /// As it was written: `-e`, `--env`.
        let spelling: String
    }

    enum Request: Equatable {
        case command(CommandName)
        /// `--help` of a command, or of all.
        case help(CommandName?)
        case version
        /// The completion script of a shell.
        case completionScript(CompletionScript.Shell)
    }

    let request: Request
    private(set) var given: [Given] = []
    private(set) var positionals: [String] = []
    /// The index of COMMAND among all arguments.
    private(set) var commandIndex: Int?

    /// Parses the raw arguments, which begin with the program's name.
    init(_ raw: [[UInt8]]) throws(ConfigurationError) {
        let separator = raw.firstIndex(of: Array("--".utf8))
        let words = try Self.words(raw[..<(separator ?? raw.count)])
        request = try Self.request(words, hasCommand: separator != nil)
        guard case .command(let command) = request else { return }
        if let separator {
            guard command.takesCommand else {
                throw .usage(
                    .usage, "'\(command.rawValue)' starts no COMMAND", hint: "leave out '--' and what follows it")
            }
            if separator + 1 < raw.count { commandIndex = separator + 1 }
        }
        var reader = OptionReader(command: command, words: words.dropFirst())
        try reader.readAll()
        given = reader.given
        positionals = reader.positionals
    }

    /// The arguments as text, without the program's name. Only those of COMMAND may be invalid UTF-8.
    private static func words(_ raw: ArraySlice<[UInt8]>) throws(ConfigurationError) -> [String] {
        var words: [String] = []
        for (index, bytes) in raw.enumerated().dropFirst() {
            guard let word = String(validating: bytes, as: UTF8.self) else {
                throw .usage(.optionValue, "argument \(index) is not UTF-8")
            }
            words.append(word)
        }
        return words
    }

    private static func request(_ words: [String], hasCommand: Bool) throws(ConfigurationError) -> Request {
        guard let first = words.first else {
            throw .usage(
                .commandMissing, "no subcommand was given",
                hint: hasCommand
                    ? "to start a command, write 'latchkey run [options] -- COMMAND'"
                    : "see 'latchkey --help'; to start a command, 'latchkey run [options] -- COMMAND'")
        }
        switch first {
        case "--version": return .version
        case "--help", "-h": return .help(nil)
        case "help": return .help(words.count > 1 ? try command(words[1]) : nil)
        case _ where first == "--generate-completion-script" || first.hasPrefix("--generate-completion-script="):
            let shell = first.split(separator: "=").dropFirst().first.map(String.init) ?? words.dropFirst().first
            return .completionScript(try self.shell(shell))
        case _ where first.hasPrefix("-"):
            throw unknownOption(first)
        default: break
        }
        let command = try command(first)
        // A request for help takes precedence over every mistake.
        if words.contains("--help") || words.contains("-h") { return .help(command) }
        return words.contains("--version") ? .version : .command(command)
    }

    /// The error for an argument before or instead of a subcommand that is not one of the three options allowed there.
    private static func unknownOption(_ spelling: String) -> ConfigurationError {
        let own = ["--help", "--version", "--generate-completion-script"]
        let isElsewhere = OptionTable.definition(named: String(spelling.prefix { $0 != "=" }.dropFirst(2))) != nil
        let near = isElsewhere ? nil : Suggestion.nearest(to: spelling, among: own)
        return .usage(
            .optionUnknown, "unknown option '\(spelling)' in front of a subcommand",
            hint: near.map { "did you mean '\($0)'?" }
                ?? "options follow the subcommand, as in 'latchkey run --vault NAME -- COMMAND'")
    }

    private static func shell(_ name: String?) throws(ConfigurationError) -> CompletionScript.Shell {
        if let shell = name.flatMap(CompletionScript.Shell.init(rawValue:)) { return shell }
        throw .usage(
            .optionValue, "option '--generate-completion-script' takes the name of a shell",
            hint: "write bash, zsh or fish")
    }

    private static func command(_ name: String) throws(ConfigurationError) -> CommandName {
        if let command = CommandName(rawValue: name) { return command }
        let near = customary[name] ?? Suggestion.nearest(to: name, among: CommandName.allCases.map(\.rawValue))
        throw .usage(
            .commandUnknown, "unknown subcommand '\(name)'",
            hint: near.map { "did you mean '\($0)'?" }
                ?? "see 'latchkey --help'; to start a command, 'latchkey run [options] -- COMMAND'")
    }

    /// Names that similar programs use for the same command.
    private static let customary = [
        "exec": "run", "start": "run", "agent": "sidecar", "doctor": "check", "ls": "list", "read": "get",
        "show": "get", "env": "export", "template": "render",
        "version": "--version", "completion": "--generate-completion-script bash",
        "completions": "--generate-completion-script bash",
    ]
}

/// Reads one command's options, left to right.
private struct OptionReader {
    let command: CommandName
    var words: ArraySlice<String>
    var given: [Arguments.Given] = []
    var positionals: [String] = []

    init(command: CommandName, words: ArraySlice<String>) {
        self.command = command
        self.words = words
    }

    mutating func readAll() throws(ConfigurationError) {
        while let word = words.popFirst() {
            if word.hasPrefix("--") {
                let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                try readOption(parts[0], value: parts.count == 2 ? parts[1] : nil)
            } else if word.hasPrefix("-"), word.count > 1 {
                let joined = word.dropFirst(2)
                // `-e=NAME=REFERENCE`: no name begins with '=', so the first sign belongs to the option.
                let value = joined.hasPrefix("=") ? joined.dropFirst() : joined
                try readOption(String(word.prefix(2)), value: joined.isEmpty ? nil : String(value))
            } else {
                try readPositional(word)
            }
        }
    }

    private mutating func readOption(_ spelling: String, value: String?) throws(ConfigurationError) {
        guard let definition = definition(spelling), definition.commands.contains(command) else {
            throw unknown(spelling)
        }
        var text = value
        switch definition.kind {
        case .switch:
            guard value == nil else { throw .usage(.optionValue, "option '\(spelling)' takes no value") }
            text = ""
        case .prefix: text = value ?? ""
        default: if value == nil { text = nextValue() }
        }
        guard let text else {
            throw .usage(
                .optionValue, "option '\(spelling)' lacks its value",
                hint: "write '\(spelling)\(spelling.count == 2 ? " " : "=")\(definition.placeholder)'")
        }
        given.append(Arguments.Given(id: definition.id, value: text, spelling: spelling))
    }

    /// The next argument, unless it is one of the options itself.
    private mutating func nextValue() -> String? {
        guard let next = words.first else { return nil }
        if next.hasPrefix("-"), definition(String(next.prefix { $0 != "=" })) != nil { return nil }
        return words.popFirst()
    }

    private func definition(_ spelling: String) -> OptionDefinition? {
        if spelling.hasPrefix("--") { return OptionTable.definition(named: String(spelling.dropFirst(2))) }
        guard spelling.count == 2, let letter = spelling.last else { return nil }
        return OptionTable.definitions.first { $0.short == letter }
    }

    private func unknown(_ spelling: String) -> ConfigurationError {
        if let elsewhere = definition(spelling) {
            let commands = elsewhere.commands.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            return .usage(
                .optionUnknown, "'\(command.rawValue)' has no option '\(spelling)'", hint: "it belongs to \(commands)")
        }
        let names = OptionTable.definitions(for: command).map { "--\($0.name)" } + ["--help", "--version"]
        return .usage(
            .optionUnknown, "unknown option '\(spelling)'",
            hint: Suggestion.nearest(to: spelling, among: names).map { "did you mean '\($0)'?" }
                ?? "see 'latchkey \(command.rawValue) --help'; the command's own options stand behind '--'")
    }

    private mutating func readPositional(_ word: String) throws(ConfigurationError) {
        if command == .get || command == .render, positionals.isEmpty {
            positionals.append(word)
            return
        }
        let hint =
            switch command {
            case .run, .check: "put '--' in front of the command: 'latchkey \(command.rawValue) [options] -- COMMAND'"
            case .get: "one reference at a time"
            case .render: "one template at a time"
            default: "see 'latchkey \(command.rawValue) --help'"
            }
        throw .usage(.usage, "unexpected argument '\(word)'", hint: hint)
    }
}
