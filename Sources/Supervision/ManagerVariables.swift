/// The variables that a service manager sets for a process it starts (sd_notify(3), sd_watchdog_enabled(3),
/// sd_listen_fds(3)). They are read from the environment at the start, and passed on as the plan says.
package struct ManagerVariables: Sendable, Equatable {
    package var notifySocket: String?
    package var watchdogMicroseconds: Int64?
    /// `LISTEN_FDS`, `LISTEN_FDNAMES` as raw entries, if they are meant for this process.
    package var listenEntries: [[UInt8]] = []
    /// `JOURNAL_STREAM`, which stays in the child's environment.
    package var journalStream: String?

    package init() {}

    /// Reads raw entries. What is meant for another process is left out.
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

    /// Half of the watchdog's interval; nil without a watchdog or a socket to answer to.
    package var watchdogPeriod: Duration? {
        guard notifySocket != nil, let watchdogMicroseconds else { return nil }
        return .nanoseconds(watchdogMicroseconds * 500)
    }

    /// Whether workers never get an entry.
    package static func isManagers(_ entry: [UInt8]) -> Bool {
        ["NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_"].contains { entry.starts(with: Array($0.utf8)) }
    }
}
