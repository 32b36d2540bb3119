package import LinuxSystem

// The cache for a start without the vault: one file that only its owner may read, in the instance's directory; with
// `--directory` in that directory, because it outlives a container.
extension DeliveryDirectories {
    /// Whether a generation may be cached here: only in memory, even with `--allow-disk`.
    package var canCache: Bool { secrets.isNamed ? secrets.isMemory : instance?.isMemory ?? false }

    /// Replaces the cache file (0400). Does nothing if a cache is not allowed here.
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

    /// Opens the cache file; nil if there is none, if it is not ours, or if others may read it.
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

    /// Removes the cache file, because the vault refused access.
    package func removeCache() {
        if secrets.isNamed {
            try? secrets.perform { () throws(GenerationError) in try? secrets.directory.remove(.ownCache) }
        } else {
            try? instance?.directory.remove(.cache)
        }
    }
}
