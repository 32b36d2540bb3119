package import LinuxSystem

/// The generation that readers see. Unchanged values are read from it.
package final class CurrentGeneration {
    private let root: Directory
    private let owner: DeliveryOwner

    init(root: consuming Directory, owner: DeliveryOwner) {
        self.root = root
        self.owner = owner
    }

    /// Opens a delivered file; nil if it does not exist or was replaced.
    package func open(_ path: String) -> OwnedDescriptor? {
        guard let path = try? RelativePath(path) else { return nil }
        return try? owner.perform(in: path.description) { () throws(GenerationError) in
            guard let file = try? root.file(at: path), let status = try? file.status(), status.kind == .regular,
                status.user == owner.user
            else { return nil }
            return file
        }
    }
}

extension SecretsDirectory {
    /// The current generation; nil before the first one.
    package func current() -> CurrentGeneration? {
        try? perform { () throws(GenerationError) in
            guard let name = try stock().current, let root = try? directory.directory(name.fileName) else { return nil }
            return CurrentGeneration(root: root, owner: owner)
        }
    }

    /// The current generation's own name; nil before the first one.
    package var currentName: String? {
        try? perform { () throws(GenerationError) in try stock().current.map { "\($0.fileName)" } }
    }
}
