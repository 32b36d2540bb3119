import Messages

/// Fills the layers of settings from options and environment.
struct SettingsReader {
    let command: CommandName
    let workingDirectory: String

    /// The options' layer. If an option is repeated, the last value counts.
    func options(_ given: [Arguments.Given]) throws(ConfigurationError) -> [OptionID: Setting] {
        var settings: [OptionID: Setting] = [:]
        for option in given {
            let definition = OptionTable.definition(option.id)
            guard !definition.isRepeatable || definition.isList else { continue }
            let origin = Origin.option(option.spelling)
            var text = definition.kind == .switch ? "1" : option.value
            text = try absolute(definition, text, origin)
            if definition.isList, let before = settings[option.id] { text = before.text + "\n" + text }
            settings[option.id] = Setting(text: text, origin: origin)
        }
        return settings
    }

    /// The environment's layer. An empty variable counts as not set, because orchestrators set a variable empty if its
    /// value is missing.
    func environment(_ environment: InheritedEnvironment) throws(ConfigurationError) -> [OptionID: Setting] {
        let prefix = Array("LATCHKEY_".utf8)
        var values: [ArraySlice<UInt8>: ArraySlice<UInt8>] = [:]
        for (name, value) in environment.pairs where name.starts(with: prefix) && values[name] == nil {
            values[name] = value
        }
        guard !values.isEmpty else { return [:] }
        var settings: [OptionID: Setting] = [:]
        for definition in OptionTable.definitions(for: command) {
            guard let name = definition.environmentName, let value = values[Array(name.utf8)[...]], !value.isEmpty
            else {
                continue
            }
            let origin = Origin.environment(name)
            guard let text = String(validating: value, as: UTF8.self) else {
                throw origin.error(ValueProblem("the value is not UTF-8"))
            }
            if definition.kind == .switch, text != "0", text != "1" {
                throw origin.error(ValueProblem("has to be 1 or 0, not '\(text)'"))
            }
            settings[definition.id] = Setting(text: try absolute(definition, text, origin), origin: origin)
        }
        return settings
    }

    private func absolute(
        _ definition: OptionDefinition, _ text: String, _ origin: Origin
    ) throws(ConfigurationError) -> String {
        guard definition.kind == .path || definition.kind == .paths else { return text }
        return try origin.check { () throws(ValueProblem) in
            let path = try PathText.absolute(text, in: workingDirectory)
            // Each refresh reads the file anew, in a worker that has none of these descriptors.
            if command == .run || command == .sidecar, Self.isDescriptor(path) {
                throw ValueProblem(
                    "'\(path)' can be read once only, and '\(command.rawValue)' reads it again at every refresh",
                    hint: "write it to a file, and name that")
            }
            return path
        }
    }

    /// Whether a path names a descriptor of this process, as a shell's `<(…)` does (proc(5), `/proc/PID/fd`).
    private static func isDescriptor(_ path: String) -> Bool {
        ["/dev/fd/", "/proc/self/fd/", "/dev/stdin"].contains { path.hasPrefix($0) }
    }
}
