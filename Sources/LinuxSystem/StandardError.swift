import CLinux
import Glibc

/// Writes lines to descriptor 2 without blocking: drops what does not fit now, and leaves the flags alone that the
/// descriptor shares with other processes (preadv2(2) RWF_NOWAIT, send(2) MSG_DONTWAIT).
package enum StandardError {
    /// Writes as many of the bytes as possible without waiting.
    package static func writeNow(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { buffer in
            var rest = unsafe buffer[...]
            while unsafe !rest.isEmpty {
                let count = unsafe writeOnce(UnsafeRawBufferPointer(rebasing: rest))
                guard count > 0 else { return }
                unsafe rest = rest.dropFirst(count)
            }
        }
    }

    private static func writeOnce(_ bytes: UnsafeRawBufferPointer) -> Int {
        let count = unsafe clinux_write_now(2, bytes.baseAddress, bytes.count)
        guard count < 0, errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS, isWritable(2) else { return count }
        return unsafe write(2, bytes.baseAddress, bytes.count)
    }

    /// Whether descriptor 2 is the stream to the journal that `JOURNAL_STREAM` names: its device and inode, in decimal
    /// (systemd.exec(5)). Standard error may have been redirected since the variable was set.
    package static func isStream(_ deviceAndInode: String) -> Bool {
        var status = stat()
        return unsafe fstat(2, &status) == 0 && "\(status.st_dev):\(status.st_ino)" == deviceAndInode
    }

    /// Whether a write to the descriptor would succeed without waiting.
    private static func isWritable(_ number: CInt) -> Bool {
        var watched = pollfd(fd: number, events: CShort(POLLOUT), revents: 0)
        return unsafe poll(&watched, 1, 0) == 1 && watched.revents & CShort(POLLOUT) != 0
    }
}

/// Terminals (tcgetpgrp(3), isatty(3)).
package enum Terminal {
    /// Whether a descriptor is a terminal.
    package static func isTerminal(_ number: CInt) -> Bool { isatty(number) == 1 }

    /// Whether a descriptor is a terminal that understands control sequences. `variable` finds the environment's values.
    package static func isCapable(_ number: CInt, _ variable: (String) -> [UInt8]?) -> Bool {
        isTerminal(number) && variable("TERM")?.elementsEqual("dumb".utf8) != true
    }

    /// Whether text on a descriptor is coloured: on a capable terminal, unless `NO_COLOR` is set and not empty
    /// (no-color.org).
    package static func showsColour(on number: CInt, _ variable: (String) -> [UInt8]?) -> Bool {
        isCapable(number, variable) && variable("NO_COLOR")?.isEmpty != false
    }

    /// Lets this process write to a terminal where another group is in the foreground and `stty tostop` is set: TTOU
    /// is blocked (termios(3)).
    package static func writeFromBackground() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTTOU)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Erases the cursor's line.
    package static let eraseLine = Array("\r\u{1b}[K".utf8)

    /// Whether a process group is in the foreground of a terminal, or this is unknown.
    package static func isForeground(_ number: CInt, group: Int32) -> Bool {
        let foreground = tcgetpgrp(number)
        return foreground < 0 || foreground == group
    }

    /// The width of a terminal; nil if the descriptor is not a terminal (ioctl_tty(2), `TIOCGWINSZ`).
    package static func columns(of number: CInt) -> Int? {
        var size = winsize()
        guard unsafe ioctl(number, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// The first of descriptors 0 to 2 that is our controlling terminal with our group in its foreground.
    package static func inForeground() -> CInt? {
        (0...2).first { tcgetpgrp($0) == getpgrp() }
    }

    /// Takes a terminal back whose foreground a group has that we gave it to; all signals must be blocked.
    package static func takeBack(from group: Int32) {
        for number: CInt in 0...2 where tcgetpgrp(number) == group {
            _ = tcsetpgrp(number, getpgrp())
        }
    }

    /// Gives a terminal's foreground to a process group; every signal must be blocked, TTOU above all.
    package static func setForeground(_ terminal: CInt, group: Int32) {
        _ = tcsetpgrp(terminal, group)
    }
}
