package import LinuxSystem

// What the next start is served from while the vault can't be had: one file, readable by its owner alone, in the
// instance's directory; with `--directory` in that, since it is what outlives a container.
extension DeliveryDirectories {
    /// Whether a generation may be kept here: in memory only, whatever `--allow-disk` says.
    package var canCache: Bool { secrets.isNamed ? secrets.isMemory : instance?.isMemory ?? false }

    /// Replaces what is kept (0400); nothing is kept where that is not allowed.
    package func writeCache(
        _ write: (borrowing OwnedDescriptor) throws(SystemError) -> Void
    ) throws(GenerationError) {
        guard canCache else { return }
        if secrets.isNamed {
            try secrets.perform { () throws(GenerationError) in
                try replace(secrets.directory, secrets.path, .ownCache, via: .ownNewCache, mode: 0o400, write)
            }
        } else if let instance {
            try replace(instance.directory, instance.path, .cache, via: .newCache, mode: 0o400, write)
        }
    }

    /// Opens what is kept; nil where there is nothing, or nothing of ours that nobody else can read.
    package func openCache() -> OwnedDescriptor? {
        if secrets.isNamed {
            let owner = secrets.owner.user
            return try? secrets.perform { () throws(GenerationError) in
                Self.open(.ownCache, in: secrets.directory, owner)
            }
        }
        guard let instance, let user = try? instance.directory.descriptor.status().user else { return nil }
        return Self.open(.cache, in: instance.directory, user)
    }

    private static func open(
        _ name: FileName, in directory: borrowing Directory, _ owner: UInt32
    ) -> OwnedDescriptor? {
        guard let file = try? directory.file(at: RelativePath(name)), let status = try? file.status(),
            status.kind == .regular, status.user == owner, status.mode == 0o400
        else { return nil }
        return file
    }

    /// Removes what is kept: the vault said that it is not ours any more.
    package func removeCache() {
        if secrets.isNamed {
            try? secrets.perform { () throws(GenerationError) in try? secrets.directory.remove(.ownCache) }
        } else {
            try? instance?.directory.remove(.cache)
        }
    }
}
