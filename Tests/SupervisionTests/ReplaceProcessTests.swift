import Foundation
import Glibc
import LinuxSystem
import Testing

private let sharedHarness = Result { try Harness() }

/// `--on-change replace` with real processes.
@Suite(.serialized)
struct ReplaceProcessTests {
    private func harness() throws -> Harness { try sharedHarness.get() }

    /// A command that says its generation, what it is told, and its end; `first` and `second` come before.
    private func start(
        _ environment: [String], first: String = ":", second: String = ":"
    ) throws -> Running {
        let script = """
            if test -z "$STUB_GENERATION"; then \(first); else \(second); fi
            trap 'echo bye=$STUB_GENERATION; exit 0' TERM; trap 'echo usr=$STUB_GENERATION' USR1
            echo gen=$STUB_GENERATION
            while :; do sleep 1000 >/dev/null 2>&1 & wait; done
            """
        _ = FileManager.default.createFile(atPath: try harness().path + "/app", contents: Data(script.utf8))
        return try harness().start(
            "exec ./latchkey run -- sh ./app 2>&1", ["STUB_REFRESH=change", "STUB_ACTION=replace"] + environment)
    }

    private func expect(_ running: Running, code: String) -> Bool {
        while let line = running.line() { if line.contains("[\(code)]") { return true } }
        return false
    }

    @Test(arguments: ["1", "/bin/true"])
    func `the second one has the new environment, serves, and the first one ends`(ready: String) throws {
        let running = try start(["STUB_READY=\(ready)"])
        #expect(running.await("gen="))
        running.signal(SIGHUP)
        #expect(running.await("gen=2"))
        #expect(expect(running, code: "child-replaced"))
        #expect(running.await("bye="))
        running.signal(SIGUSR1)
        #expect(running.await("usr=2"))
        running.signal(SIGTERM)
        #expect(running.await("bye=2"))
        #expect(running.wait() == .code(0))
    }

    @Test(arguments: [("exit 3", "60000"), ("while :; do sleep 1; done", "300")])
    func `a second one that fails or hangs leaves the first one as it was`(second: String, timeout: String) throws {
        let running = try start(["STUB_READY=/bin/false", "STUB_READY_TIMEOUT=\(timeout)"], second: second)
        #expect(running.await("gen="))
        running.signal(SIGHUP)
        #expect(expect(running, code: "child-rolled-back"))
        running.signal(SIGUSR1)
        #expect(running.await("usr="))
        running.signal(SIGTERM)
        #expect(running.await("bye="))
        #expect(running.wait() == .code(0))
    }

    @Test func `a first one that ignores the stop signal is killed`() throws {
        let running = try start(["STUB_STOP_TIMEOUT=100"], first: "exec ./latchkey-probe ignore TERM")
        #expect(running.await("ready"))
        running.signal(SIGHUP)
        #expect(expect(running, code: "child-replaced"))
        running.signal(SIGTERM)
        // Standard output ends with the last of them.
        _ = running.rest()
        #expect(running.wait() == .code(0))
    }

    @Test func `the first one's own end makes the second the command`() throws {
        let running = try start(["STUB_READY=/bin/false"])
        #expect(running.await("gen="))
        running.signal(SIGHUP)
        #expect(running.await("gen=2"))
        let first = try #require(ProcessFiles.text("/proc/\(running.pid)/task/\(running.pid)/children"))
        kill(try #require(first.split(separator: " ").first.flatMap { Int32($0) }), SIGKILL)
        #expect(expect(running, code: "child-replaced"))
        running.signal(SIGTERM)
        #expect(running.await("bye=2"))
        #expect(running.wait() == .code(0))
    }

    @Test func `TERM while both run ends both`() throws {
        let running = try start(["STUB_READY=/bin/false"])
        #expect(running.await("gen="))
        running.signal(SIGHUP)
        #expect(running.await("gen=2"))
        running.signal(SIGTERM)
        #expect(Set(running.rest().split(separator: "\n")).isSuperset(of: ["bye=", "bye=2"]))
        #expect(running.wait() == .code(0))
    }

    @Test func `with a group of its own all of the first one's processes get the stop signal`() throws {
        let running = try start(
            ["STUB_GROUP_SIGNAL=1"], first: "./latchkey-probe signals --until TERM & trap : TERM; wait; wait; exit 0")
        #expect(running.await("ready"))
        running.signal(SIGHUP)
        #expect(expect(running, code: "child-replaced"))
        while let line = running.line(), !line.hasPrefix("signal=\(SIGTERM) ") {}
        running.signal(SIGTERM)
        #expect(running.await("bye=2"))
        #expect(running.wait() == .code(0))
    }

    @Test func `the manager hears of the unit, and the second one's READY is the switch`() throws {
        let manager = try LocalSocket.anonymous()
        // Who has sent a message stays, so that it can be told whose it is.
        let ready = """
            trap 'kill $!; echo bye=$STUB_GENERATION; exit 0' TERM
            ./latchkey-probe notify READY=1 --stay >/dev/null & wait
            """
        let running = try start(
            ["STUB_READY=notify", "STUB_CHILD_NOTIFIES=1", "NOTIFY_SOCKET=\(manager.name)"], first: ready, second: ready
        )
        var heard: [String] = []
        func hear(until count: Int) throws {
            var buffer = [UInt8](repeating: 0, count: 4096)
            var watched = pollfd(fd: manager.socket.number, events: Int16(POLLIN), revents: 0)
            while heard.count < count, unsafe poll(&watched, 1, 60_000) == 1,
                let message = try LocalSocket.receive(from: manager.socket.number, into: &buffer)
            {
                let text = String(decoding: buffer.prefix(message.count), as: UTF8.self)
                heard += text.split(separator: "\n").map(String.init).filter {
                    $0.hasPrefix("READY") || $0.hasPrefix("RELOADING")
                }
            }
        }
        try hear(until: 1)
        running.signal(SIGHUP)
        #expect(running.await("bye="))
        running.signal(SIGTERM)
        #expect(running.await("bye=2"))
        #expect(running.wait() == .code(0))
        try hear(until: 5)
        // The first one's; the refresh on HUP; the unit while the second one takes over, of which nothing is passed on.
        #expect(heard == ["READY=1"] + ["RELOADING=1", "READY=1"] + ["RELOADING=1", "READY=1"])
    }
}
