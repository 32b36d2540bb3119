import Messages

/// A table of the configuration file, with functions that read its keys and make errors about them.
struct ConfigurationTable {
    /// The file's name as messages show it.
    let file: String
    /// The table's key; nil for the top level.
    let path: String?
    let location: TextLocation
    let members: [ConfigurationNode.Member]

    /// The document itself.
    init(_ text: ConfigurationText) {
        file = text.name
        path = nil
        location = text.root.location
        if case .table(let members) = text.root.value { self.members = members } else { members = [] }
    }

    private init(file: String, path: String, location: TextLocation, members: [ConfigurationNode.Member]) {
        self.file = file
        self.path = path
        self.location = location
        self.members = members
    }

    /// The origin of the table itself.
    var origin: Origin { .file(SourceLocation("\(file):\(location.line):\(location.column)"), key: path ?? "") }

    func node(_ key: String) -> ConfigurationNode? {
        members.first { $0.key == key }?.node
    }

    /// The origin of a member's value.
    func origin(of key: String, at node: ConfigurationNode) -> Origin {
        .file(SourceLocation("\(file):\(node.location.line):\(node.location.column)"), key: name(of: key))
    }

    /// The origin of a member's key.
    func origin(of member: ConfigurationNode.Member) -> Origin {
        .file(
            SourceLocation("\(file):\(member.keyLocation.line):\(member.keyLocation.column)"), key: name(of: member.key)
        )
    }

    /// The key as it would be written: `refresh.every`, `files."tls/server.pem"`.
    private func name(of key: String) -> String {
        let isBare = !key.isEmpty && key.utf8.allSatisfy { $0.isBareKeyByte }
        return (path.map { "\($0)." } ?? "") + (isBare ? key : "\"\(key)\"")
    }

    /// Refuses keys that the table does not have.
    func check(keys: [String], hint: (String) -> String? = { _ in nil }) throws(ConfigurationError) {
        guard let member = members.first(where: { !keys.contains($0.key) }) else { return }
        let near = Suggestion.nearest(to: member.key, among: keys).map { "did you mean '\($0)'?" }
        throw ConfigurationError(
            .configurationKey, exit: .configuration,
            "\(file):\(member.keyLocation.line):\(member.keyLocation.column): unknown key '\(name(of: member.key))'",
            hint: hint(member.key) ?? near ?? "the keys here are \(keys.joined(separator: ", "))")
    }

    /// The error for a value of the wrong type.
    func typeError(_ key: String, _ node: ConfigurationNode, expected: String) -> ConfigurationError {
        let isUnquoted =
            switch node.value {
            case .integer, .boolean, .other: expected == "a string"
            default: false
            }
        return origin(of: key, at: node).error(
            ValueProblem(
                "has to be \(expected), not \(node.typeName)", hint: isUnquoted ? "put the value in quotes" : nil))
    }

    func string(_ key: String) throws(ConfigurationError) -> Setting? {
        guard let node = node(key) else { return nil }
        guard case .string(let text) = node.value else { throw typeError(key, node, expected: "a string") }
        return Setting(text: text, origin: origin(of: key, at: node))
    }

    func integer(_ key: String) throws(ConfigurationError) -> (value: Int, origin: Origin)? {
        guard let node = node(key) else { return nil }
        guard case .integer(let number) = node.value else {
            throw typeError(key, node, expected: "a whole number")
        }
        return (number, origin(of: key, at: node))
    }

    func strings(_ key: String) throws(ConfigurationError) -> [Setting]? {
        guard let node = node(key) else { return nil }
        guard case .array(let elements) = node.value else {
            throw typeError(key, node, expected: "an array of strings")
        }
        var strings: [Setting] = []
        for element in elements {
            guard case .string(let text) = element.value else {
                throw typeError(key, element, expected: "an array of strings")
            }
            strings.append(Setting(text: text, origin: origin(of: key, at: element)))
        }
        return strings
    }

    func table(_ key: String) throws(ConfigurationError) -> ConfigurationTable? {
        guard let node = node(key) else { return nil }
        return try table(key, node)
    }

    func table(_ key: String, _ node: ConfigurationNode) throws(ConfigurationError) -> ConfigurationTable {
        guard case .table(let members) = node.value else { throw typeError(key, node, expected: "a table") }
        return ConfigurationTable(file: file, path: name(of: key), location: node.location, members: members)
    }

    func tables(_ key: String) throws(ConfigurationError) -> [ConfigurationTable] {
        guard let node = node(key) else { return [] }
        guard case .array(let elements) = node.value else {
            throw typeError(key, node, expected: "an array of tables, each under [[\(key)]]")
        }
        var tables: [ConfigurationTable] = []
        for element in elements { tables.append(try table(key, element)) }
        return tables
    }
}

extension UInt8 {
    /// Whether keys without quotes have it (TOML 1.0.0, Keys).
    var isBareKeyByte: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
