import Foundation
import LatchkeyTestSupport
import LaunchConfiguration
import Messages
import Secrets
import Testing

/// `--env-file`: what a line means, what it replaces, and what is said of one that means nothing.
@Suite struct EnvironmentFileTests {
    private static func plan(
        _ text: String, _ arguments: [String] = [], _ environment: KeyValuePairs<String, String> = [:]
    ) throws -> LaunchPlan {
        let directory = Directory()
        directory.write(text, to: "web.env")
        return try directory.plan(["--env-file", "web.env"] + arguments, environment)
    }

    private static func values(_ plan: LaunchPlan) -> [String: String] {
        Dictionary(uniqueKeysWithValues: plan.literals.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) })
    }

    /// Lines that all readers take alike.
    static let agreed: [(line: String, value: String)] = [
        ("A=b", "b"), ("A=", ""), ("  A = b c  ", "b c"), ("export A=b", "b"), ("\texport \t A=b", "b"),
        ("A='b c'", "b c"), ("A='b # c' # d", "b # c"), ("A=b # c", "b"), ("A=b\t# c", "b"), ("A=b#c", "b#c"),
        ("A='$B `c` \\n'", "$B `c` \\n"), ("A=\"b 'c'\"", "b 'c'"), ("A='b \"c\"'", "b \"c\""), ("A=\"b\\nc\"", "b\nc"),
        ("A=\"b\\\"c\"", "b\"c"), ("A=\"b\\\\c\"", "b\\c"), ("A=\"b\\tc\\r\"", "b\tc\r"), ("A=\"b\\qc\"", "b\\qc"),
        ("A='b\nc'", "b\nc"), ("A=\"b\nc\" # d", "b\nc"), ("A=\"b\"#c", "b"), ("A=b=c==", "b=c=="), ("A='äß€'", "äß€"),
        ("A=b'c\"d", "b'c\"d"), ("A=C:\\dir\\new", "C:\\dir\\new"), ("A=''", ""), ("A=\"\"", ""),
        ("\u{FEFF}A=b", "b"), ("# c\n\n \t\nA=b\n# d", "b"), ("A=b\nA=c", "c"),
    ]

    @Test(arguments: agreed)
    func `a line is a variable`(line: String, value: String) throws {
        for end in ["", "\n", "\r\n"] {
            let plan = try Self.plan(line + end)
            #expect(Self.values(plan) == ["A": value], "\(line.debugDescription)")
            #expect(plan.inherited.isEmpty && plan.notices.isEmpty)
        }
    }

    /// The first Python that has dotenv; nil where none has.
    private static let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first { python in
        (try? ChildProcess.run(python, ["-c", "import dotenv"]))?.ending == .code(0)
    }

    @Test(.enabled(if: python != nil, "Python's dotenv is not installed"))
    func `Python's dotenv reads the same`() throws {
        let script =
            "import dotenv, json, sys; print(json.dumps([dotenv.dotenv_values(p, interpolate=False, "
            + "encoding='utf-8-sig') for p in sys.argv[1:]]))"
        let directory = Directory()
        // It keeps a tab before a comment, and turns a carriage return into a newline.
        let lines = Self.agreed.filter { !$0.line.contains("\r") }
        for (index, line) in lines.enumerated() { directory.write(line.line, to: "\(index)") }
        let read = try ChildProcess.run(
            try #require(Self.python), ["-c", script] + lines.indices.map { "\(directory.path)/\($0)" })
        let values = try JSONDecoder().decode([[String: String]].self, from: Data(read.output.utf8))
        for (line, value) in zip(lines, values) { #expect(value == ["A": line.value], "\(line.line.debugDescription)") }
    }

    @Test func `references in a value are resolved, others are text`() throws {
        let version = "6fd6c1e4ba1b4b5f8a6a1c0a0e0f0d0c"
        let plan = try Self.plan(
            """
            SHORT=akv://contoso-web/db-password
            export SERVICE="@Microsoft.KeyVault(VaultName=contoso-web;SecretName=smtp)#/password"
            BLANKS=' akv://contoso-web/db-password/\(version)
            '
            NAME=db-password
            URL=https://contoso-web.vault.azure.net/secrets/db-password
            WITHIN=postgres://akv://contoso-web/db-password
            """)
        #expect(
            plan.inherited.compactMap(\.content.references.first) == [
                secret("db-password"),
                secret("smtp", pointer: "/password"),
                secret("db-password", version: version),
            ])
        #expect(plan.inherited.map(\.location.description) == ["web.env:1:1", "web.env:2:8", "web.env:3:1"])
        #expect(plan.literals.map(\.name) == ["NAME", "URL", "WITHIN"])
        #expect(plan.environmentFiles == ["'web.env' has 6 variables, 3 of them references"])
    }

    @Test func `a file is nearer than what is inherited, and less near than options and configuration`() throws {
        let directory = Directory(
            """
            vault = "contoso-web"
            env-file = ["one.env", "two.env"]
            [env]
            CONFIGURED = "a"
            [files.f]
            secret = "b"
            env = "PATH_OF_F"
            """)
        directory.write("CONFIGURED=1\nPATH_OF_F=1\nOPTION=1\nINHERITED=1\nBOTH=1\nREFERENCE=1\n", to: "one.env")
        directory.write("BOTH=2\nREFERENCE=akv://contoso-web/c\n", to: "two.env")
        let plan = try directory.plan(
            ["-e", "OPTION=d"],
            ["INHERITED": "akv://contoso-web/e", "REFERENCE": "akv://contoso-web/e", "OTHER": "akv://contoso-web/f"])
        #expect(Self.values(plan) == ["INHERITED": "1", "BOTH": "2"])
        #expect(plan.inherited.map(\.target.name) == ["OTHER", "REFERENCE"])
        #expect(plan.inherited.flatMap(\.content.references) == [secret("f"), secret("c")])
        #expect(plan.environment.map(\.target.name) == ["CONFIGURED", "OPTION"])
        // Options take the place of the file's list, and are relative to the working directory.
        let given = try directory.plan(["--env-file=two.env", "--env-file", "\(directory.path)/one.env"])
        #expect(Self.values(given)["BOTH"] == "1")
    }

    @Test func `a refresh reads the same files again`() throws {
        let directory = Directory()
        directory.write("A=1\n", to: "web.env")
        let first = try directory.plan(["--env-file", "web.env"])
        directory.write("A=2\nB=akv://contoso-web/b\n", to: "web.env")
        let later = try directory.plan(["--env-file", "web.env"], startup: first.startup)
        #expect(Self.values(later) == ["A": "2"] && later.inherited.map(\.target.name) == ["B"])
        #expect(later.restartKeys.isEmpty)
    }

    @Test(
        arguments: [
            ("A=1\nB\n", "2:1: expected NAME=value"), ("A B=1", "1:1: expected NAME=value"),
            ("=1", "1:1: expected NAME=value"), ("A: 1", "1:1: expected NAME=value"),
            ("ä=1", "1:1: expected NAME=value"),
            ("export\n", "1:1: expected NAME=value"), (" export A", "1:9: expected NAME=value"),
            ("A='b", "1:3: the quote is not closed"), ("A=\"b\\\"\nB=1", "1:3: the quote is not closed"),
            ("A='b'c", "1:6: the value goes on behind its closing quote"),
            ("A='b' 'c'", "1:7: the value goes on behind its closing quote"),
            ("A=`b`", "1:3: a value in backquotes is taken differently"), ("A=\"ä\nb\"x", "2:3: the value goes on"),
            ("A=b\nB=\0", "2:3: a NUL byte is not allowed"),
            ("LATCHKEY_SECRETS=1", "1:1: the variable 'LATCHKEY_SECRETS' is set by latchkey itself"),
        ])
    func `a line that means nothing is 78, with its place and without its text`(text: String, start: String) {
        let directory = Directory()
        directory.write(text, to: "web.env")
        let mistake = directory.mistake(["run", "--env-file", "web.env", "--", "app"])
        #expect(mistake.code == 78)
        #expect(mistake.lines[0].hasPrefix("latchkey: error[env-file-syntax]: web.env:\(start)"), "\(mistake.lines)")
    }

    @Test func `a reference that can't be understood is 78 with its line, and without its text`() {
        let directory = Directory()
        directory.write("A=1\nB=akv://c4n4ry/", to: "web.env")
        let mistake = directory.mistake(["run", "--env-file", "web.env", "--", "app"])
        #expect(mistake.code == 78)
        #expect(mistake.lines[0].hasPrefix("latchkey: error[reference-syntax]: web.env:2:1: 'B': not a reference: "))
        #expect(!mistake.description.contains("c4n4ry"))
    }

    @Test func `a file that is not there is 66, and one that can't be read says why`() {
        for (name, code, reason) in [("no.env", Int32(66), "no such file"), (".", 66, "is a directory")] {
            let mistake = Directory().mistake(["sync", "-f", "a=akv://contoso-web/b", "--env-file", name])
            #expect(mistake.code == code)
            #expect(mistake.lines[0].hasPrefix("latchkey: error[env-file-missing]: environment file '"))
            #expect(mistake.lines[0].lowercased().contains(reason), "\(mistake.lines)")
        }
        let key = Directory("env-file = 1\n").mistake(["run", "--", "app"])
        #expect(key.code == 78 && key.lines[0].contains("has to be an array of strings"))
    }

    @Test func `what other readers would fill in is handed over as it is, with a warning`() throws {
        let plan = try Self.plan("A=${B}/c\nC=\"x${B}\"\nD='${B}'\nE=\"\\${B}\"\nF=p$ss\n")
        #expect(Self.values(plan)["A"] == "${B}/c")
        #expect(plan.notices.map(\.diagnosis.code) == [.environmentFileExpansion, .environmentFileExpansion])
        #expect(plan.notices.first?.diagnosis.text == "web.env:1:1: '${' in the value of 'A' is not filled in")
    }

    @Test func `values are in no description of a plan`() throws {
        let plan = try Self.plan("A=c4n4ry\n")
        #expect(!"\(plan)".contains("c4n4ry") && !String(reflecting: plan).contains("c4n4ry"))
        #expect(!"\(plan)".contains("99, 52, 110"))
    }

    @Test func `without a command the variables are fetched for nobody, and that is said`() throws {
        let directory = Directory()
        directory.write("A=akv://contoso-web/a\n", to: "web.env")
        let parsed = try directory.parse(["sync", "--vault", "contoso-web", "-f", "a=b", "--env-file", "web.env"])
        #expect(parsed.plan.inherited.map(\.target.name) == ["A"])
        #expect(parsed.plan.notices.first?.diagnosis.text.hasPrefix("web.env:1:1: 'sync' starts no command") == true)
    }
}
