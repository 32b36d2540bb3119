import Foundation
import Testing

/// The same file here and in Azure: a vault's name leads to the emulator.
struct VaultSuffixTests {
    private static let file = """
        vault = "demo"

        [env]
        DB_PASSWORD = "db-password"
        ELSEWHERE = { secret = "api-key", vault = "other" }
        SHORT = "akv://other/api-key"
        """

    @Test func `with the emulator's environment a vault's name is enough in every form`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            _ = try scratch.write(Self.file, to: "latchkey.toml")
            let names = ["DB_PASSWORD", "ELSEWHERE", "SHORT", "INHERITED"]
            let environment = try azure.environment(leadingNames: true)
            let run = try azure.start(
                ["run", "-f", "license=akv://demo/license", "--", Programs.probe, "print-on", "USR1"]
                    + names.flatMap { ["--env", $0] } + ["license"],
                identity: environment,
                environment: ["INHERITED": "@Microsoft.KeyVault(VaultName=other;SecretName=api-key)"], in: scratch)
            try run.expect(line: "ready")
            for (name, value) in zip(names, ["database"] + Array(repeating: "elsewhere", count: 3)) {
                #expect(run.output.lines.contains("env=\(name) \(fingerprint("c4n4ry-\(value)"))"))
            }
            #expect(run.output.lines.contains { $0.hasPrefix("file=license \(fingerprint("c4n4ry-license"))") })
            try run.end(SIGTERM)

            let check = try azure.start(["check", "--", Programs.probe], identity: environment, in: scratch).end()
            #expect(check.ending == .code(0), "\(check.output)")
            #expect(
                check.output.split(separator: "\n").first.map(String.init)
                    == "vaults are those under '\(azure.suffix)', which are not Azure's "
                    + "(the environment variable LATCHKEY_VAULT_SUFFIX)")
            let get = try azure.start(
                ["get", "api-key", "--vault", "other"], identity: environment, in: scratch, printsSecrets: true
            ).end()
            #expect(get.output == "c4n4ry-elsewhere")
            let made = try azure.start(["init", "--output", "-"], identity: environment, in: scratch).end()
            #expect(made.output.contains("\nvault = \"demo\"\n"))
        }
    }

    @Test func `option and key choose a suffix, and check says which did`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let authority = ["--ca-file", azure.authority]
            _ = try scratch.write("vault-suffix = \"\(azure.suffix)\"\n" + Self.file, to: "latchkey.toml")
            let byKey = try azure.start(["check"] + authority + ["--", Programs.probe], in: scratch).end()
            #expect(byKey.ending == .code(0), "\(byKey.output)\(byKey.errors)")
            #expect(
                byKey.output.hasPrefix(
                    "vaults are those under '\(azure.suffix)', which are not Azure's (latchkey.toml:1:16)"))
            let option = ["--vault-suffix", "vault.azure.cn", "--start-timeout", "0s"]
            let byOption = try azure.start(["check"] + authority + option + ["--", Programs.probe], in: scratch).end()
            #expect(byOption.output.hasPrefix("vaults are those under 'vault.azure.cn' ('--vault-suffix')\n"))
            let json = try azure.start(["check", "--json"] + authority + ["--", Programs.probe], in: scratch).end()
            #expect(json.output.contains("\"vault_suffix\": \"\(azure.suffix)\""), "\(json.output)")
        }
    }

    @Test func `no vault under another suffix gets a token of Azure's vaults, whatever it asks for`() throws {
        try Emulator.serving { azure in
            try azure.fault(
                "{\"endpoint\":\"vault\",\"token\":false,\"status\":401,\"headers\":{\"WWW-Authenticate\":"
                    + "\"Bearer authorization=\\\"https://login.microsoftonline.com/t\\\", "
                    + "resource=\\\"https://vault.azure.net\\\"\"}}")
            let outcome = try azure.start(
                ["run", "--vault", "demo", "-e", "A=db-password", "--", Programs.probe],
                identity: azure.environment(leadingNames: true), in: Scratch()
            ).end()
            #expect(outcome.ending == .code(76), "\(outcome.errors)")
            #expect(outcome.failures.first?.contains("error[vault-challenge]: ") == true, "\(outcome.errors)")
            let journal = try azure.journal()
            #expect(!journal.contains { $0.token != nil } && !journal.contains { $0.endpoint == "app-service" })
        }
    }
}
