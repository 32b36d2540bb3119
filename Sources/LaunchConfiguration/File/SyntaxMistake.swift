/// Explains the mistake in a text that is not TOML. The parser's own message says only what it met.
struct SyntaxMistake {
    let location: TextLocation
    let reason: String
    let hint: String?

    /// The kinds of values that settings have.
    static let values = "a value is a string in quotes, a number, true or false"

    private init(_ location: TextLocation, _ reason: String, hint: String? = nil) {
        self.location = location
        self.reason = reason
        self.hint = hint
    }

    init(_ problem: TOMLDocument.Problem, in locations: TextLocations) {
        self =
            Self.otherFormat(problem, locations) ?? Self.openString(problem, locations) ?? Self.value(
                problem, locations)
            ?? Self.missingName(problem) ?? Self.missingEnd(problem)
            ?? Self(problem.location, "\(problem.scope): \(problem.reason)")
    }

    // MARK: other formats

    /// How many lines of a file show its format.
    private static let firstLines = 10

    private static func otherFormat(_ problem: TOMLDocument.Problem, _ locations: TextLocations) -> SyntaxMistake? {
        if locations.line(problem.location.line).first(where: { !isSpace($0) }) == UInt8(ascii: "{"),
            problem.scope == "root table"
        {
            return Self(
                problem.location, "this looks like JSON; latchkey reads TOML",
                hint: "write NAME = \"VALUE\" on a line of its own, without braces and commas")
        }
        guard problem.location.line <= firstLines, isYAML(locations.line(problem.location.line)) else { return nil }
        return Self(
            problem.location, "this looks like YAML; latchkey reads TOML",
            hint: "write NAME = \"VALUE\", and [table] on a line of its own above what belongs to it")
    }

    /// `---`, `- a`, `a:`, `a: b`.
    private static func isYAML(_ line: ArraySlice<UInt8>) -> Bool {
        let line = line.drop(while: isSpace)
        if line.starts(with: "---".utf8) || line.starts(with: "- ".utf8) { return true }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else { return false }
        let isEnd = colon + 1 == line.endIndex || isSpace(line[colon + 1])
        return isEnd && line[..<colon].allSatisfy { $0.isBareKeyByte || "./\"'".utf8.contains($0) }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { " \t\r".utf8.contains(byte) }

    // MARK: strings and values

    private static func openString(_ problem: TOMLDocument.Problem, _ locations: TextLocations) -> SyntaxMistake? {
        let end = locations.offset(of: problem.location)
        let isLineEnd = problem.reason.contains("control characters") && " \r\n".utf8.contains(locations.text[end])
        guard problem.scope == "string" || problem.scope == "literal string", problem.isEndOfText || isLineEnd,
            let location = TOMLDocument.beginning(Array(locations.text[..<end]))?.lastText(before: problem.location)
        else { return nil }
        let start = locations.offset(of: location)
        let quote = locations.text[start]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return nil }
        let quotes = locations.text[start...].starts(with: [quote, quote, quote]) ? 3 : 1
        let line = locations.line(location.line)[..<(start + quotes)]
        let mark = String(repeating: Character(Unicode.Scalar(quote)), count: quotes)
        // The text before another string may be a value.
        let isFirst = line.dropLast(quotes).allSatisfy { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "'") }
        return Self(
            location, "the string that begins here is not closed",
            hint: "end it with \(mark)" + (isFirst ? ": \(String(decoding: line, as: UTF8.self))…\(mark)" : ""))
    }

    private static let valueScopes = [
        "value", "boolean", "binary integer", "octal integer", "decimal integer", "hexadecimal integer",
        "floating-point", "hexadecimal floating-point", "date", "time", "date-time", "date-time offset",
    ]

    private static func value(_ problem: TOMLDocument.Problem, _ locations: TextLocations) -> SyntaxMistake? {
        guard valueScopes.contains(problem.scope) else { return nil }
        if problem.reason.hasPrefix("exceeded maximum nested value depth") {
            return Self(problem.location, "the values nest too deep")
        }
        let line = locations.line(problem.location.line)
        var start = locations.offset(of: problem.location)
        while start > line.startIndex, !endsValue(start - 1, line) { start -= 1 }
        let isTooLarge = problem.reason.contains("not representable")
        return Self(locations[start], isTooLarge ? "the number does not fit into 64 bits" : values)
    }

    /// Whether a byte ends a word. A space between a date and a time does not.
    private static func endsValue(_ offset: Int, _ line: ArraySlice<UInt8>) -> Bool {
        let isDigit = { (offset: Int) in line.indices.contains(offset) && (0x30...0x39).contains(line[offset]) }
        if line[offset] == UInt8(ascii: " "), isDigit(offset - 1), isDigit(offset + 1) { return false }
        return " \t\r,[]{}=#\"'".utf8.contains(line[offset])
    }

    // MARK: what is missing

    private static func missingName(_ problem: TOMLDocument.Problem) -> SyntaxMistake? {
        guard problem.scope == "table header",
            problem.reason == "unexpected text" || problem.reason.contains("blank bare keys")
        else { return nil }
        return Self(problem.location, "a table's name is missing: write [name] or [\"name\"]")
    }

    private static func missingEnd(_ problem: TOMLDocument.Problem) -> SyntaxMistake? {
        guard problem.isEndOfText else { return nil }
        let missing =
            switch problem.scope {
            case "array", "table header": "']' is missing"
            case "inline table": "'}' is missing"
            case "key-value pair", "key": "'= VALUE' is missing"
            default: "something is missing"
            }
        return Self(problem.location, "the text ends in the middle of \(article(problem.scope)): \(missing)")
    }

    private static func article(_ scope: String) -> String {
        (scope.first.map { "aeiou".contains($0) } == true ? "an " : "a ") + scope
    }
}
