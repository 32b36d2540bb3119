import Foundation
import LinuxSystem
import Testing

/// Clocks that are not what they seem: a suspend that the boot clock has counted, a wall clock that is years away.
///
/// The state machine's answers to a jump are in `ClockTransitionTests`; here is what the programs ask the kernel for.
struct ClockTests {
    private static let tenYears = 315_360_000
    private static let options = ["-f", "database=db-password", "--signal", "USR1", "--refresh", "200ms"]
    private static let command = ["--", Programs.probe, "print-on", "USR1", "database"]

    /// Whether this machine lets us make a time namespace whose boot clock is ahead.
    private static let canSuspend: Bool = {
        guard let unshare = Programs.installed("unshare") else { return false }
        let outcome = try? Launch(unshare, ["-T", "--boottime", "1", "/bin/true"]).end()
        return outcome?.ending == .code(0)
    }()

    @Test(.enabled(if: canSuspend, "needs a time namespace, for which unshare and CAP_SYS_ADMIN are needed"))
    func `after suspends of ten years refreshes come as ever`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            var variables = try azure.environment()
            variables["RUNTIME_DIRECTORY"] = scratch.path + "/instance"
            // In there CLOCK_BOOTTIME is ten years ahead of CLOCK_MONOTONIC, as after so long a suspend: a deadline of
            // the one that a timer of the other waits for would come at once or never.
            let launch = try Launch(
                try #require(Programs.installed("unshare")),
                ["-T", "--boottime", String(Self.tenYears), Programs.latchkey, "run", "--vault", azure.vault]
                    + ["--ca-file", azure.authority] + Self.options + Self.command,
                environment: variables, directory: scratch.path)
            try launch.expect(line: "ready")
            try azure.waitForVaultRequests(3)
            try azure.rotate("db-password", to: "c4n4ry-rotated")
            try launch.expect(line: "end")
            #expect(launch.output.lines.contains { $0.contains(fingerprint("c4n4ry-rotated")) })

            let status = try scratch.status()
            let next = try #require(status.nextRefreshAt.flatMap { try? Date($0, strategy: .iso8601) })
            #expect(abs(next.timeIntervalSinceNow) < 3600, "the boot clock is shown as a date: \(next)")
            #expect(try launch.end(SIGTERM).failures.isEmpty)
        }
    }

    @Test(arguments: [tenYears, -tenYears])
    func `a wall clock years away from Azure's costs no refresh and misses none`(offset: Int) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try azure.start(
                ["run", "--vault", azure.vault, "--ca-file", azure.authority] + Self.options + Self.command, in: scratch
            )
            try launch.expect(line: "ready")
            // To the launcher a vault whose clock jumps ahead is what its own clock's jump back would be.
            try launch.betweenRefreshes { try azure.control("POST", "clock", "{\"offset\":\(offset)}") }
            try azure.waitForVaultRequests(3)
            // Two changes in one second, by a clock that has nothing to do with ours.
            for (number, value) in ["c4n4ry-one", "c4n4ry-two"].enumerated() {
                try azure.rotate("db-password", to: value)
                try launch.expect(line: "end", count: number + 1)
                #expect(launch.output.lines.contains { $0.contains(fingerprint(value)) })
            }
            try launch.betweenRefreshes { try azure.control("POST", "clock", #"{"offset":0}"#) }
            try azure.waitForVaultRequests(3)
            try azure.rotate("db-password", to: "c4n4ry-three")
            try launch.expect(line: "end", count: 3)
            #expect(try scratch.status().state == "fresh")
            let outcome = try launch.end(SIGTERM)
            #expect(!outcome.errors.contains("refresh-failed"), "\(outcome.errors)")
            let signals = outcome.output.split(separator: "\n").count { $0.hasPrefix("signal=") }
            #expect(signals == 3, "a signal for each change, and none besides")
        }
    }
}

extension Launch {
    /// Does something while no worker is under way: a token of before it would meet a vault of after it.
    fileprivate func betweenRefreshes(_ body: () throws -> Void) throws {
        kill(pid, SIGSTOP)
        defer { kill(pid, SIGCONT) }
        func state(_ process: Int32) -> Character? { ProcessFiles.statusLine("State:", of: process)?.first }
        // The supervisor, once it is stopped, does not wait for a worker that has ended: it is a zombie.
        let isAlone = eventually {
            state(pid) == "T"
                && !ProcessTree.descendants(of: pid).contains {
                    ProcessTree.name(of: $0) == "latchkey-worker" && state($0) != "Z"
                }
        }
        try #require(isAlone, "a worker does not end")
        try body()
    }
}
