package import Secrets

/// The two alphabets of RFC 4648: sections 4 and 5.
package enum Base64Alphabet: Sendable {
    case standard, url

    fileprivate func symbol(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: value + UInt8(ascii: "A")
        case 26..<52: value - 26 + UInt8(ascii: "a")
        case 52..<62: value - 52 + UInt8(ascii: "0")
        case 62: self == .standard ? UInt8(ascii: "+") : UInt8(ascii: "-")
        default: self == .standard ? UInt8(ascii: "/") : UInt8(ascii: "_")
        }
    }

    fileprivate func value(_ symbol: UInt8) -> UInt8? {
        switch symbol {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): symbol - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): symbol - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): symbol - UInt8(ascii: "0") + 52
        case self.symbol(62): 62
        case self.symbol(63): 63
        default: nil
        }
    }
}

/// Encodes into the alphabet, padded with `=` unless the alphabet is the URL's.
package func base64Encoded(_ bytes: Span<UInt8>, _ alphabet: Base64Alphabet = .standard) -> SecretBytes {
    let padded = alphabet == .standard
    let count = padded ? (bytes.count + 2) / 3 * 4 : (bytes.count * 4 + 2) / 3
    return SecretBytes(count: count) { (room) in
        var target = 0
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let length = min(3, bytes.count - start)
            var group: UInt32 = 0
            for offset in 0..<3 {
                group = group << 8 | (offset < length ? UInt32(bytes[start + offset]) : 0)
            }
            for position in 0..<4 {
                if position <= length {
                    room[target] = alphabet.symbol(UInt8(group >> (18 - 6 * UInt32(position)) & 63))
                } else if padded {
                    room[target] = UInt8(ascii: "=")
                } else {
                    continue
                }
                target += 1
            }
        }
    }
}

/// As `base64Encoded`, for what is no secret.
package func base64Text(_ bytes: Span<UInt8>, _ alphabet: Base64Alphabet = .standard) -> String {
    base64Encoded(bytes, alphabet).withBytes { text in
        String(decoding: (0..<text.count).map { text[$0] }, as: UTF8.self)
    }
}

/// Decodes; blanks and line ends anywhere are skipped (MIME's 76 columns), the padding may be left out.
package func base64Decoded(
    _ text: Span<UInt8>, _ alphabet: Base64Alphabet = .standard
) throws(CryptographyError) -> SecretBytes {
    let symbols = try countedSymbols(text, alphabet)
    return SecretBytes(count: symbols * 3 / 4) { (room) in
        var target = 0
        var bits: UInt32 = 0
        var held = 0
        for index in text.indices {
            guard let value = alphabet.value(text[index]) else { continue }
            bits = (bits << 6 | UInt32(value)) & 0xFFFF
            held += 6
            if held >= 8 {
                held -= 8
                room[target] = UInt8(truncatingIfNeeded: bits >> UInt32(held))
                target += 1
            }
        }
    }
}

/// Checks the text and counts its symbols without blanks and padding.
private func countedSymbols(_ text: Span<UInt8>, _ alphabet: Base64Alphabet) throws(CryptographyError) -> Int {
    var symbols = 0
    var padding = 0
    for index in text.indices {
        switch text[index] {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
            continue
        case UInt8(ascii: "="):
            padding += 1
        case let byte:
            guard padding == 0, alphabet.value(byte) != nil else { throw .malformed(what: "base64") }
            symbols += 1
        }
    }
    guard symbols % 4 != 1, padding == 0 || (padding <= 2 && (symbols + padding) % 4 == 0) else {
        throw .malformed(what: "base64")
    }
    return symbols
}
