package import LinuxSystem

/// The instants that a supervisor waits for: one timer serves them all.
package struct Deadlines: Equatable, Sendable {
    package enum Name: Int, CaseIterable, Sendable {
        /// The next refresh.
        case refresh
        /// The worker counts as hung.
        case worker
        /// The child is killed.
        case stop
        /// The changes of the last two seconds become one restart.
        case restart
        /// A restart has held.
        case probation
        /// The command on change is killed.
        case action
        /// The service manager's watchdog is told.
        case watchdog
    }

    private var instants = [BootInstant?](repeating: nil, count: Name.allCases.count)

    package init() {}

    package subscript(_ name: Name) -> BootInstant? {
        get { instants[name.rawValue] }
        set { instants[name.rawValue] = newValue }
    }

    /// The earliest of all.
    package var earliest: BootInstant? {
        instants.reduce(nil) { least, instant in
            guard let instant else { return least }
            return least.map { min($0, instant) } ?? instant
        }
    }

    /// Takes a deadline that has passed, once.
    package mutating func take(_ name: Name, at now: BootInstant) -> Bool {
        guard let instant = self[name], instant <= now else { return false }
        self[name] = nil
        return true
    }
}
