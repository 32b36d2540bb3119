import FoundationEssentials

/// What latchkey says of its instance in `status.json`, read leniently: every field may be absent or of another kind.
struct InstanceStatus: Equatable {
    /// One secret of the delivered set.
    struct Secret: Codable, Equatable {
        var name: String?
        var vault: String?
        var type: String?
        var version: String?
        var updated: String?
        var expires: String?

        /// Several secrets in one file: all their names and versions, and what they have in common of the rest.
        fileprivate func joined(with other: Secret) -> Secret {
            func both(_ one: String?, _ two: String?) -> String? {
                let known = [one, two].compactMap(\.self)
                return known.isEmpty ? nil : known.joined(separator: " + ")
            }
            func common(_ one: String?, _ two: String?) -> String? { one == two ? one : nil }
            return Secret(
                name: both(name, other.name), vault: common(vault, other.vault), type: common(type, other.type),
                version: both(version, other.version), updated: max(updated ?? "", other.updated ?? ""),
                expires: [expires, other.expires].compactMap(\.self).min()
            )
        }
    }

    /// What the page says of latchkey itself.
    struct Summary: Codable, Equatable {
        var instance: String?
        var state: String?
        var generation: Int?
        var refreshedAt: String?
        var nextRefreshAt: String?
        var lastError: String?
    }

    let summary: Summary
    /// By target.
    private let secrets: [String: Secret]

    var targets: [String] { secrets.keys.sorted() }

    init?(json: Data) {
        guard let root = try? JSONDecoder().decode(JSONValue.self, from: json), case .object = root else { return nil }
        let error = root["last_error"]
        let said = [error?["code"]?.text, error?["message"]?.text].compactMap(\.self)
        summary = Summary(
            instance: root["instance"]?.text,
            state: root["state"]?.text,
            generation: root["generation"]?.text.flatMap { Int($0) },
            refreshedAt: root["refreshed_at"]?.text,
            nextRefreshAt: root["next_refresh_at"]?.text,
            lastError: said.isEmpty ? nil : said.joined(separator: ": ")
        )
        var secrets: [String: Secret] = [:]
        for entry in root["secrets"]?.elements ?? [] {
            let secret = Secret(
                name: entry["name"]?.text, vault: entry["vault"]?.text, type: entry["type"]?.text,
                version: entry["version"]?.text, updated: entry["updated"]?.text, expires: entry["expires"]?.text
            )
            for target in (entry["target"]?.texts ?? []).flatMap(Self.split) {
                secrets[target] = secrets[target]?.joined(with: secret) ?? secret
            }
        }
        self.secrets = secrets
    }

    /// One secret can go to several places: `env:API_KEY, file:api-key`.
    private static func split(_ targets: String) -> [String] {
        targets.replacing(/, (?=env:|file:)/, with: "\n").split(separator: "\n").map(String.init)
    }

    /// The secret that was delivered as this, under any way of writing the target.
    func secret(_ key: SecretKey) -> Secret? {
        let kind = key.origin == .environment ? "env" : "file"
        if let exact = secrets["\(kind):\(key.name)"] ?? secrets[key.name] { return exact }
        guard key.origin == .file else { return nil }
        return secrets.first { $0.key.hasSuffix("/" + key.name) }?.value
    }
}

/// Any JSON, for reading what may have grown since.
private enum JSONValue: Decodable {
    case object([String: JSONValue])
    case array([JSONValue])
    case string(String)
    case number(Int)
    case other

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let object = try? container.decode([String: JSONValue].self) {
            self = .object(object)
        } else if let array = try? container.decode([JSONValue].self) {
            self = .array(array)
        } else if let string = try? container.decode(String.self) {
            self = .string(string)
        } else if let number = try? container.decode(Int.self) {
            self = .number(number)
        } else {
            self = .other
        }
    }

    subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members[name]
    }

    var elements: [JSONValue] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    /// A string, or a number's digits.
    var text: String? {
        switch self {
        case .string(let text): text.isEmpty ? nil : text
        case .number(let number): String(number)
        default: nil
        }
    }

    /// One string, or a list of them.
    var texts: [String] {
        text.map { [$0] } ?? elements.compactMap(\.text)
    }
}
