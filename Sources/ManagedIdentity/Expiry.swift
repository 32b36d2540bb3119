import Cryptography
import HTTPTransport
import LinuxSystem
import Messages

/// When a token ends, read from all the forms that the endpoints use.
enum Expiry {
    /// What is said of an expiry that can't be read.
    static let problem = "no number of seconds and no date, up to the year 9999"

    /// Seconds since 1970 from a text: a number, one of the documented dates, RFC 3339; nil for anything else.
    static func seconds(_ text: String) -> Int64? {
        if let number = Int64(text) { return UTCTime.range.contains(number) ? number : nil }
        var rest = Substring(text)
        // Printable ASCII: a line end of two bytes would be one character, and offsets would miss.
        guard rest.utf8.count <= 40, rest.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else { return nil }
        if rest.contains("/") {
            rest.removeSuffix(" +00:00")
            return slashed(rest)
        }
        return dashed(rest)
    }

    /// `06/20/2019 02:57:58` and, on Windows, `1/16/2020 5:24:12 AM`.
    private static func slashed(_ text: Substring) -> Int64? {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 2 || words.count == 3, let date = numbers(words[0], "/", 3),
            var clock = numbers(words[1], ":", 3)
        else { return nil }
        if words.count == 3 {
            guard (1...12).contains(clock[0]), words[2] == "AM" || words[2] == "PM" else { return nil }
            clock[0] = clock[0] % 12 + (words[2] == "PM" ? 12 : 0)
        }
        return moment(year: date[2], month: date[0], day: date[1], clock: clock)
    }

    /// `2019-06-20 02:57:58` in UTC, and RFC 3339 with its offset and fractions.
    private static func dashed(_ text: Substring) -> Int64? {
        guard text.utf8.count >= 19 else { return nil }
        let dateEnd = text.index(text.startIndex, offsetBy: 10)
        let clockStart = text.index(after: dateEnd)
        let clockEnd = text.index(clockStart, offsetBy: 8)
        guard "Tt ".contains(text[dateEnd]), let date = numbers(text[..<dateEnd], "-", 3),
            let clock = numbers(text[clockStart..<clockEnd], ":", 3),
            let seconds = moment(year: date[0], month: date[1], day: date[2], clock: clock)
        else { return nil }
        var rest = text[clockEnd...]
        if rest.first == "." {
            rest = rest.dropFirst()
            guard rest.first?.isNumber == true else { return nil }
            rest = rest.drop { $0.isNumber }
        }
        guard let offset = offset(rest) else { return nil }
        return seconds - offset
    }

    /// Seconds east of UTC; none is UTC.
    private static func offset(_ text: Substring) -> Int64? {
        var rest = text
        if rest.first == " " { rest = rest.dropFirst() }
        if rest.isEmpty || rest == "Z" || rest == "z" { return text == " " ? nil : 0 }
        guard let sign = rest.first, sign == "+" || sign == "-", let parts = numbers(rest.dropFirst(), ":", 2),
            (0...23).contains(parts[0]), (0...59).contains(parts[1])
        else { return nil }
        return Int64(parts[0] * 3600 + parts[1] * 60) * (sign == "+" ? 1 : -1)
    }

    /// `2023-10-31 21:59:10.000000` in the machine's own zone: what older Azure CLIs print.
    static func localSeconds(_ text: String) -> Int64? {
        guard text.utf8.count >= 19, text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else { return nil }
        let words = text.prefix(19).split(separator: " ")
        guard words.count == 2, let date = numbers(words[0], "-", 3), let clock = numbers(words[1], ":", 3),
            moment(year: date[0], month: date[1], day: date[2], clock: clock) != nil
        else { return nil }
        return secondsSince1970(
            localYear: date[0], month: date[1], day: date[2], hour: clock[0], minute: clock[1], second: clock[2])
    }

    private static func numbers(_ text: Substring, _ separator: Character, _ count: Int) -> [Int]? {
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        let values = parts.compactMap { part -> Int? in
            (1...4).contains(part.count) && part.allSatisfy(\.isNumber) ? Int(part) : nil
        }
        return values.count == count && parts.count == count ? values : nil
    }

    private static func moment(year: Int, month: Int, day: Int, clock: [Int]) -> Int64? {
        guard (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day),
            (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        let days = UTCTime.daysSince1970(year: Int64(year), month: Int64(month), day: Int64(day))
        return days * 86_400 + Int64(clock[0] * 3600 + clock[1] * 60 + clock[2])
    }
}

extension Substring {
    fileprivate mutating func removeSuffix(_ suffix: String) {
        if hasSuffix(suffix) { self = dropLast(suffix.count) }
    }
}
