import Foundation
import Testing

/// A container of runc's whose first process is the bundle's `latchkey`, as locked down as platforms have it: read-only
/// root directory, user 4711, no capability, no new privileges, /dev/shm as the only place to write to; on this
/// machine's network.
final class Container: Sendable {
    static let user = 4711

    let launch: Launch
    private let name = "latchkey-\(UInt32.random(in: 0...UInt32.max))"
    private let place: String

    /// Starts `latchkey` with these arguments in the root directory, with the bundle at `bundle`, wherever that is.
    ///
    /// COMMAND is at /app. `files` are mounted over paths of the container.
    init(
        _ root: ContainerRoot, bundle: String = "/opt/latchkey", _ arguments: [String], in azure: Emulator,
        environment: [String: String] = [:], files: [String: String] = [:]
    ) throws {
        place = try ContainerBundle.directory(name)
        try ContainerBundle.trusting(azure.authority, at: place + "/bundle")
        let mounts = [bundle: place + "/bundle", "/app": try root.probe()].merging(files) { $1 }
        let variables = try azure.environment().merging(environment) { $1 }
        let process: [String: Any] = [
            "user": ["uid": Self.user, "gid": Self.user], "args": [bundle + "/latchkey"] + arguments, "cwd": "/",
            "env": (["PATH=/bin"] + variables.map { "\($0)=\($1)" }).sorted(), "noNewPrivileges": true,
            "capabilities": [String: [String]](),
        ]
        let configuration: [String: Any] = [
            "ociVersion": "1.0.2", "process": process, "root": ["path": try root.directory(), "readonly": true],
            "mounts": Self.system + mounts.sorted { $0.key < $1.key }.map(Self.bound),
            "linux": ["namespaces": ["pid", "ipc", "uts", "mount"].map { ["type": $0] }],
        ]
        let text = try JSONSerialization.data(withJSONObject: configuration)
        try text.write(to: URL(fileURLWithPath: place + "/config.json"))
        let runc = try #require(Programs.installed("runc"), "runc is not installed")
        launch = try Launch(runc, ["--root", place + "/state", "run", "-b", place, name])
    }

    private static var system: [[String: Any]] {
        [
            ["destination": "/proc", "type": "proc", "source": "proc"],
            [
                "destination": "/dev", "type": "tmpfs", "source": "tmpfs",
                "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
            ],
            [
                "destination": "/dev/shm", "type": "tmpfs", "source": "shm",
                "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=8192k"],
            ],
        ]
    }

    private static func bound(_ destination: String, _ source: String) -> [String: Any] {
        ["destination": destination, "type": "bind", "source": source, "options": ["bind", "ro"]]
    }

    deinit {
        if let runc = Programs.installed("runc") {
            _ = try? Launch(runc, ["--root", place + "/state", "delete", "-f", name]).end()
        }
        try? FileManager.default.removeItem(atPath: place)
    }

    /// Process 1 of the container, by its number outside.
    func first() throws -> Int32 {
        let found = ProcessTree.descendants(of: launch.pid).first { process in
            ContainerProcess.line("NSpid:", of: process)?.split(separator: "\t").last == "1"
        }
        return try #require(found, "the container has no first process")
    }

    /// A path of the container, seen from outside.
    func path(_ path: String) throws -> String { "/proc/\(try first())/root\(path)" }

    /// How many processes it has, and how many of them nobody has waited for.
    func processes() throws -> (all: Int, dead: Int) {
        let all = ProcessTree.descendants(of: try first())
        let dead = all.count { ContainerProcess.line("State:", of: $0)?.hasPrefix("Z") ?? false }
        return (all.count + 1, dead)
    }
}

enum ContainerProcess {
    /// The rest of a line of /proc/PID/status.
    static func line(_ key: String, of process: Int32) -> String? {
        let text = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        return text?.split(separator: "\n").first { $0.hasPrefix(key) }
            .map { $0.dropFirst(key.count).trimmingCharacters(in: .whitespaces) }
    }
}
