/// Reads the options' keys of a configuration file.
struct ConfigurationSettings {
    private let table: ConfigurationTable
    private let directory: String

    /// The tables that hold options, from the options' own keys.
    private static let optionTables = OptionTable.definitions.compactMap { $0.key?.table }
        .reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }

    init(_ text: ConfigurationText) {
        table = ConfigurationTable(text)
        directory = text.directory
    }

    /// All settings of the file; unknown keys and wrong types are errors, whether a command needs them or not.
    func read() throws(ConfigurationError) -> [OptionID: Setting] {
        let keyed = OptionTable.definitions.filter { $0.key != nil }
        let top = keyed.compactMap { $0.key?.table == nil ? $0.key?.name : nil }
        try table.check(
            keys: top + Self.optionTables + EntryTable.allCases.map(\.rawValue), hint: { Self.hint($0, in: nil) })
        var settings: [OptionID: Setting] = [:]
        try read(keyed.filter { $0.key?.table == nil }, of: table, into: &settings)
        for name in Self.optionTables {
            guard let section = try table.table(name) else { continue }
            let definitions = keyed.filter { $0.key?.table == name }
            try section.check(keys: definitions.compactMap(\.key?.name), hint: { Self.hint($0, in: name) })
            try read(definitions, of: section, into: &settings)
        }
        return settings
    }

    /// The table of a key that is valid in another table, found by the key's or its option's name.
    private static func hint(_ name: String, in table: String?) -> String? {
        guard
            let key = OptionTable.definitions.first(where: { $0.key?.name == name || $0.name == name })?.key,
            key.table != table
        else { return nil }
        return "'\(key.name)' stands \(key.table.map { "in [\($0)]" } ?? "at the top, before all tables")"
    }

    private func read(
        _ definitions: [OptionDefinition], of table: ConfigurationTable, into settings: inout [OptionID: Setting]
    ) throws(ConfigurationError) {
        for definition in definitions {
            guard let name = definition.key?.name, let node = table.node(name) else { continue }
            let origin = table.origin(of: name, at: node)
            let text = try text(definition, node) { expected in table.typeError(name, node, expected: expected) }
            settings[definition.id] = Setting(text: try absolute(definition, text, origin), origin: origin)
        }
    }

    /// The value as text, in the form that the option takes.
    private func text(
        _ definition: OptionDefinition, _ node: ConfigurationNode, typeError: (String) -> ConfigurationError
    ) throws(ConfigurationError) -> String {
        switch (definition.kind, node.value) {
        case (.switch, .boolean(let isOn)): return isOn ? "1" : "0"
        case (.switch, _): throw typeError("true or false")
        case (.percent, .integer(let number)), (.signal, .integer(let number)), (.signalTarget, .integer(let number)):
            return String(number)
        case (.percent, _): throw typeError("a whole number")
        case (.duration, .integer), (.duration, .other): throw typeError("a duration in quotes, such as \"30s\"")
        case (.words, .array(let elements)):
            return CommandWords.joined(try strings(elements, or: typeError("a string or an array of strings")))
        case (.list, .array(let elements)) where !elements.isEmpty,
            (.paths, .array(let elements)) where !elements.isEmpty:
            return try strings(elements, or: typeError("an array of strings")).joined(separator: "\n")
        case (.list, _), (.paths, _): throw typeError("an array of strings")
        case (_, .string(let text)): return text
        default: throw typeError("a string")
        }
    }

    private func strings(
        _ elements: [ConfigurationNode], or error: ConfigurationError
    ) throws(ConfigurationError) -> [String] {
        try elements.map { (element) throws(ConfigurationError) in
            guard case .string(let text) = element.value else { throw error }
            return text
        }
    }

    private func absolute(
        _ definition: OptionDefinition, _ text: String, _ origin: Origin
    ) throws(ConfigurationError) -> String {
        guard definition.kind == .path || definition.kind == .paths else { return text }
        return try origin.check { () throws(ValueProblem) in
            try text.split(separator: "\n", omittingEmptySubsequences: false).map { path throws(ValueProblem) in
                try PathText.absolute(String(path), in: directory)
            }.joined(separator: "\n")
        }
    }
}
