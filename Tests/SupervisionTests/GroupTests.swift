import Foundation
import Glibc
import LinuxSystem
import Testing

private let sharedHarness = Result { try Harness() }

/// A shell that ends at once, and a server below it that takes its time: with `--group-signal` a stop waits for both.
@Suite(.serialized)
struct GroupTests {
    private func pipe(_ name: String) throws -> String {
        let path = try sharedHarness.get().path + "/" + name
        try? FileManager.default.removeItem(atPath: path)
        try #require(unsafe mkfifo(path, 0o600) == 0)
        return path
    }

    private func open(_ pipe: String) throws {
        try Data("\n".utf8).write(to: URL(fileURLWithPath: pipe))
    }

    /// Starts a shell with a server below it that does `trap` at TERM. The shell ends at TERM, and where `end` says.
    private func start(_ trap: String, _ end: String, _ variables: [String]) throws -> Running {
        let harness = try sharedHarness.get()
        let never = try pipe("never")
        let lines = "trap '\(trap)' TERM; echo \"serving $STUB_GENERATION $$\"; while :; do read line <\(never); done"
        try Data(lines.utf8).write(to: URL(fileURLWithPath: harness.path + "/server"))
        return try harness.start(
            "exec ./latchkey run -- sh -c 'sh ./server\(end)' 2>/dev/null", ["STUB_GROUP_SIGNAL=1"] + variables)
    }

    private func words(_ line: String?) -> [String] { line?.split(separator: " ").map(String.init) ?? [] }

    @Test func `a restart begins when the old server has gone, and the end waits for it too`() throws {
        let drain = try pipe("drain")
        let running = try start(
            "echo draining; read line <\(drain); echo drained; exit 0", "; exit $?",
            ["STUB_ACTION=restart", "STUB_REFRESH=change"])
        #expect(words(running.line()).first == "serving")
        running.signal(SIGHUP)
        #expect(running.line() == "draining")
        try open(drain)
        #expect(running.line() == "drained")
        #expect(words(running.line()).prefix(2) == ["serving", "2"])
        running.signal(SIGTERM)
        #expect(running.line() == "draining")
        try open(drain)
        #expect(running.line() == "drained")
        #expect(running.rest() == "")
        #expect(running.wait() == .signal(SIGTERM))
    }

    @Test func `what does not stop in time is killed, and nobody is left`() throws {
        let running = try start(":", "; exit $?", ["STUB_STOP_TIMEOUT=100"])
        let server = try #require(words(running.line()).last.flatMap { Int32($0) })
        running.signal(SIGTERM)
        #expect(running.wait() == .signal(SIGTERM))
        #expect(ProcessFiles.statusLine("State:", of: server)?.hasPrefix("Z") ?? true)
    }

    @Test func `a command that ends by itself leaves nobody of its group`() throws {
        let end = try pipe("end")
        let running = try start("echo told; exit 0", " & read line <\(end); exit 3", [])
        #expect(words(running.line()).first == "serving")
        try open(end)
        #expect(running.line() == "told")
        #expect(running.rest() == "")
        #expect(running.wait() == .code(3))
    }
}
