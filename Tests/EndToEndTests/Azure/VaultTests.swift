import Foundation
import Testing

/// Several vaults, long lists, versions, and tokens that are asked for no more often than needed.
struct VaultTests {
    private static let command = [Programs.probe, "exit", "0"]

    /// Options for that many secrets of a vault.
    private func fillers(_ count: Int, of vault: String, as prefix: String) -> [String] {
        (0..<count).flatMap { number in
            let digits = String(number)
            let name = "filler-" + String(repeating: "0", count: 5 - digits.count) + digits
            return ["-e", "\(prefix)\(number)=\(vault)/secrets/\(name)"]
        }
    }

    @Test(arguments: ["app-service", "client-secret-app"])
    func `one token is asked for, however many secrets of however many vaults, with`(identity: String) throws {
        let seed = """
            \(Emulator.testIdentities)
            [vaults.demo.fill]
            count = 30
            [vaults.other.fill]
            count = 30
            """
        try Emulator.serving(seed) { azure in
            let scratch = try Scratch()
            let options =
                fillers(30, of: azure.vault, as: "DEMO_") + fillers(30, of: azure.vault("other"), as: "OTHER_")
            let arguments = ["run", "--ca-file", azure.authority] + options + ["--"] + Self.command
            let outcome = try azure.start(
                arguments, identity: try azure.environment(identity), in: scratch
            ).end()
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            #expect(try azure.tokenRequests().count == 1)
            let answered = try azure.journal().filter { $0.endpoint == "vault" && $0.status == 200 }
            #expect(answered.count { $0.vault == "demo" } == 30 && answered.count { $0.vault == "other" } == 30)
        }
    }

    @Test func `a long list is followed to its end, over pages that are empty`() throws {
        let seed = """
            [vaults.demo]
            empty-pages = 2
            fill = { count = 60, prefix = "web--", tags = { app = "web" } }

            [vaults.demo.secrets]
            web--plain = "c4n4ry"
            web--off = { value = "c4n4ry", enabled = false, tags = { app = "web" } }
            """
        try Emulator.serving(seed) { azure in
            let output = try azure.printed(
                [
                    "run", "--vault", azure.vault, "--ca-file", azure.authority, "--all=web--", "--tag", "app=web",
                    "--naming", "dotnet",
                ], command: ["env"])
            let names = output.split(separator: "\n").filter { $0.hasPrefix("web__") }
            #expect(names.count == 60, "\(names.count)")
            #expect(try azure.journal().count { $0.path == "/secrets" && $0.status == 200 } >= 9)
        }
    }

    @Test func `a pinned version is delivered beside the newest one`() throws {
        let seed = """
            [vaults.demo.secrets]
            pinned = { versions = [
                { value = "c4n4ry-first", version = "0123456789abcdef0123456789abcdef" }, { value = "c4n4ry-second" },
            ] }
            """
        try Emulator.serving(seed) { azure in
            let reference = "pinned/0123456789abcdef0123456789abcdef"
            let output = try azure.printed(
                [
                    "run", "--vault", azure.vault, "--ca-file", azure.authority, "-e", "NEWEST=pinned", "-e",
                    "OLD=\(reference)",
                ], command: ["printenv", "NEWEST", "OLD"],
                environment: ["SAME": "@Microsoft.KeyVault(SecretUri=\(azure.vault)/secrets/\(reference))"])
            #expect(output == "c4n4ry-second\nc4n4ry-first\n")
        }
    }

    @Test(arguments: ["", "/", "/0123456789abcdef0123456789abcdef"])
    func `an App Service reference is resolved in each of its forms`(ending: String) throws {
        let seed = """
            [vaults.demo.secrets]
            db-password = { value = "c4n4ry-database", version = "0123456789abcdef0123456789abcdef" }
            """
        try Emulator.serving(seed) { azure in
            let output = try azure.printed(
                ["run", "--ca-file", azure.authority], command: ["printenv", "DB_PASSWORD"],
                environment: [
                    "DB_PASSWORD": "@Microsoft.KeyVault(SecretUri=\(azure.vault)/secrets/db-password\(ending))"
                ])
            #expect(output == "c4n4ry-database\n")
        }
    }

    @Test(arguments: [
        ("@Microsoft.KeyVault(SecretUri=VAULT/secrets/no-such-secret)", 66),
        ("@Microsoft.KeyVault(SecretUri=http://demo.vault.localhost/secrets/a)", 78),
        ("@Microsoft.KeyVault(SecretName=a)", 78), ("@Microsoft.KeyVault(SecretUri=VAULT/secrets/a", 78),
        ("@Microsoft.KeyVault()", 78), ("akv://", 78), ("akv://demo/a/b/c/d", 78),
    ])
    func `a reference that can't be resolved never reaches COMMAND`(reference: String, code: Int32) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let outcome = try azure.start(
                ["run", "--ca-file", azure.authority, "--", "printenv", "A"],
                environment: ["A": reference.replacingOccurrences(of: "VAULT", with: azure.vault)], in: scratch
            ).end()
            #expect(outcome.ending == .code(code), "\(outcome.errors)")
            #expect(outcome.output.isEmpty)
        }
    }

    @Test(arguments: ["warn", "ignore"])
    func `one that may be missing is left out, and not handed on as it is`(policy: String) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let reference = "@Microsoft.KeyVault(SecretUri=\(azure.vault)/secrets/no-such-secret)"
            let outcome = try azure.start(
                ["run", "--ca-file", azure.authority, "--if-missing", policy, "--", "env"],
                environment: ["A": reference], in: scratch
            ).end()
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            #expect(!outcome.output.contains("Microsoft.KeyVault"))
            #expect(!outcome.output.split(separator: "\n").contains { $0.hasPrefix("A=") })
            #expect(outcome.errors.contains("no-such-secret") == (policy == "warn"), "\(outcome.errors)")
        }
    }

    @Test func `claims that the vault wants to be met are met, once`() throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            let fault = #"{"name":"claims","endpoint":"vault","token":true,"challenge":"insufficient-claims""#
            try azure.fault(fault + #","times":1}"#)
            let identity = try azure.environment("client-secret-app")
            let outcome = try azure.printSecret(identity, in: scratch)
            #expect(outcome.output == "c4n4ry-database\n", "\(outcome.errors)")
            let forms = try azure.tokenRequests().map(\.form)
            #expect(forms.count == 2 && !forms[0].contains { $0.hasPrefix("claims") })
            #expect(forms.last?.last?.hasPrefix("claims={") == true, "\(forms)")
            try azure.fault(fault + "}")
            let refused = try azure.printSecret(identity, in: scratch)
            #expect(refused.ending == .code(77), "\(refused.errors)")
            #expect(try azure.tokenRequests().count == 4)
        }
    }
}
