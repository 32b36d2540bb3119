import Glibc

/// A file descriptor with one owner, closed when the owner ends.
///
/// `close` is called once. Its `EINTR` is ignored, because Linux has released the number by then (close(2), NOTES).
package struct OwnedDescriptor: ~Copyable {
    /// The descriptor's number; valid as long as this value lives.
    package let number: CInt

    /// Takes over the ownership of an open descriptor.
    package init(owning number: CInt) {
        precondition(number >= 0, "a negative descriptor number")
        self.number = number
    }

    /// A second descriptor of the same open file, close-on-exec (fcntl(2), `F_DUPFD_CLOEXEC`).
    package init(duplicating other: CInt) throws(SystemError) {
        let copy = fcntl(other, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw SystemError(call: "fcntl") }
        self.init(owning: copy)
    }

    /// The number that the next descriptor of this process gets.
    package static func lowestFree() throws(SystemError) -> CInt {
        let number = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { throw SystemError(call: "open", subject: "/dev/null") }
        return OwnedDescriptor(owning: number).number
    }

    deinit {
        _ = Glibc.close(number)
    }

    /// Returns the number without closing it. The caller owns it from here on.
    package consuming func release() -> CInt {
        let number = self.number
        discard self
        return number
    }
}
