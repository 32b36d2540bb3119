/// The JSON of a vault's objects, with the members in the order in which Azure sends them.
package struct Bundles: Sendable {
    /// `https://NAME.vault.localhost:PORT`
    let base: String
    let recoverableDays: Int
    /// The request's version of the interface.
    let apiVersion: String

    private var isFirstInterface: Bool { apiVersion == "2016-10-01" }

    func id(_ kind: ObjectKind, _ name: String, _ version: String? = nil) -> String {
        let end = version.map { $0.isEmpty ? "" : "/\($0)" } ?? ""
        return "\(base)/\(kind.rawValue)/\(name)\(end)"
    }

    func attributes(_ attributes: Attributes, managedStorage: Bool = false) -> JSON {
        let level = recoverableDays == 90 ? "Recoverable+Purgeable" : "CustomizedRecoverable+Purgeable"
        let hasDays = !isFirstInterface && !managedStorage
        return .compact([
            "enabled": .bool(attributes.enabled), "nbf": attributes.notBefore.map(JSON.integer),
            "exp": attributes.expires.map(JSON.integer), "created": attributes.created.map(JSON.integer),
            "updated": attributes.updated.map(JSON.integer),
            "recoveryLevel": .string(managedStorage ? "Purgeable" : level),
            "recoverableDays": hasDays ? .integer(recoverableDays) : nil,
        ])
    }

    func tags(_ tags: [String: String]?) -> JSON? {
        tags.map { tags in .object(tags.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value)) }) }
    }

    /// A secret as GET and PUT answer it; without its value as an update does.
    func secret(_ name: String, _ version: Version<SecretContent>, withValue: Bool = true) -> JSON {
        .compact([
            "value": withValue ? .string(version.content.value) : nil,
            "contentType": version.content.contentType.map(JSON.string),
            "id": .string(id(.secrets, name, version.id)), "managed": version.managed ? true : nil,
            "attributes": attributes(version.attributes, managedStorage: version.id.isEmpty),
            "tags": tags(version.tags), "kid": version.content.keyPath.map { .string("\(base)/\($0)") },
        ])
    }

    /// A secret in a list: neither value nor version; with its version in a list of versions.
    func secretItem(_ name: String, _ version: Version<SecretContent>, withVersion: Bool) -> JSON {
        .compact([
            "contentType": version.content.contentType.map(JSON.string),
            "id": .string(id(.secrets, name, withVersion ? version.id : nil)),
            "managed": version.managed ? true : nil,
            "attributes": attributes(version.attributes, managedStorage: version.id.isEmpty),
            "tags": tags(version.tags),
        ])
    }

    func deletedSecret(_ deleted: DeletedRecord<SecretContent>, withVersion: Bool) -> JSON {
        let name = deleted.record.name
        let members: JSON = [
            "recoveryId": .string("\(base)/deletedsecrets/\(name)"), "deletedDate": .integer(deleted.deleted),
            "scheduledPurgeDate": .integer(deleted.purged),
        ]
        let item = secretItem(name, deleted.record.current, withVersion: withVersion)
        return .object((members.members ?? []) + (item.members ?? []))
    }
}
