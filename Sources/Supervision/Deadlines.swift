package import LinuxSystem

/// The instants that a supervisor waits for, all by one timer.
package struct Deadlines: Equatable, Sendable {
    package enum Name: Int, CaseIterable, Sendable {
        /// The service manager's watchdog is answered.
        case watchdog
        /// A child that was told to end is killed.
        case stop
        /// What is left of the child's group is looked at: nothing announces the ends of others' children.
        case group
        /// The second child that was told to end is killed.
        case retire
        /// What is left of its group is looked at.
        case secondGroup
        /// The command on change is killed.
        case action
        /// The restarted child has proven its generation.
        case probation
        /// The second child is ready, or its readiness is asked for.
        case check
        /// The second child counts as failed.
        case ready
        /// The worker counts as hung.
        case worker
        /// The changes of the last two seconds become one restart.
        case restart
        /// What is owed is tried again.
        case owed
        /// The next refresh begins.
        case refresh
    }

    private var instants = [BootInstant?](repeating: nil, count: Name.allCases.count)

    package init() {}

    package subscript(_ name: Name) -> BootInstant? {
        get { instants[name.rawValue] }
        set { instants[name.rawValue] = newValue }
    }

    /// The earliest one.
    package var earliest: BootInstant? {
        instants.reduce(nil) { least, instant in
            guard let instant else { return least }
            return least.map { min($0, instant) } ?? instant
        }
    }

    /// Whether the deadline has passed; then it is cleared.
    package mutating func take(_ name: Name, at now: BootInstant) -> Bool {
        guard let instant = self[name], instant <= now else { return false }
        self[name] = nil
        return true
    }
}
