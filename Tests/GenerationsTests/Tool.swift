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

    /// Runs a program to its end.
    static func run(_ name: String, _ arguments: [String], environment: [String: String]? = nil) throws -> Ended {
        let outcome = try ChildProcess.run(try #require(path(of: name)), arguments, environment: environment)
        return Ended(code: outcome.ending.status, output: outcome.output, errors: outcome.errors)
    }

    /// Runs shell lines in a mount namespace of their own, with `$ROTATE` as the writer; needs root.
    static func runInNamespace(_ lines: String) throws -> Ended {
        var environment = ProcessInfo.processInfo.environment
        environment["ROTATE"] = rotate
        for name in ["RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"] { environment[name] = nil }
        return try run("unshare", ["-m", "--propagation", "private", "sh", "-c", lines], environment: environment)
    }
}

/// Why tests that need it are skipped.
let needsRoot = Comment("needs root, to mount file systems and to act as other users")
let isRoot = geteuid() == 0 && Tool.exists("unshare")

/// The whole of a test that is cut short by default.
let isFull = ProcessInfo.processInfo.environment["LATCHKEY_FULL"] == "1"
