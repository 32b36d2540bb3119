import AzureEmulator
import Foundation
import Testing

/// The program as people start it.
struct ProgramTests {
    private static var program: String { Command.products + "/latchkey-emulator" }

    /// A started program, and what it wrote first.
    private final class Running {
        let process = Process()
        let place: JSON
        private let output = Pipe()
        let errors = Pipe()

        init(_ arguments: String...) throws {
            process.executableURL = URL(fileURLWithPath: ProgramTests.program)
            process.arguments = arguments
            process.standardOutput = output
            process.standardError = errors
            try process.run()
            var line: [UInt8] = []
            while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != 10 { line.append(byte) }
            place = try JSON(parsing: line)
        }

        /// Waits for the end that something else brings about.
        func end(with signal: Int32) -> Int32 {
            kill(process.processIdentifier, signal)
            process.waitUntilExit()
            return process.terminationStatus
        }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `it says where everything is and ends cleanly`(signal: Int32) throws {
        let directory = Command.temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let running = try Running("--state-directory", directory)
        #expect(running.place["vaults"]?["demo"]?.string?.hasPrefix("https://demo.vault.localhost:") == true)
        #expect(running.place["ca_file"]?.string == directory + "/ca.pem")
        let written = try String(contentsOfFile: directory + "/emulator.json", encoding: .utf8)
        #expect(try JSON(parsing: written) == running.place)
        #expect(running.end(with: signal) == 0)
        #expect(!FileManager.default.fileExists(atPath: directory + "/environment"))
        #expect(FileManager.default.fileExists(atPath: directory + "/ca.pem"))
    }

    @Test func `a shell reads back an application's secret as it is, whatever is in it`() throws {
        let directory = Command.temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        let secret = "it's $HOME; \"a b\" `x` \\ # *"
        let escaped = secret.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
        let seed = "[[identity]]\nname = \"app\"\nsecret = \"\(escaped)\"\n"
        try seed.write(toFile: directory + "/seed.toml", atomically: true, encoding: .utf8)
        let running = try Running("--state-directory", directory + "/state", "--seed", directory + "/seed.toml")
        let read = try Command.run(
            "/bin/sh", "-c", ". \"$0\"; printf %s \"$AZURE_CLIENT_SECRET\"",
            directory + "/state/environment-client-secret-app")
        #expect(read.status == 0)
        #expect(read.output == secret)
        #expect(running.end(with: SIGTERM) == 0)
    }

    @Test func `a port that is taken is named`() throws {
        let running = try Running()
        let port = try #require(running.place["vault_port"]?.integer)
        let second = try Command.run(Self.program, "--vault-port", String(port))
        #expect(second.status == 1)
        #expect(
            second.output
                == "latchkey-emulator: error: cannot listen at 127.0.0.1:\(port): another program listens there\n")
        #expect(running.end(with: SIGTERM) == 0)
    }

    @Test(
        arguments: [
            (["--seed", "/nowhere/seed.toml"], 1, "seed file '/nowhere/seed.toml' cannot be read"),
            (["--vault-port", "70000"], 64, "70000 is no port"), (["--wat"], 64, "Unknown option '--wat'"),
            (["--state-directory", "/proc/nowhere"], 1, "cannot make the state directory '/proc/nowhere'"),
        ] as [([String], Int32, String)])
    func `a wrong start says why`(arguments: [String], status: Int32, message: String) throws {
        let result = try Command.run([Self.program] + arguments)
        #expect(result.status == status)
        #expect(result.output.contains(message), "\(result.output)")
    }

    @Test func `help has an example, and so has the seed`() throws {
        let help = try Command.run(Self.program, "--help")
        #expect(help.status == 0 && help.output.contains("latchkey-emulator --seed secrets.toml"))
        #expect(try Command.run(Self.program, "--example-seed").output.hasPrefix("# Seed of latchkey-emulator."))
    }

    @Test func `edits of the seed file are followed, and a broken one changes nothing`() async throws {
        let directory = Command.temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let seed = directory + "/seed.toml"
        func write(_ value: String) throws {
            try "[vaults.demo.secrets]\na = \(value)\n".write(toFile: seed, atomically: true, encoding: .utf8)
        }
        try write("\"1\"")
        let running = try Running("--seed", seed, "--state-directory", directory)
        let plain = WireClient(port: try #require(running.place["identity_port"]?.integer))
        /// Waits for what the program says about an edit.
        func notice() throws -> String {
            var line: [UInt8] = []
            while let byte = try running.errors.fileHandleForReading.read(upToCount: 1)?.first, byte != 10 {
                line.append(byte)
            }
            return String(decoding: line, as: UTF8.self)
        }
        func versions() async throws -> Int? {
            let reply = try await plain.send("GET", "/_emulator/vaults/demo/secrets", host: "127.0.0.1")
            return try reply.json.array?.first?["versions"]?.array?.count
        }
        try write("\"2\"")
        #expect(try notice() == "latchkey-emulator: seed file read again")
        #expect(try await versions() == 2)
        try write("broken")
        #expect(try notice().contains("the seed file's last edit is not used: seed.toml: line 2"))
        #expect(try await versions() == 2)
        #expect(running.end(with: SIGTERM) == 0)
    }

    @Test func `a client that never ends does not hold up the end`() async throws {
        let running = try Running()
        let plain = WireClient(port: try #require(running.place["identity_port"]?.integer))
        _ = try await plain.send("POST", "/_emulator/faults", host: "127.0.0.1", body: #"{"delay":"1h"}"#)
        async let pending = plain.send("GET", "/metadata/identity/oauth2/token", host: "127.0.0.1")
        // The request is in the journal before its delay begins.
        var seen = 0
        while seen == 0 {
            let reply = try await plain.send("GET", "/_emulator/journal", host: "127.0.0.1")
            seen = try reply.json.array?.count ?? 0
        }
        #expect(running.end(with: SIGTERM) == 0)
        _ = try? await pending
    }
}
