import CSystemd
import Glibc
import LinuxSystem
package import WorkerProtocol

/// One `ReloadOrRestartUnit` of the system's service manager, until its job has ended (org.freedesktop.systemd1(5)).
package enum UnitReload {
    private static let manager = "org.freedesktop.systemd1"
    private static let path = "/org/freedesktop/systemd1"
    private static let interface = "org.freedesktop.systemd1.Manager"

    /// Reloads the unit, or restarts it where it can't reload, and waits for the job's end, at most this long.
    package static func run(_ unit: String, by library: SystemdLibrary, within limit: Duration) -> UnitReloadOutcome {
        let deadline = BootInstant.now + limit
        let functions = unsafe library.functions.pointee
        var bus: OpaquePointer? = nil
        let opened = unsafe functions.sd_bus_open_system(&bus)
        guard opened >= 0 else { return connection(opened) }
        defer { _ = unsafe functions.sd_bus_flush_close_unref(bus) }

        // The signal of the job's end is asked for before the job exists, so that it can't be missed.
        let match = "type='signal',sender='\(manager)',path='\(path)',interface='\(interface)',member='JobRemoved'"
        let matched = unsafe functions.sd_bus_add_match(bus, nil, match, nil, nil)
        guard matched >= 0 else { return connection(matched) }
        if case .failure(let failure) = unsafe call("Subscribe", [], bus, functions, until: deadline) {
            return failure.outcome
        }
        switch unsafe call("ReloadOrRestartUnit", [unit, "replace"], bus, functions, until: deadline) {
        case .failure(let failure): return failure.outcome
        case .success(let job): return unsafe wait(for: job, bus, functions, until: deadline)
        }
    }

    private struct Failure: Error {
        let outcome: UnitReloadOutcome
    }

    /// Calls a method of the manager with texts, and returns the object path of its answer; empty where it has none.
    private static func call(
        _ method: String, _ arguments: [String], _ bus: OpaquePointer?, _ functions: csystemd,
        until deadline: BootInstant
    ) -> Result<String, Failure> {
        var message: OpaquePointer? = nil
        var code = unsafe functions.sd_bus_message_new_method_call(bus, &message, manager, path, interface, method)
        defer { _ = unsafe functions.sd_bus_message_unref(message) }
        for argument in arguments where code >= 0 {
            code = unsafe argument.withCString {
                unsafe functions.sd_bus_message_append_basic(message, CChar(UInt8(ascii: "s")), $0)
            }
        }
        guard code >= 0 else { return .failure(Failure(outcome: connection(code))) }
        var error = unsafe sd_bus_error()
        defer { unsafe functions.sd_bus_error_free(&error) }
        var answer: OpaquePointer? = nil
        code = unsafe functions.sd_bus_call(bus, message, microseconds(until: deadline), &error, &answer)
        defer { _ = unsafe functions.sd_bus_message_unref(answer) }
        guard code >= 0 else {
            guard let name = unsafe error.name, code != -ETIMEDOUT else {
                return .failure(Failure(outcome: code == -ETIMEDOUT ? .late : connection(code)))
            }
            return .failure(Failure(outcome: outcome(ofError: unsafe String(cString: name))))
        }
        return .success(unsafe read("o", answer, functions) ?? "")
    }

    private static func wait(
        for job: String, _ bus: OpaquePointer?, _ functions: csystemd, until deadline: BootInstant
    ) -> UnitReloadOutcome {
        while true {
            var message: OpaquePointer? = nil
            var code = unsafe functions.sd_bus_process(bus, &message)
            defer { _ = unsafe functions.sd_bus_message_unref(message) }
            guard code >= 0 else { return connection(code) }
            if unsafe functions.sd_bus_message_is_signal(message, interface, "JobRemoved") > 0 {
                // u id, o job, s unit, s result
                var identifier: UInt32 = 0
                _ = unsafe functions.sd_bus_message_read_basic(message, CChar(UInt8(ascii: "u")), &identifier)
                if unsafe read("o", message, functions) == job {
                    _ = unsafe read("s", message, functions)
                    let result = unsafe read("s", message, functions) ?? ""
                    return outcome(ofJob: result)
                }
            }
            guard code == 0 else { continue }
            let left = microseconds(until: deadline)
            guard left > 0 else { return .late }
            code = unsafe functions.sd_bus_wait(bus, left)
            guard code >= 0 || code == -EINTR else { return connection(code) }
        }
    }

    /// What an error of the connection means: `code` is its negative number (errno(3)).
    private static func connection(_ code: Int32) -> UnitReloadOutcome {
        [-ECONNRESET, -EPIPE, -ENOTCONN].contains(code) ? .closed : .unreachable
    }

    private static func outcome(ofJob result: String) -> UnitReloadOutcome {
        switch result {
        case "done": .done
        case "failed": .failed
        case "timeout": .timedOut
        case "dependency": .dependency
        default: .otherResult
        }
    }

    private static func outcome(ofError name: String) -> UnitReloadOutcome {
        switch name {
        case "org.freedesktop.systemd1.NoSuchUnit", "org.freedesktop.systemd1.LoadFailed": .noUnit
        case "org.freedesktop.DBus.Error.AccessDenied",
            "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired":
            .denied
        default: .refused
        }
    }

    private static func read(_ type: Unicode.Scalar, _ message: OpaquePointer?, _ functions: csystemd) -> String? {
        var text: UnsafePointer<CChar>? = nil
        let code = unsafe functions.sd_bus_message_read_basic(message, CChar(UInt8(ascii: type)), &text)
        guard code > 0, let found = unsafe text else { return nil }
        return unsafe String(cString: found)
    }

    private static func microseconds(until deadline: BootInstant) -> UInt64 {
        UInt64(max(0, (deadline - .now).wholeMilliseconds)) * 1000
    }
}
