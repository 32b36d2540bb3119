import CTOML

/// A seed's TOML as JSON; dates become text.
struct TOMLSeed {
    private let values: [ctoml_value]
    private let texts: [UInt8]

    static func json(_ text: String) throws(SeedError) -> JSON {
        var index = 0
        return try TOMLSeed(Array(text.utf8)).json(at: &index)
    }

    private init(_ text: [UInt8]) throws(SeedError) {
        var document = unsafe ctoml_document()
        let outcome = unsafe ctoml_parse(text, text.count, &document)
        defer { unsafe ctoml_free(&document) }
        values = unsafe Array(UnsafeBufferPointer(start: document.values, count: document.value_count))
        texts = unsafe Array(UnsafeBufferPointer(start: document.texts, count: document.text_count))
        guard outcome == CTOML_VALID else {
            let place = unsafe document.location
            throw SeedError(
                "line \(place.line), column \(place.column): \(String(decoding: texts, as: UTF8.self))")
        }
    }

    private func json(at index: inout Int) -> JSON {
        let value = values[index]
        index += 1
        switch value.kind {
        case CTOML_STRING, CTOML_DATE: return .string(text(value.text))
        case CTOML_INTEGER: return .integer(Int(value.integer))
        case CTOML_FLOAT: return .number(value.number)
        case CTOML_BOOLEAN: return .bool(value.integer != 0)
        case CTOML_ARRAY:
            var elements: [JSON] = []
            for _ in 0..<value.count { elements.append(json(at: &index)) }
            return .array(elements)
        default:
            var members: [JSON.Member] = []
            for _ in 0..<value.count {
                let key = text(values[index].key)
                members.append(JSON.Member(key, json(at: &index)))
            }
            return .object(members)
        }
    }

    private func text(_ text: ctoml_text) -> String {
        String(decoding: texts[text.offset..<text.offset + text.length], as: UTF8.self)
    }
}
