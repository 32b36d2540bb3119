import Messages
import Secrets

/// The objects of a SecretProviderClass: a YAML text of an array of YAML texts, or of JSON.
///
/// It reads what the provider's documentation and usual tools write: `array:` with block or quoted scalars, or maps, of
/// plain and quoted values; not all of YAML.
struct ProviderObjects {
    /// Each object's keys.
    private(set) var objects: [[String: String]] = []

    init(_ text: String, in node: SourceNode) throws(ConfigurationError) {
        if text.hasPrefix("{"), let list = try? SourceNode(SourceFile(name: "", text: Array(text.utf8))) {
            objects = list.elements("array").compactMap { $0.string.map(Self.keys) }
        } else {
            objects = Self.items(text).map(Self.keys)
        }
        guard !objects.isEmpty, objects.allSatisfy({ $0["objectName"] != nil }) else {
            throw node.mistake(
                "'objects' can't be understood", hint: "write it as 'array:' with an item '- |' for each object")
        }
    }

    /// The texts of the array's items.
    private static func items(_ text: String) -> [String] {
        var items: [(indent: Int, lines: [String])] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: true).map(String.init) {
            let indent = line.prefix { $0 == " " }.count
            let content = line.dropFirst(indent)
            if let last = items.indices.last, indent > items[last].indent {
                items[last].lines.append(String(content))
            } else if content == "-" || content.hasPrefix("- ") {
                let first = SourceFile.trimmed(String(content.dropFirst()))
                let isBlock = first.hasPrefix("|") || first.hasPrefix(">")
                items.append(
                    (indent, isBlock || first.isEmpty ? [] : unquoted(first).split(separator: "\n").map(String.init)))
            }
        }
        return items.map { $0.lines.joined(separator: "\n") }
    }

    /// The keys of one object, in YAML or JSON.
    private static func keys(_ text: String) -> [String: String] {
        if text.hasPrefix("{"), let object = try? SourceNode(SourceFile(name: "", text: Array(text.utf8))) {
            let pairs = object.members.compactMap { name, value in value.string.map { (name, $0) } }
            return Dictionary(pairs) { $1 }
        }
        var keys: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = unquoted(SourceFile.trimmed(String(line[line.index(after: colon)...])))
            keys[unquoted(SourceFile.trimmed(String(line[..<colon])))] = value.isEmpty ? nil : value
        }
        return keys
    }

    /// A scalar without quotes and without a comment.
    private static func unquoted(_ text: String) -> String {
        guard let quote = text.first, quote == "\"" || quote == "'" else {
            let end = text.firstRange(of: " #")?.lowerBound ?? text.endIndex
            return text.hasPrefix("#") ? "" : SourceFile.trimmed(String(text[..<end]))
        }
        var value = ""
        var rest = text.dropFirst()
        while let character = rest.popFirst() {
            if quote == "\"", character == "\\", let next = rest.popFirst() {
                value.append(next == "n" ? "\n" : next == "t" ? "\t" : next)
            } else if character == quote {
                guard quote == "'", rest.first == "'" else { break }
                value.append(rest.removeFirst())
            } else {
                value.append(character)
            }
        }
        return value
    }
}
