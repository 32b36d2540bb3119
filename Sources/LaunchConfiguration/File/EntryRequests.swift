import Messages
import Secrets

extension EntryReader {
    /// The object of an entry, from its keys `secret`, `certificate` or `key` and the related keys.
    func request(_ entry: ConfigurationTable) throws(ConfigurationError) -> ObjectRequest {
        let (kind, setting) = try object(entry)
        var reference = try reference(kind, setting, entry)
        if let version = try entry.string("version") {
            reference = VaultReference(object: try pinned(reference.object, version), pointer: reference.pointer)
        }
        if let pointer = try entry.string("json") {
            guard kind == .secret else { throw pointer.origin.error(ValueProblem("only a secret has parts")) }
            guard reference.pointer == nil else {
                throw pointer.origin.error(ValueProblem("the reference has a part already", hint: "keep one of them"))
            }
            do { try ReferenceParser.checkPointer(pointer.text) } catch {
                throw pointer.origin.error(ValueProblem(error.reason))
            }
            reference.pointer = pointer.text
        }
        let format = try format(kind, entry)
        return ObjectRequest(
            reference: reference, encoding: try encoding(kind, entry), format: format,
            password: try password(format, entry))
    }

    /// Several secrets in one file, in the format dotenv unless the entry names another.
    func set(_ settings: [Setting], _ entry: ConfigurationTable) throws(ConfigurationError) -> ItemContent {
        var parser = self.references
        parser.defaultVault = try vault(entry) ?? parser.defaultVault
        var references: [VaultReference] = []
        for setting in settings {
            let reference = try parse(setting, parser)
            guard reference.object.kind == .secret else {
                throw setting.origin.error(ValueProblem("a set holds secrets only"))
            }
            guard !references.contains(where: { $0.object.name.lowercased() == reference.object.name.lowercased() })
            else {
                throw setting.origin.error(
                    .configurationDuplicate, "the secret '\(reference.object.name)' stands in the set twice")
            }
            references.append(reference)
        }
        guard !references.isEmpty else {
            throw entry.origin.error(ValueProblem("the set is empty"))
        }
        guard let format = try entry.string("format") else { return .set(references, .dotenv) }
        return .set(references, try format.choice())
    }

    /// The one key that names the object, with its kind.
    private func object(_ entry: ConfigurationTable) throws(ConfigurationError) -> (VaultObjectKind, Setting) {
        for kind in VaultObjectKind.allCases {
            guard let setting = try entry.string(kind.rawValue) else { continue }
            try entry.excludes(kind.rawValue, VaultObjectKind.allCases.map(\.rawValue).filter { $0 != kind.rawValue })
            return (kind, setting)
        }
        throw entry.origin.error(ValueProblem("it names no secret, certificate or key"))
    }

    private func reference(
        _ kind: VaultObjectKind, _ setting: Setting, _ entry: ConfigurationTable
    ) throws(ConfigurationError) -> VaultReference {
        var parser = references
        parser.bareKind = kind
        if let vault = try entry.string("vault") {
            guard !setting.text.contains("://"), !setting.text.hasPrefix("@") else {
                throw vault.origin.error(ValueProblem("the reference names its vault itself", hint: "keep one of them"))
            }
            parser.defaultVault = try vault.vault(parser.suffix)
        }
        let reference = try parse(setting, parser)
        guard reference.object.kind == kind else {
            throw setting.origin.error(
                ValueProblem("the reference is a \(reference.object.kind.rawValue)'s, not a \(kind.rawValue)'s"))
        }
        return reference
    }

    private func parse(_ setting: Setting, _ parser: ReferenceParser) throws(ConfigurationError) -> VaultReference {
        do { return try parser.parse(setting.text) } catch { throw setting.origin.error(error) }
    }

    private func pinned(_ object: VaultObject, _ version: Setting) throws(ConfigurationError) -> VaultObject {
        guard object.version == nil else {
            throw version.origin.error(ValueProblem("the reference has a version already", hint: "keep one of them"))
        }
        let text = version.text.lowercased()
        guard text.utf8.count == 32, text.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            throw version.origin.error(ValueProblem("a version has 32 hexadecimal digits"))
        }
        return VaultObject(vault: object.vault, kind: object.kind, name: object.name, version: text)
    }

    private func password(
        _ format: ObjectFormat?, _ entry: ConfigurationTable
    ) throws(ConfigurationError) -> VaultReference? {
        guard let setting = try entry.string("password") else { return nil }
        guard format == .pfx || format == .truststore else {
            throw setting.origin.error(
                ValueProblem("only a PFX has a password", hint: "add format = \"pfx\" or \"pkcs12-truststore\""))
        }
        var parser = references
        parser.defaultVault = try vault(entry) ?? parser.defaultVault
        let password = try parse(setting, parser)
        guard password.object.kind == .secret else {
            throw setting.origin.error(ValueProblem("a password is a secret"))
        }
        return password
    }

    private func encoding(
        _ kind: VaultObjectKind, _ entry: ConfigurationTable
    ) throws(ConfigurationError) -> ValueEncoding? {
        guard let encoding = try entry.string("encoding") else { return nil }
        guard kind == .secret else { throw encoding.origin.error(ValueProblem("only a secret has an encoding")) }
        return try encoding.choice()
    }

    private func format(
        _ kind: VaultObjectKind, _ entry: ConfigurationTable
    ) throws(ConfigurationError) -> ObjectFormat? {
        guard let format = try entry.string("format") else { return nil }
        switch kind {
        case .secret:
            throw format.origin.error(
                ValueProblem("only a certificate, a key or a set has a format", hint: "name it with 'certificate = …'"))
        case .certificate: return try format.choice(among: [ObjectFormat.pem, .pemKey, .pemChain, .pfx, .truststore])
        case .key: return try format.choice(among: [ObjectFormat.jwk, .pem])
        }
    }
}

extension ConfigurationTable {
    /// Refuses keys that make no sense beside another one.
    func excludes(_ key: String, _ others: [String]) throws(ConfigurationError) {
        guard let member = members.first(where: { others.contains($0.key) }) else { return }
        throw origin(of: member).error(ValueProblem("it excludes '\(key)'", hint: "keep one of them"))
    }
}
