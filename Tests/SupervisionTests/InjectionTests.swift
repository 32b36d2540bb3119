import Foundation
import Glibc
import LinuxSystem
import Testing

private let sharedHarness = Result { try Harness() }

/// What happens when the system refuses a call of the supervisor, or the supervisor is killed or told to end at it
/// (strace(1), `-e inject`): a clean end or a retry, never a wedge, and nobody left behind.
@Suite(.serialized, .enabled(if: installed("strace"), "strace is not installed"))
struct InjectionTests {
    /// A system call by its name, the how-many-eth of that name, and how many there are.
    private struct Call {
        var name: String
        var number: Int
        var count: Int
    }

    /// How a run went.
    private struct Course {
        /// The command ran.
        var ran = false
        /// The command was told to end.
        var toldTerm = false
        var ending = Harness.Ending.code(-1)

        var words: String {
            let end =
                switch ending {
                case .code(let code): "exit \(code)"
                case .signal(let number): "signal \(number)"
                }
            return ran ? "runs, \(end)" : end
        }
    }

    /// The supervisor's calls in a run with a refresh, from its first instruction to its end; every one of them in the
    /// full run, else the first and the last of each name.
    private func calls() throws -> [Call] {
        let log = try sharedHarness.get().path + "/calls"
        _ = try supervised("-o \(log)")
        let names = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
            .compactMap { line in line.firstIndex(of: "(").map { String(line[..<$0]) } }
        // Without the execve that began it and the call that does not return.
        let counts = Dictionary(names.dropFirst().filter { $0 != "exit_group" }.map { ($0, 1) }) { $0 + $1 }
        return counts.sorted { $0.key < $1.key }.flatMap { name, count in
            (1...count).filter { runsFull || $0 == 1 || $0 == count }
                .map { Call(name: name, number: $0, count: count) }
        }
    }

    /// A command that says which signals it gets, a refresh while it runs, and TERM.
    private func supervised(_ options: String) throws -> Course {
        let line = "exec strace -D -qq \(options) ./latchkey run -- ./latchkey-probe signals --until TERM 2>/dev/null"
        let running = try sharedHarness.get().start(line, ["STUB_ACTION=none", "STUB_STOP_TIMEOUT=1000"])
        var course = Course()
        // The end of the output: neither the command nor a worker is there any more.
        while let line = running.line() {
            if line == "ready" {
                course.ran = true
                running.signal(SIGHUP)
                running.signal(SIGTERM)
            }
            if line.hasPrefix("signal=\(SIGTERM) ") { course.toldTerm = true }
        }
        course.ending = running.wait()
        return course
    }

    /// The error of a refusal: one that the call's manual page has.
    private static func refusal(of call: String) -> String {
        switch call {
        case "openat": "EMFILE"
        case "read", "write": "EIO"
        case "epoll_wait", "fcntl", "recvmsg": "EBADF"
        case "clone": "EAGAIN"
        case "waitid", "rt_sigaction", "rt_sigprocmask": "EINVAL"
        case "kill", "prctl": "EPERM"
        case "ioctl": "ENOTTY"
        default: "ENOMEM"
        }
    }

    @Test func `no refused call and no death at any call wedges the supervisor or leaves anybody`() throws {
        var table: [String: (count: Int, refused: Set<String>, killed: Set<String>, ended: Set<String>)] = [:]
        for call in try calls() {
            var row = table[call.name] ?? (call.count, [], [], [])
            let at = ":when=\(call.number)"
            // Linux frees a descriptor whatever close(2) answers, which a call that is not made can't show.
            if call.name != "close" {
                let error = Self.refusal(of: call.name)
                let course = try supervised("-o /dev/null -e inject=\(call.name):error=\(error)\(at)")
                // Told to end; or killed, after the stop timeout where the telling was refused, and with 71 where it can't
                // be known whether it runs.
                let isKilled = course.ending == .signal(SIGKILL) || course.ending == .code(71)
                #expect(!course.ran || course.toldTerm || isKilled, "\(call) \(course.words)")
                row.refused.insert("\(error): \(course.words)")
            }
            let killed = try supervised("-o /dev/null -e inject=\(call.name):signal=KILL\(at)")
            #expect(!killed.ran || killed.toldTerm, "\(call): the command gets the stop signal; \(killed.words)")
            row.killed.insert(killed.words)
            let told = try sharedHarness.get().shell(
                "exec strace -D -qq -o /dev/null -e inject=\(call.name):signal=TERM\(at) "
                    + "./latchkey run -- ./latchkey-probe exit 7 2>/dev/null")
            #expect(told.ending == .signal(SIGTERM) || told.ending == .code(7), "\(call): \(told.ending)")
            row.ended.insert(told.ending == .code(7) ? "the command's end" : "SIGTERM")
            table[call.name] = row
        }
        print("| system call | calls | refused once | killed there | TERM there |\n|---|---|---|---|---|")
        for (name, row) in table.sorted(by: { $0.key < $1.key }) {
            let columns = [row.refused, row.killed, row.ended].map { $0.sorted().joined(separator: "; ") }
            print("| \(name) | \(row.count) | \(columns.joined(separator: " | ")) |")
        }
    }
}
