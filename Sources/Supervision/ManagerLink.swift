import LinuxSystem
import ServiceNotify

/// Sends to the service manager; with `--notify child` it has the socket that the child sends to.
final class ManagerLink {
    private let variables: ManagerVariables
    private let notifier: ServiceNotifier?
    private let childSocket = OwnedSlot()
    private var childSocketName: String?
    /// The journal; nil where standard error does not go there.
    let journal: Journal?

    init(_ variables: ManagerVariables) {
        self.variables = variables
        journal = Journal(stream: variables.journalStream)
        if let address = variables.notifySocket {
            notifier = ServiceNotifier(address: address)
        } else {
            notifier = nil
        }
    }

    func send(_ state: String) {
        notifier?.send(state)
    }

    func send(_ state: [UInt8], descriptors: [CInt]) {
        notifier?.send(state, descriptors: descriptors)
    }

    /// RELOADING=1 with the time that Type=notify-reload compares (sd_notify(3), MONOTONIC_USEC).
    func sendReloading() {
        send("RELOADING=1\nMONOTONIC_USEC=\(monotonicMicroseconds())")
    }

    /// The socket that the child notifies, made at the first call; nil where nobody listens: no service manager, and not
    /// we ourselves.
    func openChildSocket(forUs: Bool) -> CInt? {
        guard variables.notifySocket != nil || forUs else { return nil }
        if childSocket.number == nil, let named = try? LocalSocket.anonymous() {
            childSocketName = named.name
            childSocket.put(named.takeSocket())
        }
        return childSocket.number
    }

    var childSocketNumber: CInt? { childSocket.number }

    /// The entries that the child gets on top of its environment. With `becoming` it gets the manager's own socket,
    /// since we become the child and can't pass anything on. `listening`: the names of the sockets that are opened for it.
    func childEntries(becoming: Bool, listening: [String?] = []) -> [[UInt8]] {
        var entries = variables.listenEntries(adding: listening)
        if !entries.isEmpty { entries.append(Array("LISTEN_PID=".utf8)) }
        guard let name = becoming ? variables.notifySocket : childSocketName else { return entries }
        entries.append(Array("NOTIFY_SOCKET=\(name)".utf8))
        if let microseconds = variables.watchdogMicroseconds {
            entries += [Array("WATCHDOG_USEC=\(microseconds)".utf8), Array("WATCHDOG_PID=".utf8)]
        }
        return entries
    }
}
