/// Text made fit for one line of a terminal or a log, within a number of bytes.
///
/// Control characters (ESC and DEL among them), C1 controls, line and paragraph separators, and the invisible
/// characters that reorder or hide text are written out, so that a secret's name or a server's words can't move the
/// cursor, forge a line or turn a line's end around.
package enum PrintableText {
    /// The most bytes of one line, its newline included.
    package static let lineLimit = 1024
    private static let ellipsis = "…"

    /// The text with everything unprintable written out: `\n`, `\t`, `\u{1b}`.
    package static func escaped(_ text: String) -> String {
        clipped(text, to: .max)
    }

    /// The escaped text, cut between two characters and ended by `…` where it is longer than `limit` bytes.
    package static func clipped(_ text: String, to limit: Int) -> String {
        clip(text, to: limit, escape: escape)
    }

    /// The text as the inside of a JSON string (RFC 8259, section 7), cut as `clipped` does.
    package static func json(_ text: String, to limit: Int) -> String {
        clip(text, to: limit, escape: jsonEscape)
    }

    /// A whole document of somebody else's, with its lines as they are: what a terminal would act on is written as JSON
    /// writes it inside of strings, which is where it can stand, or replaced where the form has no way to write it.
    package static func document(_ bytes: [UInt8], isJSON: Bool) -> String {
        var result = String.UnicodeScalarView()
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if scalar == "\n" || scalar == "\t" || !isUnprintable(scalar) {
                result.append(scalar)
            } else if isJSON, let written = jsonEscape(scalar) {
                result.append(contentsOf: written.unicodeScalars)
            } else {
                result.append("\u{FFFD}")
            }
        }
        return String(result)
    }

    private static func clip(_ text: String, to limit: Int, escape: (Unicode.Scalar) -> String?) -> String {
        // Nearly all texts are names and sentences that stay as they are.
        if text.utf8.count <= limit, text.utf8.allSatisfy(isPlain) { return text }
        var result = ""
        // Where the text has to end if the ellipsis must follow.
        var cut = result.endIndex
        var length = 0
        for character in text {
            var piece = ""
            for scalar in character.unicodeScalars {
                if let written = escape(scalar) { piece += written } else { piece.unicodeScalars.append(scalar) }
            }
            let size = piece.utf8.count
            if length <= limit - ellipsis.utf8.count { cut = result.endIndex }
            guard size <= limit - length else { return result[..<cut] + ellipsis }
            result += piece
            length += size
        }
        return result
    }

    /// Whether an ASCII character stands for itself in every form of escaping.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case _ where isUnprintable(scalar): "\\u{\(String(scalar.value, radix: 16))}"
        default: nil
        }
    }

    private static func jsonEscape(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case _ where isUnprintable(scalar):
            String(scalar).utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
        default: nil
        }
    }

    /// Whether a terminal would act on the character, or show nothing where it stands.
    package static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1F, 0x7F...0x9F: true  // C0, DEL, C1
        case 0xAD, 0x61C, 0x180E: true  // soft hyphen, Arabic letter mark, Mongolian vowel separator
        case 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F: true  // zero width, separators, bidirectional
        case 0xFEFF, 0xFFF9...0xFFFB: true  // byte order mark, interlinear annotation
        case 0xE0000...0xE007F: true  // tags
        default: false
        }
    }
}
