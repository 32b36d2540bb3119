import Foundation
import Glibc
import LinuxSystem
import Testing

private let sharedHarness = Result { try Harness() }

/// A change that can't be told at once, by real commands, signals and processes.
@Suite(.serialized)
struct OwedTests {
    private func harness() throws -> Harness { try sharedHarness.get() }

    /// A script of the shell as a program in the harness's directory.
    private func script(_ name: String, _ lines: String) throws -> String {
        let path = try harness().path + "/" + name
        try Data("#!/bin/sh\n\(lines)\n".utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }

    /// A named pipe: a script waits at it until the test has written a line.
    private func gate(_ name: String) throws -> String {
        let path = try harness().path + "/" + name
        try #require(unsafe mkfifo(path, 0o600) == 0)
        return path
    }

    private func open(_ gate: String) throws {
        try Data("\n".utf8).write(to: URL(fileURLWithPath: gate))
    }

    /// The next line that begins in a way; fails on one that begins in the other.
    private func next(_ running: Running, _ start: String, not other: String = "\u{0}") -> String {
        while let line = running.line() {
            #expect(!line.hasPrefix(other), "\(line)")
            if line.hasPrefix(start) { return String(line.dropFirst(start.count)) }
        }
        Issue.record("there is no line '\(start)'")
        return ""
    }

    private func start(_ hook: String, _ more: [String] = []) throws -> Running {
        let running = try harness().start(
            "exec ./latchkey run -- ./latchkey-probe signals --until TERM 2>&1",
            ["STUB_REFRESH=change", "STUB_ACTION=exec", "STUB_EXEC=\(hook)"] + more)
        #expect(running.await("ready"))
        return running
    }

    private func end(_ running: Running) {
        running.signal(SIGTERM)
        _ = running.rest()
        #expect(running.wait() == .code(0))
    }

    @Test func `changes during a command are told by one more, which names them all`() throws {
        let gate = try gate("slow")
        let running = try start(try script("slow-hook", "echo hook $LATCHKEY_CHANGED >&2; read line <\(gate)"))
        running.signal(SIGHUP)
        #expect(next(running, "hook ") == "STUB-2")
        for number in [3, 4] {
            running.signal(SIGHUP)
            #expect(next(running, "latchkey: info[refreshed]: secrets changed ") == "(STUB-\(number))")
        }
        try open(gate)
        #expect(next(running, "hook ") == "STUB-3,STUB-4")
        try open(gate)
        end(running)
    }

    @Test(arguments: ["exit 1", "kill -9 $$"])
    func `a command that failed or was killed runs again, with the same names`(way: String) throws {
        let mark = try harness().path + "/failed"
        try? FileManager.default.removeItem(atPath: mark)
        let running = try start(
            try script("poor-hook", "echo hook $LATCHKEY_CHANGED >&2; test -e \(mark) || { >\(mark); \(way); }"))
        running.signal(SIGHUP)
        #expect(next(running, "hook ") == "STUB-2")
        #expect(next(running, "latchkey: warning[action-failed]: ").contains("next try in 1s"))
        #expect(next(running, "hook ") == "STUB-2")
        #expect(next(running, "latchkey: info[change-told]: ").hasSuffix(": STUB-2"))
        end(running)
    }

    @Test func `the end waits for no command on change, and leaves none`() throws {
        let gate = try gate("long")
        let running = try start(try script("long-hook", "echo hook $$ >&2; read line <\(gate)"))
        running.signal(SIGHUP)
        let hook = try #require(Int32(next(running, "hook ")))
        end(running)
        // Whose parent is gone may wait for its new one as a zombie.
        #expect(ProcessFiles.statusLine("State:", of: hook)?.hasPrefix("Z") ?? true)
    }

    @Test func `a signal waits until the command handles it`() throws {
        let gate = try gate("handler")
        let child = try script(
            "late-handler", "echo started; read line <\(gate); exec ./latchkey-probe signals --until TERM")
        let running = try harness().start(
            "exec ./latchkey run -- \(child) 2>&1",
            ["STUB_REFRESH=change,deliver", "STUB_ACTION=signal", "STUB_SIGNAL=\(SIGUSR1)"])
        #expect(running.await("started"))
        running.signal(SIGHUP)
        #expect(next(running, "latchkey: warning[signal-unhandled]: ").contains("next try in 1s"))
        try open(gate)
        // The command and Latchkey say it in any order.
        var awaited: Set = ["signal=\(SIGUSR1) ", "latchkey: info[change-told]: "]
        while !awaited.isEmpty, let line = running.line() { awaited = awaited.filter { !line.hasPrefix($0) } }
        #expect(awaited.isEmpty)
        end(running)
    }

    @Test(arguments: [true, false])
    func `a sidecar's signal waits for a pid file, unless its process has started since`(isOld: Bool) throws {
        let file = try harness().path + "/app.pid"
        try? FileManager.default.removeItem(atPath: file)
        func application() throws -> Running {
            let running = try harness().start("exec ./latchkey-probe signals --until TERM")
            #expect(running.await("ready"))
            return running
        }
        let old = isOld ? try application() : nil
        let sidecar = try harness().start(
            "exec ./latchkey sidecar 2>&1",
            [
                "STUB_REFRESH=change,deliver", "STUB_ACTION=signal", "STUB_SIGNAL=\(SIGUSR1)", "STUB_TARGET=\(file)",
            ])
        #expect(next(sidecar, "latchkey: warning[signal-target]: ").hasPrefix("there is no process to signal yet"))
        sidecar.signal(SIGHUP)
        #expect(next(sidecar, "latchkey: warning[signal-target]: ").hasPrefix("no process to signal: "))
        // One that starts in the same tick of the clock may have read what was there before.
        let since = BootInstant.now
        var app = try old ?? application()
        while !isOld, let started = ProcessFiles.start(of: app.pid), started <= since {
            app.signal(SIGTERM)
            _ = app.wait()
            app = try application()
        }
        try Data("\(app.pid)\n".utf8).write(to: URL(fileURLWithPath: file))
        let told = next(sidecar, "latchkey: info[change-told]: ")
        #expect(
            told.contains(isOld ? "was told of the change: STUB-2" : "has started since the change: STUB-2"), "\(told)")
        app.signal(SIGTERM)
        #expect(app.rest().contains("signal=\(SIGUSR1) ") == isOld)
        _ = app.wait()
        sidecar.signal(SIGTERM)
        _ = sidecar.rest()
        #expect(sidecar.wait() == .code(0))
    }
}
