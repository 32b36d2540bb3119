import Secrets
import Testing

@testable import Delivery

/// What a template writes, and what it refuses (mustache(5), as far as a template that only names secrets goes).
struct TemplateMarkupTests {
    private static let values = ["a": "one", "b-2": "x'y\"<&>\\", "empty": ""]

    private func rendered(_ text: String) throws(DeliveryError) -> String {
        let template = try Template(text, path: "t")
        var set = SecretSet()
        var slots: [String: SecretSet.Slot] = [:]
        for (name, value) in Self.values {
            let bytes = Array(value.utf8)
            slots[name] = set.append(bytes.span)
        }
        let slot = try template.render(slots, in: &set, target: "f")
        return set.withBytes(of: slot) { bytes in String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
    }

    @Test(arguments: [
        ("", ""),
        ("no tag at all\n", "no tag at all\n"),
        ("{{a}}", "one"),
        ("{{ a }}{{{a}}}{{&a}}{{& a }}", "oneoneoneone"),
        ("[{{b-2}}]", "[x'y\"<&>\\]"),
        ("{{json(b-2)}}", #""x'y\"<&>\\""#),
        ("{{shell(b-2)}}", #"'x'\''y"<&>\'"#),
        ("{{empty}}|{{json(empty)}}", #"|"""#),
        ("a {{a}}\n\n  {{a}}  \r\nz", "a one\n\n  one  \r\nz"),
        ("one } two }} {{a}}", "one } two }} one"),
        ("{{a}} trailing blanks  ", "one trailing blanks  "),
    ])
    func `values stand where their names were`(text: String, expected: String) throws {
        #expect(try rendered(text) == expected)
    }

    @Test(arguments: [
        ("x {{! a note }} y", "x  y"),
        ("x\n  {{! a note }}  \ny", "x\ny"),
        ("x\r\n{{! a note }}\r\ny", "x\r\ny"),
        ("{{! first }}\ny", "y"),
        ("x\n  {{! last }}", "x\n"),
        ("x\n{{! over\n two lines }}\ny", "x\ny"),
        ("x\n{{! not alone }} {{a}}\ny", "x\n one\ny"),
        ("x\n{{a}} {{! behind }}\ny", "x\none \ny"),
        ("{{! {{a}} }}", " }}"),
    ])
    func `a comment writes nothing, and goes with a line that it has to itself`(text: String, expected: String) throws {
        #expect(try rendered(text) == expected)
    }

    @Test(arguments: [
        ("{{=<% %>=}}<%a%> {{a}}", "one {{a}}"),
        ("{{=<% %>=}}\n<%a%>\n<%={{ }}=%>\n{{a}}\n", "one\none\n"),
        ("{{= | | =}}|a| |json(a)|", #"one "one""#),
    ])
    func `other delimiters are taken`(text: String, expected: String) throws {
        #expect(try rendered(text) == expected)
    }

    @Test(arguments: [
        ("{{a", 1, 1), ("x\n {{#a}}{{/a}}", 2, 2), ("{{^a}}", 1, 1), ("\n\n{{>part}}", 3, 1), ("{{a.b}}", 1, 1),
        ("{{}}", 1, 1), ("{{html(a)}}", 1, 1), ("{{=x=}}", 1, 1), ("{{{a}}", 1, 1), ("{{%PRAGMA}}", 1, 1),
        ("{{.}}", 1, 1), ("{{json()}}", 1, 1),
    ])
    func `what only looks like a name is refused with its place`(text: String, line: Int, column: Int) {
        let error = #expect(throws: DeliveryError.self) { try rendered(text) }
        guard case .templateSyntax(let place, _) = error else {
            Issue.record("another error: \(String(describing: error))")
            return
        }
        #expect(place == TemplateLocation(path: "t", line: line, column: column))
    }

    @Test func `a name that does not exist is an error with its place and never an empty string`() {
        #expect(throws: DeliveryError.templateName(TemplateLocation(path: "t", line: 2, column: 4), "nobody")) {
            try rendered("{{a}}\n = {{nobody}}")
        }
    }

    @Test func `each name is asked for once, in the order of first use`() throws(DeliveryError) {
        let template = try Template("{{b-2}}{{json(a)}}{{a}}{{! c }}{{b-2}}", path: "t")
        #expect(template.references.map(\.text) == ["b-2", "a"])
    }
}
