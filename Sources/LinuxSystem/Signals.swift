import CLinux
import Glibc

/// One signal as it arrived (signalfd(2), sigaction(2)).
package struct ReceivedSignal: Equatable, Sendable {
    /// Its number: 1 to 64.
    package let number: CInt
    /// `SI_USER`, `SI_QUEUE`, `SI_KERNEL`, …
    package let code: CInt
    /// The sender, 0 for the kernel or another PID namespace.
    package let sender: Int32
    /// The value of a queued signal.
    package let value: UInt64

    package init(number: CInt, code: CInt = 0, sender: Int32 = 0, value: UInt64 = 0) {
        self.number = number
        self.code = code
        self.sender = sender
        self.value = value
    }

    /// Sent by the kernel itself: by a terminal, to its whole foreground group.
    package var isFromKernel: Bool { code == SignalCode.kernel }
    /// Queued with a value by sigqueue(3).
    package var isQueued: Bool { code == SignalCode.queue }
}

/// The values of `si_code` that matter here (sigaction(2)).
package enum SignalCode {
    package static let user: CInt = 0
    package static let kernel: CInt = 0x80
    package static let queue: CInt = -1
}

/// All signals through one descriptor; they must be blocked before.
package struct SignalDescriptor: ~Copyable {
    private let descriptor: OwnedDescriptor

    package init() throws(SystemError) {
        let number = clinux_signalfd_all()
        guard number >= 0 else { throw SystemError(call: "signalfd") }
        descriptor = OwnedDescriptor(owning: number)
    }

    /// The descriptor's number, for the event loop.
    package var number: CInt { descriptor.number }

    /// The next pending signal, or nil.
    package borrowing func next() -> ReceivedSignal? {
        var information = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        let count = unsafe withUnsafeMutableBytes(of: &information) { buffer in
            unsafe read(descriptor.number, buffer.baseAddress, size)
        }
        guard count == size else { return nil }
        return ReceivedSignal(
            number: CInt(information.ssi_signo), code: information.ssi_code, sender: Int32(information.ssi_pid),
            value: information.ssi_ptr)
    }
}

/// Signals to other processes and to this one.
package enum Signals {
    /// Sends a signal to a child that was not reaped yet, with the value where it was queued with one (sigqueue(3)).
    package static func send(_ number: CInt, to process: Int32, queuedValue: UInt64? = nil) throws(SystemError) {
        // If the target's queue is full, the kernel refuses a signal with a value, but never a plain signal.
        if let queuedValue, clinux_queue(process, number, queuedValue) == 0 { return }
        guard kill(process, number) == 0 else { throw SystemError(call: "kill") }
    }

    /// Sends a signal to a process group (kill(2)).
    package static func send(_ number: CInt, toGroup group: Int32) throws(SystemError) {
        guard kill(-group, number) == 0 else { throw SystemError(call: "kill") }
    }

    /// Whether a process group has no process any more (kill(2), `ESRCH`).
    package static func isGone(group: Int32) -> Bool { kill(-group, 0) != 0 && errno == ESRCH }

    /// Dies of a signal as if it had never been blocked, without a core. Returns if that is not possible (PID 1).
    package static func die(of number: CInt) {
        clinux_die_of(number)
    }

    /// Stops this process by TSTP, TTIN or TTOU until it is continued, so that a shell sees which signal it was.
    /// Returns false in an orphaned process group, where the kernel discards these signals (setpgid(2)).
    package static func stop(by number: CInt) -> Bool {
        clinux_stop_by(number)
    }

    /// Stops this process until it is continued.
    package static func stopSelf() {
        _ = clinux_kill_self(SIGSTOP)
    }

    /// Whether a process has a handler for a signal (`SigCgt` of /proc/PID/status, proc(5)); nil where that can't be read.
    package static func handles(_ number: CInt, process: Int32) -> Bool? {
        guard let line = ProcessFiles.statusLine("SigCgt:", of: process), let caught = UInt64(line, radix: 16) else {
            return nil
        }
        return caught & (1 << UInt64(number - 1)) != 0
    }
}
