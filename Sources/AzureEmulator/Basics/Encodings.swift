import FoundationEssentials

/// Lower-case hexadecimal text.
package enum Hex {
    package static func text(_ bytes: some Sequence<UInt8>) -> String {
        var output: [UInt8] = []
        let digits = Array("0123456789abcdef".utf8)
        for byte in bytes {
            output.append(digits[Int(byte >> 4)])
            output.append(digits[Int(byte & 15)])
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// As many random hexadecimal digits as asked for; a version of a secret has 32.
    package static func random(digits: Int) -> String {
        var output: [UInt8] = []
        for _ in 0..<(digits + 1) / 2 { output.append(UInt8.random(in: .min ... .max)) }
        return String(text(output).prefix(digits))
    }
}

/// Base64 with and without the URL's alphabet (RFC 4648).
package enum Base64 {
    package static func text(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString()
    }

    /// The URL's alphabet, without padding.
    package static func urlText(_ bytes: some Sequence<UInt8>) -> String {
        var text = Data(bytes).base64EncodedString()
        while text.last == "=" { text.removeLast() }
        return String(text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }

    /// Reads either alphabet, padded or not; nil if it is neither.
    package static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        var plain = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        while plain.last == "=" { plain.removeLast() }
        while plain.utf8.count % 4 != 0 { plain.append("=") }
        return Data(base64Encoded: plain).map { Array($0) }
    }
}

/// Percent escapes of paths, queries and forms.
package enum Percent {
    /// The text behind the escapes; in queries and forms a plus is a space.
    package static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(text)
        }
        let bytes = Array(text.utf8)
        var output: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let value = UInt8(String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                output.append(value)
                index += 3
                continue
            }
            let isSpace = plusIsSpace && bytes[index] == UInt8(ascii: "+")
            output.append(isSpace ? UInt8(ascii: " ") : bytes[index])
            index += 1
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// The pairs of a query or of a form's body, in their order.
    package static func pairs(_ text: some StringProtocol) -> [(name: String, value: String)] {
        text.split(separator: "&").map { pair in
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (
                decode(halves[0], plusIsSpace: true), halves.count > 1 ? decode(halves[1], plusIsSpace: true) : ""
            )
        }
    }
}

/// Identifiers as Azure's answers have them.
package enum Identifier {
    /// A random UUID in lower case.
    package static func random() -> String { UUID().uuidString.lowercased() }

    package static func isUUID(_ text: String) -> Bool { UUID(uuidString: text) != nil }
}
