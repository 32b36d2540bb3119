import Messages
import Secrets

/// Reads the entries of a configuration file: `[env]`, `[files]`, `[[select]]` and `[credentials]`.
struct EntryReader {
    let table: ConfigurationTable
    /// The directory that templates' paths are relative to.
    let directory: String
    let defaultVault: VaultAddress?
    /// The naming of selections without a naming of their own.
    let naming: NamingStyle

    init(_ text: ConfigurationText, defaultVault: VaultAddress?, naming: NamingStyle) {
        table = ConfigurationTable(text)
        directory = text.directory
        self.defaultVault = defaultVault
        self.naming = naming
    }

    func environment() throws(ConfigurationError) -> [EnvironmentEntry] {
        guard let table = try table.table(EntryTable.environment.rawValue) else { return [] }
        var entries: [EnvironmentEntry] = []
        for member in table.members {
            let origin = table.origin(of: member)
            try origin.check { () throws(ValueProblem) in try NameTexts.checkVariable(member.key) }
            if case .string(let text) = member.node.value {
                let reference = try reference(Setting(text: text, origin: origin))
                let request = ObjectRequest(reference: reference)
                entries.append(EnvironmentEntry(name: member.key, request: request, location: origin.location))
                continue
            }
            guard case .table = member.node.value else {
                throw table.typeError(member.key, member.node, expected: "a reference or a table")
            }
            let entry = try table.table(member.key, member.node)
            try entry.check(keys: EntryTable.environment.keys.map(\.name))
            entries.append(
                EnvironmentEntry(
                    name: member.key, request: try request(entry), ifMissing: try entry.string("if-missing")?.choice(),
                    location: origin.location))
        }
        return entries
    }

    func files() throws(ConfigurationError) -> [FileEntry] {
        guard let table = try table.table(EntryTable.files.rawValue) else { return [] }
        var entries: [FileEntry] = []
        for member in table.members {
            let origin = table.origin(of: member)
            try origin.check { () throws(ValueProblem) in try DeliveryPath.check(member.key) }
            if case .string(let text) = member.node.value {
                let request = ObjectRequest(reference: try reference(Setting(text: text, origin: origin)))
                entries.append(FileEntry(path: member.key, content: .object(request), location: origin.location))
                continue
            }
            let entry = try table.table(member.key, member.node)
            try entry.check(keys: EntryTable.files.keys.map(\.name))
            entries.append(try file(member.key, entry, origin.location))
        }
        return entries
    }

    func selections() throws(ConfigurationError) -> [BulkSelection] {
        var selections: [BulkSelection] = []
        for entry in try table.tables(EntryTable.select.rawValue) {
            try entry.check(keys: EntryTable.select.keys.map(\.name))
            guard let vault = try entry.string("vault")?.vault() ?? defaultVault else {
                throw entry.origin.error(
                    .vaultMissing, "it names no vault, and there is no default vault", hint: "give --vault NAME")
            }
            selections.append(
                BulkSelection(
                    vault: vault, prefix: try prefix(entry), tags: try tags(entry),
                    target: try entry.string("as")?.choice() ?? .environment,
                    naming: try entry.string("naming")?.choice() ?? naming, location: entry.origin.location))
        }
        return selections
    }

    func credentials() throws(ConfigurationError) -> [String: [String: VaultReference]] {
        guard let table = try table.table(EntryTable.credentials.rawValue) else { return [:] }
        var credentials: [String: [String: VaultReference]] = [:]
        for member in table.members {
            let origin = table.origin(of: member)
            try origin.check { () throws(ValueProblem) in try NameTexts.checkUnit(member.key) }
            let unit = try table.table(member.key, member.node)
            for credential in unit.members {
                let origin = unit.origin(of: credential)
                try origin.check { () throws(ValueProblem) in try NameTexts.checkCredential(credential.key) }
                guard case .string(let text) = credential.node.value else {
                    throw unit.typeError(credential.key, credential.node, expected: "a reference")
                }
                credentials[member.key, default: [:]][credential.key] = try reference(
                    Setting(text: text, origin: origin))
            }
        }
        return credentials
    }

    // MARK: parts

    private func prefix(_ entry: ConfigurationTable) throws(ConfigurationError) -> String {
        guard let prefix = try entry.string("prefix") else { return "" }
        return try prefix.origin.check { () throws(ValueProblem) in try SelectionText.prefix(prefix.text) }
    }

    private func tags(_ entry: ConfigurationTable) throws(ConfigurationError) -> [String: String] {
        guard let table = try entry.table("tags") else { return [:] }
        var tags: [String: String] = [:]
        for member in table.members { tags[member.key] = try table.string(member.key)?.text }
        return tags
    }

    private func reference(_ setting: Setting) throws(ConfigurationError) -> VaultReference {
        do { return try ReferenceParser(defaultVault: defaultVault).parse(setting.text) } catch {
            throw setting.origin.error(error)
        }
    }

    private func file(_ path: String, _ entry: ConfigurationTable, _ location: SourceLocation)
        throws(ConfigurationError)
        -> FileEntry
    {
        var mode: UInt32?
        if let text = try entry.string("mode") {
            mode = try text.origin.check { () throws(ValueProblem) in try FileModeText.parse(text.text) }
        }
        let variable = try entry.string("env")
        if let variable {
            try variable.origin.check { () throws(ValueProblem) in try NameTexts.checkVariable(variable.text) }
        }
        return FileEntry(
            path: path, content: try content(entry), mode: mode, pathVariable: variable?.text,
            ifMissing: try entry.string("if-missing")?.choice(), location: location)
    }

    private func content(_ entry: ConfigurationTable) throws(ConfigurationError) -> FileContent {
        if let template = try entry.string("template") {
            try entry.excludes(
                "template", ["secret", "certificate", "key", "set", "version", "json", "encoding", "format"])
            let path = try template.origin.check { () throws(ValueProblem) in
                try PathText.absolute(template.text, in: directory)
            }
            return .template(path: path, vault: try entry.string("vault")?.vault())
        }
        if let set = try entry.strings("set") {
            try entry.excludes("set", ["secret", "certificate", "key", "version", "json", "encoding"])
            return try self.set(set, entry)
        }
        return .object(try request(entry))
    }
}
