import Messages

/// Reads the lines of an environment file (latchkey(1), ENVIRONMENT FILES), as far as dotenv's readers agree on them.
/// What they take differently is refused, with its line and column. No message quotes a value.
struct EnvironmentFileReader {
    /// A line with its value, unquoted.
    struct Line {
        let name: String
        let value: [UInt8]
        let location: SourceLocation
        /// The value has '${', which some readers would fill in.
        let hasExpansion: Bool
    }

    private let file: String
    private let text: [UInt8]
    private let locations: TextLocations
    private var position: Int

    /// `file`: the file's name as messages show it.
    init(_ bytes: [UInt8], file: String) {
        self.file = file
        text = Self.withUnixLineEnds(bytes)
        locations = TextLocations(text)
        position = text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    private static func withUnixLineEnds(_ bytes: [UInt8]) -> [UInt8] {
        bytes.indices.filter { index in
            bytes[index] != UInt8(ascii: "\r") || index + 1 == bytes.count || bytes[index + 1] != UInt8(ascii: "\n")
        }.map { bytes[$0] }
    }

    /// All lines, in their order.
    mutating func lines() throws(ConfigurationError) -> [Line] {
        if let nul = text.firstIndex(of: 0) { throw mistake(at: nul, "a NUL byte is not allowed") }
        var lines: [Line] = []
        while position < text.count {
            skipBlanks()
            switch peek {
            case UInt8(ascii: "\n"): position += 1
            case UInt8(ascii: "#"): skipLine()
            case nil: break
            default: lines.append(try line())
            }
        }
        return lines
    }

    private var peek: UInt8? { position < text.count ? text[position] : nil }

    private mutating func skipBlanks() {
        while let byte = peek, byte.isBlank { position += 1 }
    }

    private mutating func skipLine() {
        while let byte = peek, byte != UInt8(ascii: "\n") { position += 1 }
    }

    private mutating func line() throws(ConfigurationError) -> Line {
        let export = Array("export".utf8)
        if text[position...].starts(with: export), position + 6 < text.count, text[position + 6].isBlank {
            position += 6
            skipBlanks()
        }
        let start = position
        while let byte = peek, byte.isOfName { position += 1 }
        let name = String(decoding: text[start..<position], as: UTF8.self)
        skipBlanks()
        guard peek == UInt8(ascii: "="), !name.isEmpty else {
            throw mistake(
                at: start, "expected NAME=value; a name has letters, digits, '_', '.', '-' and ':'",
                hint: "a value of several lines needs quotes; '#' begins a comment")
        }
        do { try NameTexts.checkVariable(name) } catch { throw mistake(at: start, error.reason) }
        position += 1
        skipBlanks()
        let (value, hasExpansion) = try value()
        return Line(name: name, value: value, location: location(start), hasExpansion: hasExpansion)
    }

    private mutating func value() throws(ConfigurationError) -> ([UInt8], hasExpansion: Bool) {
        switch peek {
        case UInt8(ascii: "'"): return (try quoted(), false)
        case UInt8(ascii: "\""): return try doubleQuoted()
        case UInt8(ascii: "`"):
            throw mistake(
                at: position, "a value in backquotes is taken differently by programs that read such files",
                hint: "put it in single quotes")
        default: return unquoted()
        }
    }

    /// Up to the line's end, or to a comment after a blank.
    private mutating func unquoted() -> ([UInt8], hasExpansion: Bool) {
        let start = position
        while let byte = peek, byte != UInt8(ascii: "\n") {
            if byte == UInt8(ascii: "#"), text[position - 1].isBlank { break }
            position += 1
        }
        var value = text[start..<position]
        while value.last?.isBlank == true { value.removeLast() }
        skipLine()
        return (Array(value), value.contains([UInt8(ascii: "$"), UInt8(ascii: "{")]))
    }

    private mutating func quoted() throws(ConfigurationError) -> [UInt8] {
        let start = position
        guard let end = text[(start + 1)...].firstIndex(of: UInt8(ascii: "'")) else { throw unclosed(start) }
        position = end + 1
        try expectEnd()
        return Array(text[start + 1..<end])
    }

    private mutating func doubleQuoted() throws(ConfigurationError) -> ([UInt8], hasExpansion: Bool) {
        let start = position
        var value: [UInt8] = []
        var hasExpansion = false
        position += 1
        while let byte = peek, byte != UInt8(ascii: "\"") {
            position += 1
            if byte == UInt8(ascii: "\\"), let next = peek, let meant = Self.escapes[next] {
                value.append(meant)
                position += 1
                continue
            }
            if byte == UInt8(ascii: "$"), peek == UInt8(ascii: "{") { hasExpansion = true }
            value.append(byte)
        }
        guard peek != nil else { throw unclosed(start) }
        position += 1
        try expectEnd()
        return (value, hasExpansion)
    }

    /// What stands for what behind a backslash; before anything else a backslash stands for itself.
    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09, UInt8(ascii: "\""): 0x22,
        UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "$"): 0x24, UInt8(ascii: "`"): 0x60,
    ]

    /// Nothing but a comment follows a closing quote.
    private mutating func expectEnd() throws(ConfigurationError) {
        skipBlanks()
        switch peek {
        case nil, UInt8(ascii: "\n"): break
        case UInt8(ascii: "#"): skipLine()
        default:
            throw mistake(
                at: position, "the value goes on behind its closing quote",
                hint: "a single quote can stand only between double quotes, and a double quote there as '\\\"'")
        }
    }

    private func unclosed(_ offset: Int) -> ConfigurationError {
        mistake(at: offset, "the quote is not closed", hint: "close it, or put the value in other quotes")
    }

    private func location(_ offset: Int) -> SourceLocation {
        let location = locations[offset]
        return SourceLocation("\(file):\(location.line):\(location.column)")
    }

    private func mistake(at offset: Int, _ reason: String, hint: String? = nil) -> ConfigurationError {
        ConfigurationError(
            .environmentFileSyntax, exit: .configuration, "\(location(offset)): \(reason)", hint: hint)
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }

    /// Whether dotenv's readers have it in names; ':' stands in .NET's.
    fileprivate var isOfName: Bool { isBareKeyByte || self == UInt8(ascii: ".") || self == UInt8(ascii: ":") }
}
