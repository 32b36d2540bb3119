import Glibc
package import LinuxSystem

/// The directory of one run: its lock, its status, and (unless `--directory` named another) its secrets.
package final class InstanceDirectory: Sendable {
    let directory: Directory
    /// The lock. It is held as long as any process has a copy of this descriptor open.
    package let lock: OwnedDescriptor
    /// The instance's name, as `--instance` would name it.
    package let name: String
    /// Absolute.
    package let path: String
    /// Whether a clean stop may remove it. False for a directory of the service manager's.
    package let isOurs: Bool
    /// Whether it is tmpfs or ramfs.
    package let isMemory: Bool

    init(
        directory: consuming Directory, lock: consuming OwnedDescriptor, name: String, path: String, isOurs: Bool,
        isMemory: Bool
    ) {
        self.directory = directory
        self.lock = lock
        self.name = name
        self.path = path
        self.isOurs = isOurs
        self.isMemory = isMemory
    }

    /// The directory's descriptor, for another process.
    package var descriptor: CInt { directory.descriptor.number }

    /// The files in the directory that others may read.
    package enum PublicFile: Sendable, CaseIterable {
        case status, metrics

        var name: FileName {
            switch self {
            case .status: "status.json"
            case .metrics: "metrics.prom"
            }
        }

        var temporaryName: FileName {
            switch self {
            case .status: ".status.json.new"
            case .metrics: ".metrics.prom.new"
            }
        }
    }

    /// Atomically replaces a file that others may read (0644). On an error the old one stays.
    package func publish(_ file: PublicFile, _ text: [UInt8]) throws(GenerationError) {
        try replace(directory, path, file.name, via: file.temporaryName, mode: 0o644) { new throws(SystemError) in
            try new.write(text.span)
        }
    }

    /// Removes the files for others, the lock file, and the directory if it is empty then.
    ///
    /// The caller must have removed the secrets. The lock is held until its descriptors are closed.
    package func removeAll() {
        removePublished()
        try? directory.remove(.cache)
        try? directory.remove(.newCache)
        try? directory.removeDirectory(.secrets)
        if isOurs { removeItself() }
    }

    /// Removes the files for others, and the lock file.
    private func removePublished() {
        for file in PublicFile.allCases {
            try? directory.remove(file.name)
            try? directory.remove(file.temporaryName)
        }
        try? directory.remove(.lock)
    }

    /// Removes the directory from its parent, only if the name there still is this directory.
    private func removeItself() {
        guard let last = path.split(separator: "/").last, let name = try? FileName(String(last)),
            let above = try? directory.above(), let own = try? directory.descriptor.status(),
            let named = try? above.status(of: name), named.isSameFile(as: own)
        else { return }
        try? above.removeDirectory(name)
    }
}

extension FileName {
    static let lock: FileName = "lock"
    static let secrets: FileName = "secrets"
    static let cache: FileName = "cache"
    static let newCache: FileName = ".cache.new"
    static let ownNewCache: FileName = "..cache.new"
}

/// Writes a new file and renames it over the old one: no reader sees a part of it, and a failure leaves no file.
func replace(
    _ directory: borrowing Directory, _ path: String, _ name: FileName, via temporary: FileName, mode: UInt32,
    _ write: (borrowing OwnedDescriptor) throws(SystemError) -> Void
) throws(GenerationError) {
    do throws(SystemError) {
        // A killed writer may have left its file.
        if try directory.status(of: temporary) != nil { try directory.remove(temporary) }
        let new = try directory.makeFile(at: RelativePath(temporary))
        try write(new)
        try new.setMode(mode)
        try directory.rename(temporary, to: name)
    } catch {
        try? directory.remove(temporary)
        throw .failed(error, in: directory, path)
    }
}

/// Takes the lock of a directory and writes the owner's PID into it; nil if the directory was removed meanwhile.
func takeLock(
    in directory: borrowing Directory, _ path: String, _ name: FileName, pid: Int32
) throws(GenerationError) -> OwnedDescriptor? {
    let user = try system(path) { () throws(SystemError) in try UserIdentity.current().user }
    guard let file = try openLock(in: directory, path, name) else { return nil }
    let status = try system(path) { () throws(SystemError) in try file.status() }
    guard status.kind == .regular, status.user == user, status.links <= 1 else {
        throw .refused(directory: path, .inTheWay(name.description))
    }
    guard try system(path, { () throws(SystemError) in try file.lock() }) else {
        throw .busy(directory: path, pid: writtenPID(file))
    }
    // The last holder may have removed the file between our opening and our locking.
    let named = try system(path) { () throws(SystemError) in try directory.status(of: name) }
    guard let named, named.isSameFile(as: status) else { return nil }
    do throws(SystemError) {
        try file.setMode(0o600)
        try file.truncate()
        try file.write(Array("\(pid)\n".utf8).span)
    } catch {
        throw .failed(error, in: directory, path)
    }
    return file
}

private func openLock(
    in directory: borrowing Directory, _ path: String, _ name: FileName
) throws(GenerationError) -> OwnedDescriptor? {
    do throws(SystemError) {
        return try directory.fileOrNew(name)
    } catch {
        switch error.code {
        case ENOENT: return nil
        case EACCES, EPERM, EROFS: throw .refused(directory: path, .forbidden(error))
        case ELOOP, EISDIR, ENXIO: throw .refused(directory: path, .inTheWay(name.description))
        default: throw .failed(error, in: directory, path)
        }
    }
}

/// The PID in a lock that another process holds. Waits up to 50 ms, because the holder may be about to write it.
func writtenPID(_ file: borrowing OwnedDescriptor) -> Int32? {
    for _ in 0..<50 {
        if let text = try? file.contents(limit: 32), let pid = parsedPID(text) { return pid }
        usleep(1000)
    }
    return nil
}

func parsedPID(_ text: [UInt8]) -> Int32? {
    guard text.last == UInt8(ascii: "\n") else { return nil }
    return Int32(String(decoding: text.dropLast(), as: UTF8.self)).flatMap { $0 > 0 ? $0 : nil }
}
