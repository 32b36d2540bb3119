import Foundation
import Glibc
import LinuxSystem
import Testing

/// A change that can't be told at once, from the vault to the process that waits for it.
struct OwedChangeTests {
    private static let pause = "every = \"off\"\n"

    private func launch(
        _ command: [String], _ azure: Emulator, _ refresh: String, _ options: [String], in scratch: Scratch
    ) throws -> Launch {
        let file = try scratch.write("[refresh]\n\(Self.pause)\(refresh)\n", to: "latchkey.toml")
        return try azure.start(
            [command[0], "--vault", azure.vault, "--ca-file", azure.authority, "--config", file] + options
                + command.dropFirst(), in: scratch)
    }

    private func rotate(_ name: String, _ azure: Emulator, in scratch: Scratch) throws {
        try azure.rotate(name, to: "c4n4ry-\(UUID().uuidString)")
        let outcome = try azure.start(["refresh", "--wait"], in: scratch).end()
        #expect(outcome.ending == .code(0), "\(outcome.errors)")
    }

    private func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    /// The members of the status under `pending`.
    private func pending(_ azure: Emulator, in scratch: Scratch) throws -> [[String: Any]] {
        let output = try azure.start(["status", "--json"], in: scratch).end().output
        let object = try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
        return try #require(object["pending"] as? [[String: Any]])
    }

    @Test func `a command that runs when the next secret changes ends by itself, and one more tells of that`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let (told, gate) = (scratch.path + "/told", scratch.path + "/gate")
            try #require(unsafe mkfifo(gate, 0o600) == 0)
            let run = try launch(
                ["run", "--", Programs.probe, "sleep"], azure,
                "exec-on-change = 'sh -c \"echo begin $LATCHKEY_CHANGED >>\(told); read x <\(gate); echo end >>\(told)\"'",
                ["-f", "a=db-password", "-f", "b=license"], in: scratch)
            try run.expect(line: "ready")
            try rotate("db-password", azure, in: scratch)
            #expect(eventually { text(told) == "begin db-password\n" })
            try rotate("license", azure, in: scratch)
            #expect(try pending(azure, in: scratch).first?["names"] as? [String] == ["db-password", "license"])
            for shown in ["begin db-password\nend\nbegin license\n", "begin db-password\nend\nbegin license\nend\n"] {
                try Data("\n".utf8).write(to: URL(fileURLWithPath: gate))
                #expect(eventually { text(told) == shown })
            }
            #expect(try eventually { try pending(azure, in: scratch).isEmpty })
            try run.end(SIGTERM)
        }
    }

    @Test func `a sidecar's signal waits for the pid file of its app, and says so`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let pidFile = scratch.path + "/app.pid"
            let app = try Launch(Programs.probe, ["signals", "--until", "TERM"])
            try app.expect(line: "ready")
            let sidecar = try launch(
                ["sidecar"], azure, "signal = \"USR1\"\nsignal-pid = \"\(pidFile)\"", ["-f", "a=db-password"],
                in: scratch)
            #expect(try eventually { try scratch.hasDelivered(sidecar) })
            try rotate("db-password", azure, in: scratch)
            try sidecar.expect(error: "warning[signal-target]: no process to signal: ")
            let waiting = try pending(azure, in: scratch)
            #expect(waiting.count == 1)
            #expect(waiting.first?["action"] as? String == "signal")
            #expect(waiting.first?["receiver"] as? String == "the pid file '\(pidFile)'")
            #expect(waiting.first?["names"] as? [String] == ["db-password"])
            let table = try azure.start(["status"], in: scratch).end().output
            #expect(table.contains("has yet to be told of db-password"), "\(table)")
            let metrics = try azure.start(["status", "--prometheus"], in: scratch).end().output
            #expect(metrics.contains("\nlatchkey_pending 1\n"))
            try Data("\(app.pid)\n".utf8).write(to: URL(fileURLWithPath: pidFile))
            try sidecar.expect(
                error: "info[change-told]: the pid file '\(pidFile)' was told of the change: db-password")
            #expect(try eventually { try pending(azure, in: scratch).isEmpty })
            let outcome = try sidecar.end(SIGTERM)
            #expect(outcome.errors.split(separator: "\n").count { $0.contains("no process to signal: ") } == 1)
            #expect(try app.end(SIGTERM).output.contains("signal=\(SIGUSR1) "))
        }
    }

    @Test(arguments: [false, true])
    func `what a killed sidecar had not told is told by the next one, once`(isTold: Bool) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let (told, ready) = (scratch.path + "/told", scratch.path + "/ready")
            func start() throws -> Launch {
                let sidecar = try launch(
                    ["sidecar"], azure,
                    "exec-on-change = 'sh -c \"test -e \(ready) && echo $LATCHKEY_CHANGED >>\(told)\"'",
                    ["-f", "a=db-password", "-f", "b=license"], in: scratch)
                #expect(try eventually { try scratch.hasDelivered(sidecar) })
                return sidecar
            }
            if isTold { #expect(FileManager.default.createFile(atPath: ready, contents: nil)) }
            let first = try start()
            try rotate("db-password", azure, in: scratch)
            if isTold {
                #expect(eventually { text(told) == "db-password\n" })
                #expect(try eventually { try pending(azure, in: scratch).isEmpty })
            } else {
                try first.expect(error: "warning[action-failed]: ")
            }
            try first.end(SIGKILL)
            if !isTold { #expect(FileManager.default.createFile(atPath: ready, contents: nil)) }
            let second = try start()
            #expect(eventually { text(told) == "db-password\n" })
            #expect(try eventually { try pending(azure, in: scratch).isEmpty })
            try second.end(SIGKILL)
            // Nothing is owed any more.
            let third = try start()
            try rotate("license", azure, in: scratch)
            #expect(eventually { text(told) == "db-password\nlicense\n" })
            #expect(try third.end(SIGTERM).ending == .code(0))
            #expect(!FileManager.default.fileExists(atPath: scratch.path + "/instance/secrets/..untold"))
        }
    }
}
