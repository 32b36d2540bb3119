/// The variables of a service manager (sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3)).
package enum ServiceManagerVariable {
    /// Whether an entry is one of those that a worker must not act on: they are meant for the supervisor or the child.
    package static func includes(_ entry: [UInt8]) -> Bool {
        ["NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_"].contains { entry.starts(with: $0.utf8) }
    }
}
