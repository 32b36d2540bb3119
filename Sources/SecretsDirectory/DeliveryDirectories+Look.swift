import Glibc
package import LinuxSystem

/// The directories that a run would choose, before it makes anything.
package struct DeliveryOutlook: Equatable, Sendable {
    /// The secrets directory.
    package let path: String
    /// `tmpfs`.
    package let fileSystem: String
    /// Whether files there can be swapped out.
    package let swap: SwapExposure
    package let freeBytes: UInt64?
    package let user: UInt32
    package let group: UInt32
    package let directoryMode: UInt32
    package let fileMode: UInt32
    /// Candidates before it that can't be used, with the reasons.
    package let passedOver: [GenerationError.Attempt]
}

extension DeliveryDirectories {
    /// Finds what `take` would choose. Makes, locks and writes nothing.
    ///
    /// Throws what `take` would throw, as far as that can be foreseen. A directory that is removed, or a right that is
    /// refused in the meantime, can't be foreseen.
    package static func look(_ request: DirectoriesRequest) throws(GenerationError) -> DeliveryOutlook {
        let own = try DeliveryOwner()
        if let named = request.directory {
            let path = try SecretsDirectory.absolute(named)
            return try look(at: path, making: .max, secrets: path, request.owner, request, [])
        }
        let candidates = Candidate.all(
            for: request.instance.text, user: own.user, runtimeDirectory: request.runtimeDirectory,
            userRuntimeDirectory: request.userRuntimeDirectory)
        var attempts: [GenerationError.Attempt] = []
        for candidate in candidates {
            do throws(GenerationError) {
                try InstanceDirectory.checkBase(of: candidate, own)
                try checkLock(candidate, request)
                return try look(
                    at: candidate.path, making: candidate.makable, secrets: candidate.path + "/secrets", own, request,
                    attempts)
            } catch {
                guard candidate.isPassedOver(error) else { throw error }
                attempts.append(.init(path: candidate.path, reason: error.shortReason))
            }
        }
        throw .unavailable(attempts)
    }

    /// Refuses paths that can't be in one generation together.
    package static func check(paths: [String]) throws(GenerationError) {
        var files: [GenerationFile] = []
        for path in paths { files.append(try GenerationFile(path: path, size: 0)) }
        try GenerationFile.check(files)
    }

    private static func look(
        at path: String, making makable: Int, secrets: String, _ owner: DeliveryOwner, _ request: DirectoriesRequest,
        _ passedOver: [GenerationError.Attempt]
    ) throws(GenerationError) -> DeliveryOutlook {
        let nearest = try NearestDirectory(to: path, making: makable, owner)
        let status = try system(path) { () throws(SystemError) in try nearest.handle.descriptor.status() }
        let fileSystem = try system(path) { () throws(SystemError) in try nearest.handle.descriptor.fileSystem() }
        if !fileSystem.isMemory, !request.allowDisk { throw .refused(directory: path, .notMemory(fileSystem.name)) }
        if request.directory != nil, nearest.isWhole, isHeld(nearest.handle, status) {
            throw .busy(directory: path, pid: nil)
        }
        if nearest.isWhole {
            try check(status, nearest.handle, at: path, owner, isNamed: request.directory != nil)
        } else if fileSystem.isReadOnly || !owner.mayWrite(status) {
            throw .refused(directory: path, .forbidden(SystemError(call: "mkdirat", code: EACCES, subject: path)))
        }
        let swap = try? nearest.handle.reopened().swapExposure()
        let delivered = request.owner
        return DeliveryOutlook(
            path: secrets, fileSystem: fileSystem.name, swap: swap ?? (fileSystem.isMemory ? .possible : .disk),
            freeBytes: fileSystem.freeBytes, user: delivered.user, group: delivered.group,
            directoryMode: delivered.directoryMode, fileMode: delivered.fileMode, passedOver: passedOver)
    }

    /// Whether a run holds the directory. The kernel lists a lock with the process that took it; in a PID namespace it
    /// does so only as long as that process lives, and a worker has ended. There the lock is tried, for a moment.
    private static func isHeld(_ directory: borrowing Directory, _ status: FileStatus) -> Bool {
        if isLockListed(status, as: .directory, in: listedLocks()) { return true }
        guard !ProcessFiles.isInInitialPIDNamespace else { return false }
        do throws(SystemError) {
            return try !directory.reopened().descriptor.lockDirectory()
        } catch {
            return false
        }
    }

    /// The rules for an existing directory: it is ours, and others can't write it, unless it is an accepted volume.
    private static func check(
        _ status: FileStatus, _ directory: borrowing Directory, at path: String, _ owner: DeliveryOwner, isNamed: Bool
    ) throws(GenerationError) {
        if status.mode & 0o022 != 0 {
            let isMountRoot = try system(path) { () throws(SystemError) in try directory.isMountRoot() }
            let isSticky = status.user == 0 && status.mode & 0o1000 != 0
            guard isNamed, isMountRoot || isSticky else {
                throw .refused(directory: path, .writable(path, mode: status.mode, owner: status.user))
            }
            return
        }
        if status.user != owner.user {
            throw .refused(directory: path, .owner(status.user, expected: owner.user))
        }
    }

    /// A running instance has the directory. A run with its default name takes another name then, unless the service
    /// manager chose the directory.
    private static func checkLock(_ candidate: Candidate, _ request: DirectoriesRequest) throws(GenerationError) {
        if case .usual = request.instance, candidate.isNamed { return }
        guard let found = InstanceLookup.look(at: candidate.path, ""), found.isRunning else { return }
        throw .busy(directory: candidate.path, pid: found.pid)
    }
}

/// A directory, or its nearest existing parent if it does not exist.
private struct NearestDirectory: ~Copyable {
    let handle: Directory
    /// Whether the directory itself exists.
    let isWhole: Bool

    init(to path: String, making makable: Int, _ owner: DeliveryOwner) throws(GenerationError) {
        var parts = path.split(separator: "/")
        var missing = 0
        while true {
            let directories = "/" + parts.joined(separator: "/")
            do throws(GenerationError) {
                let arrival = try DirectoryWalk.arrive(at: directories, for: owner)
                handle = try system(directories) { () throws(SystemError) in
                    try arrival.directory.handle(called: directories)
                }
                isWhole = missing == 0
                return
            } catch {
                guard case .system(let cause, _) = error, cause.code == ENOENT, missing < makable, !parts.isEmpty
                else { throw error }
                parts.removeLast()
                missing += 1
            }
        }
    }
}

extension DeliveryOwner {
    /// Whether the permission bits let the owner make an entry in a directory.
    fileprivate func mayWrite(_ directory: FileStatus) -> Bool {
        if user == 0 { return true }
        if directory.user == user { return directory.mode & 0o300 == 0o300 }
        let groups = [group] + ((identity ?? (try? UserIdentity.current()))?.groups ?? [])
        if groups.contains(directory.group) { return directory.mode & 0o030 == 0o030 }
        return directory.mode & 0o003 == 0o003
    }
}
