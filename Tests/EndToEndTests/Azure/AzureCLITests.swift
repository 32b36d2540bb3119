import Foundation
import LinuxSystem
import Testing

/// A developer's own login, with a stand-in for `az` that gets its token from the emulator.
struct AzureCLITests {
    /// A folder with an `az` in it, and where that writes down its arguments.
    private func install(_ body: String, in scratch: Scratch) throws -> String {
        let folder = scratch.path + "/bin"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let script = "#!/bin/sh\nprintf '%s\\n' \"$*\" >>\(scratch.path)/arguments\n\(body)\n"
        let path = try scratch.write(script, to: "bin/az")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return folder + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
    }

    private func run(_ azure: Emulator, _ az: String, in scratch: Scratch) throws -> Outcome {
        try azure.printSecret(
            ["PATH": try install(az, in: scratch)], options: ["--identity", "azure-cli"], in: scratch)
    }

    @Test(.enabled(if: Programs.installed("curl") != nil, "curl is not installed"))
    func `the login's token is used, and nothing that az says is shown`() throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            let outcome = try run(
                azure,
                #"""
                echo "c4n4ry: a warning of az's own" >&2
                curl -sS -X POST -d '{"identity":"app"}' \#(azure.controlURL)/tokens |
                    sed 's/.*"access_token": *"\([^"]*\)".*/{"accessToken":"\1","expires_on":4102444800}/'
                """#, in: scratch)
            #expect(outcome.output == "c4n4ry-database\n", "\(outcome.errors)")
            let arguments = try String(contentsOfFile: scratch.path + "/arguments", encoding: .utf8)
            #expect(
                arguments == "account get-access-token --output json --resource \(azure.resource) "
                    + "--tenant \(azure.tenant)\n")
        }
    }

    @Test(arguments: [
        ("echo \"ERROR: Please run 'az login' to setup account, c4n4ry.\" >&2; exit 1", 77, "nobody is logged in"),
        ("echo 'AADSTS700082: The refresh token of c4n4ry has expired' >&2; exit 1", 77, "AADSTS700082"),
        ("echo 'c4n4ry, and no JSON at all'", 76, "'az'"),
        ("exit 127", 77, "no 'az' in PATH"),
    ])
    func `what az cannot do is said in words of our own`(az: String, code: Int32, words: String) throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            let outcome = try run(azure, az, in: scratch)
            #expect(outcome.ending == .code(code), "\(outcome.errors)")
            #expect(outcome.failures.count == 1 && outcome.errors.contains(words), "\(outcome.errors)")
        }
    }

    @Test func `an az that never answers is waited for no longer than the start, and does not stay`() throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            let az = "echo $$ >>\(scratch.path)/processes; sleep 1000 & echo $! >>\(scratch.path)/processes; wait"
            let outcome = try azure.printSecret(
                ["PATH": try install(az, in: scratch)],
                options: ["--identity", "azure-cli", "--start-timeout", "1s"], in: scratch)
            #expect(outcome.ending == .code(75), "\(outcome.errors)")
            #expect(outcome.failures.count == 1 && outcome.errors.contains("azure-cli"), "\(outcome.errors)")
            let processes = try String(contentsOfFile: scratch.path + "/processes", encoding: .utf8)
            let numbers = processes.split(separator: "\n").compactMap { Int32($0) }
            #expect(numbers.count >= 2)
            for number in numbers {
                // One whose parent is gone may still wait for whoever reaps it.
                let isOver = eventually { ProcessFiles.statusLine("State:", of: number)?.hasPrefix("Z") ?? true }
                #expect(isOver)
            }
        }
    }
}
