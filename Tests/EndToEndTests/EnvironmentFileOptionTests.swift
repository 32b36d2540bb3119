import Foundation
import Testing

/// `--env-file`: the app gets its lines, references among them resolved.
struct EnvironmentFileOptionTests {
    private func write(_ text: String, in scratch: Scratch) throws -> [String] {
        ["--env-file", try scratch.write(text, to: "web.env")]
    }

    @Test(arguments: [["--once"], ["--pristine"], []])
    func `values and references reach the command, nearer than what is inherited`(options: [String]) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let file = try write(
                """
                # As developers have it.
                export DB_PASSWORD="akv://demo/db-password"
                SMTP=@Microsoft.KeyVault(VaultName=demo;SecretName=smtp)#/password
                PLAIN='c4n4ry plain'
                AZURE_CLIENT_SECRET=c4n4ry-app
                """, in: scratch)
            let names = ["DB_PASSWORD", "SMTP", "PLAIN", "AZURE_CLIENT_SECRET", "BOTH"]
            let run = try azure.start(
                ["run", "-e", "BOTH=akv://demo/db-password"] + file + options
                    + [
                        "--env-file", try scratch.write("BOTH=x\n", to: "more.env"), "--", Programs.probe, "print-on",
                        "USR1",
                    ]
                    + names.flatMap { ["--env", $0] },
                identity: azure.environment(leadingNames: true),
                environment: ["PLAIN": "inherited", "SMTP": "akv://demo/no-such-secret"], in: scratch)
            try run.expect(line: "ready")
            for (name, value) in zip(
                names, ["c4n4ry-database", "c4n4ry-smtp", "c4n4ry plain", "c4n4ry-app", "c4n4ry-database"])
            {
                #expect(run.output.lines.contains("env=\(name) \(fingerprint(value))"), "\(name)")
            }
            try run.end(SIGTERM)
        }
    }

    @Test func `an edit and a rotation are changes of the environment, and a broken edit keeps what runs`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let start = "R=akv://demo/db-password\n"
            let run = try azure.start(
                ["run", "--on-change", "restart"] + write(start + "A=1\n", in: scratch)
                    + ["--", Programs.probe, "print-on", "USR1", "--env", "R", "--env", "A"],
                identity: azure.environment(leadingNames: true), in: scratch)
            try run.expect(line: "ready")
            _ = try write(start + "A=2\n", in: scratch)
            #expect(try azure.start(["refresh", "--wait"], in: scratch).end().ending == .code(0))
            try run.expect(line: "env=A \(fingerprint("2"))")
            try azure.rotate("db-password", to: "c4n4ry-new")
            #expect(try azure.start(["refresh", "--wait"], in: scratch).end().ending == .code(0))
            try run.expect(line: "env=R \(fingerprint("c4n4ry-new"))")
            _ = try write(start + "A\n", in: scratch)
            let refused = try azure.start(["refresh", "--wait"], in: scratch).end()
            #expect(refused.ending == .code(78))
            #expect(refused.failures.first?.contains("web.env:2:1: expected NAME=value") == true, "\(refused.errors)")
            try run.end(SIGTERM)
        }
    }

    @Test func `check says what a file holds, and a value that no variable can hold is named`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let big = String(repeating: "c4n4ry", count: 25_000)
            let environment = try azure.environment(leadingNames: true)
            let file = try write("A=akv://demo/db-password\nB=c4n4ry\n", in: scratch)
            let check = try azure.start(["check"] + file + ["--", Programs.probe], identity: environment, in: scratch)
                .end()
            #expect(check.ending == .code(0), "\(check.output)")
            #expect(check.output.contains("environment file 'web.env' has 2 variables, 1 of them a reference"))
            #expect(check.output.contains("env:A"), "\(check.output)")
            let large = try write("BIG=\(big)\n", in: scratch)
            let run = try azure.start(["run"] + large + ["--", Programs.probe], identity: environment, in: scratch)
                .end()
            #expect(run.ending == .code(65))
            #expect(run.failures.first?.contains("error[value-size]: variable 'BIG': ") == true, "\(run.errors)")
        }
    }

    @Test func `a sidecar gives them to its command on change, and sync says that nobody gets them`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let environment = try azure.environment(leadingNames: true)
            let file = try write("A=akv://demo/db-password\nB=b\n", in: scratch)
            let secrets = ["-f", "smtp=akv://demo/smtp"]
            let sync = try azure.start(["sync"] + secrets + file, identity: environment, in: scratch).end()
            #expect(sync.ending == .code(0))
            #expect(sync.errors.contains("warning[option-unused]: web.env:1:1: 'sync' starts no command"))
            let other = try Scratch()
            let sidecar = try azure.start(
                ["sidecar", "--exec-on-change", "sh -c 'printf %s \"$A $B\" >values'"] + secrets + file,
                identity: environment, in: other)
            #expect(try eventually { try other.hasDelivered(sidecar) })
            try azure.rotate("smtp", to: "c4n4ry-new")
            sidecar.send(SIGHUP)
            #expect(
                eventually {
                    (try? String(contentsOfFile: other.path + "/values", encoding: .utf8)) == "c4n4ry-database b"
                })
            try sidecar.end(SIGTERM)
        }
    }
}
