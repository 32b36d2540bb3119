import Messages

/// Parses a Mustache template before anything is fetched: text, and names with their source locations. Refuses what is
/// not allowed.
///
/// It accepts variables, functions of them (`Quote`), comments and other delimiters (mustache(5)). A section or a
/// partial would read something else than the named secrets, or write nothing if a name is missing.
struct TemplateScanner {
    /// A part of a template, in their order.
    enum Piece: Equatable, Sendable {
        case text([UInt8])
        case use(Use)
    }

    /// A reference in a template.
    struct Use: Equatable, Sendable {
        /// As it is written: `db-password`, `smtp#/password`.
        let reference: String
        let location: TemplateLocation
        let quoting: Quote
    }

    /// How a value is written: by the function of that name, or as it is.
    enum Quote: String, Equatable, Sendable, CaseIterable {
        case plain = ""
        /// Between double quotes (RFC 8259, section 7).
        case json
        /// As one word of a POSIX shell.
        case shell
        /// For any part of a URL (RFC 3986, section 2.1).
        case url
        /// RFC 4648, section 4.
        case base64
    }

    private let path: String
    private let isInline: Bool
    private var rest: Substring
    private var line = 1
    private var column = 1
    /// Only blanks precede `rest` on its line.
    private var isBlankSoFar = true
    private var opening = "{{"
    private var closing = "}}"
    private var pieces: [Piece] = []

    /// All pieces, in their order.
    static func pieces(of text: String, path: String, isInline: Bool = false) throws(DeliveryError) -> [Piece] {
        var scanner = TemplateScanner(path: path, isInline: isInline, rest: text[...])
        while try scanner.nextTag() {}
        return scanner.pieces
    }

    private init(path: String, isInline: Bool, rest: Substring) {
        self.path = path
        self.isInline = isInline
        self.rest = rest
    }

    private var location: TemplateLocation {
        TemplateLocation(path: path, isInline: isInline, line: line, column: column)
    }

    private mutating func advance(_ count: Int) {
        for character in rest.prefix(count) {
            if character.isNewline {
                line += 1
                column = 1
                isBlankSoFar = true
            } else {
                column += 1
                isBlankSoFar = isBlankSoFar && character.isWhitespace
            }
        }
        rest = rest.dropFirst(count)
    }

    /// Advances past the next tag; false at the end.
    ///
    /// If a comment or a change of delimiters is alone on its line, skips the whole line.
    private mutating func nextTag() throws(DeliveryError) -> Bool {
        var text = rest.firstRange(of: opening).map { rest[..<$0.lowerBound] } ?? rest
        advance(text.count)
        let isAtEnd = rest.isEmpty
        let isFirstOfLine = isBlankSoFar
        let tag = isAtEnd ? nil : try readTag()
        if !isAtEnd, tag == nil, isFirstOfLine, skipBlankLine() {
            text = text.lastIndex(where: \.isNewline).map { text[...$0] } ?? ""
        }
        if !text.isEmpty { pieces.append(.text(Array(text.utf8))) }
        if let tag { pieces.append(.use(tag)) }
        return !isAtEnd
    }

    /// Advances past the line's end if only blanks come before it.
    private mutating func skipBlankLine() -> Bool {
        let blanks = rest.prefix { $0.isWhitespace && !$0.isNewline }
        let after = rest[blanks.endIndex...]
        guard after.first?.isNewline ?? true else { return false }
        advance(blanks.count + (after.isEmpty ? 0 : 1))
        return true
    }

    /// Reads one tag; nil if it writes nothing.
    private mutating func readTag() throws(DeliveryError) -> Use? {
        let location = location
        advance(opening.count)
        let isTriple = rest.first == "{"
        let isDelimiters = rest.first == "="
        let end = isTriple ? "}" + closing : isDelimiters ? "=" + closing : closing
        guard let range = rest.firstRange(of: end) else {
            throw .templateSyntax(location, "the tag is not closed with '\(end)'")
        }
        let content = String(rest[..<range.lowerBound])
        advance(content.count + end.count)
        if isDelimiters {
            try setDelimiters(String(content.dropFirst()), location)
        }
        if isDelimiters || content.first == "!" { return nil }
        let isRaw = isTriple || content.first == "&"
        return try use(isRaw ? String(content.dropFirst()) : content, location)
    }

    private mutating func setDelimiters(_ content: String, _ location: TemplateLocation) throws(DeliveryError) {
        let words = content.split(whereSeparator: \.isWhitespace)
        let isPlain = words.allSatisfy { word in
            word.allSatisfy { $0.isASCII && ($0.isPunctuation || $0.isSymbol) && !"=(){}-.".contains($0) }
        }
        let isUsual = words == ["{{", "}}"]
        guard words.count == 2, isPlain || isUsual else {
            throw .templateSyntax(location, "delimiters are two words of punctuation: '{{=<% %>=}}'")
        }
        opening = String(words[0])
        closing = String(words[1])
    }

    private func use(_ content: String, _ location: TemplateLocation) throws(DeliveryError) -> Use {
        let text = content.drop(while: \.isWhitespace)
        let inner = String(text.reversed().drop(while: \.isWhitespace).reversed())
        if let first = inner.first, let what = Self.forbidden[first] {
            throw .templateSyntax(location, "\(what) are not supported: a template reads the secrets that it names")
        }
        // The parentheses of an App Service reference are its own.
        guard inner.hasSuffix(")"), !inner.hasPrefix("@"), let parenthesis = inner.firstIndex(of: "(") else {
            return Use(reference: try checked(inner, location), location: location, quoting: .plain)
        }
        let function = inner[..<parenthesis]
        guard !function.isEmpty, let quoting = Quote(rawValue: String(function)) else {
            let names = Quote.allCases.map(\.rawValue).filter { !$0.isEmpty }
            let near = Suggestion.nearest(to: String(function), among: names).map { "did you mean '\($0)'?" }
            throw .templateSyntax(
                location,
                "there is no function '\(function)'; \(near ?? "there are \(names.joined(separator: ", "))")")
        }
        let argument = String(inner[inner.index(after: parenthesis)...].dropLast())
        return Use(reference: try checked(argument, location), location: location, quoting: quoting)
    }

    private static let forbidden: [Character: String] = [
        "#": "sections", "^": "inverted sections", "/": "sections", ">": "partials", "<": "parents", "$": "blocks",
        "%": "pragmas",
    ]

    /// Refuses what is no reference at all. Whoever knows the default vault reads the reference.
    private func checked(_ text: String, _ location: TemplateLocation) throws(DeliveryError) -> String {
        let isName = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        let isLonger = ["://", "#/", "/", "token:"].contains(where: text.contains) || text.hasPrefix("@")
        guard !text.isEmpty, isName && text.utf8.count <= 127 || isLonger && !text.contains(where: \.isWhitespace)
        else {
            throw .templateSyntax(location, "'\(text)' is no name of a secret and no other reference")
        }
        return text
    }
}
