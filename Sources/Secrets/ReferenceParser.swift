/// Reads references in all their forms (latchkey(1), REFERENCES).
package struct ReferenceParser: Sendable {
    /// The vault of bare names.
    package var defaultVault: VaultAddress?
    /// What follows a vault's name where a reference names nothing but that.
    package var suffix: VaultSuffix
    /// The kind of bare names.
    package var bareKind: VaultObjectKind

    package init(
        defaultVault: VaultAddress? = nil, suffix: VaultSuffix, bareKind: VaultObjectKind = .secret
    ) {
        self.defaultVault = defaultVault
        self.suffix = suffix
        self.bareKind = bareKind
    }

    private static let appService = "@Microsoft.KeyVault("

    /// Whether an inherited variable's value is meant as a reference: one that can't be read then is an error, since
    /// it must not reach the child as it is. Blanks around it don't count: YAML's `|` leaves a newline.
    package static func claims(_ value: some Sequence<UInt8>) -> Bool {
        let start = TextCursor(Array(value.drop(while: isBlank).prefix(appService.utf8.count))[...])
        return start.hasPrefix(ignoringCase: appService) || start.hasPrefix(ignoringCase: "akv://")
    }

    /// A text without the blanks and newlines around it.
    package static func trimmed(_ value: [UInt8]) -> [UInt8] {
        let start = value.drop(while: isBlank)
        return Array(start[..<(start.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? start.startIndex)])
    }

    private static func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

    /// Reads one reference.
    package func parse(_ text: String) throws(ReferenceError) -> VaultReference {
        let (body, pointer) = TextCursor(text).split(at: UInt8(ascii: "#"))
        let object = try parseObject(body)
        guard let pointer else { return VaultReference(object: object) }
        guard object.kind == .secret else {
            throw ReferenceError("only a secret has parts behind '#'", at: pointer.offset - 1)
        }
        try Self.checkPointer(pointer)
        return VaultReference(object: object, pointer: pointer.text)
    }

    /// Checks a JSON pointer (RFC 6901, section 3) without its `#`.
    package static func checkPointer(_ pointer: String) throws(ReferenceError) {
        try checkPointer(TextCursor(pointer))
    }

    private static func checkPointer(_ pointer: TextCursor) throws(ReferenceError) {
        guard pointer.bytes.first == UInt8(ascii: "/") else {
            throw ReferenceError("a JSON pointer begins with '/'", at: pointer.offset)
        }
        var rest = pointer.bytes
        while let tilde = rest.firstIndex(of: UInt8(ascii: "~")) {
            rest = rest[(tilde + 1)...]
            guard rest.first == UInt8(ascii: "0") || rest.first == UInt8(ascii: "1") else {
                throw ReferenceError("in a JSON pointer '~' is written '~0' and '/' in a name '~1'", at: tilde)
            }
        }
    }

    private func parseObject(_ body: TextCursor) throws(ReferenceError) -> VaultObject {
        if body.isEmpty { throw ReferenceError("it is empty", at: 0) }
        if body.hasPrefix(ignoringCase: Self.appService) { return try parseAppService(body) }
        guard let scheme = body.scheme else { return try parseBare(body) }
        let (authority, path) = body.dropping(scheme.length).split(at: UInt8(ascii: "/"))
        switch scheme.name {
        case "https":
            return try parsePath(path, end: authority.bytes.endIndex, in: try .authority(authority), isShort: false)
        case "akv":
            let isHost = authority.bytes.contains(UInt8(ascii: ".")) || authority.bytes.contains(UInt8(ascii: ":"))
            let vault: VaultAddress = isHost ? try .authority(authority) : try .short(authority, suffix)
            return try parsePath(path, end: authority.bytes.endIndex, in: vault, isShort: true)
        case "http": throw ReferenceError("a vault is always https", at: 0)
        default: throw ReferenceError("a reference's scheme is https or akv", at: 0)
        }
    }

    // MARK: the forms

    /// `NAME[/VERSION]` in the default vault.
    private func parseBare(_ body: TextCursor) throws(ReferenceError) -> VaultObject {
        let parts = body.components(at: UInt8(ascii: "/"))
        let (name, version) = try Self.nameAndVersion(parts[...])
        guard let defaultVault else {
            throw ReferenceError("it names no vault, and there is no default vault", at: 0, problem: .vaultMissing)
        }
        return VaultObject(vault: defaultVault, kind: bareKind, name: name, version: version)
    }

    /// `/secrets/NAME[/VERSION]`; short URLs may leave out the collection of secrets. A slash at the end is taken, as
    /// Azure's own pages write references with it.
    private func parsePath(
        _ path: TextCursor?, end: Int, in vault: VaultAddress, isShort: Bool
    ) throws(ReferenceError) -> VaultObject {
        guard let path, !path.isEmpty else {
            throw ReferenceError(
                isShort ? "the vault is followed by '/NAME'" : "the vault is followed by '/secrets/NAME'", at: end)
        }
        if let query = path.firstIndex(of: "?") { throw ReferenceError("a reference has no query", at: query) }
        var parts = path.components(at: UInt8(ascii: "/"))[...]
        if parts.count > 1, parts.last?.isEmpty == true { parts.removeLast() }
        let kind = VaultObjectKind.allCases.first { parts.first?.text.lowercased() == $0.collection }
        if let kind, !isShort || parts.count > 1 {
            parts.removeFirst()
            guard !parts.isEmpty else {
                throw ReferenceError("the collection is followed by '/NAME'", at: path.bytes.endIndex)
            }
            let (name, version) = try Self.nameAndVersion(parts)
            return VaultObject(vault: vault, kind: kind, name: name, version: version)
        }
        guard isShort else {
            throw ReferenceError("a vault's URL goes on with /secrets, /certificates or /keys", at: path.offset)
        }
        let (name, version) = try Self.nameAndVersion(parts)
        return VaultObject(vault: vault, name: name, version: version)
    }

    private static func nameAndVersion(
        _ parts: ArraySlice<TextCursor>
    ) throws(ReferenceError) -> (String, String?) {
        guard let name = parts.first, parts.count <= 2 else {
            throw ReferenceError(
                "a name is followed by nothing but a version", at: parts.dropFirst(2).first?.offset ?? 0)
        }
        guard name.isName, name.bytes.count <= 127 else {
            throw ReferenceError("a name has 1 to 127 letters, digits and hyphens", at: name.offset)
        }
        guard parts.count == 2, let version = parts.last else { return (name.text, nil) }
        return (name.text, try Self.version(version))
    }

    private static func version(_ text: TextCursor) throws(ReferenceError) -> String {
        guard text.bytes.count == 32, text.bytes.allSatisfy(\.isHexDigit) else {
            throw ReferenceError("a version has 32 hexadecimal digits", at: text.offset)
        }
        return text.text.lowercased()
    }
}

// MARK: - App Service

extension ReferenceParser {
    /// `@Microsoft.KeyVault(SecretUri=…)` or `@Microsoft.KeyVault(VaultName=…;SecretName=…[;SecretVersion=…])`; keys in
    /// any case and order, an empty version is the newest.
    private func parseAppService(_ body: TextCursor) throws(ReferenceError) -> VaultObject {
        guard body.bytes.last == UInt8(ascii: ")") else {
            throw ReferenceError("the parenthesis is not closed", at: body.bytes.endIndex)
        }
        var fields: [String: TextCursor] = [:]
        let inside = TextCursor(body.bytes.dropFirst(Self.appService.utf8.count).dropLast())
        for field in inside.components(at: UInt8(ascii: ";")) where !field.trimmed.isEmpty {
            let (key, value) = field.split(at: UInt8(ascii: "="))
            let name = key.trimmed.text.lowercased()
            guard let value, ["secreturi", "vaultname", "secretname", "secretversion"].contains(name) else {
                throw ReferenceError(
                    "between the parentheses stand SecretUri, or VaultName, SecretName and SecretVersion",
                    at: field.offset)
            }
            guard fields.updateValue(value.trimmed, forKey: name) == nil else {
                throw ReferenceError("a key between the parentheses is repeated", at: field.offset)
            }
        }
        if let address = fields["secreturi"] {
            guard fields.count == 1 else {
                throw ReferenceError("SecretUri stands alone between the parentheses", at: inside.offset)
            }
            return try parseSecretURI(address)
        }
        guard let vault = fields["vaultname"], let name = fields["secretname"] else {
            throw ReferenceError("between the parentheses both VaultName and SecretName are needed", at: inside.offset)
        }
        let version = fields["secretversion"].flatMap { $0.isEmpty ? nil : $0 }
        let (secret, pinned) = try Self.nameAndVersion(([name] + (version.map { [$0] } ?? []))[...])
        return VaultObject(vault: try .short(vault, suffix), name: secret, version: pinned)
    }

    private func parseSecretURI(_ address: TextCursor) throws(ReferenceError) -> VaultObject {
        guard address.hasPrefix(ignoringCase: "https://") else {
            throw ReferenceError("SecretUri is an https URL", at: address.offset)
        }
        let object = try parseObject(address)
        guard object.kind == .secret else { throw ReferenceError("SecretUri names a secret", at: address.offset) }
        return object
    }
}
