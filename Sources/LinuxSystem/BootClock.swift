import Glibc

/// A point on `CLOCK_BOOTTIME`, which is monotonic and includes suspends (clock_gettime(2)).
package struct BootInstant: Comparable, Hashable, Sendable {
    /// Nanoseconds since boot.
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The present, from the kernel.
    package static var now: BootInstant {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_BOOTTIME, &time)
        return BootInstant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    package static func < (left: BootInstant, right: BootInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    package static func + (instant: BootInstant, duration: Duration) -> BootInstant {
        BootInstant(nanoseconds: instant.nanoseconds + duration.wholeNanoseconds)
    }

    package static func - (later: BootInstant, earlier: BootInstant) -> Duration {
        .nanoseconds(later.nanoseconds - earlier.nanoseconds)
    }
}

extension Duration {
    /// The duration in nanoseconds, fractions cut off; saturates at about 292 years.
    package var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min / 2 : .max / 2) : product + attoseconds / 1_000_000_000
    }

    /// The duration in milliseconds, fractions cut off.
    package var wholeMilliseconds: Int64 { wholeNanoseconds / 1_000_000 }
}

/// The wall clock in whole seconds since 1970 (UTC): for validity dates and display only, never for waiting.
package func wallClockSeconds() -> Int64 {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec)
}

/// Sleeps for a time; a signal ends it early.
package func pause(_ duration: Duration) {
    var time = timespec()
    time.tv_sec = Int(duration.wholeNanoseconds / 1_000_000_000)
    time.tv_nsec = Int(duration.wholeNanoseconds % 1_000_000_000)
    _ = unsafe nanosleep(&time, nil)
}

/// `CLOCK_MONOTONIC` in microseconds: what the service manager compares (sd_notify(3), MONOTONIC_USEC).
package func monotonicMicroseconds() -> Int64 {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
}
