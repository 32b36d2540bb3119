import Foundation
import Testing

/// An emulator, and a run that goes well until something goes wrong in a refresh.
final class FaultStage {
    let azure: Emulator
    let environment: [String: String]
    /// Where redirects and proxies lead to: nobody may come.
    let stranger: Stranger
    /// The run whose refreshes fail.
    private(set) var run: RunningLaunch

    static let seed = """
        \(Emulator.applicants)

        [vaults.faulty.secrets]
        db-password = "c4n4ry-database"
        """

    init(_ azure: Emulator, _ group: FaultGroup) throws {
        self.azure = azure
        environment = try azure.environment(group.environment)
        stranger = try Stranger()
        run = try RunningLaunch(azure, environment, Fault(what: "", start: .runs))
    }

    /// What the row's texts stand for.
    func filled(_ text: String) -> String {
        text.replacing("VAULT", with: azure.vault).replacing("OTHER", with: azure.vault("other")).replacing(
            "STRANGER", with: stranger.url
        )
        .replacing("HOST", with: azure.vault.replacing("https://", with: ""))
        .replacing("PLAIN", with: azure.controlURL.replacing("/_emulator", with: "").replacing("http://", with: ""))
    }

    /// What is not as the row says; and how it went.
    func play(_ fault: Fault) throws -> FaultOutcome {
        var outcome = FaultOutcome()
        let scratch = try Scratch()
        for json in fault.answers { try azure.fault(filled(json)) }
        try fault.begin(self)
        // Both at once: a start, and a refresh of what runs.
        let start = try starting(fault, in: scratch)
        if refreshes(fault) { try run.disturb(filled(fault.entry), &outcome) }
        try judge(start, fault, &outcome)
        try fault.end(self)
        if !fault.answers.isEmpty { try azure.control("DELETE", "faults") }
        if refreshes(fault) { try run.recover(&outcome) }
        outcome.check(fault)
        return outcome
    }

    func close() throws {
        #expect(try run.launch.end(SIGTERM).ending == .signal(SIGTERM))
        #expect(try stranger.heard().isEmpty, "somebody followed where nobody may")
    }

    private func refreshes(_ fault: Fault) -> Bool {
        if case .untried = fault.refresh { return false }
        return !fault.isOfTheLaunch
    }

    private func starting(_ fault: Fault, in scratch: Scratch) throws -> Launch? {
        switch fault.start {
        case .untried: return nil
        case .runs: return nil
        case .ends(let code, _):
            // What may pass is tried again until then; all else ends at once.
            let patience = code == 75 ? ["--start-timeout", "1s"] : []
            return try RunningLaunch.start(
                azure, environment, fault, entry: filled(fault.entry), more: patience, in: scratch)
        }
    }

    private func judge(_ start: Launch?, _ fault: Fault, _ outcome: inout FaultOutcome) throws {
        guard case .ends = fault.start, let start else { return }
        let end = try start.end()
        outcome.start = end.ending
        outcome.startCodes = end.failures.compactMap { $0.firstMatch(of: /: error\[([a-z-]+)\]/).map { String($0.1) } }
        outcome.note(!end.output.isEmpty, "the command was started")
        outcome.note(end.failures.count != 1, "not one line: \(end.errors)")
    }
}
