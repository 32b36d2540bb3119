import LinuxSystem
import ServiceNotify

/// The variables by which a service manager speaks to the process it started (sd_notify(3), sd_watchdog_enabled(3),
/// sd_listen_fds(3)): taken from the environment at the start, and handed on as the plan says.
package struct ManagerVariables: Sendable, Equatable {
    package var notifySocket: String?
    package var watchdogMicroseconds: Int64?
    /// `LISTEN_FDS`, `LISTEN_FDNAMES` as raw entries, where they were meant for this process.
    package var listenEntries: [[UInt8]] = []
    /// `JOURNAL_STREAM`, which the child keeps too.
    package var journalStream: String?

    package init() {}

    /// Takes the variables from raw entries; those meant for another process are nobody's.
    package init(environment: [[UInt8]], process: Int32) {
        func value(_ name: String) -> String? {
            let start = Array((name + "=").utf8)
            return environment.first { $0.starts(with: start) }
                .map { String(decoding: $0.dropFirst(start.count), as: UTF8.self) }
        }
        notifySocket = value("NOTIFY_SOCKET")
        journalStream = value("JOURNAL_STREAM")
        if value("WATCHDOG_PID").map({ Int32($0) == process }) ?? true {
            watchdogMicroseconds = value("WATCHDOG_USEC").flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil }
        }
        if value("LISTEN_PID").flatMap({ Int32($0) }) == process {
            let names = ["LISTEN_FDS=", "LISTEN_FDNAMES="].map { Array($0.utf8) }
            listenEntries = environment.filter { entry in names.contains { entry.starts(with: $0) } }
        }
    }

    /// Half of the watchdog's interval, where there is one and a socket to answer to.
    package var watchdogPeriod: Duration? {
        guard notifySocket != nil, let watchdogMicroseconds else { return nil }
        return .nanoseconds(watchdogMicroseconds * 500)
    }

    /// Whether an entry is one of those that workers never see.
    package static func isManagers(_ entry: [UInt8]) -> Bool {
        ["NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_"].contains { entry.starts(with: Array($0.utf8)) }
    }
}

/// The way to the service manager, and, with `--notify child`, the child's way to us.
final class ManagerLink {
    private let variables: ManagerVariables
    private let notifier: ServiceNotifier?
    private let childSocket = OwnedSlot()
    private var childSocketName: String?
    /// The journal, where standard error is.
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

    /// The socket that the child notifies; made at the first call.
    func openChildSocket() -> CInt? {
        guard variables.notifySocket != nil else { return nil }
        if childSocket.number == nil, let named = try? LocalSocket.anonymous() {
            childSocketName = named.name
            childSocket.put(named.takeSocket())
        }
        return childSocket.number
    }

    var childSocketNumber: CInt? { childSocket.number }

    /// The entries that the child gets on top of its environment; `becoming`: the manager's own socket, where we become
    /// the child and nobody is left to pass its words on.
    func childEntries(becoming: Bool) -> [[UInt8]] {
        var entries = variables.listenEntries
        if !entries.isEmpty { entries.append(Array("LISTEN_PID=".utf8)) }
        guard let name = becoming ? variables.notifySocket : childSocketName else { return entries }
        entries.append(Array("NOTIFY_SOCKET=\(name)".utf8))
        if let microseconds = variables.watchdogMicroseconds {
            entries += [Array("WATCHDOG_USEC=\(microseconds)".utf8), Array("WATCHDOG_PID=".utf8)]
        }
        return entries
    }
}
