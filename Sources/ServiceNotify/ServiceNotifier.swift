import LinuxSystem

/// Tells the service manager of states, as sd_notify(3) documents the protocol for programs that don't link libsystemd.
///
/// Every message is one datagram to `NOTIFY_SOCKET`, a path or (with `@`) an abstract name. Failures are ignored: the
/// manager's absence must never keep an app from running.
package struct ServiceNotifier: ~Copyable {
    private let address: String
    private let socket: OwnedDescriptor

    /// A notifier for the value of `NOTIFY_SOCKET`; nil where that is no address of this protocol.
    package init?(address: String) {
        guard address.hasPrefix("/") || address.hasPrefix("@"), let socket = try? LocalSocket.datagram() else {
            return nil
        }
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

/// A message of a child that speaks sd_notify to us.
package struct ChildNotification: Equatable, Sendable {
    /// What is passed on: everything but `MAINPID`, `MAINPIDFD…`, which would take the manager's eyes off us.
    package let forwarded: [UInt8]
    /// The child says that it is ready.
    package let isReady: Bool

    /// Takes a datagram apart, line by line; nil where nothing is left to pass on.
    package init?(datagram: [UInt8]) {
        let lines = datagram.split(separator: UInt8(ascii: "\n")).filter { !$0.starts(with: Array("MAINPID".utf8)) }
        guard !lines.isEmpty else { return nil }
        forwarded = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        isReady = lines.contains { $0.elementsEqual(Array("READY=1".utf8)) }
    }
}
