/// A moment of the wall clock, in UTC: for logs and status, never for waiting.
package struct UTCTime: Hashable, Sendable, Comparable {
    /// Seconds since 1970.
    package let seconds: Int64
    /// 0 to 999,999,999.
    package let nanoseconds: Int32

    /// The seconds of the years 0 to 9999, which can be written.
    package static let range: ClosedRange<Int64> = -62_167_219_200...253_402_300_799

    package init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Reads what `rfc3339` writes; nil for anything else.
    package init?(rfc3339 text: String) {
        // Longer ones are none of ours, and their numbers would be too large to reckon with.
        guard text.utf8.count == 20 else { return nil }
        let parts = text.split(whereSeparator: { "-T:Z".contains($0) }).compactMap { Int64($0) }
        guard parts.count == 6, (1...12).contains(parts[1]), (1...31).contains(parts[2]) else { return nil }
        let days = Self.daysSince1970(year: parts[0], month: parts[1], day: parts[2])
        self.init(seconds: days * 86_400 + parts[3] * 3600 + parts[4] * 60 + parts[5])
        guard rfc3339 == text else { return nil }
    }

    /// Days between 1970-01-01 and a date of the Gregorian calendar: the inverse of `addDate`, by years that begin on a
    /// first of March, in eras of 400.
    package static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    package static func < (left: UTCTime, right: UTCTime) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    /// `2026-11-23T12:04:10Z` (RFC 3339); years outside of 0 to 9999 are shown as the nearest of these.
    package var rfc3339: String {
        var text: [UInt8] = []
        text.reserveCapacity(20)
        addDate(to: &text)
        text.append(UInt8(ascii: "T"))
        addClock(to: &text)
        text.append(UInt8(ascii: "Z"))
        return String(decoding: text, as: UTF8.self)
    }

    /// `2026-11-23T12:04:10.042Z`.
    package var rfc3339Milliseconds: String {
        var text = Array(rfc3339.utf8.dropLast())
        text.append(UInt8(ascii: "."))
        add(Int64(nanoseconds / 1_000_000), 3, to: &text)
        text.append(UInt8(ascii: "Z"))
        return String(decoding: text, as: UTF8.self)
    }

    /// `12:04:10Z`, for people who know the day.
    package var timeOfDay: String { String(decoding: rfc3339.utf8.suffix(9), as: UTF8.self) }

    private var clamped: Int64 { min(max(seconds, Self.range.lowerBound), Self.range.upperBound) }

    private func addClock(to text: inout [UInt8]) {
        let second = clamped - days * 86_400
        add(second / 3600, 2, to: &text)
        text.append(UInt8(ascii: ":"))
        add(second / 60 % 60, 2, to: &text)
        text.append(UInt8(ascii: ":"))
        add(second % 60, 2, to: &text)
    }

    /// Whole days since 1970-01-01, rounded down.
    private var days: Int64 {
        let (quotient, remainder) = clamped.quotientAndRemainder(dividingBy: 86_400)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// The proleptic Gregorian date, counted in eras of 400 years that begin on a first of March, so that the leap day
    /// is a year's last.
    private func addDate(to text: inout [UInt8]) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        add(year, 4, to: &text)
        text.append(UInt8(ascii: "-"))
        add(month, 2, to: &text)
        text.append(UInt8(ascii: "-"))
        add(day, 2, to: &text)
    }

    /// The last `width` digits.
    private func add(_ number: Int64, _ width: Int, to text: inout [UInt8]) {
        var unit: Int64 = 1
        for _ in 1..<width { unit *= 10 }
        while unit > 0 {
            text.append(UInt8(ascii: "0") + UInt8(number / unit % 10))
            unit /= 10
        }
    }
}
