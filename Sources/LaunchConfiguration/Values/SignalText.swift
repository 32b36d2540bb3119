import Messages

/// Signals by name or number (signal(7), with the numbers of x86-64 and arm64).
enum SignalText {
    static let names: [(name: String, number: CInt)] = [
        ("HUP", 1), ("INT", 2), ("QUIT", 3), ("ILL", 4), ("TRAP", 5), ("ABRT", 6), ("BUS", 7), ("FPE", 8), ("KILL", 9),
        ("USR1", 10), ("SEGV", 11), ("USR2", 12), ("PIPE", 13), ("ALRM", 14), ("TERM", 15), ("STKFLT", 16),
        ("CHLD", 17), ("CONT", 18), ("STOP", 19), ("TSTP", 20), ("TTIN", 21), ("TTOU", 22), ("URG", 23), ("XCPU", 24),
        ("XFSZ", 25), ("VTALRM", 26), ("PROF", 27), ("WINCH", 28), ("IO", 29), ("PWR", 30), ("SYS", 31),
        ("IOT", 6), ("CLD", 17), ("POLL", 29),
    ]
    /// The first and the last real-time signal that programs may use: the two before belong to the C library.
    private static let realTime: ClosedRange<CInt> = 34...64

    /// Reads `HUP`, `SIGHUP`, `1`, `RTMIN+3` or `RTMAX-2`.
    static func parse(_ text: String) throws(ValueProblem) -> CInt {
        var name = text.uppercased()
        if name.hasPrefix("SIG") { name.removeFirst(3) }
        if let known = names.first(where: { $0.name == name }) { return known.number }
        if let number = realTimeSignal(name) { return number }
        let isNumber = !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
        if isNumber, let number = CInt(text), (1...31).contains(number) || realTime.contains(number) { return number }
        let candidates = names.map(\.name)
        throw ValueProblem(
            "'\(text)' is no signal",
            hint: Suggestion.nearest(to: name, among: candidates).map { "did you mean '\($0)'?" }
                ?? "write a name such as HUP, a number, or RTMIN+N")
    }

    /// The name of a signal: `HUP`, `RTMIN+3`.
    static func name(of number: CInt) -> String {
        names.first { $0.number == number }?.name
            ?? (number == realTime.lowerBound ? "RTMIN" : "RTMIN+\(number - realTime.lowerBound)")
    }

    private static func realTimeSignal(_ name: String) -> CInt? {
        guard name.hasPrefix("RTMIN") || name.hasPrefix("RTMAX") else { return nil }
        let (base, sign): (CInt, Character) =
            name.hasPrefix("RTMIN") ? (realTime.lowerBound, "+") : (realTime.upperBound, "-")
        let rest = name.dropFirst(5)
        if rest.isEmpty { return base }
        let digits = rest.dropFirst()
        guard rest.first == sign, !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let distance = CInt(digits), distance <= realTime.upperBound - realTime.lowerBound
        else { return nil }
        return sign == "+" ? base + distance : base - distance
    }
}
