import Foundation
import LatchkeyTestSupport
import Testing

/// What a program said and how it ended.
struct Ended {
    /// The exit code; 128 + n after a signal.
    let code: Int32
    let output: String
    let errors: String
}

enum Tool {
    /// The folder of the products that were built with the tests.
    static let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .path

    static let rotate = products + "/latchkey-rotate"

    static func exists(_ name: String) -> Bool { path(of: name) != nil }

    static func path(of name: String) -> String? {
        if name.hasPrefix("/") { return FileManager.default.isExecutableFile(atPath: name) ? name : nil }
        return ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin"].map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Runs a program to its end; its instance, if it has one, is where its environment says or where no other is.
    static func run(_ name: String, _ arguments: [String], environment: [String: String]? = nil) throws -> Ended {
        var variables = environment ?? ProcessInfo.processInfo.environment
        let runtimeDirectory = try RuntimeDirectory.add(to: &variables)
        defer { withExtendedLifetime(runtimeDirectory) {} }
        let program = try #require(path(of: name), "\(name) is not installed")
        let outcome = try ChildProcess.run(program, arguments, environment: variables)
        return Ended(code: outcome.ending.status, output: outcome.output, errors: outcome.errors)
    }

    /// Runs shell lines in a mount namespace of their own, with `$ROTATE` as the writer; needs root.
    static func runInNamespace(_ lines: String) throws -> Ended {
        var environment = ProcessInfo.processInfo.environment
        environment["ROTATE"] = rotate
        for name in ["RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"] { environment[name] = nil }
        return try run("unshare", ["-m", "--propagation", "private", "sh", "-c", lines], environment: environment)
    }

    /// The same with a `/run` of this kind, and with `/mnt/user` in memory as `$XDG_RUNTIME_DIR`.
    static func runInNamespace(_ kind: RunDirectory, _ lines: String) throws -> Ended {
        let disk = "/var/tmp/latchkey-test-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
        setMode(disk, 0o755)
        defer { try? FileManager.default.removeItem(atPath: disk) }
        let mount = kind == .memory ? "mount -t tmpfs -o mode=0755 none /run" : "mount --bind \(disk) /run"
        return try runInNamespace(
            """
            \(mount) && mount -t tmpfs -o mode=1777 none /dev/shm && mount -t tmpfs -o mode=0755 none /mnt || exit 1
            mkdir -m 755 /mnt/user && export XDG_RUNTIME_DIR=/mnt/user || exit 1
            \(lines)
            """)
    }
}

/// What `/run` is: memory as on most machines, or on a disk as in many containers.
enum RunDirectory: CaseIterable {
    case memory, disk

    /// Where root's instances are then.
    var instances: String { self == .memory ? "/run/latchkey" : "/mnt/user/latchkey" }
}

/// Why tests that need it are skipped.
let needsRoot = Comment("needs root, to mount file systems and to act as other users")
let isRoot = PrivateMounts.areThere && Tool.exists("unshare")

/// The whole of a test that is cut short by default.
let isFull = ProcessInfo.processInfo.environment["LATCHKEY_FULL"] == "1"
