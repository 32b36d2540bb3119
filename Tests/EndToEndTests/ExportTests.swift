import Foundation
import Testing

/// `export` and `render`: values on standard output, for pipes.
struct ExportTests {
    private func start(
        _ azure: Emulator, _ words: [String], environment: [String: String] = [:], in scratch: Scratch? = nil
    ) throws -> Outcome {
        try azure.start(
            words, identity: azure.environment(leadingNames: true), environment: environment, in: scratch ?? Scratch(),
            printsSecrets: true
        ).end()
    }

    private static let file = """
        vault = "demo"

        [env]
        DB_PASSWORD = "db-password"
        URL = { template = "postgres://app:{{url(db-password)}}@db/app" }

        [files.smtp]
        secret = "smtp"
        env = "SMTP_FILE"

        [[select]]
        prefix = "pa"
        """

    @Test func `export prints what run would deliver, and nothing else`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            _ = try scratch.write(Self.file, to: "latchkey.toml")
            _ = try scratch.write("PLAIN='it is'\nSHORT=akv://other/api-key\n", to: "web.env")
            let environment = ["INHERITED": "akv://demo/smtp#/user", "UNTOUCHED": "x"]
            let words = ["--env-file", "web.env", "-e", "MORE=smtp#/password", "--format"]
            let json = try start(azure, ["export"] + words + ["json"], environment: environment, in: scratch)
            #expect(json.ending == .code(0), "\(json.errors)")
            let values = try JSONDecoder().decode([String: String].self, from: Data(json.output.utf8))
            let expected = [
                "DB_PASSWORD": "c4n4ry-database", "URL": "postgres://app:c4n4ry-database@db/app",
                "PAIR": #"{"left":"c4n4ry-0","right":"c4n4ry-0"}"#, "PLAIN": "it is", "SHORT": "c4n4ry-elsewhere",
                "INHERITED": "web", "MORE": "c4n4ry-smtp",
            ]
            #expect(values == expected)
            #expect(json.errors.contains("warning[option-unused]: latchkey.toml:7:8: 'SMTP_FILE' is left out"))
            // The same names as a run has, but for those of files.
            let script = "\(Programs.latchkey) export \(words.joined(separator: " ")) shell"
            let shell = try Launch(
                "/bin/sh", ["-c", "eval \"$(\(script))\"; printf '%s\\n' \"$MORE\" \"$PAIR\" \"$PLAIN\""],
                environment: azure.environment(leadingNames: true).merging(environment) { $1 }, directory: scratch.path,
                printsSecrets: true
            ).end()
            #expect(
                shell.output == "c4n4ry-smtp\n\(expected["PAIR"] ?? "")\nit is\n", "\(shell.errors)")
        }
    }

    @Test(arguments: ["dotenv", "env-file", "shell"])
    func `export's formats are lines, sorted by name`(format: String) throws {
        try Emulator.serving { azure in
            let words = ["export", "--vault", "demo", "-e", "B=db-password", "-e", "A=smtp#/user", "--format", format]
            let outcome = try start(azure, words)
            let expected = [
                "dotenv": "A='web'\nB='c4n4ry-database'\n", "env-file": "A=web\nB=c4n4ry-database\n",
                "shell": "export A='web'\nexport B='c4n4ry-database'\n",
            ]
            #expect(outcome.output == expected[format], "\(outcome.errors)")
        }
    }

    @Test(arguments: [
        ("two\nlines", "env-file", "value-encoding", "it has more than one line"),
        ("${HOME}", "dotenv", "value-encoding", "it has '${'"), ("nul\u{0}", "json", "value-null", "NUL"),
    ])
    func `what a format can't hold is 65, and nothing is written`(
        value: String, format: String, code: String, reason: String
    ) throws {
        try Emulator.serving { azure in
            try azure.rotate("db-password", to: value)
            let outcome = try start(azure, ["export", "-e", "A=akv://demo/db-password", "--format", format])
            #expect(outcome.ending == .code(65))
            #expect(outcome.output.isEmpty)
            #expect(outcome.failures.first?.contains("error[\(code)]: ") == true, "\(outcome.errors)")
            #expect(outcome.failures.first?.contains("variable 'A'") == true, "\(outcome.errors)")
            #expect(outcome.failures.first?.contains(reason) == true, "\(outcome.errors)")
        }
    }

    @Test func `a name that no shell can set is 65 but for json`() throws {
        try Emulator.serving { azure in
            let words = ["export", "-e", "My.Setting=akv://demo/db-password", "--format"]
            for format in ["dotenv", "env-file", "shell"] {
                let outcome = try start(azure, words + [format])
                #expect(outcome.ending == .code(65))
                #expect(
                    outcome.failures.first?.contains("variable 'My.Setting' has a name that no shell can set") == true)
            }
            #expect(try start(azure, words + ["json"]).output == "{\n  \"My.Setting\": \"c4n4ry-database\"\n}\n")
        }
    }

    @Test func `nothing to export is a warning, and a failure is what a run would end with`() throws {
        try Emulator.serving { azure in
            let empty = try start(azure, ["export", "--format", "json"])
            #expect(empty.ending == .code(0) && empty.output == "{}\n")
            #expect(empty.errors.contains("warning[nothing-to-deliver]: "))
            let missing = try start(azure, ["export", "--vault", "demo", "-e", "A=db-pasword", "--format", "json"])
            #expect(missing.ending == .code(66) && missing.output.isEmpty)
            #expect(missing.hints.first?.contains("did you mean 'db-password'?") == true)
            let full = try Launch(
                "/bin/sh", ["-c", "exec \"$@\" >/dev/full", "sh", Programs.latchkey, "export", "--format", "json"],
                environment: azure.environment(leadingNames: true)
            ).end()
            #expect(full.ending == .code(74))
        }
    }

    @Test func `render prints a template byte for byte, from a file and from standard input`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let template = "a={{db-password}}\nb={{json(smtp#/user)}}\n{{akv://other/api-key}}"
            let rendered = "a=c4n4ry-database\nb=\"web\"\nc4n4ry-elsewhere"
            _ = try scratch.write(template, to: "app.mustache")
            let file = try start(azure, ["render", "--vault", "demo", "app.mustache"], in: scratch)
            #expect(file.ending == .code(0) && file.output == rendered, "\(file.errors)")
            let piped = try Launch(
                Programs.latchkey, ["render", "--vault", "demo", "-"],
                environment: azure.environment(leadingNames: true),
                input: template, printsSecrets: true
            ).end()
            #expect(piped.output == rendered, "\(piped.errors)")
        }
    }

    @Test(arguments: [
        ("{{db-pasword}}", Int32(66), "error[secret-missing]"),
        ("\n{{#a}}", 65, "standard input: character 1 in line 2"),
        ("{{a_b}}", 65, "standard input: character 1 of the template"),
    ])
    func `a template that can't be rendered says where`(text: String, code: Int32, words: String) throws {
        try Emulator.serving { azure in
            let outcome = try Launch(
                Programs.latchkey, ["render", "--vault", "demo", "-"],
                environment: azure.environment(leadingNames: true),
                input: text
            ).end()
            #expect(outcome.ending == .code(code))
            #expect(outcome.output.isEmpty)
            #expect(outcome.failures.first?.contains(words) == true, "\(outcome.errors)")
            let missing = try start(azure, ["render", "no.mustache"])
            #expect(missing.ending == .code(66))
            #expect(missing.failures.first?.contains("error[template-missing]: template '") == true)
        }
    }
}
