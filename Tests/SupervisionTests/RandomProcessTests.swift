import Foundation
import Glibc
import LinuxSystem
import Testing
import WorkerProtocol

private let sharedHarness = Result { try Harness() }

/// The walk of `RandomWalkTests` by the real programs: workers that deliver, fail and crash, one after the other, and a
/// command on change that fails as it likes.
@Suite(.serialized)
struct RandomProcessTests {
    private static let walks: [(seed: UInt64, refreshes: Int)] =
        runsFull ? [(UInt64.random(in: 1...UInt64.max), 1000)] : [(1, 60)]

    @Test(arguments: walks)
    func `every change is told once by a command that succeeds, and nothing else is`(
        seed: UInt64, refreshes: Int
    ) throws {
        print("random processes: seed \(seed), \(refreshes) refreshes")
        var generator = SplitMix64(state: seed)
        // Those that leave no report cost a pause each.
        let poor = ["crash", "garbage", "silent"]
        let ways = (0..<refreshes).map { _ in
            let kinds = Int.random(in: 0..<10, using: &generator) == 0 ? poor : ["change", "change", "deliver", "fail"]
            return kinds.randomElement(using: &generator) ?? ""
        }
        // The first refresh is the second attempt.
        var untold = Set(ways.indices.filter { ways[$0] == "change" }.map { "STUB-\($0 + 2)" })
        let harness = try sharedHarness.get()
        let hook = harness.path + "/random-hook"
        let lines = """
            #!/bin/sh
            test $(($(od -An -N1 -tu1 /dev/urandom) % 3)) -ne 0 || exit 1
            echo "told $LATCHKEY_CHANGED" >&2

            """
        try Data(lines.utf8).write(to: URL(fileURLWithPath: hook))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: hook)
        let running = try harness.start(
            "exec ./latchkey run -- ./latchkey-probe signals --until TERM 2>&1",
            [
                "STUB_REFRESH=\(ways.joined(separator: ",")),deliver", "STUB_ACTION=exec", "STUB_EXEC=\(hook)",
                "STUB_NEXT=5", "STUB_INTERVAL=1000",
            ])
        while !untold.isEmpty, let line = running.line() {
            guard line.hasPrefix("told ") else { continue }
            for name in line.dropFirst("told ".count).split(separator: ",") {
                #expect(untold.remove(String(name)) != nil, "\(name) did not change, or was told already")
            }
        }
        #expect(untold.isEmpty)
        running.signal(SIGTERM)
        let rest = running.rest().split(separator: "\n")
        #expect(!rest.contains { $0.hasPrefix("told ") }, "\(rest)")
        #expect(running.wait() == .code(0))
    }
}
