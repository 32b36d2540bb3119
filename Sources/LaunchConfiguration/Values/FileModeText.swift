/// File modes in octal digits: `0400`, `440`.
enum FileModeText {
    static func parse(_ text: String) throws(ValueProblem) -> UInt32 {
        let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text[...]
        guard (3...4).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...55).contains($0) }),
            let mode = UInt32(digits, radix: 8)
        else { throw ValueProblem("'\(text)' is no mode", hint: "write octal digits, such as \"0400\"") }
        guard mode <= 0o777 else { throw ValueProblem("'\(text)' has more than permissions", hint: "at most \"0755\"") }
        guard mode & 0o022 == 0 else {
            throw ValueProblem("'\(text)' would let others write to the file", hint: "take \"0440\" or \"0400\"")
        }
        return mode
    }
}
