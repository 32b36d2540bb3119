/// How a value is encoded in the vault (`file-encoding`, `encoding =`): what it is decoded from before delivery.
package enum ValueEncoding: String, Sendable, CaseIterable {
    case utf8 = "utf-8"
    case utf16LE = "utf-16le"
    case utf16BE = "utf-16be"
    case ascii
    case base64
    case hex
}

/// The shape in which a certificate or key is delivered.
package enum ObjectFormat: String, Sendable, CaseIterable {
    case pem
    case pemKey = "pem-key"
    case pemChain = "pem-chain"
    case pfx
    /// A PFX of the chain, for Java.
    case truststore = "pkcs12-truststore"
    case jwk
}

/// One object to fetch and the shape it is wanted in.
package struct ObjectRequest: Sendable, Hashable {
    package var reference: VaultReference
    package var encoding: ValueEncoding?
    package var format: ObjectFormat?
    /// The secret whose value protects a PFX.
    package var password: VaultReference?

    package init(
        reference: VaultReference, encoding: ValueEncoding? = nil, format: ObjectFormat? = nil,
        password: VaultReference? = nil
    ) {
        self.reference = reference
        self.encoding = encoding
        self.format = format
        self.password = password
    }

    /// The object, and the password's.
    package var references: [VaultReference] { [reference] + (password.map { [$0] } ?? []) }
}

/// How bulk selection makes a variable's name of a secret's.
package enum NamingStyle: String, Sendable, CaseIterable {
    case upperSnake = "upper-snake"
    case dotnet
    case verbatim
}
