/// Durations as users of Go's tools write them: `30s`, `5m`, `1h30m`, `1.5h`, `5min`. A number without a unit is
/// invalid, because people read it as seconds or as minutes; only `0` needs no unit.
enum DurationText {
    private static let units: [(names: [String], nanoseconds: Int64)] = [
        (["w", "week", "weeks"], 604_800_000_000_000),
        (["d", "day", "days"], 86_400_000_000_000),
        (["h", "hr", "hour", "hours"], 3_600_000_000_000),
        (["m", "min", "minute", "minutes"], 60_000_000_000),
        (["s", "sec", "second", "seconds"], 1_000_000_000),
        (["ms", "msec"], 1_000_000),
    ]

    /// The longest duration: ten years, far from where any clock overflows.
    static let longest = Duration.seconds(315_360_000)

    /// Reads a duration of at least `shortest`.
    static func parse(_ text: String, atLeast shortest: Duration = .zero) throws(ValueProblem) -> Duration {
        guard let nanoseconds = nanoseconds(of: text) else {
            throw ValueProblem("'\(text)' is no duration", hint: "write a number with a unit, such as 30s, 5m or 1h30m")
        }
        let duration = Duration.nanoseconds(nanoseconds)
        guard duration <= longest else { throw ValueProblem("'\(text)' is too long; the longest is 3650d") }
        guard duration >= shortest else {
            throw ValueProblem("'\(text)' is too short; the shortest is \(Self.text(shortest))")
        }
        return duration
    }

    /// A duration in the shortest of these forms.
    static func text(_ duration: Duration) -> String {
        let milliseconds = duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        if milliseconds % 1000 != 0 { return "\(milliseconds)ms" }
        // Days, hours and minutes from the table: with a literal list here, two builds would not give the same bytes.
        for unit in units[1...3] where milliseconds > 0 && milliseconds % (unit.nanoseconds / 1_000_000) == 0 {
            return "\(milliseconds / (unit.nanoseconds / 1_000_000))\(unit.names[0])"
        }
        return "\(milliseconds / 1000)s"
    }

    private static func nanoseconds(of text: String) -> Int64? {
        if text == "0" { return 0 }
        var rest = Array(text.utf8)[...]
        var total: Int64 = 0
        // Units come from the longest to the shortest, each once.
        var next = 0
        repeat {
            guard let number = Number(&rest), let unit = unit(&rest), unit >= next,
                let part = number.times(units[unit].nanoseconds)
            else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return nil }
            total = sum
            next = unit + 1
        } while !rest.isEmpty
        return total
    }

    private static func unit(_ rest: inout ArraySlice<UInt8>) -> Int? {
        let letters = rest.prefix { (97...122).contains($0) }
        rest = rest.dropFirst(letters.count)
        let name = String(decoding: letters, as: UTF8.self)
        return units.firstIndex { $0.names.contains(name) }
    }

    /// Decimal digits with up to nine after the point.
    private struct Number {
        var whole: Int64 = 0
        var fraction: Int64 = 0
        var scale: Int64 = 1

        init?(_ rest: inout ArraySlice<UInt8>) {
            let digits = rest.prefix { (48...57).contains($0) }
            guard (1...12).contains(digits.count) else { return nil }
            for digit in digits { whole = whole * 10 + Int64(digit - 48) }
            rest = rest.dropFirst(digits.count)
            guard rest.first == UInt8(ascii: ".") else { return }
            let decimals = rest.dropFirst().prefix { (48...57).contains($0) }
            guard (1...9).contains(decimals.count) else { return nil }
            for digit in decimals {
                fraction = fraction * 10 + Int64(digit - 48)
                scale *= 10
            }
            rest = rest.dropFirst(decimals.count + 1)
        }

        func times(_ unit: Int64) -> Int64? {
            let (product, overflow) = whole.multipliedReportingOverflow(by: unit)
            let part = scale.dividingFullWidth(fraction.multipliedFullWidth(by: unit)).quotient
            let (sum, carried) = product.addingReportingOverflow(part)
            return overflow || carried ? nil : sum
        }
    }
}
