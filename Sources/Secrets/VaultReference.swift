/// The kinds of object that a vault holds and Latchkey delivers.
package enum VaultObjectKind: String, Hashable, Sendable, CaseIterable {
    case secret
    case certificate
    case key

    /// The path segment of the interface: `secrets`, `certificates`, `keys`.
    package var collection: String { rawValue + "s" }
}

/// A vault's address: always https, no path.
package struct VaultAddress: Hashable, Sendable {
    /// The host's name in lower case: `contoso-web.vault.azure.net`.
    package let host: String
    /// The port where it is not 443.
    package let port: UInt16?

    /// An address from its parts; `host` is taken in lower case, port 443 is the default port.
    package init(host: String, port: UInt16? = nil) {
        self.host = host.lowercased()
        self.port = port == 443 ? nil : port
    }

    /// The vault's own name: the host's first label.
    package var name: String {
        String(decoding: host.utf8.prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self)
    }

    /// `https://host[:port]`, without a slash at the end.
    package var url: String {
        "https://\(host)" + (port.map { ":\($0)" } ?? "")
    }
}

/// Which object, in which version, of which vault: what a GET names.
package struct VaultObject: Hashable, Sendable {
    package let vault: VaultAddress
    package let kind: VaultObjectKind
    /// As given; vaults compare names without regard to case.
    package let name: String
    /// 32 hexadecimal digits, or nil for the newest.
    package let version: String?

    package init(vault: VaultAddress, kind: VaultObjectKind = .secret, name: String, version: String? = nil) {
        self.vault = vault
        self.kind = kind
        self.name = name
        self.version = version
    }

    /// The name alone tells objects well enough apart.
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// A reference as users write it (latchkey(1), REFERENCES), resolved against the default vault.
package struct VaultReference: Hashable, Sendable {
    package var object: VaultObject
    /// The JSON pointer (RFC 6901) behind `#`, without the `#`; nil for the whole value.
    package var pointer: String?

    package init(object: VaultObject, pointer: String? = nil) {
        self.object = object
        self.pointer = pointer
    }
}
