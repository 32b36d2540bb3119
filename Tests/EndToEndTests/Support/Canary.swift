import Foundation
import Testing

/// All secret values of these tests contain one word, so that any of them is found wherever it should not be.
enum Canary {
    static let word = "c4n4ry"
    /// How a token begins: `{"typ` or `{"alg` in base64.
    static let tokenSign = "eyJ"

    /// The word as it is, in hexadecimal, and in base64 at each of the three places where it can begin; and a token's.
    static let signs: [String] = {
        let bytes = Array(word.utf8)
        let hexadecimal = bytes.map { String($0, radix: 16) }.joined()
        let encoded = (0..<3).map { shift in
            // The characters that depend on neighbours are left out at both ends.
            let text = Data(repeating: 0, count: shift) + Data(bytes)
            let whole = text.base64EncodedString().filter { $0 != "=" }
            let first = (shift * 8 + 5) / 6
            return String(whole.dropFirst(first).prefix((text.count * 8) / 6 - first))
        }
        return [word, hexadecimal, tokenSign] + encoded
    }()

    /// Signs found in the text; the values themselves are never repeated.
    static func found(in text: String) -> [String] { signs.filter { text.contains($0) } }

    /// A failed expectation for each kind of secret in the text, without the text.
    static func check(_ text: String, in place: String, _ location: SourceLocation = #_sourceLocation) {
        let count = found(in: text).count
        #expect(count == 0, "a secret is in \(place)", sourceLocation: location)
    }
}

/// FNV-1a as the probe prints it: what a value is, without the value.
func fingerprint(_ value: String) -> String { fingerprint(bytes: Array(value.utf8)) }

func fingerprint(bytes: [UInt8]) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return "size=\(bytes.count) fnv=" + String(repeating: "0", count: 16 - digits.count) + digits
}

/// The text as a basic string of TOML.
func quotedForTOML(_ text: String) -> String {
    let scalars = text.unicodeScalars.map { scalar in
        let isPlain = scalar.value >= 0x20 && scalar.value != 0x7f && scalar != "\"" && scalar != "\\"
        let digits = String(scalar.value, radix: 16)
        return isPlain ? String(scalar) : "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
    return "\"\(scalars.joined())\""
}
