/// Prefixes and tags of bulk selection.
enum SelectionText {
    /// Checks how secrets' names are to start.
    static func prefix(_ text: String) throws(ValueProblem) -> String {
        let isName = text.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isName, text.utf8.count <= 127 else {
            throw ValueProblem("'\(text)' starts no secret's name: they have letters, digits and hyphens")
        }
        return text
    }

    /// Reads `KEY=VALUE`; the value may be empty.
    static func tag(_ text: String) throws(ValueProblem) -> (key: String, value: String) {
        guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
            throw ValueProblem("'\(text)' is no tag", hint: "write KEY=VALUE")
        }
        return (String(text[..<sign]), String(text[text.index(after: sign)...]))
    }
}
