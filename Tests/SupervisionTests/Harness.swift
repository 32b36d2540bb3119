import Foundation
import Glibc
import LinuxSystem
import Testing

/// A directory with `latchkey` (from `LATCHKEY_BIN`, else the build), and a worker that answers at once and the probe
/// (from `LATCHKEY_DEBUG_BIN`, else the build).
final class Harness: Sendable {
    let path: String

    init() throws {
        let own = URL(fileURLWithPath: try ProcessFiles.ownProgram()).deletingLastPathComponent().path
        let variables = ProcessInfo.processInfo.environment
        let build = variables["LATCHKEY_DEBUG_BIN"] ?? Self.productFolder ?? own
        let shipped = variables["LATCHKEY_BIN"] ?? build
        path = NSTemporaryDirectory() + "latchkey-supervision-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let programs = [
            ("latchkey", "latchkey"), ("latchkey-stub-worker", "latchkey-worker"), ("latchkey-probe", "latchkey-probe"),
        ]
        for (source, name) in programs {
            let folder = source == "latchkey" ? shipped : build
            try FileManager.default.copyItem(atPath: "\(folder)/\(source)", toPath: "\(path)/\(name)")
        }
    }

    /// The build's folder, from the test bundle that the runner was told to load.
    private static var productFolder: String? {
        ProcessInfo.processInfo.arguments.first { $0.hasSuffix(".xctest") }
            .map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// How a process ended.
    enum Ending: Equatable {
        case code(Int32)
        case signal(Int32)
    }

    /// Runs a line of the shell in the directory to its end.
    func shell(_ line: String, _ environment: [String] = []) throws -> (ending: Ending, output: String) {
        let running = try start(line, environment)
        let output = running.rest()
        return (running.wait(), output)
    }

    /// Starts a line of the shell in the directory, with the environment of a clean process.
    func start(_ line: String, _ environment: [String] = []) throws -> Running {
        let block = try MemoryFile.create(name: "environment")
        let entries = ["PATH=/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/"] + environment
        try writeAll(Array(entries.joined(separator: "\0").utf8 + [0]).span, to: block.number)
        let pair = try LocalSocket.pair()
        var request = SpawnRequest(
            arguments: ["/bin/sh", "-c", "cd '\(path)' && \(line)"].map { Array($0.utf8) }, environment: block.number)
        request.asStarted = false
        request.descriptors = []
        request.output = pair.second.number
        request.deathSignal = SIGKILL
        let pid = try request.spawn()
        return Running(pid: pid, output: pair.takeFirst().release())
    }
}

/// A process under test and the lines it writes.
final class Running {
    let pid: Int32
    private let output: CInt
    private var buffer: [UInt8] = []

    init(pid: Int32, output: CInt) {
        self.pid = pid
        self.output = output
    }

    deinit {
        close(output)
    }

    /// The next line; nil at the end.
    func line() -> String? {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                defer { buffer.removeFirst(end + 1) }
                return String(decoding: buffer[..<end], as: UTF8.self)
            }
            guard fill() else { return nil }
        }
    }

    /// Everything up to the end.
    func rest() -> String {
        while fill() {}
        defer { buffer = [] }
        return String(decoding: buffer, as: UTF8.self)
    }

    /// False at the end, and when nothing comes for so long that the test has failed.
    private func fill() -> Bool {
        var watched = pollfd(fd: output, events: CShort(POLLIN), revents: 0)
        guard unsafe poll(&watched, 1, 60_000) == 1 else {
            Issue.record("nothing more comes, and no end")
            return false
        }
        var piece = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe piece.withUnsafeMutableBytes { unsafe read(output, $0.baseAddress, $0.count) }
        if count > 0 { buffer += piece.prefix(count) }
        return count > 0
    }

    /// Reads lines until one is the given one.
    func await(_ wanted: String) -> Bool {
        while let line = line() { if line == wanted { return true } }
        return false
    }

    func signal(_ number: Int32) { kill(pid, number) }

    func queue(_ number: Int32, _ value: Int32) {
        try? Signals.send(number, to: pid, queuedValue: UInt64(UInt32(bitPattern: value)))
    }

    func wait() -> Harness.Ending {
        var status: CInt = 0
        while unsafe waitpid(pid, &status, 0) == -1 && errno == EINTR {}
        return status & 0x7F == 0 ? .code((status >> 8) & 0xFF) : .signal(status & 0x7F)
    }
}

/// Whether a program is in one of the directories where systems have theirs.
func installed(_ name: String) -> Bool {
    ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].contains { directory in
        FileManager.default.isExecutableFile(atPath: "\(directory)/\(name)")
    }
}

/// Whether tests that take minutes are run too (`deploy/test.sh --full`).
let runsFull = ProcessInfo.processInfo.environment["LATCHKEY_FULL"].map { !$0.isEmpty && $0 != "0" } ?? false
