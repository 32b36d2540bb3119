package import LinuxSystem

/// Where the sealed set of an instance is kept over a reboot: the unit's `$CACHE_DIRECTORY`, or `/var/cache/latchkey`.
/// What is written there is encrypted already.
package final class SealedDirectory {
    private let directory: Directory
    private let name: FileName
    package let path: String

    /// Opens the directory. Refuses one that another user owns or can write. `isMade`: `/var/cache/latchkey` is made if it
    /// does not exist.
    package init(cacheDirectory: String?, instance: String, isMade: Bool = true) throws(GenerationError) {
        let own = try DeliveryOwner()
        let given = cacheDirectory?.split(separator: ":").first.map(String.init)
        path = given ?? "/var/cache/latchkey"
        let path = path
        let makable = given == nil && isMade ? 1 : 0
        let arrival = try DirectoryWalk.arrive(at: path, for: own, making: makable, allowDisk: true)
        let opened = try system(path) { () throws(SystemError) in try arrival.directory.reopened() }
        let status = try system(path) { () throws(SystemError) in try opened.descriptor.status() }
        guard status.user == own.user else {
            throw .refused(directory: path, .owner(status.user, expected: own.user))
        }
        guard status.mode & 0o022 == 0 else {
            throw .refused(directory: path, .writable(path, mode: status.mode, owner: status.user))
        }
        guard let name = try? FileName("\(instance).sealed") else { throw .path(instance, .form(.dots)) }
        self.name = name
        directory = opened
    }

    package var descriptor: CInt { directory.descriptor.number }

    /// The sealed file; nil if there is none, or if it is not this user's alone.
    package func open() -> OwnedDescriptor? {
        guard let file = try? directory.file(at: RelativePath(name)), let status = try? file.status(),
            let own = try? directory.descriptor.status().user, status.kind == .regular, status.user == own,
            status.mode & 0o077 == 0
        else { return nil }
        return file
    }

    /// Replaces the sealed file (0600).
    package func write(_ bytes: Span<UInt8>) throws(GenerationError) {
        guard let temporary = try? FileName(".\(name).new") else { return }
        try replace(directory, path, name, via: temporary, mode: 0o600) { file throws(SystemError) in
            try file.write(bytes)
            try file.synchronize()
        }
    }

    package func remove() {
        try? directory.remove(name)
    }
}
