/// The first argument of a worker that reloads the unit behind it (`--reload-unit`); a command's name can't begin with it.
package let workerReloadArgument = "--reload-unit-now"

/// How the reload of a unit ended: the exit code of the worker that did it.
package enum UnitReloadOutcome: Int32, Sendable, CaseIterable {
    case done = 0
    /// The job's results (org.freedesktop.systemd1(5), `JobRemoved`).
    case failed, timedOut, dependency, otherResult
    /// The job had not ended within the limit.
    case late
    /// The system's bus can't be reached, or the connection broke.
    case unreachable
    /// The bus has closed the connection: dbus-daemon does so with users that it can't look up.
    case closed
    case noUnit
    /// polkit or the bus refuses the caller.
    case denied
    /// The service manager refuses for another reason.
    case refused
    /// libsystemd can't be loaded.
    case noLibrary
}
