import Messages
import Testing

@Suite struct JSONReaderTests {
    private func reads(_ text: String) -> Bool {
        (try? JSONReader.read(Array(text.utf8).span)) != nil
    }

    @Test(arguments: [
        "{}", "[]", "0", "-0", "1e5", "1.5E-3", "\"\"", "true", "false", "null", " [ 1 , 2 ] ", "{\"a\":{\"b\":[]}}",
        "\"\\u0000\\ud83d\\udd11\\n\\/\"", "\u{FEFF}{}", "\t\r\n1\n", "\"\u{7F}é🔑\"",
    ])
    func `well-formed texts are read`(text: String) {
        #expect(reads(text))
    }

    @Test(arguments: [
        "", " ", "{", "}", "[1,]", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "{\"a\":}", "01", "-", "1.", ".5", "1e", "+1",
        "NaN",
        "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud83d\"", "\"\\udd11\"", "\"\\ud83d\\u0041\"", "\"\\ud83dx\"", "\"\n\"",
        "tru", "nulll", "1 2", "[1 2]", "'a'", "//", "{\"a\":1 \"b\":2}", "[", "{\"a\"", "\"\\", "\"\\u00",
        String(repeating: "[", count: 100_000),
    ])
    func `what is not JSON is refused`(text: String) {
        #expect(!reads(text))
    }

    @Test func `bytes that are not UTF-8 are refused with their place`() {
        let bytes: [UInt8] = [0x22, 0x61, 0xFF, 0x22]
        #expect(throws: JSONFault.syntax(offset: 2)) { try JSONReader.read(bytes.span) }
    }

    @Test func `nesting is read as deep as it is bounded`() {
        let deepest = JSONReader.deepest
        #expect(reads(String(repeating: "[", count: deepest) + String(repeating: "]", count: deepest)))
        #expect(!reads(String(repeating: "[", count: deepest + 1) + String(repeating: "]", count: deepest + 1)))
    }

    @Test(arguments: ["[]", "0", "null", "\"text\"", ""])
    func `what is no object has no members to read`(text: String) {
        #expect(throws: JSONFault.syntax(offset: 0)) { try JSONReader.object(Array(text.utf8).span) }
    }

    /// What reading a member of `{"a": VALUE}` as a number of one byte leads to.
    private func byte(_ value: String) throws -> UInt8? {
        let text = Array(#"{"a": \#(value)}"#.utf8)
        return try JSONReader.object(text.span).integer("a", in: text.span)
    }

    @Test func `an integer is read within the bounds of its type`() throws {
        #expect(try byte("255") == 255)
        #expect(try byte("null") == nil)
    }

    @Test(arguments: [
        "256", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e2", "1.0", "\"1\"",
        "true",
    ])
    func `any other number is malformed, and traps nothing`(value: String) {
        #expect(throws: JSONFault.malformed("a")) { try byte(value) }
    }

    @Test(arguments: [
        (#"{"a": 1, "a": 1}"#, true), (#"{"a": 1, "\u0061": 1}"#, true), (#"{"a": {"b": 1, "b": 2}, "b": 3}"#, false),
        (#"{"a": "\",\"a\":1", "b": ["a", "a"]}"#, false), ("{}", false), (#"["a", "a"]"#, false),
    ])
    func `a member that stands twice is seen, however it is written`(text: String, isTwice: Bool) throws {
        let text = Array(text.utf8)
        #expect(try JSONReader.read(text.span).hasMemberTwice(in: text.span) == isTwice)
    }
}
