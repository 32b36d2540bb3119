import Foundation
import LatchkeyTestSupport
import Testing

/// Azure's clouds at their real names: where a private `/etc/hosts` says that they are on this machine.
@Suite(
    .enabled(
        if: PrivateMounts.areThere && Programs.installed("unshare") != nil, "only root can have its own /etc/hosts"))
struct CloudTests {
    struct Cloud: CustomTestStringConvertible, Sendable {
        var suffix: String
        var login: String
        /// What `--vault` is given.
        var vault: String
        /// Where the emulator serves, so that each cloud has port 443.
        var address: String
        var testDescription: String { "\(suffix) with \(login)" }

        init(_ suffix: String, _ login: String, _ number: Int, vault: String? = nil) {
            self.suffix = suffix
            self.login = login
            self.vault = vault ?? "https://demo.\(suffix)"
            address = "127.44.3.\(number)"
        }

        func serving(_ body: (Emulator) throws -> Void) throws {
            let place = ["--address", address, "--vault-port", "443", "--vault-suffix", suffix, "--login-host", login]
            let seed = Emulator.testIdentities + "\n[vaults.demo.keys]\nsigning = { type = \"EC\" }\n"
            try Emulator.serving(seed, options: place, body)
        }

        /// Starts `latchkey` where the vault's name and the login's stand for the emulator, and nothing else resolves.
        func start(_ azure: Emulator, _ arguments: [String], in scratch: Scratch) throws -> Outcome {
            let hosts = try scratch.write("127.0.0.1 localhost\n\(address) demo.\(suffix) \(login)\n", to: "hosts")
            let identity = try azure.environment("client-secret-app")
            let script = #"mount --bind "$0" /etc/hosts && exec "$@""#
            return try Launch(
                try #require(Programs.installed("unshare")),
                ["--mount", "--", "sh", "-c", script, hosts, Programs.latchkey] + arguments,
                environment: identity.merging(["HOME": scratch.path]) { $1 }, directory: scratch.path,
                printsSecrets: true, within: scratch
            ).end()
        }
    }

    private static let vaults = [
        Cloud("vault.azure.net", "login.microsoftonline.com", 1, vault: "demo"),
        Cloud("vault.azure.net", "login.microsoftonline.com", 2),
        Cloud("vault.azure.cn", "login.chinacloudapi.cn", 3),
        Cloud("vault.azure.cn", "login.partner.microsoftonline.cn", 4),
        Cloud("vault.usgovcloudapi.net", "login.microsoftonline.us", 5),
    ]

    @Test(arguments: vaults)
    func `a secret comes from the cloud's vault, with a token of the cloud's login:`(cloud: Cloud) throws {
        try cloud.serving { azure in
            let scratch = try Scratch()
            let outcome = try cloud.start(
                azure,
                [
                    "run", "--once", "--vault", cloud.vault, "--ca-file", azure.authority, "-e", "A=db-password", "--",
                    "printenv", "A",
                ], in: scratch)
            #expect(outcome.output == "c4n4ry-database\n", "\(outcome.errors)")
            let journal = try azure.journal().filter { $0.endpoint != "control" }
            #expect(Set(journal.map(\.host)) == ["demo.\(cloud.suffix)", cloud.login])
            // The vault is asked while the token is on its way; a token that comes at once goes with that first request.
            #expect(journal.count { $0.host == cloud.login } == 1 && journal.count <= 3)
            #expect(journal.contains { $0.form["scope"] == "https://\(cloud.suffix)/.default" })
            #expect(journal.compactMap(\.token?.audience) == ["https://\(cloud.suffix)"])
        }
    }

    private static let modules = [
        Cloud("managedhsm.azure.net", "login.microsoftonline.com", 11),
        Cloud("managedhsm.azure.cn", "login.chinacloudapi.cn", 12),
        Cloud("managedhsm.usgovcloudapi.net", "login.microsoftonline.us", 13),
    ]

    @Test(arguments: modules)
    func `a managed HSM's key is had with a token for managed HSMs:`(cloud: Cloud) throws {
        try cloud.serving { azure in
            let scratch = try Scratch()
            let outcome = try cloud.start(
                azure, ["get", "\(cloud.vault)/keys/signing", "--ca-file", azure.authority], in: scratch)
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            #expect(outcome.output.contains("\"crv\":\"P-256\""), "\(outcome.errors)")
            #expect(try azure.journal().last { $0.endpoint == "vault" }?.token?.audience == "https://\(cloud.suffix)")
        }
    }

    @Test func `the cloud's own suffix says whose token a vault gets, whatever it asks for`() throws {
        let china = Cloud("vault.azure.cn", "login.chinacloudapi.cn", 21)
        try china.serving { azure in
            let scratch = try Scratch()
            try azure.fault(#"{"endpoint":"vault","challenge-resource":"https://vault.azure.net"}"#)
            let outcome = try china.start(
                azure,
                ["run", "--vault", china.vault, "--ca-file", azure.authority, "-e", "A=db-password", "--", "true"],
                in: scratch)
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            let journal = try azure.journal()
            #expect(journal.compactMap { $0.form["scope"] } == ["https://vault.azure.cn/.default"])
            #expect(journal.compactMap(\.token?.audience) == ["https://vault.azure.cn"])
        }
    }
}
