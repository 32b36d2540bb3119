import Glibc
import LinuxSystem
import Testing

/// The side of a pseudo terminal at which a person sits (pty(7)): what is typed, and what the screen shows.
final class PseudoTerminal {
    private var keyboard: CInt
    /// The path of the side that programs have.
    let path: String

    init() throws {
        keyboard = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(keyboard >= 0)
        var (locked, number): (CInt, CUnsignedInt) = (0, 0)
        // ioctl_tty(2): TIOCSPTLCK and TIOCGPTN, whose values are macros that Swift does not see.
        try #require(unsafe ioctl(keyboard, 0x4004_5431, &locked) == 0)
        try #require(unsafe ioctl(keyboard, 0x8004_5430, &number) == 0)
        path = "/dev/pts/\(number)"
    }

    deinit {
        hangUp()
    }

    /// The window is closed, or the line is cut.
    func hangUp() {
        if keyboard >= 0 { close(keyboard) }
        keyboard = -1
    }

    func type(_ keys: String) throws {
        try writeAll(Array(keys.utf8).span, to: keyboard)
    }

    func resize(rows: UInt16, columns: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        #expect(unsafe ioctl(keyboard, UInt(TIOCSWINSZ), &size) == 0)
    }

    /// The session's leader and the foreground's process group (ioctl_tty(2)); nil while there is none.
    var foreground: (leader: Int32, group: Int32)? {
        var (leader, group): (pid_t, pid_t) = (0, 0)
        guard unsafe ioctl(keyboard, UInt(TIOCGSID), &leader) == 0, unsafe ioctl(keyboard, UInt(TIOCGPGRP), &group) == 0
        else { return nil }
        return (leader, group)
    }

    /// All that the screen showed, once nobody has the other side open any more.
    func screen() -> String {
        var shown: [UInt8] = []
        while true {
            var piece = [UInt8](repeating: 0, count: 4096)
            let count = unsafe piece.withUnsafeMutableBytes { unsafe read(keyboard, $0.baseAddress, $0.count) }
            guard count > 0 else { return String(decoding: shown, as: UTF8.self) }
            shown += piece.prefix(count)
        }
    }

    /// A line of the shell for `Harness.start`: `command` in a session of its own, with this terminal as standard input,
    /// standard output staying the test's.
    func session(_ command: String) -> String {
        "exec setsid -c \(command) <>\(path)"
    }
}
