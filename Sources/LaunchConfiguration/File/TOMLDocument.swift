import CTOML

/// A TOML text as parsed by toml++ (CTOML.h), copied from its memory.
struct TOMLDocument {
    /// Why a text is not TOML, in toml++'s words.
    struct Problem: Error {
        /// The part that was being parsed: `table header`.
        let scope: String
        let reason: String
        let location: TextLocation

        var isEndOfText: Bool { reason == "encountered end-of-file" }
    }

    /// Each value, followed by its members. The first one is the table of the whole document.
    private let values: [ctoml_value]
    private let texts: [UInt8]

    init(_ text: [UInt8]) throws(Problem) {
        var document = unsafe ctoml_document()
        let outcome = unsafe ctoml_parse(text, text.count, &document)
        defer { unsafe ctoml_free(&document) }
        values = unsafe Array(UnsafeBufferPointer(start: document.values, count: document.value_count))
        texts = unsafe Array(UnsafeBufferPointer(start: document.texts, count: document.text_count))
        switch outcome {
        case CTOML_VALID: return
        case CTOML_NO_MEMORY:
            throw Problem(
                scope: "document", reason: "there is no memory for it", location: TextLocation(line: 1, column: 1))
        default:
            let words = String(decoding: texts, as: UTF8.self)
            throw unsafe Problem(words, at: document.location.textLocation)
        }
    }

    var root: ConfigurationNode {
        var index = 0
        return node(at: &index)
    }

    /// The first date, time, infinity or NaN: TOML has them, but no setting accepts them.
    var firstForeignValue: TextLocation? {
        let value = values.first { $0.kind == CTOML_DATE || ($0.kind == CTOML_FLOAT && !$0.number.isFinite) }
        return value?.location.textLocation
    }

    /// The first key or string that holds a NUL.
    var firstNUL: TextLocation? {
        for value in values {
            if bytes(value.key).contains(0) { return value.key_location.textLocation }
            if bytes(value.text).contains(0) { return value.location.textLocation }
        }
        return nil
    }

    /// The beginning of the last key or string before a source location.
    func lastText(before location: TextLocation) -> TextLocation? {
        let strings = values.filter { $0.kind == CTOML_STRING }.map(\.location.textLocation)
        return (strings + values.map(\.key_location.textLocation)).filter { $0 < location && $0.line > 0 }.max()
    }

    private func node(at index: inout Int) -> ConfigurationNode {
        let value = values[index]
        index += 1
        let content: ConfigurationNode.Value
        switch value.kind {
        case CTOML_STRING: content = .string(text(value.text))
        case CTOML_INTEGER: content = .integer(Int(value.integer))
        case CTOML_BOOLEAN: content = .boolean(value.integer != 0)
        case CTOML_ARRAY:
            var elements: [ConfigurationNode] = []
            for _ in 0..<value.count { elements.append(node(at: &index)) }
            content = .array(elements)
        case CTOML_TABLE:
            var members: [ConfigurationNode.Member] = []
            for _ in 0..<value.count {
                let (key, location) = (values[index].key, values[index].key_location)
                members.append(.init(key: text(key), keyLocation: location.textLocation, node: node(at: &index)))
            }
            content = .table(members)
        default: content = .other(value.kind == CTOML_FLOAT ? "a number with a fraction" : "a date or time")
        }
        return ConfigurationNode(value: content, location: value.location.textLocation)
    }

    private func bytes(_ text: ctoml_text) -> ArraySlice<UInt8> { texts[text.offset..<text.offset + text.length] }

    private func text(_ text: ctoml_text) -> String { String(decoding: bytes(text), as: UTF8.self) }
}

extension TOMLDocument {
    /// The text that closes the part in which a document ends, by toml++'s name of the part.
    private static let ends = [
        "array": "]", "inline table": "}", "table header": "]", "key": "x", "key-value pair": "=0", "string": "\"",
        "literal string": "'",
    ]

    /// Values nest 16 deep, and a string ends with up to three quotes.
    private static let mostEnds = 40

    /// Parses the beginning of a document: closes what is open at its end, until the parser accepts it. Nil if it has
    /// another mistake.
    static func beginning(_ text: [UInt8]) -> TOMLDocument? {
        var text = text
        for _ in 0..<mostEnds {
            do { return try TOMLDocument(text) } catch {
                guard error.isEndOfText, let end = ends[error.scope] else { return nil }
                text += end.utf8
            }
        }
        return nil
    }
}

extension TOMLDocument.Problem {
    /// Takes the part's name from the parser's message: `Error while parsing SCOPE: REASON`.
    fileprivate init(_ words: String, at location: TextLocation) {
        let start = "Error while parsing "
        let known = location.line > 0 ? location : TextLocation(line: 1, column: 1)
        if words.hasPrefix(start), let colon = words.firstIndex(of: ":") {
            let scope = words[..<colon].dropFirst(start.count)
            self.init(scope: String(scope), reason: String(words[colon...].dropFirst(2)), location: known)
        } else {
            self.init(scope: "document", reason: words, location: known)
        }
    }
}

extension ctoml_location {
    fileprivate var textLocation: TextLocation { TextLocation(line: Int(line), column: Int(column)) }
}
