import Foundation
import Testing

/// Many refreshes under a vault and an identity that fail at random in every way they can.
struct SoakTests {
    /// After how many refreshes what latchkey holds is looked at: the first time it has settled, the last one is the
    /// end. LATCHKEY_FULL=1 makes it 2,000, a quarter of an hour.
    private static let marks = runsFull ? [100, 500, 1000, 1500, 2000] : [30, 100]
    /// 16 pages, which an allocator may still need after it has settled; 34 bytes lost by each refresh would be more.
    private static let slack = 64

    /// LATCHKEY_SEED makes it another run; the same seed has the same faults and changes in the same order.
    @Test(.enabled(if: geteuid() == 0, "needs root, to see the memory of a process that is not dumpable"))
    func `the app never sees a fault, and gets the newest secrets as soon as it is over`() throws {
        let seed = ProcessInfo.processInfo.environment["LATCHKEY_SEED"].flatMap { UInt64($0) } ?? 6
        try Emulator.serving(Soak.seed) { azure in
            let soak = try Soak(azure, seed: seed)
            var footprints: [Footprint] = []
            for mark in Self.marks {
                while try soak.attempts < mark { try soak.round() }
                let footprint = try soak.footprint()
                print("\(try soak.attempts) refreshes, \(soak.rotations) changes, \(soak.looks) looks: \(footprint)")
                footprints.append(footprint)
            }
            let (settled, last) = (try #require(footprints.first), try #require(footprints.last))
            #expect(last.counts == settled.counts)
            #expect(last.anonymousKilobytes <= settled.anonymousKilobytes + Self.slack)
            try soak.launch.end(SIGTERM)
        }
    }
}
