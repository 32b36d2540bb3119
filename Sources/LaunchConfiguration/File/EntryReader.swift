import Messages
import Secrets

/// Reads the entries of a configuration file: `[env]`, `[files]`, `[[select]]` and `[credentials]`.
struct EntryReader {
    let table: ConfigurationTable
    /// The directory that templates' paths are relative to.
    let directory: String
    /// Reads references, bare names in the default vault.
    let references: ReferenceParser
    /// The naming of selections without a naming of their own.
    let naming: NamingStyle

    init(_ text: ConfigurationText, _ references: ReferenceParser, naming: NamingStyle) {
        table = ConfigurationTable(text)
        directory = text.directory
        self.references = references
        self.naming = naming
    }

    /// The variables of `[env]` and the files of `[files]`.
    func items() throws(ConfigurationError) -> [DeliveryItem] {
        try items(.environment, check: NameTexts.checkVariable) { .variable($0) }
            + items(.files, check: DeliveryPath.check) { .file($0) }
    }

    private func items(
        _ kind: EntryTable, check: (String) throws(ValueProblem) -> Void, _ target: (String) -> DeliveryTarget
    ) throws(ConfigurationError) -> [DeliveryItem] {
        guard let table = try table.table(kind.rawValue) else { return [] }
        var items: [DeliveryItem] = []
        for member in table.members {
            let origin = table.origin(of: member)
            try origin.check { () throws(ValueProblem) in try check(member.key) }
            if case .string(let text) = member.node.value {
                let reference = try anyReference(Setting(text: text, origin: origin))
                items.append(DeliveryItem(target(member.key), ItemContent(reference), location: origin.location))
                continue
            }
            guard case .table = member.node.value else {
                throw table.typeError(member.key, member.node, expected: "a reference or a table")
            }
            let entry = try table.table(member.key, member.node)
            try entry.check(keys: kind.keys.map(\.name))
            items.append(try item(target(member.key), entry, origin.location))
        }
        return items
    }

    func selections() throws(ConfigurationError) -> [BulkSelection] {
        var selections: [BulkSelection] = []
        for entry in try table.tables(EntryTable.select.rawValue) {
            try entry.check(keys: EntryTable.select.keys.map(\.name))
            guard let vault = try vault(entry) ?? references.defaultVault else {
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

    /// The vaults of `[fallback]`, each with those that stand in for it, in order.
    func fallbacks() throws(ConfigurationError) -> [VaultAddress: [VaultAddress]] {
        guard let table = try table.table(EntryTable.fallback.rawValue) else { return [:] }
        var fallbacks = Fallbacks()
        for member in table.members {
            let vault = Setting(text: member.key, origin: table.origin(of: member))
            for other in try table.strings(member.key) ?? [] {
                try fallbacks.add(other, for: vault, references.suffix)
            }
        }
        return fallbacks.vaults
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

    /// The vault that an entry names; nil where it names none.
    func vault(_ entry: ConfigurationTable) throws(ConfigurationError) -> VaultAddress? {
        try entry.string("vault")?.vault(references.suffix)
    }

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
        do { return try references.parse(setting.text) } catch {
            throw setting.origin.error(error)
        }
    }

    private func anyReference(_ setting: Setting) throws(ConfigurationError) -> Reference {
        do throws(ReferenceError) {
            return try references.parseAny(setting.text)
        } catch {
            throw setting.origin.error(error)
        }
    }

    private func item(
        _ target: DeliveryTarget, _ entry: ConfigurationTable, _ location: SourceLocation
    ) throws(ConfigurationError) -> DeliveryItem {
        var item = DeliveryItem(
            target, try content(entry, target), ifMissing: try entry.string("if-missing")?.choice(), location: location)
        if let text = try entry.string("mode") {
            item.mode = try text.origin.check { () throws(ValueProblem) in try FileModeText.parse(text.text) }
        }
        if let variable = try entry.string("env") {
            try variable.origin.check { () throws(ValueProblem) in try NameTexts.checkVariable(variable.text) }
            item.pathVariable = variable.text
        }
        return item
    }

    private func content(
        _ entry: ConfigurationTable, _ target: DeliveryTarget
    ) throws(ConfigurationError) -> ItemContent {
        let objectKeys = EntryKey.object.map(\.name).filter { $0 != "vault" } + ["password"]
        if let template = try entry.string("template") {
            try entry.excludes("template", objectKeys + ["set", "versions"])
            return .template(try source(template, target), vault: try vault(entry) ?? references.defaultVault)
        }
        if let set = try entry.strings("set") {
            try entry.excludes("set", objectKeys.filter { $0 != "format" } + ["versions"])
            return try self.set(set, entry)
        }
        if let secret = try entry.string("secret"), secret.text.hasPrefix(TokenResource.prefix) {
            try entry.excludes("secret = \"token:…\"", objectKeys.filter { $0 != "secret" } + ["vault", "versions"])
            return ItemContent(try anyReference(secret))
        }
        guard let count = try entry.integer("versions") else { return .object(try request(entry)) }
        try entry.excludes("versions", ["certificate", "key", "version", "format", "password", "env"])
        guard (1...Self.mostVersions).contains(count.value) else {
            throw count.origin.error(ValueProblem("it is a number from 1 to \(Self.mostVersions)"))
        }
        return .versions(try request(entry), count: count.value)
    }

    /// As many versions as two requests list.
    private static let mostVersions = 50

    /// A file's template is in a file, a variable's is in the configuration itself.
    private func source(
        _ template: Setting, _ target: DeliveryTarget
    ) throws(ConfigurationError) -> TemplateSource {
        guard case .file = target else { return .text(template.text) }
        return .file(
            try template.origin.check { () throws(ValueProblem) in
                try PathText.absolute(template.text, in: directory)
            })
    }
}
