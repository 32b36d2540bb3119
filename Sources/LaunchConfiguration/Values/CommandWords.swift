/// A command in one text, split into words as by a shell, without expansion.
enum CommandWords {
    private enum Quote { case single, double }

    /// Splits at spaces, tabs and newlines outside of quotes.
    ///
    /// Quotes and backslashes work as in the POSIX shell (Shell Command Language, 2.2). A shell's operators (`|`, `;`,
    /// `&`, `<`, `>` and parentheses) are refused outside of quotes, because no shell would act on them.
    static func split(_ text: String) throws(ValueProblem) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Quote?
        var characters = text.unicodeScalars.makeIterator()
        while let character = characters.next() {
            switch (quote, character) {
            case (.single, "'"), (.double, "\""): quote = nil
            case (.single, _): word = (word ?? "").appending(character)
            case (.double, "\\"):
                guard let next = characters.next() else { throw unclosed }
                // Between double quotes a backslash is literal, except before these.
                if !["\"", "\\", "$", "`", "\n"].contains(next) { word = (word ?? "").appending("\\") }
                if next != "\n" { word = (word ?? "").appending(next) }
            case (.double, _): word = (word ?? "").appending(character)
            case (nil, "\\"):
                guard let next = characters.next() else { throw ValueProblem("the command ends with a backslash") }
                if next != "\n" { word = (word ?? "").appending(next) }
            case (nil, "'"), (nil, "\""):
                quote = character == "'" ? .single : .double
                word = word ?? ""
            case (nil, " "), (nil, "\t"), (nil, "\n"):
                if let word { words.append(word) }
                word = nil
            case (nil, "|"), (nil, ";"), (nil, "&"), (nil, "<"), (nil, ">"), (nil, "("), (nil, ")"):
                throw ValueProblem(
                    "'\(character)' stands outside of quotes, and no shell runs the command",
                    hint: "quote it, or name a shell: sh -c '…'")
            case (nil, _): word = (word ?? "").appending(character)
            }
        }
        guard quote == nil else { throw unclosed }
        if let word { words.append(word) }
        guard words.first?.isEmpty == false else { throw ValueProblem("the command is empty") }
        return words
    }

    /// The text that splits into these words.
    static func joined(_ words: [String]) -> String {
        words.map { word in
            "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
        }
        .joined(separator: " ")
    }

    private static var unclosed: ValueProblem { ValueProblem("a quote is not closed") }
}

extension String {
    fileprivate func appending(_ character: Unicode.Scalar) -> String {
        var copy = self
        copy.unicodeScalars.append(character)
        return copy
    }
}
