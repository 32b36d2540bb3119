import Foundation
import Testing

/// What goes wrong on this machine between two refreshes: nothing of it changes what is delivered.
struct RefreshTroubleTests {
    /// Starts a run by a configuration file; refreshes come on request only.
    private static func start(
        _ azure: Emulator, _ scratch: Scratch, _ configuration: String, command: [String]
    ) throws -> Launch {
        let file = try scratch.write(configuration, to: "latchkey.toml")
        return try azure.start(
            ["run", "--vault", azure.vault, "--ca-file", azure.authority, "--config", file, "--instance", "trouble"]
                + ["--"] + command, in: scratch)
    }

    private static func refresh(_ azure: Emulator, _ scratch: Scratch) throws -> Ending {
        try azure.start(["refresh", "--wait", "--instance", "trouble"], in: scratch).end().ending
    }

    private static func file(_ name: String, _ scratch: Scratch) -> String? {
        try? String(contentsOfFile: "\(scratch.path)/instance/secrets/\(name)", encoding: .utf8)
    }

    private static let onRequest = "[refresh]\nevery = \"off\"\nsignal = \"USR1\"\n"
    private static let files = "[files]\ndatabase = { secret = \"db-password\" }\n"
    private static let command = [Programs.probe, "print-on", "USR1", "database"]

    @Test func `a broken edit of the configuration keeps what runs, and a good one is taken up`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try Self.start(azure, scratch, Self.files + Self.onRequest, command: Self.command)
            try launch.expect(line: "ready")
            _ = try scratch.write("[files\ndatabase = ", to: "latchkey.toml")
            try azure.rotate("db-password", to: "c4n4ry-rotated")
            #expect(try Self.refresh(azure, scratch) == .code(78))
            try launch.expect(error: "error[config-kept]: latchkey.toml:1:")
            try launch.expect(error: "the configuration from before stays in force")
            #expect(Self.file("database", scratch) == "c4n4ry-database")
            #expect(try scratch.status().state == "failing")

            let more = Self.files + "license = { secret = \"license\", encoding = \"base64\" }\n"
            _ = try scratch.write(more + Self.onRequest, to: "latchkey.toml")
            #expect(try Self.refresh(azure, scratch) == .code(0))
            #expect(Self.file("database", scratch) == "c4n4ry-rotated")
            #expect(Self.file("license", scratch) == "c4n4ry-license")
            try launch.end(SIGTERM)
        }
    }

    @Test func `a template that vanished keeps what was made of it`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let template = try scratch.write("password={{db-password}}\n", to: "app.mustache")
            let launch = try Self.start(
                azure, scratch, "[files.database]\ntemplate = \"\(template)\"\n" + Self.onRequest,
                command: Self.command)
            try launch.expect(line: "ready")
            try FileManager.default.removeItem(atPath: template)
            #expect(try Self.refresh(azure, scratch) == .code(66))
            #expect(Self.file("database", scratch) == "password=c4n4ry-database\n")
            _ = try scratch.write("new={{db-password}}\n", to: "app.mustache")
            #expect(try Self.refresh(azure, scratch) == .code(0))
            #expect(Self.file("database", scratch) == "new=c4n4ry-database\n")
            try launch.end(SIGTERM)
        }
    }

    @Test func `a storm of HUPs is few refreshes, and the last of them finds the newest`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try Self.start(azure, scratch, Self.files + Self.onRequest, command: Self.command)
            try launch.expect(line: "ready")
            let child = try scratch.status().child
            for _ in 0..<2000 { launch.send(SIGHUP) }
            try azure.rotate("db-password", to: "c4n4ry-rotated")
            for _ in 0..<2000 { launch.send(SIGHUP) }
            let isNewest = eventually { Self.file("database", scratch) == "c4n4ry-rotated" }
            #expect(isNewest)
            #expect(try Self.refresh(azure, scratch) == .code(0))
            let status = try scratch.status()
            #expect(status.attempt < 100 && status.state == "fresh" && status.child == child, "\(status)")
            #expect(try launch.end(SIGTERM).failures.isEmpty)
        }
    }

    @Test func `after a rollback the status shows what is served, and so it stays`() throws {
        struct Shown: Decodable {
            struct Secret: Decodable {
                var name: String
                var version: String
                var target: String
            }
            var secrets: [Secret]
        }
        try Emulator.serving { azure in
            let scratch = try Scratch()
            func shown() throws -> [String] {
                let text = try String(contentsOfFile: scratch.path + "/instance/status.json", encoding: .utf8)
                return try JSONDecoder().decode(Shown.self, from: Data(text.utf8)).secrets
                    .map { "\($0.name) \($0.version) \($0.target)" }
            }
            let script = "grep -q wrong \"$LATCHKEY_SECRETS/database\" && exit 3; exec \"$0\" print-on USR1 database"
            let launch = try Self.start(
                azure, scratch, Self.files + "[refresh]\nevery = \"off\"\non-change = \"restart\"\n",
                command: ["/bin/sh", "-c", script, Programs.probe])
            try launch.expect(line: "ready")
            let before = try shown()
            #expect(before.count == 1 && before[0].hasSuffix(" file:database"), "\(before)")
            try azure.rotate("db-password", to: "c4n4ry-wrong")
            #expect(try Self.refresh(azure, scratch) == .code(0))
            #expect(try shown() != before)
            try launch.expect(error: "error[child-rolled-back]")
            try launch.expect(line: "ready", count: 2)
            #expect(Self.file("database", scratch) == "c4n4ry-database")
            #expect(try eventually { try shown() == before })
            #expect(try Self.refresh(azure, scratch) == .code(0))
            #expect(try shown() == before && scratch.status().child != nil)
            #expect(Self.file("database", scratch) == "c4n4ry-database")
            try launch.end(SIGTERM)
        }
    }
}
