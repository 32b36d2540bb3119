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

    /// Reads these variables and no others. What is meant for another process is left out.
    package init(process: Int32, _ variable: (String) -> [UInt8]?) {
        func value(_ name: String) -> String? {
            variable(name).map { String(decoding: $0, as: UTF8.self) }
        }
        notifySocket = value("NOTIFY_SOCKET")
        journalStream = value("JOURNAL_STREAM")
        if value("WATCHDOG_PID").map({ Int32($0) == process }) ?? true {
            watchdogMicroseconds = value("WATCHDOG_USEC").flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil }
        }
        if value("LISTEN_PID").flatMap({ Int32($0) }) == process {
            listenEntries = ["LISTEN_FDS", "LISTEN_FDNAMES"].compactMap { name in
                variable(name).map { Array("\(name)=".utf8) + $0 }
            }
        }
    }

    /// How many sockets were handed over; they have the numbers from 3 on.
    package var listenCount: Int {
        value("LISTEN_FDS").flatMap { Int($0) }.flatMap { (0...1024).contains($0) ? $0 : nil } ?? 0
    }

    /// The entries for a child that gets these sockets and more behind them; an unnamed one is `unknown`, as in
    /// sd_listen_fds(3).
    package func listenEntries(adding names: [String?]) -> [[UInt8]] {
        guard !names.isEmpty else { return listenEntries }
        let given = value("LISTEN_FDNAMES")?.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let inherited = given?.count == listenCount ? given ?? [] : Array(repeating: "unknown", count: listenCount)
        let all = inherited + names.map { $0 ?? "unknown" }
        return ["LISTEN_FDS=\(all.count)", "LISTEN_FDNAMES=\(all.joined(separator: ":"))"].map { Array($0.utf8) }
    }

    private func value(_ name: String) -> String? {
        let start = Array("\(name)=".utf8)
        return listenEntries.first { $0.starts(with: start) }
            .map { String(decoding: $0.dropFirst(start.count), as: UTF8.self) }
    }

    /// Half of the watchdog's interval; nil without a watchdog or a socket to answer to. At most an hour, since the
    /// variable may hold any number, and an answer may come early.
    package var watchdogPeriod: Duration? {
        guard notifySocket != nil, let watchdogMicroseconds else { return nil }
        return .microseconds(min(max(watchdogMicroseconds / 2, 1000), 3_600_000_000))
    }
}
