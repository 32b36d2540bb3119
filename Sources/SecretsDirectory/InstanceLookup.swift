import Glibc
import LinuxSystem

/// An instance as another process finds it by name, without taking a lock.
package struct FoundInstance: Equatable, Sendable {
    /// The directory's path.
    package let path: String
    package let name: String
    /// Whether its lock is held.
    package let isRunning: Bool
    /// The PID in the lock file, if we may read it.
    package let pid: Int32?
    /// The owner of the instance.
    package let user: UInt32
    /// The text of `status.json`; nil if there is none or if it is not a regular file. At most 4 MiB.
    package let status: [UInt8]?
    /// The lock file. The process that runs the instance has it open.
    private let lock: FileStatus

    fileprivate init(
        path: String, name: String, isRunning: Bool, pid: Int32?, lock: FileStatus, status: [UInt8]?
    ) {
        self.path = path
        self.name = name
        self.isRunning = isRunning
        self.pid = pid
        self.lock = lock
        self.status = status
        user = lock.user
    }

    /// The text of `metrics.prom`, under the same conditions as that of the status.
    package var metrics: [UInt8]? { InstanceLookup.publicFile(.metrics, at: path, user) }

    /// Whether a process runs this instance: it runs as the instance's user, and has the lock open, if we can see that.
    /// The PID in the status is only a claim of its owner.
    package func isRun(by process: Int32) -> Bool {
        let users = ProcessFiles.statusLine("Uid:", of: process)?.split(separator: "\t").compactMap { UInt32($0) }
        guard let users, users.count == 4, users.allSatisfy({ $0 == user }) else { return false }
        // Only root can inspect a process that is not dumpable. Other users can signal only their own processes.
        return ProcessFiles.hasOpen(lock, process) ?? true
    }
}

/// The directories that may hold instances (latchkey(1), FILES); for root also those of other users.
package struct InstanceLookup: Sendable {
    private let runtimeDirectory: String?
    private let userRuntimeDirectory: String?

    /// The values of `$RUNTIME_DIRECTORY` and `$XDG_RUNTIME_DIR`.
    package init(runtimeDirectory: String?, userRuntimeDirectory: String?) {
        self.runtimeDirectory = runtimeDirectory
        self.userRuntimeDirectory = userRuntimeDirectory
    }

    /// The instance with this name, a running one first; nil if there is no such directory.
    package func instance(named name: String) -> FoundInstance? {
        var found: FoundInstance?
        for path in parents.map({ "\($0)/\(name)" }) {
            guard let next = Self.look(at: path, name) else { continue }
            if next.isRunning { return next }
            found = found ?? next
        }
        return found
    }

    /// The instance of the unit that asks: the one in `$RUNTIME_DIRECTORY`.
    package func own() -> FoundInstance? {
        runtimeDirectory?.split(separator: ":").first.flatMap { path in
            Self.look(at: String(path), path.split(separator: "/").last.map(String.init) ?? "")
        }
    }

    /// Every instance that is running, the service manager's first; by name otherwise.
    package func running() -> [FoundInstance] {
        var all = own().map { [$0] } ?? []
        for parent in parents {
            guard let place = try? Self.open(parent), let names = try? place.directory.reopened().names() else {
                continue
            }
            for name in names.map(\.description).sorted() {
                let path = "\(parent)/\(name)"
                guard !all.contains(where: { $0.path == path }) else { continue }
                if let found = Self.look(at: path, name) { all.append(found) }
            }
        }
        return all.filter(\.isRunning)
    }

    /// Units have their own directories directly below `/run` (`RuntimeDirectory=`).
    private var parents: [String] {
        let user = (try? UserIdentity.current().user) ?? 0
        let base = userRuntimeDirectory.flatMap { $0.hasPrefix("/") ? "\($0)/latchkey" : nil }
        return ["/run/latchkey"] + (base.map { [$0] } ?? []) + SharedMemory(user: user).directories
            + (user == 0 ? [] : SharedMemory(user: 0).directories) + ["/run"]
    }

    static func look(at path: String, _ name: String) -> FoundInstance? {
        guard let place = try? open(path) else { return nil }
        let directory = place.directory
        guard let lock = try? directory.status(of: .lock), lock.kind == .regular, place.isRoots || trusts(lock) else {
            return nil
        }
        var isRunning: Bool
        var pid: Int32?
        if let file = try? directory.file(at: RelativePath(FileName.lock)) {
            isRunning = (try? file.isLocked()) ?? false
            pid = (try? file.contents(limit: 32)).flatMap { $0 }.flatMap(parsedPID)
        } else {
            // Only its owner may open the lock file; the kernel's list shows whether the lock is held.
            isRunning = isLockListed(lock, in: listedLocks())
        }
        return FoundInstance(
            path: path, name: name, isRunning: isRunning, pid: pid, lock: lock,
            status: publicFile(.status, in: directory, lock.user))
    }

    fileprivate static func publicFile(
        _ which: InstanceDirectory.PublicFile, at path: String, _ user: UInt32
    ) -> [UInt8]? {
        guard let place = try? open(path) else { return nil }
        return publicFile(which, in: place.directory, user)
    }

    private static func publicFile(
        _ which: InstanceDirectory.PublicFile, in directory: borrowing Directory, _ user: UInt32
    ) -> [UInt8]? {
        guard let file = try? directory.file(at: RelativePath(which.name)),
            let status = try? file.status(), status.kind == .regular, status.user == user
        else { return nil }
        return (try? file.contents(limit: 4 << 20)) ?? nil
    }

    /// Accepts only our own and root's directories. A directory of another user does not count, unless root put it
    /// there.
    private static func trusts(_ lock: FileStatus) -> Bool {
        lock.user == 0 || lock.user == (try? UserIdentity.current().user)
    }

    private struct Place: ~Copyable {
        let directory: Directory
        /// Only root can have put it there, whoever owns it: the service manager makes such directories for a unit's
        /// user.
        let isRoots: Bool
    }

    /// Opens a directory. Follows only root's symbolic links in root's directories: the service manager makes them for
    /// a unit with a dynamic user (systemd.exec(5), `DynamicUser=`).
    private static func open(_ path: String) throws(SystemError) -> Place {
        var place = try Directory.root()
        var pending = Array(parts(Array(path.utf8)).reversed())
        var linksLeft = 8
        var isRoots = true
        while let part = pending.popLast() {
            if part.elementsEqual("..".utf8) {
                place = try place.above()
                continue
            }
            guard let name = try? FileName(bytes: part) else { throw SystemError(call: "openat", code: ENOENT) }
            let container = try place.descriptor.status()
            isRoots = isRoots && container.user == 0 && container.mode & 0o022 == 0
            let next = try place.handle(name)
            let status = try next.status()
            guard status.kind == .link else {
                place = try place.directory(name, .passing)
                continue
            }
            guard status.user == 0, container.user == 0, linksLeft > 0 else {
                throw SystemError(call: "openat", code: ELOOP)
            }
            linksLeft -= 1
            let target = try next.linkTarget()
            if target.first == UInt8(ascii: "/") { place = try Directory.root() }
            pending += parts(target).reversed()
        }
        return Place(directory: place, isRoots: isRoots)
    }

    private static func parts(_ path: [UInt8]) -> [ArraySlice<UInt8>] {
        path.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
    }
}
