/// What a server asks in `retry-after-ms`, `x-ms-retry-after-ms` or `Retry-After` (RFC 9110, 10.2.3: seconds or a date),
/// clamped to 1 s … 5 min; nil where it asks nothing or nothing that can be read.
package func retryAfter(in headers: HTTPHeaders, wallClock now: Int64) -> Duration? {
    for name in ["retry-after-ms", "x-ms-retry-after-ms"] {
        if let text = headers[name], let milliseconds = Int64(text.trimmed) {
            return clamped(.milliseconds(min(max(milliseconds, 0), 3_600_000)))
        }
    }
    guard let text = headers["retry-after"]?.trimmed else { return nil }
    if let seconds = Int64(text) {
        return clamped(.seconds(min(max(seconds, 0), 3600)))
    }
    guard let date = secondsSince1970(httpDate: text) else { return nil }
    return clamped(.seconds(min(max(date - now, 0), 3600)))
}

private func clamped(_ pause: Duration) -> Duration {
    min(max(pause, .seconds(1)), .seconds(300))
}

/// Reads an IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
package func secondsSince1970(httpDate text: String) -> Int64? {
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let words = text.split(separator: " ")
    guard words.count == 6, words[5] == "GMT", let day = Int(words[1]), (1...31).contains(day),
        let month = months.firstIndex(of: String(words[2])), let year = Int(words[3]), (1970...9999).contains(year)
    else { return nil }
    let clock = words[4].split(separator: ":").compactMap { Int($0) }
    guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
    else { return nil }
    let days = daysSince1970(year: year, month: month + 1, day: day)
    return Int64(days) * 86_400 + Int64(clock[0] * 3600 + clock[1] * 60 + clock[2])
}

/// Days between 1970-01-01 and a date of the Gregorian calendar (the civil-from-days method, shifted to March).
package func daysSince1970(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
}

extension String {
    fileprivate var trimmed: String {
        let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        return String(drop(while: blank).reversed().drop(while: blank).reversed())
    }
}
