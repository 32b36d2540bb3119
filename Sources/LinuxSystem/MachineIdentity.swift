import Glibc

/// What distinguishes this machine or container from others. It spreads a fleet; it does not prove an identity.
package enum MachineIdentity {
    /// The boot's random id (random(4)); empty if it can't be read.
    package static var boot: String { ProcessFiles.text("/proc/sys/kernel/random/boot_id") ?? "" }

    /// The parts that are available, each as text.
    ///
    /// No part suffices alone. Images are shipped with one `/etc/machine-id` for all or with an empty one
    /// (machine-id(5)), host names repeat, and containers that share the host's network share its name. The boot's id
    /// (random(4)) differs between kernels, and the PID namespace (namespaces(7)) differs between containers.
    ///
    /// `machine` stands for /etc/machine-id where it is known otherwise.
    package static func parts(machine: String? = nil) -> [String] {
        [
            machine ?? ProcessFiles.text("/etc/machine-id"), boot,
            ProcessFiles.text("/proc/sys/kernel/hostname"), ProcessFiles.linkTarget("/proc/self/ns/pid"),
        ].map { $0 ?? "" }
    }
}
