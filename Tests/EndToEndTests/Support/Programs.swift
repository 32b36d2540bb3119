import Foundation

/// Where the programs under test are.
enum Programs {
    private static func directory(_ variable: String) -> String? {
        ProcessInfo.processInfo.environment[variable].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Of the debug build: beside the test bundle unless LATCHKEY_DEBUG_BIN names it.
    private static let debug: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return directory("LATCHKEY_DEBUG_BIN") ?? URL(fileURLWithPath: own).deletingLastPathComponent().path
    }()

    /// As shipped, where LATCHKEY_BIN names the directory of `latchkey` and `latchkey-worker`.
    static let latchkey = (directory("LATCHKEY_BIN") ?? debug) + "/latchkey"
    /// Whether that is so, and no debug build is tested.
    static let areShipped = directory("LATCHKEY_BIN") != nil
    static let emulator = debug + "/latchkey-emulator"
    static let probe = debug + "/latchkey-probe"
    static let stubWorker = debug + "/latchkey-stub-worker"

    /// The first program of this name in PATH.
    static func installed(_ name: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

/// A directory in memory that is removed with its owner.
final class Scratch: Sendable {
    let path: String

    init() throws {
        // Short names: a Unix socket's path has 107 bytes.
        path = "/dev/shm/latchkey-e2e-\(UInt64.random(in: .min ... .max))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    /// Writes a file and returns its path.
    func write(_ text: String, to name: String) throws -> String {
        try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
        return "\(path)/\(name)"
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
