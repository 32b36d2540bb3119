import Foundation
import Testing

/// Somebody puts `latchkey.toml` where somebody else starts `latchkey`.
struct FoundConfigurationTests {
    /// Reads its configuration from `scratch`, where `latchkey.toml` says what is delivered.
    private static func start(_ azure: Emulator, _ scratch: Scratch, _ options: String...) throws -> Launch {
        try azure.start(
            ["run", "--ca-file", azure.authority] + options + ["--", Programs.probe, "print-on", "USR1", "database"],
            in: scratch)
    }

    private static func write(
        _ azure: Emulator, _ refresh: String, to name: String = "latchkey.toml", in scratch: Scratch
    ) throws -> String {
        try scratch.write(
            "vault = \"\(azure.vault)\"\n[files]\ndatabase = \"db-password\"\n[refresh]\n\(refresh)\n", to: name)
    }

    enum Trap: CaseIterable {
        case anothers, everybodyWrites, groupWrites

        var needsRoot: Bool { self == .anothers }

        func set(_ path: String) throws {
            switch self {
            case .anothers: try #require(unsafe chown(path, 65534, 65534) == 0)
            case .everybodyWrites: try #require(unsafe chmod(path, 0o606) == 0)
            case .groupWrites:
                if geteuid() == 0 { try #require(unsafe chown(path, 0, 65534) == 0) }
                try #require(unsafe chmod(path, 0o660) == 0)
            }
        }

        var says: String {
            switch self {
            case .anothers: "(65534), who is neither root nor the caller"
            case .everybodyWrites: "everybody can write it"
            case .groupWrites: "its group can write it"
            }
        }
    }

    @Test(arguments: geteuid() == 0 ? Trap.allCases : Trap.allCases.filter { !$0.needsRoot })
    func `a file that is found and could be another's is refused with its owner, and one that is named is not`(
        trap: Trap
    ) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let mark = scratch.path + "/taken"
            let path = try Self.write(azure, "exec-on-change = \"touch \(mark)\"", in: scratch)
            try trap.set(path)
            let outcome = try Self.start(azure, scratch).end()
            #expect(outcome.ending == .code(78) && outcome.output.isEmpty, "\(outcome.errors)")
            let failure = outcome.failures.joined()
            #expect(failure.contains("error[config-untrusted]") && failure.contains(trap.says), "\(outcome.errors)")
            #expect(failure.contains(trap == .anothers ? "65534" : String(geteuid())), "\(outcome.errors)")
            #expect(outcome.hints.joined().contains("--config"), "\(outcome.errors)")

            let named = try Self.start(azure, scratch, "--config", "latchkey.toml")
            try named.expect(line: "ready")
            try named.end(SIGTERM)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, to own files as others"))
    func `a file that was swapped in while it runs is not read at the next refresh`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let mark = scratch.path + "/taken"
            _ = try Self.write(azure, "on-change = \"none\"", in: scratch)
            let launch = try Self.start(azure, scratch)
            try launch.expect(line: "ready")
            let trap = try Self.write(
                azure, "exec-on-change = \"touch \(mark)\"", to: "trap.toml", in: scratch)
            try Trap.anothers.set(trap)
            try #require(unsafe rename(trap, scratch.path + "/latchkey.toml") == 0)
            try azure.rotate("db-password", to: "c4n4ry-rotated")
            launch.send(SIGHUP)
            try launch.expect(error: "error[config-kept]")
            #expect(launch.errors.text.contains("(65534)"), "\(launch.errors.text)")
            try launch.end(SIGTERM)
            #expect(!FileManager.default.fileExists(atPath: mark))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, to give a file to root's group"))
    func `root's group may write a file that is found`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let path = try Self.write(azure, "on-change = \"none\"", in: scratch)
            try #require(unsafe chown(path, 0, 0) == 0)
            try #require(unsafe chmod(path, 0o664) == 0)
            let launch = try Self.start(azure, scratch)
            try launch.expect(line: "ready")
            try launch.end(SIGTERM)
        }
    }

    /// Opening a pipe waits for its other end.
    @Test func `a pipe that is found is refused, and not waited for`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            try #require(unsafe mkfifo(scratch.path + "/latchkey.toml", 0o600) == 0)
            let outcome = try Self.start(azure, scratch).end()
            #expect(outcome.ending == .code(66), "\(outcome.errors)")
        }
    }
}
