import Glibc

/// What tells this machine, or this container, from others: for spreading a fleet, not for proving anything.
package enum MachineIdentity {
    /// The parts that can be had, each as text.
    ///
    /// None suffices alone. Images are shipped with one `/etc/machine-id` for all or with an empty one
    /// (machine-id(5)), host names repeat, and containers that share the host's network share its name. The boot's id
    /// (random(4)) is never that of another kernel, and the PID namespace (namespaces(7)) is another in each container.
    package static var parts: [String] {
        [
            ProcessFiles.text("/etc/machine-id"), ProcessFiles.text("/proc/sys/kernel/random/boot_id"),
            ProcessFiles.text("/proc/sys/kernel/hostname"), ProcessFiles.linkTarget("/proc/self/ns/pid"),
        ].map { $0 ?? "" }
    }
}
