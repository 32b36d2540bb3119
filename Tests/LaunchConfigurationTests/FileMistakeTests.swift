import LaunchConfiguration
import Messages
import Testing

/// What a user sees of a mistake in latchkey.toml: exit code 78, line and column, the nearest key.
@Suite struct FileMistakeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let toml: String
        let mistake: Mistake

        init(_ toml: String, _ error: String, hint: String? = nil) {
            self.toml = toml
            mistake = Mistake(78, "error[" + error, hint: hint)
        }

        var testDescription: String { toml.split(separator: "\n").joined(separator: "; ") }
    }

    static let cases = [
        Case(
            "vault = \"contoso-web\"\nrefesh = \"5m\"", "config-key]: latchkey.toml:2:1: unknown key 'refesh'",
            hint: "did you mean 'refresh'?"),
        Case(
            "[refresh]\n  evry = \"5m\"", "config-key]: latchkey.toml:2:3: unknown key 'refresh.evry'",
            hint: "did you mean 'every'?"),
        Case(
            "[child]\nvault = \"contoso-web\"", "config-key]: latchkey.toml:2:1: unknown key 'child.vault'",
            hint: "'vault' stands at the top, before all tables"),
        Case(
            "user = \"root\"", "config-key]: latchkey.toml:1:1: unknown key 'user'",
            hint: "'user' stands in [child]"),
        Case(
            "[env]\nA = { secrt = \"x\" }", "config-key]: latchkey.toml:2:7: unknown key 'env.A.secrt'",
            hint: "did you mean 'secret'?"),
        Case(
            "vault = \"contoso-web\"\n[env]\nDB = \"x\"\nDB = \"y\"",
            "config-duplicate]: latchkey.toml:4:1: 'DB' is given again; first at line 3, column 1",
            hint: "keep one of the two"),
        Case(
            "[env]\nA = 1",
            "config-value]: latchkey.toml:2:5: 'env.A': has to be a reference or a table, not a whole number"),
        Case(
            "[child]\nstop-timeout = 25",
            "config-value]: latchkey.toml:2:16: 'child.stop-timeout': has to be a duration in quotes, such as \"30s\", "
                + "not a whole number"),
        Case(
            "vault = true", "config-value]: latchkey.toml:1:9: 'vault': has to be a string, not a boolean",
            hint: "put the value in quotes"),
        Case(
            "[files.a]\nmode = \"0400\"\n",
            "config-value]: latchkey.toml:1:1: 'files.a': it names no secret, certificate or key"
        ),
        Case(
            "vault = \"contoso-web\"\n[env]\nA = { secret = \"x\", key = \"y\" }",
            "config-value]: latchkey.toml:3:21: 'env.A.key': it excludes 'secret'", hint: "keep one of them"),
        Case(
            "vault = \"contoso-web\"\n[files.a]\nsecret = \"x\"\nmode = \"0666\"",
            "config-value]: latchkey.toml:4:8: 'files.a.mode': '0666' would let others write to the file",
            hint: "take \"0440\" or \"0400\""),
        Case(
            "vault = \"contoso-web\"\n[files.\"../a\"]\nsecret = \"x\"",
            "config-value]: latchkey.toml:2:8: 'files.\"../a\"': the path '../a' has an empty, '.' or '..' component"),
        Case(
            "[env]\nA = \"x\"",
            "vault-missing]: latchkey.toml:2:1: 'env.A': it names no vault, and there is no default vault",
            hint: "give --vault NAME, or write 'akv://VAULT/NAME'"),
        Case(
            "vault = \"contoso-web\"\n[files.a]\nsecret = \"x\"\nenv = \"A\"\n[env]\nA = \"y\"",
            "config-duplicate]: the variable 'A' is given twice: 'y' by latchkey.toml:6:1 and the path of 'a' by "
                + "latchkey.toml:2:8", hint: "keep one of them"),
        Case(
            "vault = \"contoso-web\"\n[files]\na = \"x\"\n\"a/b\" = \"y\"",
            "config-duplicate]: 'a' is a file by latchkey.toml:3:1, and a directory by latchkey.toml:4:1",
            hint: "rename one of them"),
    ]

    @Test(arguments: cases)
    func `a mistake is said with its location`(example: Case) {
        #expect(Directory(example.toml).mistake(["run", "--", "app"]) == example.mistake)
    }

    @Test(arguments: [
        (#"\u0000"#, "a NUL character"), (#"a\nb"#, "control characters"), (#"a\u001b[2Jb"#, "control characters"),
        ("/etc/passwd", "is absolute"), ("..", "'..'"), ("a/../../b", "'..'"), ("a/./b", "'.'"), ("a//b", "empty"),
        ("a/", "empty"), ("", "has no path"), ("..data", "begins with '..'"), ("a/..b", "begins with '..'"),
        (String(repeating: "n", count: 256), "255 bytes"), (String(repeating: "é", count: 128), "255 bytes"),
        (String(repeating: "d/", count: 1536) + "e", "3072 bytes"),
    ])
    func `a file's name that no directory can hold is refused with the reason`(name: String, reason: String) {
        let mistake = Directory("vault = \"contoso-web\"\n[files]\n\"\(name)\" = \"x\"").mistake(["run", "--", "app"])
        #expect(mistake.code == 78)
        #expect(mistake.lines[0].contains("latchkey.toml:3:") && mistake.lines[0].contains(reason), "\(mistake)")
        #expect(mistake.lines.allSatisfy { line in line.unicodeScalars.allSatisfy { $0.value >= 0x20 } })
        guard !name.contains("\\") else { return }
        let option = Directory("vault = \"contoso-web\"").mistake(["run", "-f", name + "=x", "--", "app"])
        #expect(option.code == 64 && option.lines[0].contains(reason), "\(option)")
    }

    @Test(arguments: ["vault = ", "vault = \"x", "[env", "= 1", "a = 1 2", "[env]\n[env]\n"])
    func `what is no TOML has a location too`(toml: String) {
        let mistake = Directory(toml).mistake(["run", "--", "app"])
        #expect(mistake.code == 78)
        #expect(mistake.lines[0].contains(/latchkey\.toml:\d+:\d+:/))
    }

    @Test func `columns count characters, lines count whatever ends them`() {
        let mistake = Directory("# größer\r\n[env]\r\n\"ä\" = 1\r\n").mistake(["run", "--", "app"])
        #expect(mistake.lines[0].contains("latchkey.toml:3:7: "))
    }

    @Test(arguments: EntryTable.allCases)
    func `an entry's key that lost a letter is suggested`(table: EntryTable) {
        for key in table.keys
        where key.name.count > 4 && !table.keys.contains(where: { $0.name == key.name.dropLast() }) {
            let start = table == .select ? "[[select]]" : "[\(table.rawValue).a]"
            let mistake = Directory("vault = \"contoso-web\"\n\(start)\n\(key.name.dropLast()) = \"x\"")
                .mistake(["run", "--", "app"])
            #expect(mistake.code == 78)
            #expect(mistake.lines.last == "latchkey: hint: did you mean '\(key.name)'?")
        }
    }

    @Test func `status and refresh find an instance whatever the file says`() throws {
        let directory = Directory("no TOML")
        #expect(try directory.parse(["status", "--instance", "a"]) == .status(instance: "a", .text, LogPlan()))
        #expect(try directory.parse(["refresh"]) == .refresh(instance: nil, wait: false, LogPlan()))
    }
}
