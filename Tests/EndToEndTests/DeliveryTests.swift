import Foundation
import Testing

/// From the vault to the app, by every way in which a run can be told what to deliver.
struct DeliveryTests {
    private static let print = ["printenv", "DB_PASSWORD"]

    @Test(arguments: ["app-service", "imds", "app-service-2017"])
    func `a variable is delivered with the identity of`(host: String) throws {
        try Emulator.serving { azure in
            let output = try azure.printed(
                ["run", "--vault", azure.vault, "--ca-file", azure.authority, "-e", "DB_PASSWORD=db-password"],
                command: Self.print, identity: try azure.environment(host))
            #expect(output == "c4n4ry-database\n")
        }
    }

    @Test func `what COMMAND returns is returned`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try azure.run(
                "-e", "DB_PASSWORD=db-password", command: [Programs.probe, "exit", "42"], in: scratch)
            let outcome = try launch.end()
            #expect(outcome.ending == .code(42))
            #expect(outcome.failures.isEmpty, "\(outcome.errors)")
        }
    }

    @Test func `once becomes COMMAND in the same process`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try azure.run(
                "--once", "-e", "DB_PASSWORD=db-password",
                command: [
                    Programs.probe, "print-on", "HUP", "--env",
                    "DB_PASSWORD",
                ], in: scratch)
            try launch.expect(line: "ready")
            #expect(ProcessTree.descendants(of: launch.pid).isEmpty)
            #expect(
                try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(launch.pid)/exe")
                    == URL(fileURLWithPath: Programs.probe).resolvingSymlinksInPath().path)
            #expect(launch.output.lines.contains("env=DB_PASSWORD \(fingerprint("c4n4ry-database"))"))
            #expect(try launch.end(SIGTERM).ending == .signal(SIGTERM))
        }
    }

    @Test func `files are links to one generation in memory, for their owner alone`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try azure.run(
                "-f", "database=db-password", "-f", "mail/password=smtp#/password",
                command: [Programs.probe, "print-on", "HUP", "database", "mail/password"], in: scratch)
            try launch.expect(line: "ready")
            let secrets = scratch.path + "/instance/secrets"
            #expect(try String(contentsOfFile: secrets + "/database", encoding: .utf8) == "c4n4ry-database")
            #expect(try String(contentsOfFile: secrets + "/mail/password", encoding: .utf8) == "c4n4ry-smtp")
            let files = FileManager.default
            #expect(try files.destinationOfSymbolicLink(atPath: secrets + "/database") == "..data/database")
            func mode(_ path: String) throws -> Int? {
                try files.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            }
            #expect(try mode(secrets) == 0o700)
            #expect(try mode(secrets + "/..data/database") == 0o400)
            #expect(try mode(secrets + "/..data/mail/password") == 0o400)
            // The child found the directory by LATCHKEY_SECRETS alone.
            #expect(launch.output.lines.contains { $0.hasPrefix("file=database \(fingerprint("c4n4ry-database"))") })
            // TERM is the stop signal; the probe has no handler for it, and latchkey dies as its child did.
            #expect(try launch.end(SIGTERM).ending == .signal(SIGTERM))
            #expect(!files.fileExists(atPath: secrets), "a clean stop leaves secrets behind")
        }
    }

    @Test func `an inherited reference is resolved in place`() throws {
        try Emulator.serving { azure in
            let reference = "@Microsoft.KeyVault(SecretUri=\(azure.vault)/secrets/db-password)"
            let output = try azure.printed(
                ["run", "--ca-file", azure.authority], command: Self.print, environment: ["DB_PASSWORD": reference])
            #expect(output == "c4n4ry-database\n")
        }
    }

    @Test func `the identity's variables do not reach COMMAND`() throws {
        try Emulator.serving { azure in
            let output = try azure.printed(
                ["run", "--vault", azure.vault, "--ca-file", azure.authority, "-e", "DB_PASSWORD=db-password"],
                command: ["env"], environment: ["KEPT": "as it was"])
            let names = output.split(separator: "\n").compactMap { $0.split(separator: "=").first }
            #expect(names.contains("KEPT") && names.contains("DB_PASSWORD"))
            #expect(!names.contains("IDENTITY_HEADER") && !names.contains("IDENTITY_ENDPOINT"))
        }
    }
}
