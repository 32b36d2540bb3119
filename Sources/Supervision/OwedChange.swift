package import LinuxSystem
package import WorkerProtocol

/// A change that somebody has yet to be told of: owed until it was told or nobody is left to be told, and not only until
/// it was tried.
package struct OwedChange: Equatable, Sendable {
    /// Who is to be told, and how.
    package enum Receiver: Equatable, Sendable {
        /// The child, by a signal.
        case child(signal: Int32)
        /// The process beside a sidecar, by a signal.
        case target(SignalTarget, signal: Int32)
        /// The command of `--exec-on-change`.
        case command([String])
        /// A unit of systemd's, by a reload.
        case unit(String)
        /// The child, by being started anew.
        case restart
        /// The child, by another one that takes its place.
        case replace
    }

    package var receiver: Receiver
    /// The names of what has changed, sorted.
    package var names: [String]
    /// When the oldest of it was delivered, in seconds since 1970.
    package var since: Int64
    /// When the newest of it was delivered: a process that started later has it.
    package var changedAt: BootInstant
    /// How often it was tried since the newest change.
    package var tries: Int64 = 0
    /// The log has said that it waits.
    package var isLogged = false

    /// Both changes, of which `later` is the newer one.
    func joined(with later: OwedChange) -> OwedChange {
        var both = later
        both.names = Set(names).union(later.names).sorted()
        both.since = min(since, later.since)
        both.isLogged = isLogged || later.isLogged
        return both
    }

    /// The pause before the next try: 1 s, doubled with each try up to the refresh interval. A unit is left alone for the
    /// whole interval: a reload may be a restart.
    func pause(interval: Duration?) -> Duration {
        if case .unit = receiver { return max(interval ?? .seconds(300), .seconds(1)) }
        return min(.seconds(1 << min(max(tries - 1, 0), 30)), max(interval ?? .seconds(300), .seconds(1)))
    }
}

extension OwedChange.Receiver {
    /// The word of `--on-change`.
    package var action: String {
        switch self {
        case .child, .target: "signal"
        case .command: "exec"
        case .unit: "reload-unit"
        case .restart: "restart"
        case .replace: "replace"
        }
    }

    /// Whether it is the child.
    var isChild: Bool {
        switch self {
        case .child, .restart, .replace: true
        case .target, .command, .unit: false
        }
    }

    /// Whether it is told by a signal.
    var isSignalled: Bool {
        switch self {
        case .child, .target: true
        case .command, .unit, .restart, .replace: false
        }
    }

    /// Whether it is told by its own start with the change.
    var isStarted: Bool { self == .restart || self == .replace }

    /// Whether it is told by a process that runs and ends.
    var isRun: Bool {
        switch self {
        case .command, .unit: true
        case .child, .target, .restart, .replace: false
        }
    }

    /// Who it is, in messages. A command's arguments are in none.
    package var words: String {
        switch self {
        case .child, .restart, .replace: "the command"
        case .target(let target, _): target.words
        case .command(let words): "the command on change '\(words.first ?? "")'"
        case .unit(let unit): "unit '\(unit)'"
        }
    }
}
