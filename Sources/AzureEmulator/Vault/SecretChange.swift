/// The body of a request that sets or updates a secret, within Key Vault's limits.
package struct SecretChange: Equatable, Sendable {
    package var value: String?
    package var contentType: String?
    package var tags: [String: String]?
    package var enabled: Bool?
    package var notBefore: Int?
    package var expires: Int?

    package static let largestValue = 25_600
    package static let largestContentType = 255
    package static let mostTags = 15
    package static let largestTag = 256

    package init(_ body: [UInt8]) throws(Refusal) {
        guard let json = try? JSON(parsing: body), json.members != nil else {
            throw .badParameter("The request body is not valid JSON.")
        }
        value = json["value"]?.string
        contentType = json["contentType"]?.string
        let attributes = json["attributes"]
        enabled = attributes?["enabled"]?.bool
        notBefore = attributes?["nbf"]?.integer
        expires = attributes?["exp"]?.integer
        if let members = json["tags"]?.members {
            tags = Dictionary(members.map { ($0.name, $0.value.string ?? "") }) { $1 }
        }
        try checkLimits()
    }

    private func checkLimits() throws(Refusal) {
        if let value, value.utf8.count > Self.largestValue {
            throw .badParameter("The secret value exceeds the maximum size of \(Self.largestValue) bytes.")
        }
        if let contentType, contentType.utf8.count > Self.largestContentType {
            throw .badParameter("The content type exceeds the maximum length of \(Self.largestContentType).")
        }
        guard let tags else { return }
        if tags.count > Self.mostTags {
            throw .badParameter("The number of tags exceeds the maximum of \(Self.mostTags).")
        }
        if tags.contains(where: { $0.key.utf8.count > Self.largestTag || $0.value.utf8.count > Self.largestTag }) {
            throw .badParameter("A tag's name or value exceeds the maximum length of \(Self.largestTag).")
        }
    }
}
