import Foundation
import Testing

/// A run whose secret changes before each refresh; refreshes come on request, and after a failure of their own accord.
final class CallFaultRun {
    private let azure: Emulator
    private let scratch: Scratch
    private let launch: Launch
    private let watch: DirectoryWatch
    private var child: Int32?
    private var rotations = 0
    private var value = "c4n4ry-database"

    init(_ programs: WrappedPrograms, _ azure: Emulator) throws {
        self.azure = azure
        scratch = try Scratch()
        launch = try programs.start(
            azure, "run",
            [
                "--refresh", "off", "-f", "database=db-password", "-f", "mail/smtp=smtp", "-e",
                "DB_PASSWORD=db-password", "--on-change", "none", "--", Programs.probe, "sleep",
            ], in: scratch)
        try launch.expect(line: "ready")
        watch = try DirectoryWatch(scratch.path + "/instance")
        // The command may be faster than the status that names it.
        child = try wait { $0.child != nil }.child
    }

    /// One refresh that has something new to deliver: nil, or the code that it failed with and that all was kept then.
    func refresh() throws -> String? {
        let before = try wait { $0.startedAttempt == $0.attempt }
        rotations += 1
        try azure.rotate("db-password", to: newest)
        launch.send(SIGHUP)
        let after = try wait { $0.attempt > before.attempt }
        let code = after.lastError?.code
        // Where only the report failed, the new files are in place, and the next attempt tells of them.
        if code == nil || text("database") == newest { value = newest }
        expectWhole(after, before.generation + (code == nil ? 1 : 0))
        return code
    }

    /// The next attempt after one that failed, which comes of its own accord, delivers what the failed one should have.
    func heal() throws {
        let before = try scratch.status()
        let after = try wait { $0.lastError == nil && $0.startedAttempt == $0.attempt }
        value = newest
        expectWhole(after, before.generation + (before.lastError == nil ? 0 : 1))
    }

    private var newest: String { "c4n4ry-\(rotations)" }

    /// What the command would read is one whole generation, and nothing lies beside it.
    private func expectWhole(_ status: RunningStatus, _ generation: Int) {
        #expect(status.child == child, "the command was restarted")
        #expect(status.generation == generation, "the generation is not that of what was delivered")
        #expect(status.state == (status.lastError == nil ? "fresh" : "failing"))
        let secrets = scratch.path + "/instance/secrets"
        let isWhole =
            text("database") == value && text("mail/smtp") == #"{"user":"web","password":"c4n4ry-smtp"}"#
        #expect(isWhole, "the files are not those of the generation")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: secrets)) ?? []
        let generations = names.filter { $0.hasPrefix("..") && $0 != "..data" }
        // One more where the last worker ended before it removed what nobody needs any more.
        #expect(generations.count <= 3, "\(generations)")
        #expect(names.filter { !$0.hasPrefix("..") }.sorted() == ["database", "mail"], "\(names)")
    }

    private func text(_ name: String) -> String? {
        try? String(contentsOfFile: "\(scratch.path)/instance/secrets/\(name)", encoding: .utf8)
    }

    private func wait(until isSo: (RunningStatus) -> Bool) throws -> RunningStatus {
        while true {
            let status = try scratch.status()
            if isSo(status) { return status }
            try #require(watch.wait(seconds: 180), "nothing happens any more: \(launch.errors.text.suffix(999))")
        }
    }

    /// A clean end, which leaves nothing of what was delivered.
    func end() throws {
        #expect(try launch.end(SIGTERM).ending == .signal(SIGTERM))
        let left = FileManager.default.enumerator(atPath: scratch.path + "/instance/secrets")?.allObjects ?? []
        #expect(left.isEmpty, "\(left.count) files are left")
    }
}
