import Glibc
import LinuxSystem
import Messages

/// A candidate for an instance's directory.
struct Candidate: Equatable {
    let path: String
    /// How many components at the end we may make.
    let makable: Int
    /// Whether the directory is made for this instance alone, by its name.
    let isNamed: Bool
    /// A directory on the way that must be the user's own.
    var base: String?
    /// Whether all users may make entries beside it. Then an entry of another user does not end the start.
    var isContested = false

    /// The candidates in their order (latchkey(1), FILES).
    static func all(
        for name: String, user: UInt32, runtimeDirectory: String?, userRuntimeDirectory: String?
    ) -> [Candidate] {
        var all: [Candidate] = []
        if let first = runtimeDirectory?.split(separator: ":").first, first.hasPrefix("/") {
            all.append(Candidate(path: String(first), makable: 1, isNamed: false))
        }
        if user == 0 { all.append(Candidate(path: "/run/latchkey/\(name)", makable: 2, isNamed: true)) }
        if let base = userRuntimeDirectory, base.hasPrefix("/") {
            all.append(Candidate(path: "\(base)/latchkey/\(name)", makable: 2, isNamed: true, base: base))
        }
        let shared = SharedMemory(user: user)
        for parent in shared.isTaken ? shared.directories + [shared.newDirectory] : [shared.usual] {
            all.append(
                Candidate(path: "\(parent)/\(name)", makable: 2, isNamed: true, isContested: shared.isTaken))
        }
        return all
    }

    /// Whether the next candidate may be tried after this error.
    func isPassedOver(_ error: GenerationError) -> Bool {
        guard isContested, case .refused(_, let refusal) = error else { return error.isPassedOver }
        switch refusal {
        case .owner, .wayOwner, .writable, .link, .notDirectory: return true
        default: return error.isPassedOver
        }
    }
}

extension InstanceDirectory {
    /// The first usable candidate, locked; nil if it was removed meanwhile.
    static func take(_ request: DirectoriesRequest) throws(GenerationError) -> InstanceDirectory? {
        do {
            return try take(request, name: request.instance.text)
        } catch .busy(let directory, let pid) {
            guard case .usual(let name) = request.instance, name != request.runtimeName else {
                throw .busy(directory: directory, pid: pid)
            }
            return try take(request, name: "\(name)-\(request.pid)")
        }
    }

    private static func take(_ request: DirectoriesRequest, name: String) throws(GenerationError) -> InstanceDirectory?
    {
        do {
            _ = try FileName(name)
        } catch {
            throw .path(name, .form(.dots))
        }
        let own = try DeliveryOwner()
        let candidates = Candidate.all(
            for: name, user: own.user, runtimeDirectory: request.runtimeDirectory,
            userRuntimeDirectory: request.userRuntimeDirectory)
        var attempts: [GenerationError.Attempt] = []
        for candidate in candidates {
            do {
                return try take(candidate, request, name, own)
            } catch {
                guard candidate.isPassedOver(error) else { throw error }
                attempts.append(.init(path: candidate.path, reason: error.shortReason))
            }
        }
        throw .unavailable(attempts)
    }

    private static func take(
        _ candidate: Candidate, _ request: DirectoriesRequest, _ name: String, _ own: DeliveryOwner
    ) throws(GenerationError) -> InstanceDirectory? {
        try checkBase(of: candidate, own)
        let arrival = try DirectoryWalk.arrive(
            at: candidate.path, for: own, making: candidate.makable, allowDisk: request.allowDisk)
        let path = candidate.path
        let directory = try system(path) { () throws(SystemError) in try arrival.directory.reopened() }
        let status = try system(path) { () throws(SystemError) in try directory.descriptor.status() }
        let fileSystem = try system(path) { () throws(SystemError) in try directory.descriptor.fileSystem() }
        if status.user != own.user {
            throw .refused(directory: path, .owner(status.user, expected: own.user))
        }
        if status.mode & 0o022 != 0 {
            throw .refused(directory: path, .writable(path, mode: status.mode, owner: status.user))
        }
        if !fileSystem.isMemory, !request.allowDisk { throw .refused(directory: path, .notMemory(fileSystem.name)) }
        if request.owner.identity != nil, request.directory == nil {
            try request.owner.checkReach(path)
        }
        // The service manager's directory keeps the mode that its unit asked for.
        if candidate.isNamed, status.mode != 0o755 {
            try system(path) { () throws(SystemError) in try directory.descriptor.setMode(0o755) }
        }
        guard let lock = try takeLock(in: directory, path, .lock, pid: request.pid) else { return nil }
        return InstanceDirectory(
            directory: directory, lock: lock, name: name, path: path, isOurs: candidate.isNamed,
            isMemory: fileSystem.isMemory)
    }

    /// Refuses a directory that the environment has from another user's session.
    static func checkBase(of candidate: Candidate, _ own: DeliveryOwner) throws(GenerationError) {
        guard let base = candidate.base else { return }
        let user = try system(base) { () throws(SystemError) in try pathOwner(base) }
        if user != own.user {
            throw .refused(
                directory: candidate.path,
                .forbidden(SystemError(call: "openat", code: EACCES, subject: "\(base), of user \(user)")))
        }
    }

    private static func pathOwner(_ path: String) throws(SystemError) -> UInt32 {
        var place = try Directory.root()
        for part in path.utf8.split(separator: UInt8(ascii: "/")) {
            guard let name = try? FileName(bytes: part) else { throw SystemError(call: "openat", code: ENOENT) }
            place = try place.directory(name, .passing)
        }
        return try place.descriptor.status().user
    }
}

extension DirectoriesRequest {
    /// If the service manager chose the directory, a different name does not choose another one.
    fileprivate var runtimeName: String? {
        runtimeDirectory?.hasPrefix("/") == true ? instance.text : nil
    }
}

extension DeliveryOwner {
    /// Checks that the user to deliver for can reach the path.
    func checkReach(_ path: String) throws(GenerationError) {
        do {
            try perform(in: path) { () throws(GenerationError) in
                _ = try DirectoryWalk.arrive(at: path, for: self)
            }
        } catch .system(let error, _) where error.code == EACCES {
            throw .refused(directory: path, .unreachable(user, error))
        }
    }
}

extension GenerationError {
    /// The reason alone, for a list of candidates.
    var shortReason: String {
        switch self {
        case .refused(_, .notMemory(let name)): "is on \(name)"
        case .refused(_, .forbidden(let error)), .system(let error, _), .write(let error, _, _): error.reason
        case .refused(_, .unreachable(let user, _)): "can't be reached by user \(user)"
        default: diagnosis.text
        }
    }
}

/// Converts the error of a system call, and adds the directory.
func system<Value: ~Copyable>(
    _ directory: String, _ body: () throws(SystemError) -> Value
) throws(GenerationError) -> Value {
    do {
        return try body()
    } catch {
        throw .system(error, directory: directory)
    }
}
