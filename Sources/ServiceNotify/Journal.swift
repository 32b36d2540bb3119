import LinuxSystem

/// The way to the journal's own socket, for programs whose standard error is the journal.
///
/// Nothing here waits: an entry that does not go at once is refused, and the caller writes the line to standard error.
package final class Journal {
    private static let usualAddress = "/run/systemd/journal/socket"

    private let address: String
    private let socket: OwnedDescriptor
    private var hasSent = false

    /// `stream`: the value of `JOURNAL_STREAM`; nil where standard error is not what it names.
    package convenience init?(stream: String?) {
        guard let stream, StandardError.isStream(stream) else { return nil }
        self.init(address: Self.usualAddress)
    }

    /// A journal that listens at an address.
    package init?(address: String) {
        guard let socket = try? LocalSocket.datagram() else { return nil }
        self.address = address
        self.socket = socket
    }

    /// Sends an entry; false where it could not be.
    package func send(_ entry: JournalEntry) -> Bool {
        do throws(SystemError) {
            try LocalSocket.send(entry.bytes, to: address, from: socket.number)
            hasSent = true
            return true
        } catch {
            return false
        }
    }

    /// Waits before the process ends until the journal has taken what was sent, at most 200 ms: it looks a sender's
    /// unit up by its process id, and finds none for a process that is gone.
    package func flush() {
        guard hasSent else { return }
        hasSent = false
        LocalSocket.flush(socket.number)
    }
}
