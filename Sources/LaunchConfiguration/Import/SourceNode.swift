import Messages
import Secrets

/// A JSON value of an imported file, with the file that it is in. Texts are copied only where they are asked for: values
/// of settings may be secret.
struct SourceNode {
    fileprivate let node: JSONNode
    private let file: SourceFile

    /// The text as one value. Throws with the line and column of what is not JSON.
    init(_ file: SourceFile) throws(ConfigurationError) {
        do { node = try JSONReader.read(file.text.span) } catch {
            guard case .syntax(let offset) = error else { throw file.mistake(at: 0, error.words) }
            throw file.mistake(at: offset, "the text is not JSON in UTF-8")
        }
        self.file = file
    }

    private init(_ node: JSONNode, in file: SourceFile) {
        self.node = node
        self.file = file
    }

    /// A member of an object; of several with one name the last, as kubectl and az read them. `null` counts as absent.
    subscript(name: String) -> SourceNode? {
        let found = node.members(named: name, in: file.text.span).last
        if case .null = found?.kind { return nil }
        return found.map { SourceNode($0, in: file) }
    }

    /// The elements of a member that is an array; empty without one.
    func elements(_ name: String) -> [SourceNode] { self[name]?.elements ?? [] }

    /// Whether this is an array.
    var isArray: Bool { if case .array = node.kind { true } else { false } }

    var elements: [SourceNode] {
        guard case .array(let elements) = node.kind else { return [] }
        return elements.map { SourceNode($0, in: file) }
    }

    /// The members of an object, in their order.
    var members: [(name: String, value: SourceNode)] {
        guard case .object(let members) = node.kind else { return [] }
        return members.map { (JSONText.string($0.name, in: file.text.span), SourceNode($0.value, in: file)) }
    }

    /// A member's text, without blanks around it; nil for an empty one and for another type.
    func text(_ name: String) -> String? {
        self[name]?.string.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The text without blanks around it; nil for another type.
    var string: String? {
        node.string(in: file.text.span).map { SourceFile.trimmed($0) }
    }

    /// The text if it contains the mark, or begins as a reference: any other may be secret and is not read.
    func string(with mark: String) -> String? {
        let bytes = file.text[node.range]
        return bytes.contains(Array(mark.utf8)) || ReferenceParser.claims(bytes.dropFirst()) ? string : nil
    }

    func mistake(_ reason: String, hint: String? = nil) -> ConfigurationError {
        file.mistake(at: node.range.lowerBound, reason, hint: hint)
    }
}

/// A file that `init --from` reads.
struct SourceFile {
    /// As messages show it.
    let name: String
    let text: [UInt8]

    func mistake(at offset: Int, _ reason: String, hint: String? = nil) -> ConfigurationError {
        let location = TextLocations(text)[offset]
        return ConfigurationError(
            .sourceSyntax, exit: .data, "\(name):\(location.line):\(location.column): \(reason)", hint: hint)
    }

    static func trimmed(_ text: String) -> String {
        let start = text.drop(while: \.isWhitespace)
        return String(start.reversed().drop(while: \.isWhitespace).reversed())
    }
}

extension SourceNode {
    /// Whether it is `true`, also as a text.
    var isTrue: Bool {
        if case .boolean(let value) = node.kind { return value }
        return string?.lowercased() == "true"
    }
}
