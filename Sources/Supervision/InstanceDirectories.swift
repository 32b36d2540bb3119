import LinuxSystem
import SecretsDirectory

/// The directories of this run and their locks, as the first worker handed them over.
///
/// A lock lives as long as its descriptor: an instance runs if its lock is held.
final class InstanceDirectories {
    private var directories: DeliveryDirectories?
    private(set) var handover: Handover?

    /// Takes over the descriptors and what describes them.
    func adopt(_ handover: Handover?, descriptors: [CInt]) {
        guard let handover else { return }
        directories = DeliveryDirectories.adopt(handover, descriptors: descriptors)
        self.handover = handover
    }

    /// What the next worker gets copies of.
    var descriptors: [CInt] { directories?.descriptors ?? [] }

    /// Publishes the status. A failure must not disturb the app.
    func write(_ document: StatusDocument) {
        try? directories?.instance?.publish(.status, document.json)
        try? directories?.instance?.publish(.metrics, document.metrics)
    }

    /// Everything that changed was told.
    func forgetUntold() { directories?.secrets.forgetUntold() }

    /// Removes what was delivered and releases the locks. With `keepingFiles` the secrets stay.
    func clean(keepingFiles: Bool) {
        if !keepingFiles { try? directories?.removeAll() }
        directories = nil
        handover = nil
    }
}
