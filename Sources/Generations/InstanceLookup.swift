import Glibc
import LinuxSystem

/// An instance as another process finds it: by name, without taking anything.
package struct FoundInstance: Equatable, Sendable {
    /// The directory's path.
    package let path: String
    package let name: String
    /// Whether its lock is held.
    package let isRunning: Bool
    /// The PID that stands in the lock, where we may read it.
    package let pid: Int32?
    /// The text of `status.json`; nil where there is none or it is no regular file. At most 4 MiB.
    package let status: [UInt8]?
}

/// Where instances are looked for: the places of section FILES, and root's also for other users.
package struct InstanceLookup: Sendable {
    private let runtimeDirectory: String?
    private let userRuntimeDirectory: String?

    /// The values of `$RUNTIME_DIRECTORY` and `$XDG_RUNTIME_DIR`.
    package init(runtimeDirectory: String?, userRuntimeDirectory: String?) {
        self.runtimeDirectory = runtimeDirectory
        self.userRuntimeDirectory = userRuntimeDirectory
    }

    /// The instance of this name, a running one before one that is not; nil where there is no such directory.
    ///
    /// The service manager's directory has its own name: what runs there is among `running()`, and its status says
    /// what it is called.
    package func instance(named name: String) -> FoundInstance? {
        var found: FoundInstance?
        for path in parents.map({ "\($0)/\(name)" }) {
            guard let next = Self.look(at: path, name) else { continue }
            if next.isRunning { return next }
            found = found ?? next
        }
        return found
    }

    /// Every instance that is running, the service manager's first; by name otherwise.
    package func running() -> [FoundInstance] {
        var all: [FoundInstance] = []
        if let first = runtimeDirectory?.split(separator: ":").first,
            let own = Self.look(at: String(first), first.split(separator: "/").last.map(String.init) ?? "")
        {
            all.append(own)
        }
        for parent in parents {
            guard let directory = try? Self.open(parent), let names = try? directory.reopened().names() else {
                continue
            }
            for name in names.map(\.description).sorted() {
                if let found = Self.look(at: "\(parent)/\(name)", name) { all.append(found) }
            }
        }
        return all.filter(\.isRunning)
    }

    private var parents: [String] {
        let user = (try? FileIdentity.current().user) ?? 0
        let base = userRuntimeDirectory.flatMap { $0.hasPrefix("/") ? "\($0)/latchkey" : nil }
        return ["/run/latchkey"] + (base.map { [$0] } ?? []) + ["/dev/shm/latchkey-\(user)"]
            + (user == 0 ? [] : ["/dev/shm/latchkey-0"])
    }

    static func look(at path: String, _ name: String) -> FoundInstance? {
        guard let directory = try? open(path), let lock = try? directory.status(of: .lock), lock.kind == .regular,
            trusts(lock)
        else { return nil }
        var isRunning: Bool
        var pid: Int32?
        if let file = try? directory.file(at: RelativePath(FileName.lock)) {
            isRunning = (try? file.isLocked()) ?? false
            pid = (try? file.contents(limit: 32)).flatMap { $0 }.flatMap(parsedPID)
        } else {
            // Only its owner may open the lock; that it is held stands in the kernel's list.
            isRunning = isLockListed(lock, in: listedLocks())
        }
        return FoundInstance(
            path: path, name: name, isRunning: isRunning, pid: pid, status: publicFile(in: directory, lock.user))
    }

    private static func publicFile(in directory: borrowing Directory, _ user: UInt32) -> [UInt8]? {
        guard let file = try? directory.file(at: RelativePath(InstanceDirectory.PublicFile.status.name)),
            let status = try? file.status(), status.kind == .regular, status.user == user
        else { return nil }
        return (try? file.contents(limit: 4 << 20)) ?? nil
    }

    /// Ours or root's: what another user calls an instance of that name is none.
    private static func trusts(_ lock: FileStatus) -> Bool {
        lock.user == 0 || lock.user == (try? FileIdentity.current().user)
    }

    private static func open(_ path: String) throws(SystemError) -> Directory {
        var place = try Directory.root()
        for part in path.utf8.split(separator: UInt8(ascii: "/")) {
            guard let name = try? FileName(bytes: part) else { throw SystemError(call: "openat", code: ENOENT) }
            place = try place.directory(name, .passing)
        }
        return place
    }
}
