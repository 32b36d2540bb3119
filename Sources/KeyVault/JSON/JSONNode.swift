/// Where one value of a JSON text lies (RFC 8259): positions only, so that parsing a secret copies nothing of it.
///
/// A node is used with the text it was read from.
struct JSONNode {
    enum Kind {
        case object([Member])
        case array([JSONNode])
        case string
        case number
        case boolean(Bool)
        case null
    }

    struct Member {
        /// The name with its quotation marks.
        let name: Range<Int>
        let value: JSONNode
    }

    let kind: Kind
    /// The whole value, a string with its quotation marks.
    let range: Range<Int>

    /// The values under a member's name, in the text's order; none where this is no object.
    func members(named name: String, in text: Span<UInt8>) -> [JSONNode] {
        guard case .object(let members) = kind else { return [] }
        var found: [JSONNode] = []
        for member in members where JSONText.isString(member.name, equalTo: name, in: text) {
            found.append(member.value)
        }
        return found
    }

    /// A string's text; nil where this is no string.
    func string(in text: Span<UInt8>) -> String? {
        guard case .string = kind else { return nil }
        var plain = PlainBytes()
        JSONText.unescape(range, of: text, into: &plain)
        return String(decoding: plain.bytes, as: UTF8.self)
    }

    /// A number without fraction or exponent; nil where this is none, or is too large.
    func integer(in text: Span<UInt8>) -> Int64? {
        guard case .number = kind else { return nil }
        var digits: [UInt8] = []
        for index in range { digits.append(text[index]) }
        return Int64(String(decoding: digits, as: UTF8.self))
    }
}

/// Why a text is not JSON, and where; never the text.
struct JSONFault: Error, Equatable {
    /// Bytes before the fault.
    let offset: Int
}

/// What takes the text of a JSON string, piece by piece.
protocol ByteSink: ~Copyable {
    mutating func append(_ bytes: Span<UInt8>)
}

/// Bytes that are no secret: names, dates, tags.
struct PlainBytes: ByteSink {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ bytes: Span<UInt8>) {
        for index in bytes.indices { self.bytes.append(bytes[index]) }
    }
}

/// The text of JSON strings that a reader has found to be well-formed.
enum JSONText {
    /// Appends a string's text; `string` holds its quotation marks.
    static func unescape<Sink: ByteSink & ~Copyable>(
        _ string: Range<Int>, of text: Span<UInt8>, into output: inout Sink
    ) {
        let end = string.upperBound - 1
        var start = string.lowerBound + 1
        var index = start
        while index < end {
            guard text[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            output.append(text.extracting(start..<index))
            index = appendEscape(at: index, of: text, into: &output)
            start = index
        }
        output.append(text.extracting(start..<end))
    }

    /// Whether a string's text is exactly `wanted`.
    static func isString(_ string: Range<Int>, equalTo wanted: String, in text: Span<UInt8>) -> Bool {
        let wanted = wanted.utf8
        // An escape is longer than what it stands for: a shorter source can't be equal.
        guard string.count - 2 >= wanted.count else { return false }
        if string.count - 2 == wanted.count {
            var index = string.lowerBound + 1
            for byte in wanted {
                guard text[index] == byte, byte != UInt8(ascii: "\\") else { return false }
                index += 1
            }
            return true
        }
        if isPlain(string, in: text) { return false }
        var plain = PlainBytes()
        unescape(string, of: text, into: &plain)
        return plain.bytes.elementsEqual(wanted)
    }

    /// Whether a string needs no unescaping: its text lies between its quotation marks as it is.
    static func isPlain(_ string: Range<Int>, in text: Span<UInt8>) -> Bool {
        for index in string where text[index] == UInt8(ascii: "\\") { return false }
        return true
    }

    /// The value of four hexadecimal digits; nil where they are none.
    static func hexadecimal(at index: Int, of text: Span<UInt8>) -> UInt32? {
        guard index + 4 <= text.count else { return nil }
        var value: UInt32 = 0
        for position in index..<index + 4 {
            guard let digit = hexadecimalDigit(text[position]) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    private static func appendEscape<Sink: ByteSink & ~Copyable>(
        at index: Int, of text: Span<UInt8>, into output: inout Sink
    ) -> Int {
        let simple: UInt8
        switch text[index + 1] {
        case UInt8(ascii: "b"): simple = 0x08
        case UInt8(ascii: "f"): simple = 0x0C
        case UInt8(ascii: "n"): simple = 0x0A
        case UInt8(ascii: "r"): simple = 0x0D
        case UInt8(ascii: "t"): simple = 0x09
        case UInt8(ascii: "u"):
            return appendScalar(at: index, of: text, into: &output)
        default: simple = text[index + 1]
        }
        output.append([simple].span)
        return index + 2
    }

    private static func appendScalar<Sink: ByteSink & ~Copyable>(
        at index: Int, of text: Span<UInt8>, into output: inout Sink
    ) -> Int {
        var value = hexadecimal(at: index + 2, of: text) ?? 0xFFFD
        var next = index + 6
        if (0xD800..<0xDC00).contains(value), let low = hexadecimal(at: index + 8, of: text) {
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            next = index + 12
        }
        let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
        output.append(Array(String(Character(scalar)).utf8).span)
        return next
    }
}

/// The value of one hexadecimal digit of either case; nil where it is none.
func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
