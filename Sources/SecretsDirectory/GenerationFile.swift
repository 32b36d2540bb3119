package import LinuxSystem

/// One file of a generation; its bytes are lent when it is written.
package struct GenerationFile: Equatable, Sendable {
    /// Relative to the secrets directory, checked.
    package let path: RelativePath
    /// The permission bits; nil for the directory's own: 0400, or 0440 with a group.
    package let mode: UInt32?
    /// The number of bytes.
    package let size: Int

    /// Checks the path: relative, no `..`, no first component that begins with two dots.
    package init(path: String, mode: UInt32? = nil, size: Int) throws(GenerationError) {
        do {
            self.path = try RelativePath(path)
        } catch {
            throw .path(path, .form(error))
        }
        if self.path.top.hasPrefix("..") { throw .path(path, .reserved) }
        self.mode = mode
        self.size = size
    }

    /// Refuses two files with one path, and a file whose path another file needs as a directory.
    static func check(_ files: [GenerationFile]) throws(GenerationError) {
        var paths: Set<RelativePath> = []
        for file in files where !paths.insert(file.path).inserted { throw .path(file.path.description, .twice) }
        for directory in directories(of: files) where paths.contains(directory) {
            throw .path(directory.description, .fileAndDirectory)
        }
    }

    /// Every directory that the files need, parents first.
    static func directories(of files: [GenerationFile]) -> [RelativePath] {
        var all: Set<RelativePath> = []
        for file in files {
            var next = file.path.parent
            while let directory = next, all.insert(directory).inserted { next = directory.parent }
        }
        return all.sorted { $0.components.count < $1.components.count }
    }
}

/// Who owns the delivered files, and who may read them.
package struct DeliveryOwner: Equatable, Sendable {
    /// The user with whose rights files are delivered; nil for the rights of this process.
    package let identity: UserIdentity?
    package let user: UInt32
    /// The group of every file and directory.
    package let group: UInt32
    /// Whether the group may read (`--group`).
    package let isGroupReadable: Bool

    /// `runAs`: the user of `--user`; `sharedGroup`: the group of `--group`.
    package init(runAs: UserIdentity? = nil, sharedGroup: UInt32? = nil) throws(GenerationError) {
        let own: UserIdentity
        do {
            own = try UserIdentity.current()
        } catch {
            throw .system(error, directory: "")
        }
        let user = runAs ?? own
        if var other = runAs, other.user != own.user || other.group != own.group {
            // Only a member may give a file to a group.
            if let sharedGroup, !other.groups.contains(sharedGroup) { other.groups.append(sharedGroup) }
            identity = other
        } else {
            identity = nil
        }
        self.user = user.user
        group = sharedGroup ?? user.group
        isGroupReadable = sharedGroup != nil
    }

    /// From the parts that another process sent.
    package init(identity: UserIdentity?, user: UInt32, group: UInt32, isGroupReadable: Bool) {
        self.identity = identity
        self.user = user
        self.group = group
        self.isGroupReadable = isGroupReadable
    }

    /// 0700, or 0750 with a group.
    package var directoryMode: UInt32 { isGroupReadable ? 0o750 : 0o700 }
    /// 0400, or 0440 with a group.
    package var fileMode: UInt32 { isGroupReadable ? 0o440 : 0o400 }

    /// Runs `body` with the rights of the user to deliver for.
    func perform<Value: ~Copyable>(
        in directory: String, _ body: () throws(GenerationError) -> Value
    ) throws(GenerationError) -> Value {
        guard let identity else { return try body() }
        return try identity.perform(refused: { GenerationError.system($0, directory: directory) }, body)
    }
}
