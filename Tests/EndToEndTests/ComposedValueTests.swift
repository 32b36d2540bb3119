import Foundation
import Testing

/// Values that are composed of several: variables with a template, and files of several versions.
struct ComposedValueTests {
    private func printed(_ toml: String, _ variable: String, seed: String = Emulator.seed) throws -> String {
        try Emulator.serving(seed) { azure in
            let scratch = try Scratch()
            let file = try scratch.write("vault = \"\(azure.vault)\"\n" + toml, to: "latchkey.toml")
            return try azure.printed(
                ["run", "--config", file, "--ca-file", azure.authority], command: ["printenv", variable])
        }
    }

    private func mistake(_ toml: String) throws -> Outcome {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let file = try scratch.write("vault = \"\(azure.vault)\"\n" + toml, to: "latchkey.toml")
            let launch = try azure.start(
                ["run", "--config", file, "--ca-file", azure.authority, "--", "true"], in: scratch)
            return try launch.end()
        }
    }

    @Test func `a variable is composed of secrets, a member of JSON and text`() throws {
        let text = try printed(
            """
            [env.URL]
            template = "postgres://app:{{url(db-password)}}@db/{{smtp#/user}}?x={{{db-password}}}"
            """, "URL")
        #expect(text == "postgres://app:c4n4ry-database@db/web?x=c4n4ry-database\n")
    }

    @Test(arguments: [
        ("url", "c4n4ry%20%2F%25%C3%A4%26%22"), ("json", "\"c4n4ry /%ä&\\\"\""), ("shell", "'c4n4ry /%ä&\"'"),
        ("base64", "YzRuNHJ5IC8lw6QmIg=="),
    ])
    func `a function writes a value for its place`(function: String, expected: String) throws {
        let text = try printed(
            "[env]\nX = { template = \"{{\(function)(odd)}}\" }", "X",
            seed: "[vaults.demo.secrets]\nodd = 'c4n4ry /%ä&\"'\n")
        #expect(text == expected + "\n")
    }

    @Test func `a value that is composed of one that changed has changed`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let file = try scratch.write(
                """
                vault = "\(azure.vault)"
                [env]
                URL = { template = "x://{{url(db-password)}}" }
                """, to: "latchkey.toml")
            let launch = try azure.start(
                [
                    "run", "--config", file, "--ca-file", azure.authority, "--on-change", "restart", "--refresh", "off",
                    "--", Programs.probe, "print-on", "USR1", "--env", "URL",
                ], in: scratch)
            try launch.expect(line: "ready")
            #expect(launch.output.lines.contains("env=URL \(fingerprint("x://c4n4ry-database"))"))
            try azure.rotate("db-password", to: "c4n4ry/new")
            launch.send(SIGHUP)
            try launch.expect(line: "ready", count: 2)
            #expect(launch.output.lines.contains("env=URL \(fingerprint("x://c4n4ry%2Fnew"))"))
            try launch.end(SIGTERM)
        }
    }

    @Test(arguments: [
        ("{{urll(db-password)}}", 65, "latchkey.toml:3:1: character 1 of the template", "did you mean 'url'?"),
        ("a {{db password}}", 65, "latchkey.toml:3:1: character 3 of the template", "'db password'"),
        ("{{db-pasword}}", 66, "latchkey.toml:3:1: character 1 of the template names", "did you mean 'db-password'?"),
        ("{{#a}}x{{/a}}", 65, "latchkey.toml:3:1: character 1", "sections are not supported"),
    ])
    func `a mistake in a template has its place and a next step`(
        template: String, code: Int32, place: String, words: String
    ) throws {
        let outcome = try mistake("[env]\nX = { template = \"\(template)\" }")
        #expect(outcome.ending == .code(code))
        #expect(outcome.failures.count == 1)
        #expect(outcome.errors.contains(place) && outcome.errors.contains(words), "\(outcome.errors)")
    }

    @Test func `the newest enabled versions are a directory, newest first, over a rotation`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            for number in 1...3 {
                try azure.rotate("signing-key", to: "c4n4ry-\(number)")
                // A list's times have whole seconds.
                try azure.control("POST", "clock", #"{"advance":"2s"}"#)
            }
            let file = try scratch.write(
                """
                vault = "\(azure.vault)"
                [files.keys]
                secret = "signing-key"
                versions = 2
                [files.all]
                secret = "signing-key"
                versions = 50
                """, to: "latchkey.toml")
            let launch = try azure.start(
                [
                    "run", "--config", file, "--ca-file", azure.authority, "--signal", "HUP", "--refresh", "off", "--",
                    Programs.probe, "print-on", "HUP", "keys/0", "keys/1",
                ], in: scratch)
            try launch.expect(line: "ready")
            let secrets = scratch.path + "/instance/secrets/"
            func read(_ path: String) throws -> String { try String(contentsOfFile: secrets + path, encoding: .utf8) }
            #expect(try [read("keys/0"), read("keys/1")] == ["c4n4ry-3", "c4n4ry-2"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: secrets + "keys").count == 2)
            #expect(try FileManager.default.contentsOfDirectory(atPath: secrets + "all").count == 3)
            try azure.rotate("signing-key", to: "c4n4ry-4")
            launch.send(SIGHUP)
            try launch.expect(line: "end")
            #expect(try [read("keys/0"), read("keys/1")] == ["c4n4ry-4", "c4n4ry-3"])
            #expect(try read("all/3") == "c4n4ry-1")
            try launch.end(SIGTERM)
        }
    }

    @Test(arguments: [
        ("secret = \"nobody\"\nversions = 2", 66, "was not found"),
        ("secret = \"retired\"\nversions = 2", 77, "disabled"),
        ("secret = \"smtp\"\nversions = 0", 78, "from 1 to 50"),
        ("certificate = \"smtp\"\nversions = 1", 78, "excludes 'versions'"),
    ])
    func `versions that can't be had are said`(entry: String, code: Int32, words: String) throws {
        let outcome = try mistake("[files.keys]\n" + entry)
        #expect(outcome.ending == .code(code), "\(outcome.errors)")
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }
}
