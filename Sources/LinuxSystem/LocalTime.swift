import Glibc

/// Seconds since 1970 of a wall-clock reading in the machine's time zone (mktime(3)); nil if there is no such moment.
package func secondsSince1970(
    localYear year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int
) -> Int64? {
    var reading = unsafe tm()
    unsafe reading.tm_year = CInt(clamping: year - 1900)
    unsafe reading.tm_mon = CInt(clamping: month - 1)
    unsafe reading.tm_mday = CInt(clamping: day)
    unsafe reading.tm_hour = CInt(clamping: hour)
    unsafe reading.tm_min = CInt(clamping: minute)
    unsafe reading.tm_sec = CInt(clamping: second)
    // The time zone decides whether summer time applies.
    unsafe reading.tm_isdst = -1
    let seconds = unsafe mktime(&reading)
    return seconds == -1 ? nil : Int64(seconds)
}
