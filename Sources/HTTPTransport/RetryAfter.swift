/// What a server asks in `retry-after-ms`, `x-ms-retry-after-ms` or `Retry-After` (RFC 9110, 10.2.3: seconds or a date),
/// clamped to 1 s … 5 min; nil where it asks nothing or nothing that can be read.
package func retryAfter(in headers: HTTPHeaders, wallClock now: Int64) -> Duration? {
    for name in ["retry-after-ms", "x-ms-retry-after-ms"] {
        if let milliseconds = headers[name].flatMap(wholeNumber) {
            return clamped(.milliseconds(milliseconds))
        }
    }
    guard let text = headers["retry-after"] else { return nil }
    if let seconds = wholeNumber(text) {
        return clamped(.seconds(seconds))
    }
    guard let date = secondsSince1970(httpDate: text) else { return nil }
    return clamped(.seconds(min(max(date - now, 0), 3600)))
}

private func clamped(_ pause: Duration) -> Duration {
    min(max(pause, .seconds(1)), .seconds(300))
}

/// Digits only, as the grammar has it; what is too large for the type is large all the same.
private func wholeNumber(_ text: String) -> Int64? {
    let blank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
    var value: Int64?
    var hasEnded = false
    for byte in text.utf8.drop(while: blank) {
        if blank(byte) {
            hasEnded = true
        } else if (0x30...0x39).contains(byte), !hasEnded {
            value = min((value ?? 0) * 10 + Int64(byte - 0x30), 1_000_000_000)
        } else {
            return nil
        }
    }
    return value
}

/// Reads a date in the three forms of RFC 9110, 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`,
/// `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
///
/// A year of two digits is the nearest one that is not more than 50 years after 2026, as 5.6.7 asks of a recipient.
package func secondsSince1970(httpDate text: String) -> Int64? {
    let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
    if words.count == 6, words[0].hasSuffix(","), words[5] == "GMT", words[3].utf8.count == 4 {
        return seconds(year: words[3], month: words[2], day: words[1], clock: words[4])
    }
    if words.count == 4, words[0].hasSuffix(","), words[3] == "GMT" {
        let date = words[1].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard date.count == 3, date[2].utf8.count == 2, let short = number(date[2], in: 0...99) else { return nil }
        return seconds(
            year: String(short <= 76 ? 2000 + short : 1900 + short), month: date[1], day: date[0], clock: words[2])
    }
    if words.count == 5 {
        return seconds(year: words[4], month: words[1], day: words[2], clock: words[3])
    }
    return nil
}

private func seconds(year: String, month: String, day: String, clock: String) -> Int64? {
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let parts = clock.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, let hour = number(parts[0], in: 0...23), let minute = number(parts[1], in: 0...59),
        let second = number(parts[2], in: 0...60), let year = number(year, in: 1970...9999),
        let month = months.firstIndex(of: month), let day = number(day, in: 1...31)
    else { return nil }
    let next = month == 11 ? (year + 1, 1) : (year, month + 2)
    let first = daysSince1970(year: year, month: month + 1, day: 1)
    guard day <= daysSince1970(year: next.0, month: next.1, day: 1) - first else { return nil }
    return Int64(first + day - 1) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
}

private func number(_ text: String, in range: ClosedRange<Int>) -> Int? {
    wholeNumber(text).map(Int.init).flatMap { range.contains($0) ? $0 : nil }
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
