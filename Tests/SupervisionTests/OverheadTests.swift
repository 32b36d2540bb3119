import Foundation
import Glibc
import LinuxSystem
import Testing

/// What supervision costs, where the programs are those that are shipped.
@Suite(.serialized, .enabled(if: runsFull, "measures for a while: with LATCHKEY_FULL=1"))
struct OverheadTests {
    private static let isShipped = ProcessInfo.processInfo.environment["LATCHKEY_BIN"] != nil

    @Test(.enabled(if: isShipped, "the programs as shipped are in LATCHKEY_BIN"))
    func `with a worker that answers at once the command starts at most three milliseconds later`() throws {
        let harness = try Harness()
        func time(_ line: String) throws -> Double {
            let start = ContinuousClock.now
            let running = try harness.start(line)
            #expect(running.line() == "ready")
            let taken = ContinuousClock.now - start
            running.signal(SIGKILL)
            _ = running.rest()
            _ = running.wait()
            return Double(taken.components.attoseconds) / 1e15
        }
        var differences: [Double] = []
        for _ in 0..<300 {
            let plain = try time("exec ./latchkey-probe sleep")
            differences.append(try time("exec ./latchkey run -- ./latchkey-probe sleep") - plain)
        }
        differences.sort()
        let (quartile, median) = (differences[differences.count / 4], differences[differences.count / 2])
        print("supervision costs \(median) ms, at the lower quartile \(quartile) ms (\(differences.count) pairs)")
        // Other suites run beside this one: what pairs cost that they leave alone is what supervision costs.
        #expect(quartile <= 3)
    }
}
