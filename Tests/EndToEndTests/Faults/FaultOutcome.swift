/// How a row went.
struct FaultOutcome {
    var start: Ending?
    /// The code of each line that reports an error.
    var startCodes: [String] = []
    var refreshCode: String?
    /// Files, generation and command are what they were, and the command was not signalled.
    var wasKept = true
    private(set) var problems: [String] = []

    mutating func note(_ isWrong: Bool, _ problem: String) {
        if isWrong { problems.append(problem) }
    }

    /// Compares it with what the row says.
    mutating func check(_ fault: Fault) {
        var expected: String?
        if case .ends(let code, let message) = fault.start {
            let isRight = start == .code(code) && startCodes == [message]
            note(!isRight, "the start should end with \(code) \(message)")
            expected = message
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
        var words: [String] = []
        if case .code(let code) = start { words.append("exit \(code) \(startCodes.joined(separator: " "))") }
        if case .signal(let number) = start { words.append("signal \(number)") }
        if let refreshCode { words.append("refresh \(refreshCode), \(wasKept ? "kept" : "changed")") }
        return (words + problems.map { "WRONG: \($0)" }).joined(separator: "; ")
    }
}
