import Glibc
import LinuxSystem
import Messages
import Secrets

/// The entry point: parses raw arguments and environment into a command.
package enum CommandLine {
    /// Reads options, environment and configuration file. Every mistake is one error, with source location, exit code
    /// and hint.
    ///
    /// Prints nothing, and reads only the configuration file and, for `--user` and `--group`, the name service.
    package static func parse(_ invocation: Invocation) throws(ConfigurationError) -> ParsedCommand {
        let arguments = try Arguments(invocation.arguments)
        switch arguments.request {
        case .help(let command): return .help(HelpText.help(for: command, columns: invocation.columns))
        case .version: return .version("latchkey \(Release.version)\n")
        case .completionScript(let shell): return .help(CompletionScript(shell).text)
        case .command(let command): return try CommandReader(command, arguments, invocation).read()
        }
    }

    /// The log's format and level, for the error that `parse` throws: read separately, because the rest may be invalid.
    package static func log(_ invocation: Invocation) -> LogPlan {
        let separator = invocation.arguments.firstIndex(of: Array("--".utf8)) ?? invocation.arguments.count
        let words = invocation.arguments[..<separator].map { String(decoding: $0, as: UTF8.self) }
        var layer: [OptionID: Setting] = [:]
        for id in [OptionID.logFormat, .logLevel] {
            let option = "--\(id.rawValue)"
            for (index, word) in words.enumerated() {
                let joined = word.hasPrefix(option + "=") ? String(word.dropFirst(option.count + 1)) : nil
                let next = word == option && index + 1 < words.count ? words[index + 1] : nil
                if let text = joined ?? next { layer[id] = Setting(text: text, origin: .option(option)) }
            }
        }
        var settings = Settings()
        settings[.options] = layer
        let reader = SettingsReader(command: .status, workingDirectory: invocation.workingDirectory)
        settings[.environment] = (try? reader.environment(invocation.environment)) ?? [:]
        return (try? settings.log()) ?? LogPlan()
    }
}

/// Reads one command.
private struct CommandReader {
    let command: CommandName
    let arguments: Arguments
    let invocation: Invocation

    init(_ command: CommandName, _ arguments: Arguments, _ invocation: Invocation) {
        self.command = command
        self.arguments = arguments
        self.invocation = invocation
    }

    func read() throws(ConfigurationError) -> ParsedCommand {
        if command == .run, arguments.commandIndex == nil {
            throw .usage(
                .commandMissing, "no command to start was given", hint: "write 'latchkey run [options] -- COMMAND'")
        }
        var settings = Settings(startup: invocation.startup)
        let reader = SettingsReader(command: command, workingDirectory: invocation.workingDirectory)
        settings[.options] = try reader.options(arguments.given)
        settings[.environment] = try reader.environment(invocation.environment)
        let configuration = try configuration(settings)
        settings[.file] = try fileSettings(configuration)
        try settings.keepStrongest(of: [.clientID, .objectID, .resourceID])
        let builder = PlanBuilder(
            command: command, arguments: arguments, settings: settings, configuration: configuration,
            invocation: invocation)
        return try parsed(builder, settings)
    }

    private func parsed(_ builder: PlanBuilder, _ settings: Settings) throws(ConfigurationError) -> ParsedCommand {
        switch command {
        case .run: return .run(try builder.launchPlan())
        case .sync: return .sync(try builder.launchPlan())
        case .sidecar: return .sidecar(try builder.launchPlan())
        case .check:
            return .check(try builder.launchPlan(), json: isGiven(.json), explain: isGiven(.explain))
        case .credential: return .credential(try builder.credentialPlan())
        case .list: return .list(try withVault(builder.sourcePlan()), json: isGiven(.json))
        case .initialize:
            let plan = try builder.sourcePlan()
            if let text = try imported(plan) { return .initialize(plan, .imported(text), try output()) }
            return .initialize(try withVault(plan), .vault, try output())
        case .get:
            let plan = try builder.sourcePlan()
            return .get(plan, try reference(plan))
        case .export:
            let format = try format()
            return .export(try builder.exportPlan(), format, reveal: isGiven(.reveal))
        case .render:
            let input = try template()
            return .render(try builder.sourcePlan(), input, reveal: isGiven(.reveal))
        case .status: return .status(instance: try builder.instance(), try statusForm(), try settings.log())
        case .refresh:
            return .refresh(instance: try builder.instance(), wait: isGiven(.wait), try settings.log())
        }
    }

    // MARK: the configuration file

    /// The file that was named, or `./latchkey.toml` if it exists; at a refresh, the one that the run started with.
    private func configuration(_ settings: Settings) throws(ConfigurationError) -> ConfigurationText? {
        let directory = invocation.workingDirectory
        if let startup = invocation.startup {
            return try startup.configurationPath.map { path throws(ConfigurationError) in
                guard startup.configurationIsFound else {
                    return try ConfigurationText(path: path, name: invocation.displayed(path))
                }
                guard let text = try ConfigurationText(found(path)) else {
                    throw ConfigurationText.unreadable(
                        invocation.displayed(path), SystemError(call: "open", code: ENOENT))
                }
                return text
            }
        }
        if let named = settings[.config] {
            return try ConfigurationText(path: named.text, name: invocation.displayed(named.text))
        }
        let path = PathText.joined(directory, "latchkey.toml")
        // The status of a running instance must be available, whatever happened to the file since its start.
        guard command != .status, command != .refresh else {
            return try? ConfigurationText(found(path))
        }
        return try ConfigurationText(found(path))
    }

    private func found(_ path: String) -> FoundConfiguration {
        FoundConfiguration(path: path, name: invocation.displayed(path), nameService: invocation.nameService)
    }

    private func fileSettings(_ configuration: ConfigurationText?) throws(ConfigurationError) -> [OptionID: Setting] {
        guard let configuration else { return [:] }
        do { return try ConfigurationSettings(configuration).read() } catch {
            guard command == .status || command == .refresh, !isGiven(.config) else { throw error }
            return [:]
        }
    }

    // MARK: options of single commands

    private func isGiven(_ id: OptionID) -> Bool { arguments.given.contains { $0.id == id } }

    private func withVault(_ plan: LaunchPlan) throws(ConfigurationError) -> LaunchPlan {
        if plan.vault == nil {
            throw .usage(.vaultMissing, "no vault was named", hint: "give --vault NAME, or 'vault' in latchkey.toml")
        }
        return plan
    }

    private func reference(_ plan: LaunchPlan) throws(ConfigurationError) -> VaultReference {
        guard let text = arguments.positionals.first else {
            throw .usage(.usage, "no reference was given", hint: "write 'latchkey get [options] REFERENCE'")
        }
        do { return try plan.references.parse(text) } catch {
            throw Origin.argument("REFERENCE").error(error)
        }
    }

    private func format() throws(ConfigurationError) -> ExportFormat {
        guard let given = arguments.given.last(where: { $0.id == .format }) else {
            let names = ExportFormat.allCases.map(\.rawValue).joined(separator: "|")
            throw .usage(.usage, "no format was given", hint: "write '--format \(names)'")
        }
        return try Setting(text: given.value, origin: .option(given.spelling)).choice()
    }

    private func template() throws(ConfigurationError) -> ParsedCommand.TemplateInput {
        guard let text = arguments.positionals.first else {
            throw .usage(
                .usage, "no template was given",
                hint: "write 'latchkey render [options] TEMPLATE', or - for standard input")
        }
        if text == "-" { return .standardInput }
        return .file(
            try Origin.argument("TEMPLATE").check { () throws(ValueProblem) in
                try PathText.absolute(text, in: invocation.workingDirectory)
            })
    }

    /// The configuration that `--from` makes.
    private func imported(_ plan: LaunchPlan) throws(ConfigurationError) -> String? {
        guard let given = arguments.given.last(where: { $0.id == .from }) else { return nil }
        let isInput = given.value == "-"
        let path = try Origin.option(given.spelling).check { () throws(ValueProblem) in
            try PathText.absolute(given.value, in: invocation.workingDirectory)
        }
        let name = isInput ? "standard input" : invocation.displayed(path)
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes =
                try isInput
                ? InputFile.standardInput(limit: ImportSource.limit)
                : InputFile.contents(of: path, limit: ImportSource.limit)
        } catch {
            let text = "'\(name)': \(error.reason)"
            guard error.isAboutPath else { throw ConfigurationError(.systemRefused, exit: .system, text) }
            throw ConfigurationError(
                .sourceMissing, exit: .noInput, text, hint: "correct --from, or write '-' for standard input")
        }
        let imported = try ImportSource.read(bytes, name: name, suffix: plan.vaultSuffix)
        return imported.text(from: given.value, fallback: plan.vault)
    }

    private func statusForm() throws(ConfigurationError) -> ParsedCommand.StatusForm {
        if isGiven(.json), isGiven(.prometheus) {
            throw Origin.option("--prometheus").error(ValueProblem("it excludes '--json'", hint: "keep one of them"))
        }
        return isGiven(.json) ? .json : isGiven(.prometheus) ? .prometheus : .text
    }

    private func output() throws(ConfigurationError) -> ParsedCommand.Output {
        let text = arguments.given.last { $0.id == .output }?.value ?? "latchkey.toml"
        if text == "-" { return .standardOutput }
        return .file(
            try Origin.option("--output").check { () throws(ValueProblem) in
                try PathText.absolute(text, in: invocation.workingDirectory)
            })
    }
}
