import CCurl

/// The pause that a server asks for in `retry-after-ms`, `x-ms-retry-after-ms` or `Retry-After` (RFC 9110, 10.2.3:
/// seconds or a date), clamped to 1 s … 5 min; nil if it asks for none, or if the value is malformed.
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

/// Reads digits only, as in the grammar. A number that overflows becomes the largest one.
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

/// Reads a date in the three forms of RFC 9110, 5.6.7, as libcurl reads dates (curl_getdate(3)).
package func secondsSince1970(httpDate text: String) -> Int64? {
    let seconds = unsafe curl_getdate(text, nil)
    return seconds == -1 ? nil : Int64(seconds)
}
