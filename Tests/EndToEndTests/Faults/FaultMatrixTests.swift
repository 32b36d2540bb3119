import Foundation
import Testing

/// The fault matrix: every row before the start and, where it makes sense, in a refresh of a run that goes well.
struct FaultMatrixTests {
    @Test func `the page is what the rows say`() throws { try FaultPage.check() }

    @Test(arguments: FaultGroup.all.filter { !$0.needsRoot || geteuid() == 0 })
    func `each fault has its exit code and its message, and what was delivered last stays:`(group: FaultGroup) throws {
        try Emulator.serving(Emulator.testIdentities, arcKeys: group.arcKeys) { azure in
            try Self.serving(group.otherCertificates) { others in
                let harness = try FaultHarness(azure, others, group)
                for fault in group.rows where fault.isForThisRun { try Self.play(fault, on: harness, group) }
                try harness.close()
            }
        }
    }

    private static func play(_ fault: Fault, on harness: FaultHarness, _ group: FaultGroup) throws {
        do {
            let outcome = try harness.play(fault)
            print("fault matrix: \(group.title): \(fault.what): \(outcome.line)")
            #expect(outcome.problems.isEmpty, "\(fault.what)")
        } catch {
            print("fault matrix: \(group.title): \(fault.what): could not be played")
            throw error
        }
    }

    /// Emulators that prove something else over TLS.
    private static func serving(
        _ certificates: [String], _ others: [String: Emulator] = [:], _ body: ([String: Emulator]) throws -> Void
    ) throws {
        guard let kind = certificates.first else { return try body(others) }
        try Emulator.serving(options: ["--certificate", kind]) { other in
            try serving(Array(certificates.dropFirst()), others.merging([kind: other]) { $1 }, body)
        }
    }
}
