import Testing

@testable import LaunchConfiguration

/// Values and places as the parser yields them.
struct TOMLDocumentTests {
    /// Every key with its place, and its value with the value's: `a.b 1:1 = 2 1:5`; elements are numbered.
    private func lines(_ text: String) throws -> [String] {
        try lines(TOMLDocument(Array(text.utf8)).root, name: "")
    }

    private func lines(_ node: ConfigurationNode, name: String) -> [String] {
        let written: String
        var inner: [String] = []
        switch node.value {
        case .string(let text): written = "\"\(text)\""
        case .integer(let number): written = String(number)
        case .boolean(let isOn): written = String(isOn)
        case .other(let kind): written = kind
        case .array(let elements):
            written = "array"
            inner = elements.enumerated().flatMap { lines($1, name: "\(name)[\($0)]") }
        case .table(let members):
            written = "table"
            inner = members.flatMap { member in
                let key = "\(name.isEmpty ? "" : name + ".")\(member.key)"
                return ["\(key) \(location(member.keyLocation))"] + lines(member.node, name: key)
            }
        }
        return ["\(name) = \(written) \(location(node.location))"] + inner
    }

    private func location(_ location: TextLocation) -> String { "\(location.line):\(location.column)" }

    @Test(
        arguments: [
            ("a = \"x\\ty\"", ["a 1:1", "a = \"x\ty\" 1:5"]),
            ("a = \"\"\"\nx\"\"\"", ["a 1:1", "a = \"x\" 1:5"]),
            ("a=-9223372036854775808", ["a 1:1", "a = -9223372036854775808 1:3"]),
            ("a = 0xff", ["a 1:1", "a = 255 1:5"]),
            ("a = 1.5e3", ["a 1:1", "a = a number with a fraction 1:5"]),
            ("  a = true", ["a 1:3", "a = true 1:7"]),
            ("a = 1979-05-27 07:32:00Z", ["a 1:1", "a = a date or time 1:5"]),
            ("a = 07:32:00", ["a 1:1", "a = a date or time 1:5"]),
            ("a = [1,\n  2]", ["a 1:1", "a = array 1:5", "a[0] = 1 1:6", "a[1] = 2 2:3"]),
            ("b.a = 1", ["b 1:1", "b = table 1:1", "b.a 1:3", "b.a = 1 1:7"]),
            ("z = {y = 1, x = 2}", ["z 1:1", "z = table 1:5", "z.y 1:6", "z.y = 1 1:10", "z.x 1:13", "z.x = 2 1:17"]),
            ("[b.a]\nc = 1", ["b 1:2", "b = table 1:1", "b.a 1:4", "b.a = table 1:1", "b.a.c 2:1", "b.a.c = 1 2:5"]),
            (
                "[[a]]\n[[a]]\nb = 1",
                ["a 1:3", "a = array 1:1", "a[0] = table 1:1", "a[1] = table 2:1", "a[1].b 3:1", "a[1].b = 1 3:5"]
            ),
            ("\u{FEFF}\"é\" = 'ß'\r\nb = 1", ["é 1:1", "é = \"ß\" 1:7", "b 2:1", "b = 1 2:5"]),
        ])
    func `a value has its location`(text: String, expected: [String]) throws {
        #expect(try lines(text) == [" = table 1:1"] + expected)
    }

    @Test(
        arguments: [
            ("a = 9223372036854775808", "decimal integer"), ("a = 1e400", "floating-point"),
            ("a = 1979-02-30", "date"), ("a = 25:00:00", "time"), ("a = +", "value"), ("[a", "table header"),
        ])
    func `a text that is no TOML is a problem with its location`(text: String, scope: String) {
        let problem = #expect(throws: TOMLDocument.Problem.self) { try TOMLDocument(Array(text.utf8)) }
        #expect(problem?.scope == scope)
        #expect(problem?.location.line == 1)
    }
}
