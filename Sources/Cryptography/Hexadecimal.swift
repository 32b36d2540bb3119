package import Secrets

/// Two digits for each byte, in lower case.
package func hexadecimal(_ bytes: Span<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for index in bytes.indices {
        text.append(digits[Int(bytes[index] >> 4)])
        text.append(digits[Int(bytes[index] & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}

/// Decodes pairs of digits of either case; line ends and blanks between pairs are skipped.
package func hexadecimalDecoded(_ text: Span<UInt8>) throws(CryptographyError) -> SecretBytes {
    var digits = 0
    for index in text.indices {
        if isBlank(text[index]) {
            guard digits % 2 == 0 else { throw .malformed(what: "hexadecimal") }
        } else {
            guard digitValue(text[index]) != nil else { throw .malformed(what: "hexadecimal") }
            digits += 1
        }
    }
    guard digits % 2 == 0 else { throw .malformed(what: "hexadecimal") }
    return SecretBytes(count: digits / 2) { (room) in
        var position = 0
        for index in text.indices {
            guard let value = digitValue(text[index]) else { continue }
            room[position / 2] = position % 2 == 0 ? value << 4 : room[position / 2] | value
            position += 1
        }
    }
}

private func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n")
}

private func digitValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
