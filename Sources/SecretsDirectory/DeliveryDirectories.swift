package import Messages

/// The instance that a run asks for.
package enum InstanceName: Equatable, Sendable {
    /// `--instance NAME`.
    case chosen(String)
    /// The command's base name; `NAME-PID` if a running instance has that name.
    case usual(String)

    var text: String {
        switch self {
        case .chosen(let name), .usual(let name): name
        }
    }
}

/// The settings that choose a run's directories.
package struct DirectoriesRequest: Sendable {
    package var instance: InstanceName
    /// The supervisor's PID, which is written into the lock file.
    package var pid: Int32
    package var owner: DeliveryOwner
    /// `--directory`.
    package var directory: String?
    package var allowDisk = false
    /// The variable's value as it was inherited.
    package var runtimeDirectory: String?
    /// The variable's value as it was inherited.
    package var userRuntimeDirectory: String?

    package init(instance: InstanceName, pid: Int32, owner: DeliveryOwner) {
        self.instance = instance
        self.pid = pid
        self.owner = owner
    }
}

/// The directories that a run delivers to, locked.
package final class DeliveryDirectories: Sendable {
    /// nil only with `--directory`, if no directory for lock and status is available: then `status` does not work.
    package let instance: InstanceDirectory?
    package let secrets: SecretsDirectory
    /// Warnings for the log.
    package let warnings: [Diagnosis]

    init(instance: InstanceDirectory?, secrets: SecretsDirectory, warnings: [Diagnosis] = []) {
        self.instance = instance
        self.secrets = secrets
        self.warnings = warnings
    }

    /// Chooses, makes, checks and locks the directories.
    ///
    /// Throws `busy` if a running instance has them, otherwise `refused` or `unavailable`. After the latter two, a run
    /// that delivers no files may go on.
    package static func take(_ request: DirectoriesRequest) throws(GenerationError) -> DeliveryDirectories {
        // Another process may remove the directory between our opening and our locking.
        for _ in 0..<8 {
            if let directories = try attempt(request) { return directories }
        }
        throw .unavailable([.init(path: request.directory ?? "/run", reason: "is removed again and again")])
    }

    private static func attempt(_ request: DirectoriesRequest) throws(GenerationError) -> DeliveryDirectories? {
        guard let named = request.directory else {
            guard let instance = try InstanceDirectory.take(request),
                let secrets = try SecretsDirectory.within(instance, request)
            else { return nil }
            return DeliveryDirectories(instance: instance, secrets: secrets)
        }
        var warnings: [Diagnosis] = []
        var instance: InstanceDirectory?
        do {
            guard let taken = try InstanceDirectory.take(request) else { return nil }
            instance = taken
        } catch {
            guard error.isBearableWithoutFiles else { throw error }
            warnings.append(error.warning)
        }
        guard let secrets = try SecretsDirectory.named(named, request) else { return nil }
        if secrets.isShared {
            warnings.append(
                Diagnosis(
                    .directoryShared, exit: .success,
                    "secrets directory '\(secrets.path)' is the root of a mount that others can write",
                    hint: "others who have the volume can exchange what is delivered; give it to this program alone"))
        }
        return DeliveryDirectories(instance: instance, secrets: secrets, warnings: warnings)
    }

    /// Removes the delivered files and the status, the locks last: a clean stop.
    package func removeAll() throws(GenerationError) {
        try secrets.removeAll()
        if secrets.isOurs { secrets.removeItself() }
        instance?.removeAll()
    }
}
