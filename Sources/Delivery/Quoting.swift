import Cryptography
import Secrets

/// Text in the quotes of other languages, byte by byte and without a copy in a string.
enum Quoting {
    /// A JSON string (RFC 8259): quotes, backslashes and control characters escaped, the rest as it is.
    static func json(_ text: Span<UInt8>, into out: inout SecretBuffer) {
        write(text, between: "\"", into: &out) { byte in
            switch byte {
            case UInt8(ascii: "\""): "\\\""
            case UInt8(ascii: "\\"): "\\\\"
            case UInt8(ascii: "\n"): "\\n"
            case UInt8(ascii: "\r"): "\\r"
            case UInt8(ascii: "\t"): "\\t"
            case 0..<0x20, 0x7f: "\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            default: nil
            }
        }
    }

    /// One word of a POSIX shell: between single quotes, a single quote as `'\''`.
    static func shell(_ text: Span<UInt8>, into out: inout SecretBuffer) {
        write(text, between: "'", into: &out) { $0 == UInt8(ascii: "'") ? "'\\''" : nil }
    }

    /// Percent-encoded, all but the unreserved characters (RFC 3986, sections 2.1 and 2.3).
    static func url(_ text: Span<UInt8>, into out: inout SecretBuffer) {
        write(text, between: "", into: &out) { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                nil
            case _ where "-._~".utf8.contains(byte): nil
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
    }

    /// RFC 4648, section 4.
    static func base64(_ value: Span<UInt8>, into out: inout SecretBuffer) {
        base64Encoded(value).withBytes { out.append($0) }
    }

    /// A value of a dotenv file, between the quotes that `DotenvValue` found.
    static func dotenv(_ text: Span<UInt8>, _ quote: DotenvQuote, into out: inout SecretBuffer) {
        switch quote {
        case .single:
            write(text, between: "'", into: &out) { _ in nil }
        case .double:
            write(text, between: "\"", into: &out) { byte in
                switch byte {
                case UInt8(ascii: "\""): "\\\""
                case UInt8(ascii: "\\"): "\\\\"
                default: nil
                }
            }
        }
    }

    /// Writes the bytes, and replaces some of them by what `escape` returns.
    private static func write(
        _ text: Span<UInt8>, between quote: String, into out: inout SecretBuffer, escape: (UInt8) -> String?
    ) {
        out.append(quote)
        var start = 0
        for index in text.indices {
            guard let escaped = escape(text[index]) else { continue }
            out.append(text.extracting(start..<index))
            out.append(escaped)
            start = index + 1
        }
        out.append(text.extracting(start..<text.count))
        out.append(quote)
    }
}

extension SecretBuffer {
    /// Appends text that is not secret.
    mutating func append(_ text: String) {
        let bytes = Array(text.utf8)
        append(bytes.span)
    }
}

/// Whether the bytes are UTF-8 (RFC 3629).
func isText(_ bytes: Span<UInt8>) -> Bool {
    (try? UTF8Span(validating: bytes)) != nil
}
