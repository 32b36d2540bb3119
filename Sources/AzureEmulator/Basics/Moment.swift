import FoundationEssentials

/// Points in time: seconds since 1970, as all of Azure's protocols count them.
package enum Moment {
    package static func now() -> Double { Date().timeIntervalSince1970 }

    /// Whole seconds; what is beyond all reason ends at some ten thousand years.
    package static func whole(_ seconds: Double) -> Int { Int(max(-1e12, min(1e12, seconds))) }

    /// Year, month, day, hour, minute, second in UTC.
    private static func parts(_ seconds: Double) -> (Int, Int, Int, Int, Int, Int, Int) {
        let whole = whole(seconds.rounded(.down))
        let days = whole >= 0 ? whole / 86_400 : (whole - 86_399) / 86_400
        let rest = whole - days * 86_400
        // Civil from days, after Howard Hinnant's algorithm.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let calendarMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (calendarMonth <= 2 ? 1 : 0)
        let weekday = ((days % 7) + 11) % 7
        return (year, calendarMonth, day, rest / 3_600, rest / 60 % 60, rest % 60, weekday)
    }

    private static func padded(_ value: Int, _ width: Int = 2) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    /// `2026-04-01T10:20:30Z`
    package static func rfc3339(_ seconds: Double) -> String {
        let (year, month, day, hour, minute, second, _) = parts(seconds)
        return "\(padded(year, 4))-\(padded(month))-\(padded(day))T\(padded(hour)):\(padded(minute)):\(padded(second))Z"
    }

    /// `2026-04-01 10:20:30Z`, as in Entra's errors.
    package static func entra(_ seconds: Double) -> String {
        rfc3339(seconds).replacing("T", with: " ")
    }

    /// `04/01/2026 10:20:30 +00:00`, as App Service's first interface wrote it on Linux.
    package static func appServiceLinux(_ seconds: Double) -> String {
        let (year, month, day, hour, minute, second, _) = parts(seconds)
        let date = "\(padded(month))/\(padded(day))/\(padded(year, 4))"
        return "\(date) \(padded(hour)):\(padded(minute)):\(padded(second)) +00:00"
    }

    /// `4/1/2026 10:20:30 AM +00:00`, as App Service's first interface wrote it on Windows.
    package static func appServiceWindows(_ seconds: Double) -> String {
        let (year, month, day, hour, minute, second, _) = parts(seconds)
        let twelve = hour % 12 == 0 ? 12 : hour % 12
        let time = "\(twelve):\(padded(minute)):\(padded(second)) \(hour < 12 ? "AM" : "PM")"
        return "\(month)/\(day)/\(padded(year, 4)) \(time) +00:00"
    }

    /// `Wed, 01 Apr 2026 10:20:30 GMT`, as in HTTP's headers.
    package static func http(_ seconds: Double) -> String {
        let (year, month, day, hour, minute, second, weekday) = parts(seconds)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let date = "\(days[weekday]), \(padded(day)) \(months[month - 1]) \(padded(year, 4))"
        return "\(date) \(padded(hour)):\(padded(minute)):\(padded(second)) GMT"
    }

    /// Reads `2026-04-01`, `2026-04-01T10:20:30Z`, or seconds since 1970; nil if it is none of them.
    package static func parse(_ text: String) -> Double? {
        if let seconds = Double(text) { return seconds }
        if let date = try? Date(text, strategy: .iso8601) { return date.timeIntervalSince1970 }
        if let day = try? Date(text, strategy: .iso8601.year().month().day()) { return day.timeIntervalSince1970 }
        return nil
    }

    /// Reads a duration: `250ms`, `30s`, `5m`, `12h`, `90d`, or seconds as a plain number.
    package static func duration(_ text: String) -> Double? {
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)]
        for (unit, factor) in units where text.hasSuffix(unit) {
            return Double(text.dropLast(unit.count)).map { $0 * factor }
        }
        return Double(text)
    }
}
