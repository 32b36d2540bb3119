import Foundation
import Testing

/// An emulator, and a run that goes well until something goes wrong in a refresh.
final class FaultHarness {
    let azure: Emulator
    let environment: [String: String]
    /// Emulators that prove something else over TLS, by what that is.
    let others: [String: Emulator]
    /// Where redirects and proxies lead to: nobody may come.
    let stranger: RecordingListener
    /// A file that belongs to the row alone.
    let ownFile = "latchkey-fault-\(UInt64.random(in: .min ... .max)).key"
    /// The run whose refreshes fail.
    private var shared: RunningLaunch?

    init(_ azure: Emulator, _ others: [String: Emulator], _ group: FaultGroup) throws {
        self.azure = azure
        self.others = others
        environment = try azure.environment(group.environment)
        stranger = try RecordingListener()
    }

    var run: RunningLaunch {
        get throws {
            if let shared { return shared }
            let launch = try RunningLaunch(self, Fault(what: "", start: .runs))
            shared = launch
            return launch
        }
    }

    /// What the row's texts stand for.
    func filled(_ text: String, _ scratch: Scratch? = nil) -> String {
        var words = [
            "VAULT": azure.vault, "OTHER": azure.vault("other"), "STRANGER": stranger.url, "OWNFILE": ownFile,
            "PLAIN": azure.controlURL.replacing("/_emulator", with: ""), "SCRATCH": scratch?.path ?? "",
        ]
        words["RUNNING"] = shared?.scratch.path ?? ""
        words["PLAINPORT"] = words["PLAIN"]?.split(separator: ":").last.map(String.init)
        for (name, other) in others { words[name.uppercased()] = other.vault }
        return words.sorted { $0.key.count > $1.key.count }.reduce(text) { $0.replacing($1.key, with: $1.value) }
    }

    /// The authorities that a launcher is told to trust.
    var authorities: String {
        get throws {
            try ([azure] + others.values).map { try String(contentsOfFile: $0.authority, encoding: .utf8) }.joined()
        }
    }

    /// Plays one row, and compares it with what it says.
    func play(_ fault: Fault) throws -> FaultOutcome {
        var outcome = FaultOutcome()
        if !fault.isOfTheLaunch, fault.refresh.isTried { _ = try run }
        for json in fault.answers { try azure.fault(filled(json)) }
        try fault.begin(self)
        if fault.isOfTheLaunch {
            try playAlone(fault, &outcome)
        } else {
            try playBoth(fault, &outcome)
        }
        outcome.check(fault)
        return outcome
    }

    /// A start, and at the same time a refresh of what runs.
    private func playBoth(_ fault: Fault, _ outcome: inout FaultOutcome) throws {
        let scratch = try Scratch()
        var start: Launch?
        if case .ends = fault.start { start = try launch(fault, in: scratch) }
        let refreshes = fault.refresh.isTried
        if refreshes { try run.disturb(fault, on: self, &outcome) }
        if let start { outcome.judge(try start.end()) }
        if fault.start == .runs { try outcome.judge(RunningLaunch(self, fault), refreshes: false) }
        try end(fault)
        if refreshes, fault.refresh != .passes { try run.recover(&outcome) }
    }

    /// A start with the fault, and where that runs a refresh of it.
    private func playAlone(_ fault: Fault, _ outcome: inout FaultOutcome) throws {
        let scratch = try Scratch()
        if fault.start == .runs {
            try outcome.judge(RunningLaunch(self, fault, in: scratch), refreshes: fault.refresh == .passes)
        } else {
            outcome.judge(try launch(fault, in: scratch).end())
        }
        if let problem = try fault.check(scratch) { outcome.note(true, problem) }
        try end(fault)
    }

    private func launch(_ fault: Fault, in scratch: Scratch) throws -> Launch {
        // What may pass is tried again until then; all else ends at once.
        var startTimeout: [String] = []
        if case .ends(75, _) = fault.start { startTimeout = ["--start-timeout", "2s"] }
        return try RunningLaunch.start(self, fault, more: startTimeout, in: scratch)
    }

    private func end(_ fault: Fault) throws {
        try fault.end(self)
        if !fault.answers.isEmpty { try azure.control("DELETE", "faults") }
    }

    func close() throws {
        if let shared { #expect(try shared.launch.end(SIGTERM).ending == .signal(SIGTERM)) }
        #expect(try stranger.heard().isEmpty, "somebody went where nobody may")
    }
}
