/// Reads a JSON text strictly (RFC 8259), into positions.
///
/// Nothing is lenient but a byte order mark at the beginning, which files saved on Windows have. Nesting is bounded,
/// so that a hostile text cannot exhaust the stack.
package struct JSONReader {
    /// The deepest nesting that is read.
    package static let deepest = 128

    private var position = 0
    private var depth = 0

    /// Reads the whole text as one value.
    package static func read(_ text: Span<UInt8>) throws(JSONFault) -> JSONNode {
        do {
            _ = try UTF8Span(validating: text)
        } catch {
            throw .syntax(offset: error.byteOffsets.lowerBound)
        }
        var reader = JSONReader()
        if text.count >= 3, text[0] == 0xEF, text[1] == 0xBB, text[2] == 0xBF { reader.position = 3 }
        let node = try reader.value(text)
        reader.skipBlanks(text)
        guard reader.position == text.count else { throw reader.fault }
        return node
    }

    /// Reads the whole text as one object.
    package static func object(_ text: Span<UInt8>) throws(JSONFault) -> JSONNode {
        let root = try read(text)
        guard case .object = root.kind else { throw .syntax(offset: root.range.lowerBound) }
        return root
    }

    private var fault: JSONFault { .syntax(offset: position) }

    private mutating func value(_ text: Span<UInt8>) throws(JSONFault) -> JSONNode {
        skipBlanks(text)
        let start = position
        guard start < text.count else { throw fault }
        switch text[start] {
        case UInt8(ascii: "{"):
            let members = try object(text)
            return JSONNode(kind: .object(members), range: start..<position)
        case UInt8(ascii: "["):
            let elements = try array(text)
            return JSONNode(kind: .array(elements), range: start..<position)
        case UInt8(ascii: "\""):
            return JSONNode(kind: .string, range: try string(text))
        case UInt8(ascii: "t"):
            return JSONNode(kind: .boolean(true), range: try word("true", text))
        case UInt8(ascii: "f"):
            return JSONNode(kind: .boolean(false), range: try word("false", text))
        case UInt8(ascii: "n"):
            return JSONNode(kind: .null, range: try word("null", text))
        default:
            return JSONNode(kind: .number, range: try number(text))
        }
    }

    private mutating func object(_ text: Span<UInt8>) throws(JSONFault) -> [JSONNode.Member] {
        try enter()
        var members: [JSONNode.Member] = []
        if !closes(with: UInt8(ascii: "}"), text) {
            repeat {
                skipBlanks(text)
                let name = try string(text)
                skipBlanks(text)
                try expect(UInt8(ascii: ":"), text)
                members.append(JSONNode.Member(name: name, value: try value(text)))
            } while try continues(until: UInt8(ascii: "}"), text)
        }
        depth -= 1
        return members
    }

    private mutating func array(_ text: Span<UInt8>) throws(JSONFault) -> [JSONNode] {
        try enter()
        var elements: [JSONNode] = []
        if !closes(with: UInt8(ascii: "]"), text) {
            repeat {
                elements.append(try value(text))
            } while try continues(until: UInt8(ascii: "]"), text)
        }
        depth -= 1
        return elements
    }

    /// Steps over an opening bracket.
    private mutating func enter() throws(JSONFault) {
        guard depth < Self.deepest else { throw fault }
        depth += 1
        position += 1
    }

    /// Whether the bracket closes at once, and steps over it then.
    private mutating func closes(with bracket: UInt8, _ text: Span<UInt8>) -> Bool {
        skipBlanks(text)
        guard position < text.count, text[position] == bracket else { return false }
        position += 1
        return true
    }

    /// Steps over a comma (true) or the closing bracket (false).
    private mutating func continues(until bracket: UInt8, _ text: Span<UInt8>) throws(JSONFault) -> Bool {
        if closes(with: bracket, text) { return false }
        try expect(UInt8(ascii: ","), text)
        return true
    }

    private mutating func expect(_ byte: UInt8, _ text: Span<UInt8>) throws(JSONFault) {
        guard position < text.count, text[position] == byte else { throw fault }
        position += 1
    }

    private mutating func skipBlanks(_ text: Span<UInt8>) {
        while position < text.count {
            switch text[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func word(_ word: StaticString, _ text: Span<UInt8>) throws(JSONFault) -> Range<Int> {
        let start = position
        for byte in word.description.utf8 { try expect(byte, text) }
        return start..<position
    }

    private mutating func string(_ text: Span<UInt8>) throws(JSONFault) -> Range<Int> {
        let start = position
        try expect(UInt8(ascii: "\""), text)
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\""):
                position += 1
                return start..<position
            case UInt8(ascii: "\\"):
                try escape(text)
            case 0..<0x20:
                throw fault
            default:
                position += 1
            }
        }
        throw fault
    }

    private mutating func escape(_ text: Span<UInt8>) throws(JSONFault) {
        guard position + 1 < text.count else { throw fault }
        switch text[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        case UInt8(ascii: "u"):
            try unicodeEscape(text)
        default:
            throw fault
        }
    }

    /// Four digits, or twice four where they are a surrogate pair; half a pair has no text.
    private mutating func unicodeEscape(_ text: Span<UInt8>) throws(JSONFault) {
        guard let value = JSONText.hexadecimal(at: position + 2, of: text), !(0xDC00..<0xE000).contains(value)
        else { throw fault }
        guard (0xD800..<0xDC00).contains(value) else {
            position += 6
            return
        }
        guard position + 7 < text.count, text[position + 6] == UInt8(ascii: "\\"),
            text[position + 7] == UInt8(ascii: "u"), let low = JSONText.hexadecimal(at: position + 8, of: text),
            (0xDC00..<0xE000).contains(low)
        else { throw fault }
        position += 12
    }

    private mutating func number(_ text: Span<UInt8>) throws(JSONFault) -> Range<Int> {
        let start = position
        if position < text.count, text[position] == UInt8(ascii: "-") { position += 1 }
        let leading = position
        try digits(text)
        guard text[leading] != UInt8(ascii: "0") || position == leading + 1 else { throw fault }
        if position < text.count, text[position] == UInt8(ascii: ".") {
            position += 1
            try digits(text)
        }
        if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < text.count, text[position] == UInt8(ascii: "+") || text[position] == UInt8(ascii: "-") {
                position += 1
            }
            try digits(text)
        }
        return start..<position
    }

    private mutating func digits(_ text: Span<UInt8>) throws(JSONFault) {
        let start = position
        while position < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[position]) {
            position += 1
        }
        guard position > start else { throw fault }
    }
}
