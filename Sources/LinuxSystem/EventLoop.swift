import CLinux
import Glibc

/// An epoll instance over a handful of descriptors, each with a small number as its name (epoll(7)).
package struct EventLoop: ~Copyable {
    private let descriptor: OwnedDescriptor

    package init() throws(SystemError) {
        let number = clinux_epoll_create()
        guard number >= 0 else { throw SystemError(call: "epoll_create1") }
        descriptor = OwnedDescriptor(owning: number)
    }

    /// Watches a descriptor for input; `name` comes back from `wait`.
    package borrowing func watch(_ number: CInt, as name: UInt64) throws(SystemError) {
        guard clinux_epoll_add(descriptor.number, number, name) == 0 else {
            throw SystemError(call: "epoll_ctl")
        }
    }

    /// Stops watching. Ignores a descriptor that isn't watched.
    package borrowing func forget(_ number: CInt) {
        clinux_epoll_remove(descriptor.number, number)
    }

    /// Sleeps until something is ready and calls `body` with each name, at most eight at once.
    package borrowing func wait(_ body: (UInt64) -> Void) throws(SystemError) {
        var names: InlineArray<8, UInt64> = .init(repeating: 0)
        var span = names.mutableSpan
        let count = unsafe span.withUnsafeMutableBufferPointer { buffer in
            unsafe clinux_epoll_wait(descriptor.number, buffer.baseAddress)
        }
        if count < 0 {
            if errno == EINTR { return }
            throw SystemError(call: "epoll_wait")
        }
        for index in 0..<Int(count) { body(names[index]) }
    }
}

/// A timer on `CLOCK_BOOTTIME` (timerfd_create(2)): a suspend longer than the wait makes it fire once, at the resume.
package struct BootTimer: ~Copyable {
    private let descriptor: OwnedDescriptor

    package init() throws(SystemError) {
        let number = timerfd_create(CLOCK_BOOTTIME, CInt(TFD_CLOEXEC) | CInt(TFD_NONBLOCK))
        guard number >= 0 else { throw SystemError(call: "timerfd_create") }
        descriptor = OwnedDescriptor(owning: number)
    }

    /// The descriptor's number, for the event loop.
    package var number: CInt { descriptor.number }

    /// Fires at `instant` (at once if that has passed), or never with nil.
    package borrowing func set(_ instant: BootInstant?) {
        var time = itimerspec()
        if let instant {
            let nanoseconds = max(instant.nanoseconds, 1)
            time.it_value.tv_sec = time_t(nanoseconds / 1_000_000_000)
            time.it_value.tv_nsec = Int(nanoseconds % 1_000_000_000)
        }
        _ = unsafe timerfd_settime(descriptor.number, CInt(1) /* TFD_TIMER_ABSTIME */, &time, nil)
    }

    /// Reads the expiry, so that the descriptor is no longer ready.
    package borrowing func acknowledge() {
        var count: UInt64 = 0
        _ = unsafe read(descriptor.number, &count, 8)
    }
}
