import LinuxSystem

/// What one process sends another about its directories, besides the descriptors (unix(7), SCM_RIGHTS).
///
/// The worker that chose and locked the directories ends. The supervisor holds them from then on, and lends them to the
/// next worker.
package struct Handover: Equatable, Sendable {
    /// nil where there is none.
    package var instance: Instance?
    package var secrets: Secrets

    package struct Instance: Equatable, Sendable {
        package var name: String
        package var path: String
        package var isOurs: Bool
        package var isMemory: Bool

        package init(name: String, path: String, isOurs: Bool, isMemory: Bool) {
            self.name = name
            self.path = path
            self.isOurs = isOurs
            self.isMemory = isMemory
        }
    }

    package struct Secrets: Equatable, Sendable {
        package var path: String
        package var owner: DeliveryOwner
        package var isShared: Bool
        package var isMemory: Bool
        package var isOurs: Bool
        package var isNamed: Bool

        package init(
            path: String, owner: DeliveryOwner, isShared: Bool, isMemory: Bool, isNamed: Bool, isOurs: Bool
        ) {
            self.path = path
            self.owner = owner
            self.isShared = isShared
            self.isMemory = isMemory
            self.isNamed = isNamed
            self.isOurs = isOurs
        }
    }

    package init(instance: Instance?, secrets: Secrets) {
        self.instance = instance
        self.secrets = secrets
    }

    /// How many descriptors belong to it: instance and its lock where they exist, secrets.
    package var descriptorCount: Int { instance == nil ? 1 : 3 }
}

extension DeliveryDirectories {
    /// The handover for the other process.
    package var handover: Handover {
        Handover(
            instance: instance.map {
                .init(name: $0.name, path: $0.path, isOurs: $0.isOurs, isMemory: $0.isMemory)
            },
            secrets: .init(
                path: secrets.path, owner: secrets.owner, isShared: secrets.isShared, isMemory: secrets.isMemory,
                isNamed: secrets.isNamed, isOurs: secrets.isOurs))
    }

    /// The descriptors to send, in the order in which `adopt` takes them.
    package var descriptors: [CInt] {
        var all: [CInt] = []
        if let instance { all += [instance.descriptor, instance.lockDescriptor] }
        all.append(secrets.descriptor)
        return all
    }

    /// Adopts the directories that another process chose. Owns `descriptors`, which are `handover.descriptorCount`,
    /// from here on.
    package static func adopt(_ handover: Handover, descriptors: [CInt]) -> DeliveryDirectories? {
        guard descriptors.count == handover.descriptorCount else { return nil }
        var rest = descriptors[...]
        func next() -> OwnedDescriptor { OwnedDescriptor(owning: rest.removeFirst()) }
        let instance = handover.instance.map { told in
            InstanceDirectory(
                directory: Directory(owning: next(), path: told.path), lock: next(), name: told.name, path: told.path,
                isOurs: told.isOurs, isMemory: told.isMemory)
        }
        let told = handover.secrets
        let directory = Directory(owning: next(), path: told.path)
        let secrets = SecretsDirectory(
            directory: directory, path: told.path, owner: told.owner, isShared: told.isShared,
            isMemory: told.isMemory, isNamed: told.isNamed, isOurs: told.isOurs)
        return DeliveryDirectories(instance: instance, secrets: secrets)
    }
}

extension InstanceDirectory {
    /// The lock's descriptor, for another process.
    package var lockDescriptor: CInt { lock.number }
}
