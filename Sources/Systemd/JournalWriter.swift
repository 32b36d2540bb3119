import CSystemd
import Glibc
import LinuxSystem
package import ServiceNotify

/// Writes entries to the journal by sd_journal_sendv(3), without waiting: an entry that does not go at once is refused,
/// and the caller writes the line to standard error.
package final class JournalWriter {
    package let library: SystemdLibrary
    /// The library's socket.
    private let socket: Int32
    private var hasSent = false

    /// `stream`: the value of `JOURNAL_STREAM`; nil where standard error is not what it names, and where libsystemd can't
    /// be loaded.
    package convenience init?(stream: String?) {
        guard let stream, StandardError.isStream(stream), let library = SystemdLibrary.load() else { return nil }
        self.init(library)
    }

    /// Has the library open its socket, which the sandbox would deny later.
    package init?(_ library: SystemdLibrary) {
        self.library = library
        guard let free = try? OwnedDescriptor.lowestFree() else { return nil }
        socket = free
        // The library opens its socket at the first entry and keeps it (systemd's journal-send.c). The kernel refuses this
        // entry for its size, so that nothing is sent.
        unsafe "A=\n".withCString { text in
            var entry = unsafe iovec(iov_base: UnsafeMutableRawPointer(mutating: text), iov_len: .max)
            _ = unsafe library.functions.pointee.sd_journal_sendv(&entry, 1)
        }
        guard LocalSocket.isDatagram(socket) else { return nil }
        _ = fcntl(socket, F_SETFL, O_NONBLOCK)
    }

    /// Sends an entry; false where that failed.
    package func send(_ entry: JournalEntry) -> Bool {
        let texts = entry.fields.map { Array("\($0.name)=\($0.value)".utf8) }
        let all = texts.flatMap { $0 }
        let code: Int32 = unsafe all.withUnsafeBytes { bytes in
            var offset = 0
            var vectors = unsafe texts.map { text in
                defer { offset += text.count }
                return unsafe iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress?.advanced(by: offset)),
                    iov_len: text.count)
            }
            return unsafe library.functions.pointee.sd_journal_sendv(&vectors, Int32(vectors.count))
        }
        hasSent = hasSent || code == 0
        return code == 0
    }

    /// Waits before the process ends until the journal has taken what was sent, at most 200 ms: it looks a sender's
    /// unit up by its process id, and finds none for a process that is gone.
    package func flush() {
        if hasSent { LocalSocket.flush(socket) }
        hasSent = false
    }
}
