/// Finds the tags of a template before anything is fetched: names with their places, and what is not allowed.
///
/// Allowed are variables, `json(…)` and `shell(…)` of them, comments and other delimiters. A section or a partial would
/// read something else than the named secrets, or write nothing where a name is missing.
struct TemplateScanner {
    /// A secret's name in a template.
    struct Use: Equatable, Sendable {
        let name: String
        let place: TemplatePlace
        /// Whether the shell's quotes are asked for, which can't hold a NUL.
        let isShell: Bool
    }

    private let path: String
    private var rest: Substring
    private var line = 1
    private var column = 1
    private var opening = "{{"
    private var closing = "}}"
    private(set) var uses: [Use] = []

    /// All uses, in their order.
    static func uses(in text: String, path: String) throws(DeliveryError) -> [Use] {
        var scanner = TemplateScanner(path: path, rest: text[...])
        while try scanner.nextTag() {}
        return scanner.uses
    }

    private init(path: String, rest: Substring) {
        self.path = path
        self.rest = rest
    }

    private var place: TemplatePlace { TemplatePlace(path: path, line: line, column: column) }

    private mutating func advance(_ count: Int) {
        for character in rest.prefix(count) {
            if character.isNewline {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        rest = rest.dropFirst(count)
    }

    /// Goes behind the next tag; false at the end.
    private mutating func nextTag() throws(DeliveryError) -> Bool {
        while !rest.hasPrefix(opening) {
            if rest.isEmpty { return false }
            advance(1)
        }
        let place = place
        advance(opening.count)
        let isTriple = rest.first == "{"
        let isDelimiters = rest.first == "="
        let end = isTriple ? "}" + closing : isDelimiters ? "=" + closing : closing
        guard let range = rest.firstRange(of: end) else {
            throw .templateSyntax(place, "the tag is not closed with '\(end)'")
        }
        let content = String(rest[..<range.lowerBound])
        advance(content.count + end.count)
        if isDelimiters {
            try setDelimiters(String(content.dropFirst()), place)
        } else if content.first != "!" {
            let isRaw = isTriple || content.first == "&"
            try use(isRaw ? String(content.dropFirst()) : content, place)
        }
        return true
    }

    private mutating func setDelimiters(_ content: String, _ place: TemplatePlace) throws(DeliveryError) {
        let words = content.split(whereSeparator: \.isWhitespace)
        let isPlain = words.allSatisfy { word in
            word.allSatisfy { $0.isASCII && ($0.isPunctuation || $0.isSymbol) && !"=(){}-.".contains($0) }
        }
        let isUsual = words == ["{{", "}}"]
        guard words.count == 2, isPlain || isUsual else {
            throw .templateSyntax(place, "delimiters are two words of punctuation: '{{=<% %>=}}'")
        }
        opening = String(words[0])
        closing = String(words[1])
    }

    private mutating func use(_ content: String, _ place: TemplatePlace) throws(DeliveryError) {
        let text = content.drop(while: \.isWhitespace)
        let inner = String(text.reversed().drop(while: \.isWhitespace).reversed())
        if let first = inner.first, let what = Self.forbidden[first] {
            throw .templateSyntax(place, "\(what) are not supported: a template reads the secrets that it names")
        }
        guard inner.hasSuffix(")"), let parenthesis = inner.firstIndex(of: "(") else {
            try add(inner, place, isShell: false)
            return
        }
        let function = inner[..<parenthesis]
        guard function == "json" || function == "shell" else {
            throw .templateSyntax(place, "there is no function '\(function)'; there are 'json' and 'shell'")
        }
        try add(String(inner[inner.index(after: parenthesis)...].dropLast()), place, isShell: function == "shell")
    }

    private static let forbidden: [Character: String] = [
        "#": "sections", "^": "inverted sections", "/": "sections", ">": "partials", "<": "parents", "$": "blocks",
        "%": "pragmas",
    ]

    private mutating func add(_ name: String, _ place: TemplatePlace, isShell: Bool) throws(DeliveryError) {
        let isName = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        guard !name.isEmpty, isName, name.utf8.count <= 127 else {
            throw .templateSyntax(place, "'\(name)' is no name of a secret")
        }
        uses.append(Use(name: name, place: place, isShell: isShell))
    }
}
