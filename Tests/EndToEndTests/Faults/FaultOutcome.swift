import Glibc
import Testing

/// How a row went.
struct FaultOutcome {
    private var start: Ending?
    /// The code of each line that reports an error.
    private var startCodes: [String] = []
    private var hasStarted = false
    var refreshCode: String?
    /// Files, generation and command are what they were, and the command was not signalled.
    var wasKept = true
    private(set) var problems: [String] = []

    mutating func note(_ isWrong: Bool, _ problem: String) {
        if isWrong { problems.append(problem) }
    }

    /// A start that should not have come to its command.
    mutating func judge(_ end: Outcome) {
        start = end.ending
        startCodes = end.failures.compactMap { $0.firstMatch(of: /: error\[([a-z-]+)\]/).map { String($0.1) } }
        note(!end.output.isEmpty, "the command was started")
        note(end.failures.count != 1, "it is not said in one line: \(end.errors)")
    }

    /// A start that has come to its command.
    mutating func judge(_ run: RunningLaunch, refreshes: Bool) throws {
        hasStarted = true
        if refreshes { try run.recover(&self) }
        let end = try run.launch.end(SIGTERM)
        note(end.ending != .signal(SIGTERM) || !end.failures.isEmpty, "it ends with \(end.ending): \(end.errors)")
    }

    /// Compares it with what the row says.
    mutating func check(_ fault: Fault) {
        var expected: String?
        switch fault.start {
        case .ends(let code, let message):
            let isRight = start == .code(code) && startCodes == [message]
            note(!isRight, "the start should end with \(code) \(message)")
            expected = message
        case .runs: note(!hasStarted, "the start should succeed")
        case .untried: break
        }
        switch fault.refresh {
        case .asStart: break
        case .keeps(let message): expected = message
        case .passes, .untried: return
        }
        note(refreshCode != expected, "the refresh should fail with \(expected ?? "nothing")")
        note(!wasKept, "something was changed")
    }

    /// The row's outcome in one line.
    var line: String {
        var words: [String] = hasStarted ? ["runs"] : []
        if case .code(let code) = start { words.append("exit \(code) \(startCodes.joined(separator: " "))") }
        if case .signal(let number) = start { words.append("signal \(number)") }
        if let refreshCode { words.append("refresh \(refreshCode), \(wasKept ? "kept" : "changed")") }
        return (words + problems.map { "WRONG: \($0)" }).joined(separator: "; ")
    }
}
