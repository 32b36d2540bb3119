import LinuxSystem

/// Tells the service manager of states, as sd_notify(3) documents the protocol for programs that don't link libsystemd.
///
/// Every message is one datagram to `NOTIFY_SOCKET`, a path or (with `@`) an abstract name. Failures are ignored: the
/// manager's absence must never keep an app from running. A full queue is waited for, but not long: a manager that
/// hangs may cost a message, and not the app its signals.
package struct ServiceNotifier: ~Copyable {
    private static let timeLimit = Duration.milliseconds(500)

    private let address: String
    private let socket: OwnedDescriptor

    /// A notifier for the value of `NOTIFY_SOCKET`; nil where that is no address of this protocol.
    package init?(address: String) {
        guard address.hasPrefix("/") || address.hasPrefix("@"),
            let socket = try? LocalSocket.datagram(waitingAtMost: Self.timeLimit)
        else { return nil }
        self.address = address
        self.socket = socket
    }

    /// Sends assignments, one on each line, with descriptors where there are any.
    package borrowing func send(_ state: [UInt8], descriptors: [Int32] = []) {
        try? LocalSocket.send(state, descriptors: descriptors, to: address, from: socket.number)
    }

    /// Sends assignments, one on each line.
    package borrowing func send(_ state: String) {
        send(Array(state.utf8))
    }
}
