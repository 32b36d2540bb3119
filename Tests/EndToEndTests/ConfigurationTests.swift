import Foundation
import Testing

/// Options, variables and the file mean the same, and the nearer one wins.
struct ConfigurationTests {
    private func file(_ azure: Emulator) -> String {
        """
        vault = "\(azure.vault)"
        ca-file = "\(azure.authority)"

        [identity]
        source = "app-service"

        [env]
        DB_PASSWORD = "db-password"
        SMTP_PASSWORD = { secret = "smtp", json = "/password" }
        LICENSE = { secret = "license", encoding = "base64" }
        ELSEWHERE = { secret = "api-key", vault = "\(azure.vault("other"))" }

        [files."mail/smtp.json"]
        secret = "smtp"
        mode = "0440"
        env = "SMTP_FILE"

        [files."app.env"]
        set = ["db-password"]
        format = "dotenv"

        [refresh]
        every = "1h"
        on-change = "signal"
        signal = "USR1"
        """
    }

    @Test(arguments: [true, false])
    func `a configuration file is enough, named or in the working directory`(isNamed: Bool) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let path = try scratch.write(file(azure), to: isNamed ? "other.toml" : "latchkey.toml")
            let names = ["DB_PASSWORD", "SMTP_PASSWORD", "LICENSE", "ELSEWHERE"].flatMap { ["--env", $0] }
            let launch = try azure.start(
                ["run"] + (isNamed ? ["--config", path] : [])
                    + ["--", Programs.probe, "print-on", "USR1"] + names + ["mail/smtp.json", "app.env"], in: scratch)
            try launch.expect(line: "ready")
            let lines = launch.output.lines
            #expect(lines.contains("env=DB_PASSWORD \(fingerprint("c4n4ry-database"))"))
            #expect(lines.contains("env=SMTP_PASSWORD \(fingerprint("c4n4ry-smtp"))"))
            #expect(lines.contains("env=LICENSE \(fingerprint("c4n4ry-license"))"))
            #expect(lines.contains("env=ELSEWHERE \(fingerprint("c4n4ry-elsewhere"))"))
            let json = #"{"user":"web","password":"c4n4ry-smtp"}"#
            #expect(lines.contains { $0.hasPrefix("file=mail/smtp.json \(fingerprint(json))") })
            let generation = scratch.path + "/instance/secrets/..data"
            #expect(
                try String(contentsOfFile: generation + "/app.env", encoding: .utf8).hasPrefix("DB_PASSWORD="))
            let attributes = try FileManager.default.attributesOfItem(atPath: generation + "/mail/smtp.json")
            #expect(attributes[.posixPermissions] as? Int == 0o440)
            try launch.end(SIGTERM)
        }
    }

    @Test func `variables replace the file, and options replace variables`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let path = try scratch.write(
                """
                vault = "https://wrong.invalid"
                ca-file = "/nowhere/ca.pem"

                [env]
                DB_PASSWORD = "no-such-secret"
                """, to: "wrong.toml")
            let output = try azure.printed(
                ["run", "-e", "DB_PASSWORD=db-password", "--ca-file", azure.authority],
                command: ["printenv", "DB_PASSWORD"],
                environment: [
                    "LATCHKEY_CONFIG": path, "LATCHKEY_VAULT": azure.vault, "LATCHKEY_CA_FILE": "/nowhere/else.pem",
                ])
            #expect(output == "c4n4ry-database\n")
        }
    }

    @Test func `a switch can be set by a variable`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try azure.run(
                "-e", "DB_PASSWORD=db-password", command: [Programs.probe, "sleep"],
                environment: ["LATCHKEY_ONCE": "1"], in: scratch)
            try launch.expect(line: "ready")
            #expect(ProcessTree.name(of: launch.pid) == "latchkey-probe")
            try launch.end(SIGTERM)
        }
    }

    @Test func `an unknown key is named with its place`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            _ = try scratch.write("vualt = \"demo\"\n", to: "latchkey.toml")
            let outcome = try azure.start(["run", "--", Programs.probe, "report"], in: scratch).end()
            #expect(outcome.ending == .code(78))
            #expect(outcome.failures.count == 1 && outcome.output.isEmpty)
            let words = outcome.errors
            #expect(words.contains("'vualt'") && words.contains("'vault'"), "\(words)")
            #expect(words.contains("1:1") || words.contains("line 1"), "\(words)")
        }
    }
}
