import Foundation
import Testing

/// The fault matrix: every row before the start and, where it makes sense, in a refresh of a run that goes well.
struct FaultMatrixTests {
    @Test func `the page is what the rows say`() throws { try FaultPage.check() }

    @Test(arguments: FaultGroup.all)
    func `each fault has its exit code and its message, and what was delivered last stays:`(group: FaultGroup) throws {
        try Emulator.serving(FaultStage.seed, arcKeys: group.arcKeys) { azure in
            let stage = try FaultStage(azure, group)
            for fault in group.rows where runsFull || !fault.isSlow {
                let outcome = try stage.play(fault)
                print("fault matrix: \(group.title): \(fault.what): \(outcome.line)")
                #expect(outcome.problems.isEmpty, "\(fault.what)")
            }
            try stage.close()
        }
    }
}
