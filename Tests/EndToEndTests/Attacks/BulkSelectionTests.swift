import Foundation
import Testing

/// Somebody who may write secrets to the vault, but not the deployment, tries to lead COMMAND by a variable.
struct BulkSelectionTests {
    /// A curl that reads what an attacker has written, and prints it.
    private struct Lure {
        let scratch: Scratch
        let seed: String
        let command: [String]

        init() throws {
            scratch = try Scratch()
            _ = try scratch.write("write-out = \"taken\"\n", to: ".curlrc")
            seed = Emulator.seed + "\n[vaults.other.secrets]\ncurl-home = \"\(scratch.path)\"\n"
            command = [try #require(Programs.installed("curl")), "-s", "file:///dev/null"]
        }

        func run(_ azure: Emulator, _ options: String...) throws -> Outcome {
            try azure.start(
                ["run", "--vault", azure.vault("other"), "--ca-file", azure.authority] + options + ["--"] + command,
                in: scratch
            ).end()
        }
    }

    @Test func `a secret's name does not choose what COMMAND reads, unless the configuration names it`() throws {
        let lure = try Lure()
        try Emulator.serving(lure.seed.replacing("[vaults.other.secrets]\napi-key = \"c4n4ry-elsewhere\"\n", with: ""))
        {
            azure in
            let refused = try lure.run(azure, "--all")
            #expect(refused.ending == .code(65) && refused.output.isEmpty, "\(refused.output)\(refused.errors)")
            let failure = refused.failures.joined()
            #expect(failure.contains("error[name-refused]"), "\(refused.errors)")
            #expect(failure.contains("'CURL_HOME'") && failure.contains("'curl-home'"), "\(refused.errors)")
            // The way out that the hint names.
            let named = try lure.run(azure, "--all", "-e", "CURL_HOME=curl-home")
            #expect(named.ending == .code(0) && named.output == "taken", "\(named.errors)")
        }
    }
}
