import LinuxSystem

/// The descriptors of the instance's directory, its lock and its secrets directory, as the first worker handed them over.
///
/// The lock lives as long as its descriptor: an instance runs if its lock is held.
final class InstanceDirectories {
    let instance = OwnedSlot()
    let lock = OwnedSlot()
    let secrets = OwnedSlot()

    func write(_ document: StatusDocument) {}

    func clean(keepingFiles: Bool) {}
}
