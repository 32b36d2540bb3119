import CLinux
import Glibc

/// What a process takes from itself, and from all that it starts, before it reads what others sent.
package struct Confinement: Sendable {
    /// Landlock's, 0 where the kernel has none (landlock(7)).
    private let version: CInt
    /// Why system calls are not filtered, where they are not (seccomp(2)).
    package let callsProblem: SystemError?

    /// Lays down all ways to new privileges, and denies the system calls that reach into other processes or change the
    /// machine: they fail with `EPERM`. Where the kernel has no filters, all goes on without.
    ///
    /// To be called while the process has one thread.
    package static func begin() -> Confinement {
        // Asked first, since a filter in force makes the question dearer.
        let version = clinux_landlock_version()
        let code = clinux_deny_calls()
        return Confinement(
            version: version, callsProblem: code == 0 ? nil : SystemError(call: "seccomp", code: code))
    }

    /// Whether the kernel can do what `restrictFiles` says.
    package static var canRestrictFiles: Bool { clinux_landlock_version() >= 2 }

    /// Lets files be read below `readable`, those that do not exist left out, and be changed below `changeable` only;
    /// nothing may be executed, no port listened on, and no process outside signalled where the kernel can tell
    /// (landlock(7)).
    ///
    /// `ENOSYS` where the kernel can't: version 1 would refuse every rename between directories.
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
