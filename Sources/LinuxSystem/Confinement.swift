import CLinux
import Glibc

/// Restrictions that a process puts on itself and on all that it starts, before it reads input of others.
package struct Confinement: Sendable {
    /// The version of Landlock; 0 if the kernel has none (landlock(7)).
    private let version: CInt
    /// Why system calls are not filtered (seccomp(2)); nil if they are.
    package let callsProblem: SystemError?

    /// Sets no_new_privs, and denies the system calls that reach into other processes or change the machine: they fail
    /// with `EPERM`. Goes on without a filter if the kernel has none.
    ///
    /// To be called while the process has one thread.
    package static func begin() -> Confinement {
        // Asked first, because the call costs more once a filter is installed.
        let version = clinux_landlock_version()
        let code = clinux_deny_calls()
        return Confinement(
            version: version, callsProblem: code == 0 ? nil : SystemError(call: "seccomp", code: code))
    }

    /// Whether the kernel can do what `restrictFiles` does.
    package static var canRestrictFiles: Bool { clinux_landlock_version() >= 2 }

    /// From here on the process may read files below `readable` only (paths that do not exist are skipped), and change
    /// files below `changeable` only. It may not execute a file, listen on a port or, if the kernel supports that rule,
    /// signal other processes (landlock(7)).
    ///
    /// Throws `ENOSYS` if the kernel has no Landlock or version 1, which would refuse every rename between directories.
    package func restrictFiles(readable: [String], changeable: [CInt]) throws(SystemError) {
        guard version >= 2 else { throw SystemError(call: "landlock_create_ruleset", code: ENOSYS) }
        let number = clinux_landlock_create(version)
        guard number >= 0 else { throw SystemError(call: "landlock_create_ruleset") }
        let rules = OwnedDescriptor(owning: number)
        for path in readable {
            let code = unsafe clinux_landlock_allow_path(rules.number, path, path == "/dev/null", version)
            guard code == 0 else { throw SystemError(call: "landlock_add_rule", code: code, subject: path) }
        }
        for descriptor in changeable {
            let code = clinux_landlock_allow(rules.number, descriptor, true, version)
            guard code == 0 else { throw SystemError(call: "landlock_add_rule", code: code) }
        }
        let code = clinux_landlock_enforce(rules.number)
        guard code == 0 else { throw SystemError(call: "landlock_restrict_self", code: code) }
    }
}
