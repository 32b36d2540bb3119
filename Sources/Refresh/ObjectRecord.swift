package import KeyVault
package import Secrets

/// What a worker leaves the next one about an object: enough to see whether it changed, and to show it in the status.
package struct ObjectRecord: Equatable, Sendable {
    package var version: String?
    /// Content type and `file-encoding`: with the version they decide which bytes are delivered.
    package var shape: String
    package var updated: Int64?
    package var notBefore: Int64?
    package var expires: Int64?
    /// Whether the second of its last change was over when it was fetched. Lists have whole seconds: within that second
    /// another change would have the same `updated`.
    package var isSettled: Bool
    /// When an access token is to be renewed; nil for objects of a vault.
    package var renewAt: Int64?
    /// Tells values apart: the keyed digest of the value, in hexadecimal digits.
    package var digest = ""
    /// The URL of the vault that stood in for the object's own; nil if that one answered.
    package var standIn: String?
    /// Distinguishes one delivered state of the object from another. It stays the same over versions with the same value.
    package var identity: String

    package init(
        version: String?, shape: String, updated: Int64?, notBefore: Int64?, expires: Int64?, isSettled: Bool
    ) {
        self.version = version
        self.shape = shape
        self.updated = updated
        self.notBefore = notBefore
        self.expires = expires
        self.isSettled = isSettled
        identity = "\(version ?? "\(updated ?? 0)") \(shape)"
    }

    /// `now`: this machine's clock, in seconds since 1970, for answers without a date of their own. `earlier`: the
    /// record of what was delivered.
    package init(_ object: FetchedObject, digest: String, now: Int64, earlier: ObjectRecord?) {
        let updated = object.attributes.updated
        self.init(
            version: object.version,
            shape: "\(object.contentType ?? "")|\(object.tags["file-encoding"] ?? "")", updated: updated,
            notBefore: object.attributes.notBefore, expires: object.attributes.expires,
            isSettled: updated.map { (object.answeredAt ?? now) - $0 >= Self.settling } ?? false)
        self.digest = digest
        if let earlier, earlier.digest == digest, earlier.shape == shape { identity = earlier.identity }
    }

    /// In seconds: one for the second itself, one for a clock tick in between.
    private static let settling: Int64 = 2
}

/// What a worker leaves the next one about a vault.
package struct VaultState: Equatable, Sendable {
    /// How many requests its list takes at least; 0 if unknown.
    package var pages: Int64 = 0
    /// When the list was refused, in nanoseconds of the boot clock.
    package var refusedAt: Int64?
    /// What its challenge proved.
    package var proof: AudienceProof?

    package init() {}
}

extension VaultObject {
    /// The object's name in state and messages: its URL without a version, or with a pinned one.
    package var url: String {
        "\(vault.url)/\(kind.collection)/\(name)" + (version.map { "/" + $0 } ?? "")
    }
}
