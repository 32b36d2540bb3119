import Glibc
import LinuxSystem

extension SecretsDirectory {
    /// `secrets` in the instance's directory, made if it is missing; nil if the instance's directory was removed
    /// meanwhile.
    static func within(
        _ instance: InstanceDirectory, _ request: DirectoriesRequest
    ) throws(GenerationError) -> SecretsDirectory? {
        let path = instance.path + "/secrets"
        let owner = request.owner
        do throws(SystemError) {
            try instance.directory.makeDirectory(.secrets)
            // In our own directory nobody can have replaced it.
            if owner.identity != nil { try hand(instance.directory.directory(.secrets), to: owner) }
        } catch {
            if error.code == ENOENT { return nil }
            if error.code != EEXIST { throw failed(error, instance) }
        }
        let handle = try system(path) { () throws(SystemError) in try instance.directory.handle(.secrets) }
        let status = try system(path) { () throws(SystemError) in try handle.status() }
        switch status.kind {
        case .directory: break
        case .link: throw .refused(directory: path, .link(path))
        case .regular, .other: throw .refused(directory: path, .notDirectory(path))
        }
        let found = Directory(owning: handle, path: path)
        return try adopt(found, path, owner, allowDisk: request.allowDisk, isOurs: true, lockedBy: nil)
    }

    /// The directory that `--directory` names, with its own lock; nil if it was removed meanwhile.
    static func named(_ name: String, _ request: DirectoriesRequest) throws(GenerationError) -> SecretsDirectory? {
        let path = try absolute(name)
        let arrival = try DirectoryWalk.arrive(
            at: path, for: request.owner, making: .max, allowDisk: request.allowDisk)
        let owner = request.owner
        if arrival.isCertain, owner.identity != nil {
            try system(path) { () throws(SystemError) in try hand(arrival.directory.reopened(), to: owner) }
        }
        if owner.identity != nil { try owner.checkReach(path) }
        let isMade = arrival.isMade
        let found = try system(path) { () throws(SystemError) in try arrival.directory.handle(called: path) }
        return try adopt(
            found, path, owner, allowDisk: request.allowDisk, isOurs: isMade, lockedBy: request.pid)
    }

    /// Gives the user a directory that we have just made, never an existing one.
    private static func hand(_ made: borrowing Directory, to owner: DeliveryOwner) throws(SystemError) {
        guard try made.descriptor.status().user == UserIdentity.current().user else { return }
        try made.descriptor.setOwner(user: owner.user, group: owner.group)
    }

    /// Checks a directory, gives it its owner and mode, and locks it.
    private static func adopt(
        _ found: borrowing Directory, _ path: String, _ owner: DeliveryOwner, allowDisk: Bool, isOurs: Bool,
        lockedBy pid: Int32?
    ) throws(GenerationError) -> SecretsDirectory? {
        let fileSystem = try system(path) { () throws(SystemError) in try found.descriptor.fileSystem() }
        if !fileSystem.isMemory, !allowDisk { throw .refused(directory: path, .notMemory(fileSystem.name)) }
        let isShared = try checkAccess(to: found, path, owner, isNamed: pid != nil, isMemory: fileSystem.isMemory)
        var isThere = true
        let directory = try owner.perform(in: path) { () throws(GenerationError) in
            let open = try system(path) { () throws(SystemError) in try found.reopened() }
            if !isShared { try setAccess(open, path, owner) }
            isThere = try lock(open, path, pid)
            return open
        }
        if !isThere { return nil }
        return SecretsDirectory(
            directory: directory, path: path, owner: owner, isShared: isShared, isMemory: fileSystem.isMemory,
            isNamed: pid != nil, isOurs: isOurs)
    }

    private static func setAccess(
        _ directory: borrowing Directory, _ path: String, _ owner: DeliveryOwner
    ) throws(GenerationError) {
        do throws(SystemError) {
            let status = try directory.descriptor.status()
            if status.group != owner.group { try directory.descriptor.setOwner(user: owner.user, group: owner.group) }
            if status.mode != owner.directoryMode { try directory.descriptor.setMode(owner.directoryMode) }
        } catch {
            throw .failed(error, in: directory, path)
        }
    }

    /// Takes the lock on a directory; false if the directory was removed meanwhile. Writes the PID file if there is no
    /// instance's lock with the PID. Takes the lock in any case, because `--directory` can name an instance's
    /// directory.
    private static func lock(
        _ directory: borrowing Directory, _ path: String, _ pid: Int32?
    ) throws(GenerationError) -> Bool {
        guard try system(path, { () throws(SystemError) in try directory.descriptor.lockDirectory() }) else {
            guard let file = try? directory.file(at: RelativePath(FileName.pid)) else {
                throw .busy(directory: path, pid: nil)
            }
            throw .busy(directory: path, pid: writtenPID(file))
        }
        if try system(path, { () throws(SystemError) in try directory.descriptor.status() }).links == 0 { return false }
        guard let pid else { return true }
        do {
            try replace(directory, path, .pid, via: .newPID, mode: 0o600) { new throws(SystemError) in
                try new.write(Array("\(pid)\n".utf8).span)
            }
        } catch {
            if case .write(let cause, _, _) = error, cause.code == EACCES {
                throw .refused(directory: path, .forbidden(cause))
            }
            throw error
        }
        return true
    }

    /// Refuses a directory that is not ours or that others can write. Returns true for a shared one that is accepted:
    /// `--directory` names the root of a memory mount, or a sticky directory of root's.
    private static func checkAccess(
        to found: borrowing Directory, _ path: String, _ owner: DeliveryOwner, isNamed: Bool, isMemory: Bool
    ) throws(GenerationError) -> Bool {
        let status = try system(path) { () throws(SystemError) in try found.descriptor.status() }
        var isShared = false
        if status.mode & 0o022 != 0 {
            let isSticky = status.user == 0 && status.mode & 0o1000 != 0
            let isMountRoot = try system(path) { () throws(SystemError) in try found.isMountRoot() }
            isShared = isNamed && (isSticky || (isMountRoot && isMemory))
            if !isShared {
                throw .refused(directory: path, .writable(path, mode: status.mode, owner: status.user))
            }
        }
        if status.user != owner.user, !(isShared && status.user == 0) {
            throw .refused(directory: path, .owner(status.user, expected: owner.user))
        }
        return isShared
    }

    /// Removes the directory itself, if its name still is this directory and it is empty.
    func removeItself() {
        guard let last = path.split(separator: "/").last, let name = try? FileName(String(last)) else { return }
        try? perform { () throws(GenerationError) in
            guard let above = try? directory.above(), let own = try? directory.descriptor.status(),
                let named = try? above.status(of: name), named.isSameFile(as: own)
            else { return }
            try? above.removeDirectory(name)
        }
    }

    private static func failed(_ error: SystemError, _ instance: InstanceDirectory) -> GenerationError {
        if error.code == EACCES { return .refused(directory: instance.path, .forbidden(error)) }
        return .failed(error, in: instance.directory, instance.path)
    }

    /// The given path, absolute, without superfluous slashes and dots.
    static func absolute(_ name: String) throws(GenerationError) -> String {
        if name.isEmpty { throw .path(name, .form(.empty)) }
        var whole = name
        if !name.hasPrefix("/") {
            whole = try system(name) { () throws(SystemError) in try Directory.workingDirectoryPath() } + "/" + name
        }
        return "/" + whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }
}
