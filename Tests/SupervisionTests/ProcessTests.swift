import Foundation
import Glibc
import LinuxSystem
import Testing

private let sharedHarness = Result { try Harness() }
private let run = "exec ./latchkey run --"

@Suite(.serialized)
struct ProcessTests {
    private func harness() throws -> Harness { try sharedHarness.get() }

    @Test func `all exit codes are mirrored`() throws {
        let line = "for c in $(seq 0 255); do ./latchkey run -- ./latchkey-probe exit $c; echo \"$c $?\"; done"
        let expected = (0...255).map { "\($0) \($0)\n" }.joined()
        #expect(try harness().shell(line).output == expected)
    }

    @Test(arguments: SignalNumbers.deadly)
    func `a fatal signal is mirrored`(number: Int32) throws {
        #expect(try harness().shell("\(run) ./latchkey-probe die \(number)").ending == .signal(number))
    }

    @Test(arguments: [("./nothing", 127), ("nothing", 127), ("/etc/passwd", 126), ("/", 126)] as [(String, Int32)])
    func `a command that can't be executed has the shells' codes`(command: String, code: Int32) throws {
        #expect(try harness().shell("\(run) \(command) 2>&-").ending == .code(code))
    }

    @Test func `every forwardable signal is acknowledged, one by one`() throws {
        let running = try harness().start("\(run) ./latchkey-probe signals --until TERM")
        #expect(running.await("ready"))
        for number in SignalNumbers.forwarded {
            running.signal(number)
            let line = try #require(running.line())
            #expect(line.hasPrefix("signal=\(number) "))
        }
        running.signal(SIGTERM)
        #expect(running.line()?.hasPrefix("signal=\(SIGTERM) ") == true)
        #expect(running.wait() == .code(0))
    }

    @Test func `the child starts as after a plain exec`() throws {
        let launch = """
            ./latchkey-probe launch --clean --ignore PIPE --ignore CHLD --ignore USR2 --block USR1 --block RTMIN+3 \
            --clear-env --env-hex 413d31 --env-hex 413d32 --env-hex 6e6f657175616c73 --env-hex 58ff3dfe80 --env-hex 3d \
            --argv-hex ff --argv-hex 80c0afeda080 --argv-hex 2d2d --argv-hex c3 --
            """
        let shown = "./latchkey-probe report --fd 9 x"
        let prefix = "umask 027; exec 9>&1 7</dev/null;"
        let plain = try harness().shell("\(prefix) exec \(launch) \(shown)").output
        let supervised = try harness().shell("\(prefix) exec \(launch) ./latchkey run -- \(shown)").output
        func lines(_ text: String) -> [Substring] {
            let own = ["pid=", "ppid=", "pdeathsig=", "pgid=", "fd."]
            return text.split(separator: "\n").filter { line in !own.contains { line.hasPrefix($0) } }
        }
        #expect(!plain.isEmpty)
        #expect(lines(plain) == lines(supervised))
        func descriptors(_ text: String) -> [String] {
            text.split(separator: "\n").filter { $0.hasPrefix("fd.") }.map { line in
                line.components(separatedBy: " target=736f636b65743a")[0]
            }
        }
        #expect(descriptors(plain) == descriptors(supervised))
    }

    @Test(arguments: ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
    func `closed standard descriptors stay closed`(closing: String) throws {
        let prefix = "exec 9>&1;"
        func listed(_ command: String) throws -> [String] {
            try harness().shell("\(prefix) exec \(command) ./latchkey-probe report --fd 9 \(closing)").output
                .split(separator: "\n").filter { $0.hasPrefix("fd") }
                .map { $0.components(separatedBy: " target=")[0] }
        }
        #expect(try listed("") == listed("./latchkey run --"))
    }

    @Test(arguments: ["crash", "garbage", "silent", "unsealed"])
    func `a worker that fails at the start ends with 70`(way: String) throws {
        let result = try harness().shell("\(run) ./latchkey-probe exit 0 2>&1", ["STUB_FIRST=\(way)"])
        #expect(result.ending == .code(70))
        #expect(result.output.contains("latchkey: error[worker-"))
    }

    @Test(arguments: [SIGINT, SIGQUIT, SIGTERM])
    func `an ending signal during the first fetch ends at once`(number: Int32) throws {
        let running = try harness().start("\(run) ./latchkey-probe exit 0", ["STUB_FIRST=hang", "STUB_TELL=1"])
        #expect(running.await("hanging"))
        running.signal(number)
        #expect(running.rest() == "")
        #expect(running.wait() == .signal(number))
    }

    @Test func `a second TERM kills`() throws {
        let running = try harness().start("\(run) ./latchkey-probe signals")
        #expect(running.await("ready"))
        running.signal(SIGTERM)
        #expect(running.line()?.hasPrefix("signal=\(SIGTERM) ") == true)
        running.signal(SIGTERM)
        #expect(running.rest() == "")
        #expect(running.wait() == .signal(SIGKILL))
    }

    @Test func `the stop timeout kills`() throws {
        let running = try harness().start(
            "\(run) ./latchkey-probe signals", ["STUB_STOP_TIMEOUT=1", "STUB_STOP_SIGNAL=\(SIGQUIT)"])
        #expect(running.await("ready"))
        running.signal(SIGTERM)
        // KILL may come before the child has written what it got.
        let rest = running.rest()
        #expect(rest.isEmpty || rest.hasPrefix("signal=\(SIGQUIT) "))
        #expect(running.wait() == .signal(SIGKILL))
    }

    @Test func `if latchkey is killed the child gets the stop signal`() throws {
        let running = try harness().start(
            "\(run) ./latchkey-probe signals --until QUIT", ["STUB_STOP_SIGNAL=\(SIGQUIT)"])
        #expect(running.await("ready"))
        running.signal(SIGKILL)
        #expect(running.line()?.hasPrefix("signal=\(SIGQUIT) ") == true)
        #expect(running.wait() == .signal(SIGKILL))
    }

    @Test func `HUP refreshes and signals, however the refresh before it ended`() throws {
        for way in ["crash", "garbage", "silent", "fail", "hang"] {
            let running = try harness().start(
                "\(run) ./latchkey-probe signals --until TERM 2>&1",
                ["STUB_REFRESH=\(way)", "STUB_ACTION=signal", "STUB_SIGNAL=\(SIGUSR1)", "STUB_ATTEMPT_TIMEOUT=50"])
            #expect(running.await("ready"))
            running.signal(SIGHUP)
            #expect(running.line()?.hasPrefix("latchkey: warning[refresh-failed]: ") == true)
            running.signal(SIGTERM)
            #expect(running.rest().contains("signal=\(SIGTERM) "))
            #expect(running.wait() == .code(0))
        }
        let running = try harness().start(
            "\(run) ./latchkey-probe signals --until TERM", ["STUB_ACTION=signal", "STUB_SIGNAL=\(SIGUSR1)"])
        #expect(running.await("ready"))
        for _ in 0..<5 {
            running.signal(SIGHUP)
            #expect(running.line()?.hasPrefix("signal=\(SIGUSR1) ") == true)
        }
        running.signal(SIGTERM)
        _ = running.rest()
        #expect(running.wait() == .code(0))
    }

    @Test func `a restart has the new environment, and a failed one goes back`() throws {
        let script =
            "echo gen=$STUB_GENERATION; trap 'exit 0' TERM; test -z \"$STUB_GENERATION\" || exit 3; "
            + "echo up; while :; do sleep 1000 & wait; done"
        let running = try harness().start(
            "\(run) sh -c '\(script.replacingOccurrences(of: "'", with: "'\\''"))' 2>/dev/null",
            ["STUB_REFRESH=change", "STUB_ACTION=restart"])
        #expect(running.line() == "gen=")
        #expect(running.line() == "up")
        running.signal(SIGHUP)
        #expect(running.line() == "gen=2")
        #expect(running.line() == "gen=")
        #expect(running.line() == "up")
        running.signal(SIGTERM)
        #expect(running.wait() == .code(0))
    }

    @Test(arguments: [1, 2, 170, 171, 20_000, 80_000])
    func `a command is told what has changed, however many names that are`(count: Int) throws {
        let running = try harness().start(
            "\(run) ./latchkey-probe signals --until TERM 2>&1",
            ["STUB_ACTION=exec", "STUB_EXEC=env", "STUB_REFRESH=change", "STUB_CHANGED=\(count)"])
        #expect(running.await("ready"))
        running.signal(SIGHUP)
        var told: String?
        while told == nil, let line = running.line() { if line.hasPrefix("LATCHKEY_CHANGED=") { told = line } }
        let value = try #require(told).dropFirst("LATCHKEY_CHANGED=".count)
        let all = (1...count).map { String(format: "STUB-%06d", $0) }
        #expect(value.utf8.count <= 2048)
        let names = value.split(separator: ",").map(String.init)
        // 170 names have 2039 bytes with the commas between them.
        #expect(count > 170 ? names.last == "..." && names.dropLast().elementsEqual(all.prefix(170)) : names == all)
        running.signal(SIGTERM)
        _ = running.rest()
        #expect(running.wait() == .code(0))
    }

    @Test(arguments: ["1", "9223372036854775807", "18446744073709551615", "-1", "0"])
    func `no interval of the watchdog ends the supervisor`(interval: String) throws {
        let result = try harness().shell(
            "\(run) ./latchkey-probe exit 7", ["NOTIFY_SOCKET=@latchkey-nobody-listens", "WATCHDOG_USEC=\(interval)"])
        #expect(result.ending == .code(7))
    }

    @Test func `once keeps the process`() throws {
        let running = try harness().start("\(run) sh -c 'echo $$'", ["STUB_ONCE=1"])
        #expect(running.line() == String(running.pid))
        #expect(running.wait() == .code(0))
    }

    @Test func `a full pipe at standard error never blocks`() throws {
        let line = """
            mkfifo full && exec 3<>full && (dd if=/dev/zero of=/proc/self/fd/3 bs=4096 oflag=nonblock 2>/dev/null; true) && \
            \(run) ./latchkey-probe signals --until TERM 2>&3
            """
        let running = try harness().start(line, ["STUB_REFRESH=fail"])
        #expect(running.await("ready"))
        running.signal(SIGHUP)
        running.signal(SIGUSR1)
        #expect(running.line()?.hasPrefix("signal=\(SIGUSR1) ") == true)
        running.signal(SIGTERM)
        _ = running.rest()
        #expect(running.wait() == .code(0))
    }

    @Test func `a broken pipe at standard error is no signal for the child`() throws {
        // The reader of the pipe ends before the supervisor writes its first line.
        let line = "mkfifo broken && exec 4<>broken 5>broken 4<&- && \(run) ./latchkey-probe signals --until TERM 2>&5"
        let running = try harness().start(line, ["STUB_REFRESH=fail"])
        #expect(running.await("ready"))
        running.signal(SIGHUP)
        running.signal(SIGUSR1)
        #expect(running.line()?.hasPrefix("signal=\(SIGUSR1) ") == true)
        running.signal(SIGTERM)
        #expect(running.rest().hasPrefix("signal=\(SIGTERM) "))
        #expect(running.wait() == .code(0))
    }

    @Test func `what stays has one thread and no library`() throws {
        let running = try harness().start("\(run) ./latchkey-probe signals --until TERM")
        #expect(running.await("ready"))
        #expect(ProcessFiles.statusLine("Threads:", of: running.pid) == "1")
        let maps = try String(contentsOfFile: "/proc/\(running.pid)/maps", encoding: .utf8)
        #expect(!maps.contains(".so"))
        // The worker may still be ending when the child is ready; what only an attempt needs is let go right after.
        #expect(try settled { try proportionalSetSize(of: running.pid) <= 3072 })
        running.signal(SIGTERM)
        _ = running.rest()
        #expect(running.wait() == .code(0))
    }

    /// Kilobytes.
    private func proportionalSetSize(of process: Int32) throws -> Int {
        let memory = try String(contentsOfFile: "/proc/\(process)/smaps_rollup", encoding: .utf8)
        let line = try #require(memory.split(separator: "\n").first { $0.hasPrefix("Pss:") })
        return try #require(line.split(separator: " ").compactMap { Int($0) }.first)
    }

    /// Whether a state comes that nothing announces; the limit of a minute can only fail a test.
    private func settled(_ condition: () throws -> Bool) throws -> Bool {
        for _ in 0..<6000 {
            if try condition() { return true }
            usleep(10_000)
        }
        return false
    }

    @Test(.enabled(if: geteuid() == 0, "needs root for a PID namespace"))
    func `as PID 1 a signal's death is 128 and its number`() throws {
        let result = try harness().shell(
            "exec unshare -pf --mount-proc --kill-child ./latchkey run -- ./latchkey-probe die KILL")
        #expect(result.ending == .code(137))
    }

    @Test func `a worker that wants its attempt begun anew is followed by another one, and not for ever`() throws {
        let once = try harness().shell("./latchkey run -- echo started", ["STUB_FIRST=anew"])
        #expect(once.ending == .code(0))
        #expect(once.output == "started\n")
        let always = try harness().shell("./latchkey run -- echo started", ["STUB_FIRST=anew-always"])
        #expect(always.ending == .code(70))
        #expect(always.output.isEmpty)
    }
}
