import Foundation
import Glibc
import LinuxSystem
import Testing

private let sharedHarness = Result { try Harness() }

/// Latchkey between a terminal and its command: as if it were not there.
@Suite(.serialized, .enabled(if: installed("setsid"), "setsid is not installed"))
struct TerminalTests {
    private func harness() throws -> Harness { try sharedHarness.get() }

    /// The facts of `latchkey-probe report` by their keys, from its start to its end.
    private func facts(_ running: Running) -> [String: String] {
        let lines = running.rest().split(separator: "\n").map { $0.split(separator: "=", maxSplits: 1) }
        return Dictionary(lines.filter { $0.count == 2 }.map { (String($0[0]), String($0[1])) }) { first, _ in first }
    }

    @Test(arguments: [false, true])
    func `what the keyboard sends arrives once, and is no order to stop`(ownGroup: Bool) throws {
        let terminal = try PseudoTerminal()
        let running = try harness().start(
            terminal.session("./latchkey run -- ./latchkey-probe signals --until TERM"),
            ["STUB_GROUP_SIGNAL=\(ownGroup ? 1 : 0)"])
        #expect(running.await("ready"))
        var number: Int32 = 34
        for (keys, signal) in [
            ("\u{3}", SIGINT), ("\u{3}", SIGINT), ("\u{1c}", SIGQUIT), ("\u{1a}", SIGTSTP), ("\u{3}", SIGINT),
        ] {
            try terminal.type(keys)
            #expect(running.line()?.hasPrefix("signal=\(signal) code=128 ") == true)
            // Whatever came twice would come before this one.
            running.signal(number)
            #expect(running.line()?.hasPrefix("signal=\(number) ") == true)
            number += 1
        }
        terminal.resize(rows: 50, columns: 132)
        #expect(running.line()?.hasPrefix("signal=\(SIGWINCH) code=128 ") == true)
        running.signal(number)
        #expect(running.line()?.hasPrefix("signal=\(number) ") == true)
        running.signal(SIGTERM)
        #expect(running.line()?.hasPrefix("signal=\(SIGTERM) ") == true)
        #expect(running.rest() == "")
        #expect(running.wait() == .code(0))
    }

    @Test func `Ctrl-C ends a command that does not handle it, and Latchkey with the same signal`() throws {
        let terminal = try PseudoTerminal()
        let running = try harness().start(terminal.session("./latchkey run -- ./latchkey-probe sleep"))
        #expect(running.await("ready"))
        try terminal.type("\u{3}")
        #expect(running.rest() == "")
        #expect(running.wait() == .signal(SIGINT))
    }

    @Test func `Ctrl-C during the first fetch ends it`() throws {
        let terminal = try PseudoTerminal()
        let running = try harness().start(
            terminal.session("./latchkey run -- ./latchkey-probe sleep"), ["STUB_FIRST=hang", "STUB_TELL=1"])
        #expect(running.await("hanging"))
        try terminal.type("\u{3}")
        #expect(running.rest() == "")
        #expect(running.wait() == .signal(SIGINT))
    }

    @Test(.enabled(if: installed("bash"), "bash is not installed"), arguments: ["", "./latchkey run --"])
    func `Ctrl-Z stops and fg continues, as a plain command`(launcher: String) throws {
        let terminal = try PseudoTerminal()
        // The shell shows 128 and the signal that stopped its job; what is typed then comes from the test.
        let script =
            "ulimit -c 0; \(launcher) ./latchkey-probe sleep; echo \"stopped $?\"; "
            + "fg >/dev/null; echo \"ended $?\""
        let running = try harness().start(terminal.session("bash --norc -i -c '\(script)'"))
        #expect(running.await("ready"))
        try terminal.type("\u{1a}")
        #expect(running.line() == "stopped \(128 + SIGTSTP)")
        // A key that comes too early waits for the job to be in the foreground: fg gives it the terminal first.
        #expect(try foregroundIsJob(terminal))
        // Not Ctrl-C, after which an interactive shell ends its list of commands.
        try terminal.type("\u{1c}")
        #expect(running.line() == "ended \(128 + SIGQUIT)")
        #expect(running.rest() == "")
        _ = running.wait()
    }

    /// Waits until the terminal's foreground group is not the session leader's own.
    private func foregroundIsJob(_ terminal: PseudoTerminal) throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let (leader, group) = terminal.foreground, leader != group { return true }
            usleep(1000)
        }
        return false
    }

    @Test(.enabled(if: installed("bash"), "bash is not installed"))
    func `the CONT of a shell reaches a command once`() throws {
        let terminal = try PseudoTerminal()
        // The command handles CONT and is stopped by TSTP all the same.
        let script =
            "./latchkey run -- ./latchkey-probe signals --except TSTP --until TERM; echo stopped; fg >/dev/null"
        let running = try harness().start(terminal.session("bash --norc -i -c '\(script)'"))
        #expect(running.await("ready"))
        try terminal.type("\u{1a}")
        #expect(running.line() == "stopped")
        #expect(running.line()?.hasPrefix("signal=\(SIGCONT) ") == true)
        try terminal.type("\u{3}")
        #expect(running.line()?.hasPrefix("signal=\(SIGINT) code=128 ") == true)
        try terminal.type("\u{1c}")
        #expect(running.line()?.hasPrefix("signal=\(SIGQUIT) code=128 ") == true)
        let group = try #require(terminal.foreground?.group)
        kill(-group, SIGTERM)
        #expect(running.line()?.hasPrefix("signal=\(SIGTERM) ") == true)
        #expect(running.rest() == "")
        _ = running.wait()
    }

    @Test(arguments: [false, true])
    func `the command has the terminal's foreground, and its size`(ownGroup: Bool) throws {
        let terminal = try PseudoTerminal()
        terminal.resize(rows: 31, columns: 97)
        let report = "./latchkey-probe report"
        let plain = facts(try harness().start(terminal.session(report)))
        let variables = ["STUB_GROUP_SIGNAL=\(ownGroup ? 1 : 0)"]
        let running = try harness().start(terminal.session("./latchkey run -- \(report)"), variables)
        let supervised = facts(running)
        for found in [plain, supervised] {
            #expect(found["foreground.0"] == found["pgid"])
            #expect(found["foreground.tty"] == found["pgid"])
            #expect(found["winsize"] == "31 97")
        }
        #expect(supervised["sid"] == String(running.pid))
        #expect(supervised["ppid"] == String(running.pid))
        #expect((supervised["pgid"] == String(running.pid)) == !ownGroup)
        #expect(running.wait() == .code(0))
    }

    @Test(arguments: [("TERM=xterm", true), ("TERM=dumb", false), ("NO_COLOR=1", false), ("NO_COLOR=", true)])
    func `messages are coloured on a terminal that wants it`(variable: String, isColoured: Bool) throws {
        let terminal = try PseudoTerminal()
        let running = try harness().start(
            "exec ./latchkey run -- ./nothing 2>\(terminal.path)", [variable])
        #expect(running.wait() == .code(127))
        let shown = terminal.screen()
        #expect(shown.contains("error[child-not-found]:"), "\(shown)")
        #expect(shown.contains("\u{1b}[1;31merror[child-not-found]:\u{1b}[0m") == isColoured)
        #expect(shown.contains("\u{1b}") == isColoured)
    }

    @Test func `messages that are no terminal's have no colour`() throws {
        let shown = try harness().shell("exec ./latchkey run -- ./nothing 2>&1", ["TERM=xterm"]).output
        #expect(shown.contains("error[child-not-found]:"))
        #expect(!shown.contains("\u{1b}"))
    }
}
