import Glibc
import Testing

/// Tells when something in a directory is renamed into place (inotify(7)), as status and generations are.
final class DirectoryWatch {
    private let queue: CInt

    init(_ paths: String...) throws {
        queue = inotify_init1(CInt(IN_CLOEXEC | IN_NONBLOCK))
        for path in paths {
            try #require(unsafe inotify_add_watch(queue, path, UInt32(IN_MOVED_TO)) >= 0, "\(path): errno \(errno)")
        }
    }

    deinit { close(queue) }

    /// Waits for the next one, and takes all that came; false if none came in time.
    func wait(seconds: CInt) -> Bool {
        var waiting = pollfd(fd: queue, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&waiting, 1, seconds * 1000) == 1 else { return false }
        var events = [UInt8](repeating: 0, count: 65_536)
        return unsafe read(queue, &events, events.count) > 0
    }
}
