/// The text of JSON strings that a reader has found to be well-formed.
package enum JSONText {
    /// Gives a string's text piece by piece, so that a secret goes into wiped memory only; `string` holds its quotation
    /// marks.
    package static func unescape(_ string: Range<Int>, of text: Span<UInt8>, into sink: (Span<UInt8>) -> Void) {
        let end = string.upperBound - 1
        var start = string.lowerBound + 1
        var index = start
        while index < end {
            guard text[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            sink(text.extracting(start..<index))
            index = unescape(at: index, of: text, into: sink)
            start = index
        }
        sink(text.extracting(start..<end))
    }

    /// A string's text, where that is no secret: names, dates, tags.
    package static func string(_ string: Range<Int>, in text: Span<UInt8>) -> String {
        var plain: [UInt8] = []
        unescape(string, of: text) { piece in
            for index in piece.indices { plain.append(piece[index]) }
        }
        return String(decoding: plain, as: UTF8.self)
    }

    /// Whether a string's text is exactly `wanted`.
    package static func isString(_ string: Range<Int>, equalTo wanted: String, in text: Span<UInt8>) -> Bool {
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
        return self.string(string, in: text).utf8.elementsEqual(wanted)
    }

    /// Whether a string needs no unescaping: its text lies between its quotation marks as it is.
    package static func isPlain(_ string: Range<Int>, in text: Span<UInt8>) -> Bool {
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

    /// Gives what the escape at `index` stands for, and returns where it ends.
    private static func unescape(at index: Int, of text: Span<UInt8>, into sink: (Span<UInt8>) -> Void) -> Int {
        let simple: UInt8
        switch text[index + 1] {
        case UInt8(ascii: "b"): simple = 0x08
        case UInt8(ascii: "f"): simple = 0x0C
        case UInt8(ascii: "n"): simple = 0x0A
        case UInt8(ascii: "r"): simple = 0x0D
        case UInt8(ascii: "t"): simple = 0x09
        case UInt8(ascii: "u"):
            return unescapeScalar(at: index, of: text, into: sink)
        default: simple = text[index + 1]
        }
        sink([simple].span)
        return index + 2
    }

    private static func unescapeScalar(
        at index: Int, of text: Span<UInt8>, into sink: (Span<UInt8>) -> Void
    ) -> Int {
        var value = hexadecimal(at: index + 2, of: text) ?? 0xFFFD
        var next = index + 6
        if (0xD800..<0xDC00).contains(value), let low = hexadecimal(at: index + 8, of: text) {
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            next = index + 12
        }
        let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
        sink(Array(String(Character(scalar)).utf8).span)
        return next
    }
}

/// The value of one hexadecimal digit of either case; nil where it is none.
private func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
