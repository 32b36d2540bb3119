import Glibc
import LinuxSystem
import Testing

private let sharedHarness = Result { try Harness() }

/// A terminal that goes away: for the command it is what it would be without Latchkey, and Latchkey ends as it does.
@Suite(.serialized, .enabled(if: installed("setsid"), "setsid is not installed"))
struct HangUpTests {
    private func start(_ command: String, _ terminal: PseudoTerminal, _ variables: [String] = []) throws -> Running {
        try sharedHarness.get().start(terminal.session(command), variables)
    }

    /// The end of the output: nobody is left.
    private func expectEnd(_ running: Running, _ ending: Harness.Ending = .signal(SIGHUP)) {
        #expect(running.rest() == "")
        #expect(running.wait() == ending)
    }

    /// The next signal that the command got, but the CONT by which the kernel continues whom it tells of a hangup.
    private func signal(_ running: Running) -> Int32? {
        while let line = running.line() {
            let number = line.split(separator: " ").first?.split(separator: "=").last.flatMap { Int32($0) }
            if number != SIGCONT { return number }
        }
        return nil
    }

    @Test(arguments: ["", "./latchkey run --"], [false, true])
    func `the leader of a session and its command end`(launcher: String, ownGroup: Bool) throws {
        let terminal = try PseudoTerminal()
        let running = try start(
            "\(launcher) ./latchkey-probe sleep", terminal, ["STUB_GROUP_SIGNAL=\(ownGroup ? 1 : 0)"])
        #expect(running.await("ready"))
        terminal.hangUp()
        expectEnd(running)
    }

    @Test func `a sidecar ends, and a start`() throws {
        let terminal = try PseudoTerminal()
        let running = try start("./latchkey sidecar", terminal, ["STUB_FIRST=hang", "STUB_TELL=1"])
        #expect(running.await("hanging"))
        terminal.hangUp()
        expectEnd(running)
    }

    @Test(arguments: ["", "./latchkey run --"])
    func `a command that handles it goes on, and Latchkey with it`(launcher: String) throws {
        let terminal = try PseudoTerminal()
        let running = try start("\(launcher) ./latchkey-probe signals --until TERM", terminal)
        #expect(running.await("ready"))
        terminal.hangUp()
        #expect(signal(running) == SIGHUP)
        running.signal(SIGTERM)
        #expect(signal(running) == SIGTERM)
        expectEnd(running, .code(0))
    }

    @Test(arguments: ["", "./latchkey run --"], [false, true])
    func `below a shell that leads the session they end by the shell's end`(launcher: String, ownGroup: Bool) throws {
        let terminal = try PseudoTerminal()
        let running = try start(
            "sh -c '\(launcher) ./latchkey-probe sleep; :'", terminal, ["STUB_GROUP_SIGNAL=\(ownGroup ? 1 : 0)"])
        #expect(running.await("ready"))
        terminal.hangUp()
        expectEnd(running)
    }

    @Test(.enabled(if: installed("nohup"), "nohup is not installed"), arguments: ["", "./latchkey run --"])
    func `with nohup they go on`(launcher: String) throws {
        let terminal = try PseudoTerminal()
        let running = try start(
            "nohup \(launcher) ./latchkey-probe signals --except HUP --until TERM", terminal)
        #expect(running.await("ready"))
        terminal.hangUp()
        running.signal(SIGUSR1)
        #expect(signal(running) == SIGUSR1)
        running.signal(SIGTERM)
        #expect(signal(running) == SIGTERM)
        expectEnd(running, .code(0))
    }

    @Test(.enabled(if: installed("bash"), "bash is not installed"), arguments: ["", "./latchkey run --"])
    func `in the background of an interactive shell they end`(launcher: String) throws {
        let terminal = try PseudoTerminal()
        let running = try start("bash --norc -i -c '\(launcher) ./latchkey-probe sleep & wait'", terminal)
        #expect(running.await("ready"))
        terminal.hangUp()
        #expect(running.rest() == "")
        _ = running.wait()
    }

    @Test(.enabled(if: installed("script"), "script is not installed"), arguments: ["", "./latchkey run --"])
    func `below script they end with it`(launcher: String) throws {
        let harness = try sharedHarness.get()
        // What the command shows goes to the test, past script's own terminal.
        let running = try harness.start(
            "exec 9>&1; exec script -qec 'exec \(launcher) ./latchkey-probe sleep >&9' /dev/null </dev/null >/dev/null")
        #expect(running.await("ready"))
        running.signal(SIGKILL)
        #expect(running.rest() == "")
        _ = running.wait()
    }

    @Test(.enabled(if: installed("tmux"), "tmux is not installed"), arguments: ["", "./latchkey run --"])
    func `in a window of tmux that is closed they end`(launcher: String) throws {
        let harness = try sharedHarness.get()
        let tmux = "tmux -L hang-up -f /dev/null"
        let running = try harness.start(
            "rm -f shown; mkfifo shown; \(tmux) new-session -d 'exec \(launcher) ./latchkey-probe sleep >shown' & "
                + "exec cat shown", ["TMUX_TMPDIR=\(harness.path)", "TERM=xterm"])
        #expect(running.await("ready"))
        #expect(try harness.shell("\(tmux) kill-session", ["TMUX_TMPDIR=\(harness.path)"]).ending == .code(0))
        #expect(running.rest() == "")
        #expect(running.wait() == .code(0))
    }

    @Test func `HUP by a process is a refresh, of the leader of a session too`() throws {
        let terminal = try PseudoTerminal()
        let running = try start(
            "./latchkey run -- ./latchkey-probe signals --until TERM", terminal,
            ["STUB_ACTION=signal", "STUB_SIGNAL=\(SIGUSR1)"])
        #expect(running.await("ready"))
        running.signal(SIGHUP)
        #expect(running.line()?.hasPrefix("signal=\(SIGUSR1) ") == true)
        running.signal(SIGTERM)
        #expect(running.line()?.hasPrefix("signal=\(SIGTERM) ") == true)
        expectEnd(running, .code(0))
    }
}
