/// Pages of a list: how many items, from where on, and the link to the next.
package struct Paging: Sendable {
    package static let largest = 25

    package var count: Int
    package var marker: String?
    /// So many pages without any item are still to come before the real one.
    private var emptyLeft: Int
    private let emptyEach: Int

    /// Reads `maxresults` and `$skiptoken`. Before each real page come as many empty ones as the vault is set to:
    /// Key Vault sends them while it skips what it filtered out.
    package init(_ call: Call, emptyPages: Int = 0) throws(Refusal) {
        count = Self.largest
        emptyEach = emptyPages
        emptyLeft = emptyPages
        if let text = call.parameter("maxresults") {
            guard let number = Int(text), (1...Self.largest).contains(number) else {
                throw .badParameter("Property maxresults has invalid value \(text). It must be between 1 and 25.")
            }
            count = number
        }
        if let token = call.parameter("$skiptoken") {
            guard let text = Self.marker(of: token) else { throw .badParameter("The skiptoken is not valid.") }
            let parts = text.split(separator: "~", omittingEmptySubsequences: false)
            marker = parts.first.flatMap { $0.isEmpty ? nil : String($0) }
            emptyLeft = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        }
    }

    /// A page's JSON; its link is absolute and names the port, even 443.
    package func page(_ items: [JSON], next: String?, place: String, path: String, base: String, _ call: Call) -> Answer
    {
        let follower = emptyLeft > 0 ? "\(marker ?? "")~\(emptyLeft - 1)" : next.map { $0 + emptySuffix }
        let link = follower.map { marker in
            let maximum = call.parameter("maxresults").map { "&maxresults=\($0)" } ?? ""
            let token = Self.token(for: "\(place)/\(marker)")
            return "\(base)\(path)?api-version=\(call.parameter("api-version") ?? "")&$skiptoken=\(token)\(maximum)"
        }
        return Answer(json: ["value": .array(emptyLeft > 0 ? [] : items), "nextLink": JSON(link)])
    }

    private var emptySuffix: String { emptyEach > 0 ? "~\(emptyEach)" : "" }

    /// Key Vault's tokens are a JSON with the next item's place in its storage.
    package static func token(for key: String) -> String {
        let end = "9999-12-31T23:59:59.9999999Z"
        let length = String(key.utf8.count)
        let padded = String(repeating: "0", count: max(0, 6 - length.count)) + length
        let place = Base64.text("\(padded)!\(key)!000028!\(end)!".utf8).map { $0 == "=" ? "-" : $0 }
        let json: JSON = ["NextMarker": .string("2!\(place.count)!\(String(place))"), "TargetLocation": 0]
        return Base64.urlText(json.bytes)
    }

    package static func marker(of token: String) -> String? {
        guard let bytes = Base64.bytes(token), let json = try? JSON(parsing: bytes),
            let place = json["NextMarker"]?.string?.split(separator: "!").last,
            let text = Base64.bytes(String(place.map { $0 == "-" ? "=" : $0 })),
            let key = String(validating: text, as: UTF8.self)?.split(separator: "!").dropFirst().first
        else { return nil }
        return key.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init)
    }
}
