package import Secrets

/// The dates and state of an object, as the vault tells them; seconds since 1970.
package struct ObjectAttributes: Hashable, Sendable {
    package var enabled = true
    /// Not to be used before. It informs only: a vault hands the object out all the same.
    package var notBefore: Int64?
    package var expires: Int64?
    package var created: Int64?
    package var updated: Int64?
    package var recoveryLevel: String?
    package var recoverableDays: Int?

    package init() {}
}

/// One object that was fetched; its bytes lie in the secret set under `slot`.
package struct FetchedObject: Equatable, Sendable {
    /// What the bytes are.
    package enum Material: Sendable, Equatable {
        /// A secret's value: for a certificate its key and chain, as `contentType` says.
        case value
        /// A certificate alone, in DER.
        case certificate
        /// A key's public part, as JSON (RFC 7517).
        case jsonWebKey
    }

    /// The object as it was asked for.
    package let object: VaultObject
    /// The version that was had; nil for a managed storage account's secret, which has none.
    package let version: String?
    package let attributes: ObjectAttributes
    /// `application/x-pkcs12`, or whatever its owner wrote.
    package let contentType: String?
    package let tags: [String: String]
    /// Whether the vault manages the object itself: a certificate's secret, a storage account's.
    package let isManaged: Bool
    package let material: Material
    package let slot: SecretSet.Slot
    /// When the vault answered, by its own clock, in seconds since 1970; nil where it did not say.
    package internal(set) var answeredAt: Int64?
}

/// What became of one object.
package typealias VaultOutcome = Result<FetchedObject, VaultError>

/// One entry of the list of a vault's secrets, or of a secret's versions: everything but the value.
package struct ListedSecret: Hashable, Sendable {
    package let name: String
    /// In the list of a secret's versions.
    package let version: String?
    package let attributes: ObjectAttributes
    package let contentType: String?
    package let tags: [String: String]
    /// Whether it is a certificate's secret or a storage account's.
    package let isManaged: Bool

    package init(
        name: String, version: String? = nil, attributes: ObjectAttributes = ObjectAttributes(),
        contentType: String? = nil, tags: [String: String] = [:], isManaged: Bool = false
    ) {
        self.name = name
        self.version = version
        self.attributes = attributes
        self.contentType = contentType
        self.tags = tags
        self.isManaged = isManaged
    }
}
