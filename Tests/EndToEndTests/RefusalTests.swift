import Foundation
import Testing

/// What goes wrong is said in one line: what, where, and what to do; COMMAND is not started.
struct RefusalTests {
    /// One refusal as the contract has it.
    struct Refusal: CustomTestStringConvertible, Sendable {
        var what: String
        /// `VAULT` and `CA` stand for the emulator's.
        var arguments: [String]
        var environment: [String: String] = [:]
        var code: Int32
        var message: String
        /// What the line has to name.
        var names: [String] = []

        var testDescription: String { what }
    }

    private static let good = ["--vault", "VAULT", "--ca-file", "CA"]
    private static let command = [Programs.probe, "report"]
    private static let secret = ["-e", "DB_PASSWORD=db-password"]

    private static let all: [Refusal] = [
        Refusal(what: "no subcommand", arguments: [], code: 64, message: "command-missing"),
        Refusal(
            what: "an unknown subcommand", arguments: ["runn"], code: 64, message: "command-unknown",
            names: ["'runn'", "run"]),
        Refusal(what: "no COMMAND", arguments: ["run"] + good + secret, code: 64, message: "command-missing"),
        Refusal(
            what: "no COMMAND behind --", arguments: ["run"] + good + secret + ["--"], code: 64,
            message: "command-missing"),
        Refusal(
            what: "an unknown option", arguments: ["run", "--vualt", "demo", "--"] + command, code: 64,
            message: "option-unknown", names: ["'--vualt'", "--vault"]),
        Refusal(
            what: "a bad duration", arguments: ["run"] + good + ["--refresh", "often", "--"] + command, code: 64,
            message: "option-value", names: ["--refresh", "'often'"]),
        Refusal(
            what: "a bad variable", arguments: ["run"] + good + ["--"] + command,
            environment: ["LATCHKEY_REFRESH": "often"], code: 78, message: "environment-value",
            names: ["LATCHKEY_REFRESH"]),
        Refusal(
            what: "a vault that does not resolve",
            arguments: ["run", "--vault", "https://nowhere.invalid", "--start-timeout", "4s"] + secret + ["--"]
                + command, code: 75, message: "vault-unresolved", names: ["nowhere.invalid"]),
        Refusal(
            what: "a port where nothing listens",
            arguments: ["run", "--vault", "https://demo.vault.localhost:1", "--start-timeout", "2s"] + secret
                + ["--"] + command, code: 75, message: "vault-unreachable", names: ["demo"]),
        Refusal(
            what: "an authority that is not the vault's",
            arguments: ["run", "--vault", "VAULT", "--ca-file", "OTHER"] + secret + ["--"] + command, code: 76,
            message: "vault-untrusted", names: ["demo"]),
        Refusal(
            what: "an identity endpoint that is down",
            arguments: ["run"] + good + ["--start-timeout", "2s"] + secret + ["--"] + command,
            environment: ["IDENTITY_ENDPOINT": "http://127.0.0.1:1/msi/token"], code: 75,
            message: "identity-unreachable", names: ["127.0.0.1:1"]),
        Refusal(
            what: "an identity header without an endpoint", arguments: ["run"] + good + secret + ["--"] + command,
            environment: ["IDENTITY_ENDPOINT": ""], code: 78, message: "identity-half-set",
            names: ["IDENTITY_ENDPOINT"]),
        Refusal(
            what: "a missing secret", arguments: ["run"] + good + ["-e", "A=no-such-secret", "--"] + command, code: 66,
            message: "secret-missing", names: ["'no-such-secret'", "demo"]),
        Refusal(
            what: "a disabled secret", arguments: ["run"] + good + ["-e", "A=retired", "--"] + command, code: 77,
            message: "secret-disabled", names: ["'retired'", "demo"]),
        Refusal(
            what: "a missing member", arguments: ["run"] + good + ["-e", "A=smtp#/nothing", "--"] + command, code: 66,
            message: "json-member", names: ["'smtp'", "/nothing"]),
        Refusal(
            what: "a value that is not JSON", arguments: ["run"] + good + ["-e", "A=db-password#/a", "--"] + command,
            code: 65, message: "value-json", names: ["'db-password'"]),
        Refusal(
            what: "a missing configuration file", arguments: ["run", "--config", "nowhere.toml", "--"] + command,
            code: 66, message: "config-missing", names: ["'nowhere.toml'"]),
        Refusal(
            what: "a COMMAND that does not exist", arguments: ["run"] + good + secret + ["--", "no-such-command"],
            code: 127, message: "child-not-found", names: ["'no-such-command'"]),
        Refusal(
            what: "a COMMAND that cannot be executed", arguments: ["run"] + good + secret + ["--", "/dev/null"],
            code: 126, message: "child-not-executable", names: ["'/dev/null'"]),
    ]

    @Test(arguments: all)
    func `it is refused in one line, with the way out:`(refusal: Refusal) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let other = try scratch.write(Self.otherAuthority, to: "other.pem")
            let arguments = refusal.arguments.map { word in
                ["VAULT": azure.vault, "CA": azure.authority, "OTHER": other][word] ?? word
            }
            var identity = try azure.environment()
            // Named empty: not there at all.
            for (name, value) in refusal.environment { identity[name] = value.isEmpty ? nil : value }
            let outcome = try azure.start(arguments, identity: identity, in: scratch).end()
            #expect(outcome.ending == .code(refusal.code), "\(outcome.errors)")
            #expect(outcome.output.isEmpty)
            let failures = outcome.failures
            #expect(failures.count == 1, "\(outcome.errors)")
            #expect(failures.allSatisfy { $0.hasPrefix("latchkey: error[\(refusal.message)]: ") }, "\(failures)")
            // The way out is the last line.
            let last = outcome.errors.split(separator: "\n").last ?? ""
            #expect(last.contains(": hint: "), "\(outcome.errors)")
            for name in refusal.names { #expect(outcome.errors.contains(name), "\(outcome.errors)") }
            for line in outcome.errors.split(separator: "\n") { #expect(line.utf8.count <= 1024) }
        }
    }

    @Test func `an identity that comes back in time is waited for`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            try azure.fault(#"{"endpoint":"app-service","status":503,"times":2}"#)
            let launch = try azure.run(
                "-e", "DB_PASSWORD=db-password", command: [Programs.probe, "sleep"], in: scratch)
            try launch.expect(line: "ready")
            #expect(launch.errors.lines.count { $0.contains("warning[") } == 1, "\(launch.errors.text)")
            try launch.end(SIGTERM)
        }
    }

    @Test func `an identity without permission is told which role it needs`() throws {
        let seed = """
            \(Emulator.seed)
            [[identity]]
            name = "system"
            system-assigned = true
            permissions = []
            """
        try Emulator.serving(seed) { azure in
            let scratch = try Scratch()
            let outcome = try azure.run(
                "-e", "DB_PASSWORD=db-password", command: Self.command, in: scratch
            ).end()
            #expect(outcome.ending == .code(77))
            #expect(outcome.errors.contains("Key Vault Secrets User"), "\(outcome.errors)")
        }
    }

    /// An authority that has signed nothing here.
    private static let otherAuthority = """
        -----BEGIN CERTIFICATE-----
        MIIBjzCCATWgAwIBAgIUNf+NAivxZGyZGpisKBZC3fv9FIgwCgYIKoZIzj0EAwIw
        HDEaMBgGA1UEAwwRQW5vdGhlciBBdXRob3JpdHkwIBcNMjYxMTIzMTEyMjEzWhgP
        MjEyNjEwMzAxMTIyMTNaMBwxGjAYBgNVBAMMEUFub3RoZXIgQXV0aG9yaXR5MFkw
        EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEap2Qc72H5iFOvKJg0CDsxDAxD2Y6DuOb
        iAqkzZQLMrc1zFAxI4AURxTMOrwS7O2FTHov+WbcsM/YpIW6unzQUKNTMFEwHQYD
        VR0OBBYEFIzfRuz9PqecX8TZjm8fxEBcMGWdMB8GA1UdIwQYMBaAFIzfRuz9Pqec
        X8TZjm8fxEBcMGWdMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIh
        AIB4r4yWTfl15qkkkWrSQ9ldQY3Dszyew3mkxpzrft8jAiAETY2mBCLkdyQ6OuRO
        tZZSmmIBJILjzndITmI7akvhWg==
        -----END CERTIFICATE-----
        """
}
