import Foundation
import Testing

/// What becomes of a worker whose system calls fail one by one, or transfer half of what they were asked for.
///
/// It succeeds all the same, or one line says what was refused; nothing half-written is left, and what ran goes on.
@Suite(
    .serialized, .enabled(if: Programs.installed("strace") != nil, "strace is not installed"),
    .enabled(if: geteuid() == 0, "needs root, to trace a process that is not dumpable"))
struct CallFaultTests {
    /// A command that does its work and ends.
    enum Command: String, CaseIterable {
        case run, sync, get

        var arguments: [String] {
            let files = ["-f", "database=db-password", "-f", "mail/smtp=smtp"]
            // What may pass is tried again until then.
            let startTimeout = ["--start-timeout", "20s"]
            switch self {
            case .run:
                return startTimeout + files + [
                    "-e", "DB_PASSWORD=db-password", "--on-change", "none", "--", Programs.probe, "fingerprint",
                    "--env", "DB_PASSWORD", "database", "mail/smtp",
                ]
            case .sync: return startTimeout + files
            case .get: return ["db-password"]
            }
        }
    }

    /// The codes of what may be said of a call that the system refused.
    private static let allowed: Set<String> = [
        "worker-crashed", "system-refused", "config-kept", "directory-write", "directory-unavailable",
        "vault-untrusted", "vault-unreachable", "identity-unreachable", "output-failed",
    ]

    private let programs: WrappedPrograms
    private let strace: String

    init() throws {
        programs = try WrappedPrograms()
        strace = Programs.installed("strace") ?? ""
    }

    /// How a command ended, and what it delivered.
    private struct Course {
        var outcome: Outcome
        var delivered: [String: String]
        /// Files that are neither delivered nor a run's own.
        var rest: [String]

        var output: [String] {
            outcome.output.split(separator: "\n").map { $0.components(separatedBy: " ino=")[0] }
        }
        var codes: [String] {
            outcome.failures.compactMap { $0.firstMatch(of: /: error\[([a-z-]+)\]/).map { String($0.1) } }
        }
    }

    private func course(_ command: Command, _ azure: Emulator, in scratch: Scratch) throws -> Course {
        let place = scratch.path + "/instance"
        let secrets = command == .sync ? scratch.path + "/secrets" : place + "/secrets"
        // Where the directory is only one of several, another is taken where it can't be had.
        let directory = command == .sync ? ["--directory", secrets] : []
        let outcome = try programs.start(azure, command.rawValue, directory + command.arguments, in: scratch).end()
        var course = Course(outcome: outcome, delivered: [:], rest: [])
        for name in ["database", "mail/smtp"] {
            course.delivered[name] = try? String(contentsOfFile: "\(secrets)/\(name)", encoding: .utf8)
        }
        let manager = FileManager.default
        course.rest = (manager.enumerator(atPath: place)?.allObjects ?? []).compactMap { $0 as? String }.filter {
            manager.isReadableFile(atPath: "\(place)/\($0)") && !["lock", "secrets"].contains($0)
        }.sorted()
        return course
    }

    @Test(arguments: runsFull ? Command.allCases : [.run])
    func `a failing call costs a command its end and one line at most, and leaves nothing half-written:`(
        command: Command
    ) throws {
        try Emulator.serving { azure in
            try programs.wrap(by: [strace, "-f", "-qq", "-o", programs.trace])
            let good = try course(command, azure, in: Scratch())
            try #require(good.outcome.ending == .code(0), "\(good.outcome.errors)")
            let points = CallErrors.points(
                of: try String(contentsOfFile: programs.trace, encoding: .utf8), all: runsFull,
                errors: runsFull && command == .run ? .max : 1)
            #expect(points.count > 20, "strace saw too little")
            var table = CallTable()
            for point in points {
                let scratch = try Scratch()
                try programs.fail(point, by: strace)
                let course = try course(command, azure, in: scratch)
                table.note(point, try judge(course, good, point, command))
                guard course.outcome.ending != .code(0) else { continue }
                try programs.wrap(by: [])
                let next = try self.course(command, azure, in: scratch)
                #expect(next.outcome.ending == .code(0), "\(point): the next start: \(next.outcome.errors)")
                #expect(next.delivered == good.delivered && next.output == good.output, "\(point): the next start")
            }
            table.show("latchkey \(command)")
        }
    }

    /// The outcome in words; what is wrong with it is a failed expectation.
    private func judge(_ course: Course, _ good: Course, _ point: CallPoint, _ command: Command) throws -> String {
        guard course.outcome.ending != .code(0) else {
            #expect(
                course.output == good.output && course.delivered == good.delivered, "\(point): not all was delivered")
            #expect(course.outcome.failures.isEmpty, "\(point): \(course.outcome.errors)")
            return course.outcome.errors.contains("[start-retrying]") ? "succeeds when tried again" : "succeeds"
        }
        // No memory to say it, and nobody above who does.
        if command != .run, ["mmap", "brk"].contains(point.call), case .signal = course.outcome.ending {
            #expect(course.output.isEmpty && course.delivered.isEmpty, "\(point)")
            return "dies without memory"
        }
        // The first lines of `main` have no words yet.
        if command != .run, point.call == "prctl", course.outcome.ending == .code(71), course.codes.isEmpty {
            return "exit 71"
        }
        var codes = course.codes
        // The worker says what it met, the supervisor that it has no report.
        if codes.count == 2, codes.last == "worker-crashed" { codes.removeLast() }
        #expect(codes.count == 1 && Self.allowed.isSuperset(of: codes), "\(point): \(course.outcome.errors)")
        #expect(course.output.isEmpty, "\(point): the command ran, or printed a part")
        let isWhole = course.delivered.isEmpty || course.delivered == good.delivered
        #expect(isWhole, "\(point): \(course.delivered.keys.sorted()) without the rest")
        if command == .run { #expect(course.rest.isEmpty, "\(point): leaves \(course.rest)") }
        guard case .code(let code) = course.outcome.ending else {
            Issue.record("\(point): ends by a signal")
            return "signal"
        }
        return "exit \(code) \(codes.joined(separator: " "))"
    }

    @Test func `a failing call costs a refresh at most, and the next one heals it`() throws {
        try Emulator.serving { azure in
            let run = try CallFaultRun(programs, azure)
            try programs.wrap(by: [strace, "-f", "-qq", "-o", programs.trace])
            #expect(try run.refresh() == nil)
            let points = CallErrors.points(
                of: try String(contentsOfFile: programs.trace, encoding: .utf8), all: runsFull, errors: runsFull ? 2 : 1
            )
            #expect(points.count > 20, "strace saw too little")
            var table = CallTable()
            for point in points {
                try programs.fail(point, by: strace)
                let code = try run.refresh()
                table.note(point, code.map { "\($0), all kept" } ?? "succeeds")
                guard let code else { continue }
                #expect(Self.allowed.contains(code), "\(point): \(code)")
                try programs.wrap(by: [])
                try run.heal()
            }
            table.show("a refresh")
            try run.end()
        }
    }

    @Test(arguments: Command.allCases)
    func `reads and writes that transfer half of what they were asked for lose nothing:`(command: Command) throws {
        try Emulator.serving { azure in
            let good = try course(command, azure, in: Scratch())
            try programs.wrap(by: ["short"])
            let course = try course(command, azure, in: Scratch())
            #expect(course.outcome.ending == .code(0), "\(course.outcome.errors)")
            #expect(course.output == good.output && course.delivered == good.delivered)
        }
    }

    @Test func `a refresh by half reads and writes loses nothing`() throws {
        try Emulator.serving { azure in
            let run = try CallFaultRun(programs, azure)
            try programs.wrap(by: ["short"])
            #expect(try run.refresh() == nil)
            try run.end()
        }
    }

    @Test func `the app is told of files that a worker put in place before it ended without a report`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try programs.start(
                azure, "run",
                [
                    "--refresh", "1s", "-f", "database=db-password", "--signal", "USR1", "--", Programs.probe,
                    "print-on", "USR1", "database",
                ], in: scratch)
            try launch.expect(line: "ready")
            // A refresh sends one message, its report.
            try programs.fail(CallPoint(call: "sendmsg", number: 1, error: "ENOMEM"), by: strace)
            try azure.rotate("db-password", to: "c4n4ry-rotated")
            try launch.expect(error: "warning[refresh-failed]: ")
            try programs.wrap(by: [])
            try launch.expect(line: "end")
            #expect(launch.output.lines.contains { $0.hasPrefix("file=database \(fingerprint("c4n4ry-rotated")) ") })
            #expect(try scratch.status().generation == 2)
            try launch.end(SIGTERM)
        }
    }
}
