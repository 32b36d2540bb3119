import Glibc
import LinuxSystem
import Testing

private let sharedHarness = Result { try Harness() }

/// A worker that was taken over by what it read from the network, against the real supervisor: it commands nothing.
@Suite(.serialized)
struct HostileWorkerTests {
    @Test(arguments: [
        ("second-plan", "a second plan"), ("plan-in-report", "bytes behind the end"),
        ("no-plan", "a delivery without a plan"), ("other-user", "another user than the start's"),
        ("other-command", "another command than the start's"),
        ("descriptors-early", "descriptors that nobody asked for"),
        ("descriptors-late", "descriptors that nobody asked for"),
    ])
    func `is a failed refresh that says so, and nothing more`(attack: String, words: String) throws {
        let running = try sharedHarness.get().start(
            "chmod 755 . && exec ./latchkey run -- ./latchkey-probe signals --until TERM 2>&1",
            ["STUB_REFRESH=\(attack),change", "STUB_ACTION=signal", "STUB_SIGNAL=\(SIGUSR1)", "STUB_NEXT=3600000"]
                + (geteuid() == 0 ? ["STUB_USER=65534"] : []))
        #expect(running.await("ready"))
        running.signal(SIGHUP)
        let line = try #require(running.line())
        #expect(line.hasPrefix("latchkey: warning[refresh-failed]: ") && line.contains(words), "\(line)")
        // The refresh after that counts, with the plan of the start.
        running.signal(SIGHUP)
        while let line = running.line(), !line.hasPrefix("signal=\(SIGUSR1) ") {
            #expect(line.hasPrefix("latchkey: "), "\(line)")
        }
        running.signal(SIGTERM)
        let rest = running.rest()
        #expect(!rest.contains("attacked") && rest.contains("signal=\(SIGTERM) "), "\(rest)")
        #expect(running.wait() == .code(0))
    }
}
