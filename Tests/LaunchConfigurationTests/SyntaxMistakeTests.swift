import LaunchConfiguration
import Messages
import Testing

/// What somebody did who wrote no TOML, and what somebody did who wrote a key twice.
struct SyntaxMistakeTests {
    private static let yaml = "write NAME = \"VALUE\", and [table] on a line of its own above what belongs to it"
    private static let json = "write NAME = \"VALUE\" on a line of its own, without braces and commas"

    @Test(
        arguments: [
            ("vault = \"contoso-web\n[env]\n", "1:9", "end it with \": vault = \"…\""),
            ("[env]\nA = 'x\r\nB = 'y'", "2:5", "end it with ': A = '…'"),
            ("a = 1\nb = \"\"\"x\nc = 2\n", "2:5", "end it with \"\"\": b = \"\"\"…\"\"\""),
            ("a = '''x\n''", "1:5", "end it with ''': a = '''…'''"),
            ("[files.\"a]\n", "1:8", "end it with \": [files.\"…\""),
            ("a = { b = \"c\", d = [ \"e", "1:22", "end it with \""),
            ("a = \"", "1:5", "end it with \": a = \"…\""),
            ("a = \"\\", "1:5", "end it with \": a = \"…\""),
        ])
    func `a string that is not closed is shown where it begins`(toml: String, location: String, hint: String) {
        expect(toml, "error[config-syntax]: latchkey.toml:\(location): the string that begins here is not closed", hint)
    }

    @Test func `of an unclosed string's line nothing is shown that may be a value`() {
        let mistake = Directory("[env]\nA = { secret = \"hush\", vault = \"hush").mistake(["run", "--", "app"])
        #expect(mistake.lines.allSatisfy { !$0.contains("hush") })
        let value = Directory("[env]\nA = tr0ub4dor").mistake(["run", "--", "app"])
        #expect(value.lines.allSatisfy { !$0.contains("tr0") })
    }

    @Test(
        arguments: [
            ("vault: contoso-web\n", "1:6"), ("# ours\n\nenv:\n  A: x\n", "3:4"), ("---\nvault: x\n", "1:4"),
            ("\"vault\": x", "1:8"), ("- a\n", "1:3"),
        ])
    func `YAML is named`(text: String, location: String) {
        expect(
            text, "error[config-syntax]: latchkey.toml:\(location): this looks like YAML; latchkey reads TOML",
            Self.yaml)
    }

    @Test(arguments: [("{\"vault\": \"x\"}", "1:1"), ("\n  {\n}", "2:3")])
    func `JSON is named`(text: String, location: String) {
        expect(
            text, "error[config-syntax]: latchkey.toml:\(location): this looks like JSON; latchkey reads TOML",
            Self.json)
    }

    @Test(
        arguments: [
            ("[env\n", "1:5", "table header: expected ']', saw '\\n'"),
            ("[env", "1:5", "the text ends in the middle of a table header: ']' is missing"),
            ("a = [1", "1:7", "the text ends in the middle of an array: ']' is missing"),
            ("a = 99999999999999999999", "1:5", "the number does not fit into 64 bits"),
            ("a = tr0ub4dor", "1:5", "a value is a string in quotes, a number, true or false"),
            ("other = " + String(repeating: "[", count: 10_000), "1:25", "the values nest too deep"),
        ])
    func `what is missing is said`(text: String, location: String, reason: String) {
        let mistake = Directory(text).mistake(["run", "--", "app"])
        #expect(mistake.lines.first == "latchkey: error[config-syntax]: latchkey.toml:\(location): \(reason)")
    }

    @Test(
        arguments: [
            ("[env]\nA = \"x\"\n[env]\n", "3:2", "env", "1:2"),
            ("env = 1\n[env]", "2:2", "env", "1:1"),
            ("[env]\nA = { secret = \"x\", secret = \"y\" }", "2:21", "secret", "2:7"),
            ("[files]\n\"tls/a=b.pem\" = \"x\"\n\"tls/a=b.pem\" = \"y\"", "3:1", "tls/a=b.pem", "2:1"),
            ("env.A = \"x\"\nenv . A = \"y\"", "2:7", "env.A", "1:5"),
            ("[[select]]\nprefix = \"a\"\n[[select]]\nprefix = \"b\"\nprefix = \"c\"", "5:1", "prefix", "4:1"),
            ("[env.A]\nsecret = \"x\"\n[env.A] # again\n", "3:6", "env.A", "1:6"),
            ("[files.a.b]\n[files.a]\nb = 1", "3:1", "b", "1:10"),
            ("a = 1\n[a.b]\n", "2:2", "a", "1:1"),
            ("[files]\nx = [ \"#\", { y = 1,y = 2 } ]", "2:20", "y", "2:14"),
        ])
    func `a key that is given twice names both locations`(toml: String, second: String, key: String, first: String) {
        let location = first.split(separator: ":")
        expect(
            toml,
            "error[config-duplicate]: latchkey.toml:\(second): '\(key)' is given again; first at line \(location[0]), "
                + "column \(location[1])", "keep one of the two")
    }

    private func expect(_ toml: String, _ error: String, _ hint: String) {
        #expect(Directory(toml).mistake(["run", "--", "app"]) == Mistake(78, error, hint: hint))
    }
}
