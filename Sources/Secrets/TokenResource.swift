/// The service that an access token is for, as `az account get-access-token --resource` takes it.
package struct TokenResource: Hashable, Sendable {
    /// Without a slash or `/.default` at its end: `https://ossrdbms-aad.database.windows.net`.
    package let name: String

    /// What stands in front of it in a reference.
    package static let prefix = "token:"
    /// The applications that Key Vault itself is in Entra, in the public clouds and in the US government's: a token for
    /// one of them opens vaults, too ("Manage storage account keys with Key Vault", "Service principal application ID").
    package static let keyVaultApplications = [
        "cfa8b339-82a2-471a-a3c9-0fc0be7a4093", "7e7c393b-45d0-48b1-a35e-2905ddf8183c",
    ]

    /// Reads what follows `token:`. Refuses the resources of vaults, whose tokens would open the vault to the app.
    init(_ text: TextCursor) throws(ReferenceError) {
        guard (1...512).contains(text.bytes.count), text.bytes.allSatisfy(Self.allows) else {
            throw ReferenceError(
                "'token:' is followed by the resource of a service, such as 'https://database.windows.net'",
                at: text.offset)
        }
        var name = text.text
        if name.hasSuffix("/.default") { name.removeLast("/.default".count) }
        while name.hasSuffix("/") { name.removeLast() }
        guard !name.isEmpty else { throw ReferenceError("the resource is empty", at: text.offset) }
        guard !Self.isVault(name) else {
            throw ReferenceError(
                "a token for vaults is never delivered: with it the app could read all that the identity may read",
                at: text.offset)
        }
        self.name = name
    }

    /// Whether a token for the resource opens a vault: by its name, or by the resource that a vault has named.
    package func isVault(among resources: some Sequence<String>) -> Bool {
        resources.contains { Self.canonical($0) == Self.canonical(name) }
    }

    private static func isVault(_ name: String) -> Bool {
        let name = canonical(name)
        if keyVaultApplications.contains(where: { name == $0 || name == "api://" + $0 }) { return true }
        let host = TextCursor(name).split(at: UInt8(ascii: "/")).0.split(at: UInt8(ascii: ":")).0.text
        return VaultSuffix.ofAzure.contains { host == $0 || host.hasSuffix("." + $0) }
    }

    /// Without scheme, in lower case.
    private static func canonical(_ name: String) -> String {
        var name = name.lowercased()
        if name.hasPrefix("https://") { name.removeFirst("https://".count) }
        while name.hasSuffix("/") { name.removeLast() }
        return name
    }

    /// Printable ASCII that can stand in a query, a form and a template's tag.
    private static func allows(_ byte: UInt8) -> Bool {
        byte.isAlphanumeric || "-._~:/".utf8.contains(byte)
    }
}

/// A reference in any form (latchkey(1), REFERENCES).
package enum Reference: Hashable, Sendable {
    /// An object of a vault, or a part of it.
    case object(VaultReference)
    /// An access token of the same identity for another service.
    case token(TokenResource)
}

extension ReferenceParser {
    /// Reads a reference to a vault's object or to an access token.
    package func parseAny(_ text: String) throws(ReferenceError) -> Reference {
        let cursor = TextCursor(text)
        guard cursor.hasPrefix(ignoringCase: TokenResource.prefix) else { return .object(try parse(text)) }
        return .token(try TokenResource(cursor.dropping(TokenResource.prefix.utf8.count)))
    }
}
