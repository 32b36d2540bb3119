import Foundation
import Glibc
import LinuxSystem
import Testing

private let sharedHarness = Result { try Harness() }
private let run = "exec ./latchkey run --"
private let isRoot = geteuid() == 0

/// Many signals and many orphans: none lost, and nothing grows.
@Suite(.serialized)
struct LoadTests {
    private func harness() throws -> Harness { try sharedHarness.get() }

    @Test func `ten thousand signals in lockstep all arrive, and no memory is asked for meanwhile`() throws {
        let running = try harness().start("\(run) ./latchkey-probe signals --until TERM")
        #expect(running.await("ready"))
        let numbers: [Int32] = [SIGUSR1, SIGUSR2, SIGWINCH, 34, 64]
        func send(_ count: Int) -> Int {
            var arrived = 0
            for index in 0..<count {
                let number = numbers[index % numbers.count]
                running.signal(number)
                if running.line()?.hasPrefix("signal=\(number) ") == true { arrived += 1 }
            }
            return arrived
        }
        #expect(send(100) == 100)
        let before = try heap(of: running.pid)
        #expect(send(10_000) == 10_000)
        #expect(try heap(of: running.pid) == before)
        running.signal(SIGTERM)
        #expect(running.line()?.hasPrefix("signal=\(SIGTERM) ") == true)
        #expect(running.rest() == "")
        #expect(running.wait() == .code(0))
    }

    /// The sizes of all writable mappings that are no file's, in order: any growth of the heap shows in them.
    private func heap(of process: Int32) throws -> [Substring] {
        try String(contentsOfFile: "/proc/\(process)/maps", encoding: .utf8).split(separator: "\n")
            .filter { $0.contains(" rw-p ") }.map { $0.prefix { $0 != " " } }
    }

    @Test func `a thousand queued real-time signals arrive in order with their values`() throws {
        let running = try harness().start("\(run) ./latchkey-probe signals --until TERM")
        #expect(running.await("ready"))
        // All are queued while Latchkey stands still, so that it finds a thousand at once.
        running.signal(SIGSTOP)
        for value in 0..<1000 as Range<Int32> { running.queue(40, value) }
        running.signal(SIGCONT)
        var values: [Int32] = []
        while values.count < 1000, let line = running.line() {
            guard !line.hasPrefix("signal=\(SIGCONT) ") else { continue }
            #expect(line.hasPrefix("signal=40 code=-1 "))
            values.append(line.split(separator: "=").last.flatMap { Int32($0) } ?? -1)
        }
        #expect(values == Array(0..<1000))
        running.signal(SIGTERM)
        _ = running.rest()
        #expect(running.wait() == .code(0))
    }

    /// Leaves orphans behind, then looks until none of them is a zombie.
    private static func script(_ count: Int, batch: Int) -> String {
        "./latchkey-probe orphans \(count) --batch \(batch); "
            + "while ./latchkey-probe zombies | grep -qv zombies=0; do :; done; ./latchkey-probe zombies; exit 7"
    }

    @Test(.enabled(if: isRoot, "needs root for a PID namespace"), arguments: [(1000, 1), (5000, 500)])
    func `orphans are reaped as PID 1`(count: Int, batch: Int) throws {
        let result = try harness().shell(
            "exec unshare -pf --mount-proc --kill-child ./latchkey run -- sh -c '\(Self.script(count, batch: batch))'")
        // Latchkey, the shell and the one that counts.
        #expect(result.output == "orphans=\(count)\nzombies=0 processes=3\n")
        #expect(result.ending == .code(7))
    }

    @Test(
        .enabled(if: isRoot, "needs root for a PID namespace"),
        .enabled(if: runsFull, "takes half a minute: with LATCHKEY_FULL=1"))
    func `a hundred thousand orphans leave no zombie`() throws {
        let result = try harness().shell(
            "exec unshare -pf --mount-proc --kill-child ./latchkey run -- sh -c '\(Self.script(100_000, batch: 200))'")
        #expect(result.output == "orphans=100000\nzombies=0 processes=3\n")
        #expect(result.ending == .code(7))
    }

    @Test(arguments: [1, 200])
    func `a subreaper reaps what falls to it`(batch: Int) throws {
        // Whoever started Latchkey made it a subreaper, which an execve keeps (prctl(2), PR_SET_CHILD_SUBREAPER).
        let script = "./latchkey-probe orphans 1000 --batch \(batch); echo done; exec ./latchkey-probe signals"
        let running = try harness().start(
            "exec ./latchkey-probe launch --subreaper -- ./latchkey run -- sh -c '\(script)'")
        #expect(running.line() == "orphans=1000")
        #expect(running.line() == "done")
        #expect(running.line() == "ready")
        #expect(try children(of: running.pid) { $0.count == 1 }, "only the command is left")
        for child in try children(of: running.pid) { kill(child, SIGKILL) }
        _ = running.rest()
        #expect(running.wait() == .signal(SIGKILL))
    }

    private func children(of process: Int32) throws -> [Int32] {
        let text = try String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
        return text.split(separator: " ").compactMap { Int32($0) }
    }

    /// Whether it becomes so; the limit can only fail a test.
    private func children(of process: Int32, are wanted: ([Int32]) -> Bool) throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if try wanted(children(of: process)) { return true }
            usleep(1000)
        }
        return false
    }
}
