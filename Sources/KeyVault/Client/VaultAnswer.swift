import Cryptography
import Messages
import Secrets

/// Reads what a vault answers; unknown fields are passed over, those that are used must be there once and in shape.
enum VaultAnswer {
    /// Reads `GET /secrets/…`: the value goes into the set, straight from the answer's bytes.
    static func secret(
        _ body: borrowing SecretBytes, for object: VaultObject, into set: inout SecretSet
    ) throws(VaultError.AnswerFault) -> FetchedObject {
        try readingObject(body) { (root, text) throws(JSONFault) in
            let description = try ObjectDescription(root, in: text, id: "id", collection: .secret)
            guard description.identifier.isAnswer(to: object) else { return nil }
            let value = try root.required("value", in: text)
            guard case .string = value.kind else { throw .malformed("value") }
            return description.fetched(object, .value, slot: set.append(textOf: value, in: text))
        }
    }

    /// Reads `GET /keys/…`: the public key goes into the set as the JSON that it is.
    static func key(
        _ body: borrowing SecretBytes, for object: VaultObject, into set: inout SecretSet
    ) throws(VaultError.AnswerFault) -> FetchedObject {
        try readingObject(body) { (root, text) throws(JSONFault) in
            let key = try root.required("key", in: text)
            guard case .object = key.kind else { throw .malformed("key") }
            let description = try ObjectDescription(root, in: text, idIn: key, id: "kid", collection: .key)
            guard description.identifier.isAnswer(to: object) else { return nil }
            return description.fetched(object, .jsonWebKey, slot: set.append(text.extracting(key.range)))
        }
    }

    /// Reads `GET /certificates/…`: the certificate alone goes into the set, in DER.
    static func certificate(
        _ body: borrowing SecretBytes, for object: VaultObject, into set: inout SecretSet
    ) throws(VaultError.AnswerFault) -> FetchedObject {
        try readingObject(body) { (root, text) throws(JSONFault) in
            let description = try ObjectDescription(root, in: text, id: "id", collection: .certificate)
            guard description.identifier.isAnswer(to: object) else { return nil }
            let encoded = try root.requiredText("cer", in: text)
            guard let der = try? base64Decoded(Array(encoded.utf8).span) else { throw .malformed("cer") }
            let slot = der.withBytes { set.append($0) }
            return description.fetched(object, .certificate, slot: slot)
        }
    }

    /// One page of a list, and where the next one is; nil at the end.
    struct Page {
        var secrets: [ListedSecret] = []
        var next: String?
    }

    /// Reads `GET /secrets` and `GET /secrets/NAME/versions`.
    static func page(_ body: borrowing SecretBytes) throws(VaultError.AnswerFault) -> Page {
        try reading(body) { (root, text) throws(JSONFault) in
            var page = Page()
            page.next = try root.text("nextLink", in: text)
            // The official clients take an empty one for the end, too.
            if page.next?.isEmpty == true { page.next = nil }
            for entry in try root.elements("value", in: text) {
                let description = try ObjectDescription(entry, in: text, id: "id", collection: .secret)
                page.secrets.append(description.listed)
            }
            return page
        }
    }

    /// Reads an answer about one object; `read` returns nil where it is about another one.
    private static func readingObject(
        _ body: borrowing SecretBytes,
        _ read: (JSONNode, Span<UInt8>) throws(JSONFault) -> FetchedObject?
    ) throws(VaultError.AnswerFault) -> FetchedObject {
        guard let fetched = try reading(body, read) else { throw .anotherObject }
        return fetched
    }

    private static func reading<Value>(
        _ body: borrowing SecretBytes, _ read: (JSONNode, Span<UInt8>) throws(JSONFault) -> Value
    ) throws(VaultError.AnswerFault) -> Value {
        do throws(JSONFault) {
            return try body.withBytes { (text) throws(JSONFault) in try read(JSONReader.object(text), text) }
        } catch {
            throw .json(error)
        }
    }
}

/// What secrets, keys, certificates and the entries of lists have in common.
private struct ObjectDescription {
    let identifier: ObjectIdentifier
    let attributes: ObjectAttributes
    let contentType: String?
    let tags: [String: String]
    let isManaged: Bool

    init(
        _ node: JSONNode, in text: Span<UInt8>, idIn idNode: JSONNode? = nil, id: String, collection: VaultObjectKind
    ) throws(JSONFault) {
        guard case .object = node.kind else { throw .malformed("value") }
        let url = try (idNode ?? node).requiredText(id, in: text)
        guard let identifier = ObjectIdentifier(url), identifier.kind == collection else { throw .malformed(id) }
        self.identifier = identifier
        attributes = try ObjectAttributes(node, in: text)
        contentType = try node.text("contentType", in: text)
        tags = try node.texts("tags", in: text)
        isManaged = try node.flag("managed", in: text) ?? false
    }

    var listed: ListedSecret {
        ListedSecret(
            name: identifier.name, version: identifier.version, attributes: attributes, contentType: contentType,
            tags: tags, isManaged: isManaged)
    }

    func fetched(_ object: VaultObject, _ material: FetchedObject.Material, slot: SecretSet.Slot) -> FetchedObject {
        FetchedObject(
            object: object, version: identifier.version, attributes: attributes, contentType: contentType, tags: tags,
            isManaged: isManaged, material: material, slot: slot)
    }
}

extension ObjectAttributes {
    fileprivate init(_ node: JSONNode, in text: Span<UInt8>) throws(JSONFault) {
        self.init()
        guard let node = try node.member("attributes", in: text) else { return }
        guard case .object = node.kind else { throw .malformed("attributes") }
        enabled = try node.flag("enabled", in: text) ?? true
        notBefore = try node.time("nbf", in: text)
        expires = try node.time("exp", in: text)
        created = try node.time("created", in: text)
        updated = try node.time("updated", in: text)
        recoveryLevel = try node.text("recoveryLevel", in: text)
        recoverableDays = try node.integer("recoverableDays", in: text)
    }
}

/// An object's id: `https://contoso-web.vault.azure.net/secrets/db-password/6fd6…`.
struct ObjectIdentifier: Equatable {
    let host: String
    let kind: VaultObjectKind
    let name: String
    /// A managed storage account's secret, and an entry of the list of secrets, have none.
    let version: String?

    init?(_ url: String) {
        guard let url = EndpointURL(url), url.scheme == "https", url.query == nil else { return nil }
        let parts = url.path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count),
            let kind = VaultObjectKind.allCases.first(where: { $0.collection == parts[0].lowercased() }),
            parts.dropFirst().allSatisfy({ VaultObject.isName($0) })
        else { return nil }
        host = url.host
        self.kind = kind
        name = String(parts[1])
        version = parts.count == 3 ? String(parts[2]) : nil
    }

    /// Whether an answer with this id is about what was asked for.
    ///
    /// Under a suffix of Azure a vault is known by its host's name, so that this must be it. An emulator or a
    /// gateway under a name of its own may tell ids under another one; nothing is ever sent to them.
    func isAnswer(to object: VaultObject) -> Bool {
        guard name.lowercased() == object.name.lowercased() else { return false }
        if let wanted = object.version, wanted.lowercased() != version?.lowercased() { return false }
        return VaultCloud.of(object.vault) == nil || host == object.vault.host
    }
}

extension VaultObject {
    /// Whether a text can be a name or a version: 1 to 127 letters, digits and hyphens.
    static func isName(_ text: some StringProtocol) -> Bool { isName(text.utf8) }

    static func isName(_ text: some Collection<UInt8>) -> Bool {
        (1...127).contains(text.count) && text.allSatisfy { $0.isLetterOrDigit || $0 == 0x2D }
    }
}

extension SecretSet {
    /// Appends a JSON string's text, by way of a buffer only where it needs unescaping.
    mutating func append(textOf node: JSONNode, in text: Span<UInt8>) -> Slot {
        let inner = node.range.lowerBound + 1..<node.range.upperBound - 1
        if JSONText.isPlain(node.range, in: text) { return append(text.extracting(inner)) }
        var buffer = SecretBuffer(capacity: inner.count)
        JSONText.unescape(node.range, of: text) { buffer.append($0) }
        return buffer.withBytes { append($0) }
    }
}

extension JSONNode {
    /// Seconds since 1970, of a year that can be written; what is beyond that is no date of an object.
    fileprivate func time(_ name: String, in text: Span<UInt8>) throws(JSONFault) -> Int64? {
        guard let seconds: Int64 = try integer(name, in: text) else { return nil }
        guard UTCTime.range.contains(seconds) else { throw .malformed(name) }
        return seconds
    }
}
