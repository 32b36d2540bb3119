import Messages
import WorkerProtocol

// How the command on change, or the reload of a unit, ended.

extension Supervisor {
    /// Why it failed; nil where it did not.
    func actionFailure(_ ending: Ending) -> Message? {
        guard ending != .code(0) else { return nil }
        guard case .unit(let unit)? = telling?.receiver, case .code(let code) = ending,
            let outcome = UnitReloadOutcome(rawValue: code)
        else { return actionFailed("failed: \(ending)") }
        let (reason, hint) = Self.words(outcome, unit)
        return Message(.warning, .unitReloadFailed, "unit '\(unit)' was not reloaded: \(reason)", hint: hint)
    }

    func actionFailed(_ what: String) -> Message {
        guard case .unit(let unit)? = telling?.receiver else {
            return Message(.warning, .actionFailed, "the command on change \(what)")
        }
        return Message(.warning, .unitReloadFailed, "unit '\(unit)' was not reloaded: its worker \(what)")
    }

    private static func words(_ outcome: UnitReloadOutcome, _ unit: String) -> (reason: String, hint: String) {
        let look = "see 'systemctl status \(unit)'"
        return switch outcome {
        case .done, .failed: ("its reload failed", look)
        case .timedOut: ("its reload took longer than the unit allows", look)
        case .dependency: ("a unit that it needs could not be started", look)
        case .otherResult: ("the job was canceled or skipped", look)
        case .late: ("its reload had not ended after 55s", look)
        case .unreachable:
            (
                "the system's bus can't be reached",
                "it needs systemd and D-Bus; in a container, mount /run/dbus/system_bus_socket"
            )
        case .closed:
            (
                "the system's bus closes the connection",
                "dbus-daemon knows users of /etc/passwd only: give a unit's dynamic user an entry there by "
                    + "'useradd --system NAME', and start the sidecar again"
            )
        case .noUnit: ("there is no such unit", "correct --reload-unit; 'systemctl list-units' shows the units")
        case .denied:
            (
                "this user may not reload it",
                "allow it by a polkit rule such as /usr/share/doc/latchkey/examples/latchkey-reload.rules"
            )
        case .refused: ("the service manager refused", "see what 'systemctl reload-or-restart \(unit)' says")
        case .noLibrary:
            (
                "libsystemd can't be loaded",
                "install libsystemd0 (libsystemd.so.0), and an installed latchkey, no bundle"
            )
        }
    }
}
