import Glibc
import LinuxSystem
import WorkerProtocol

// Whom a sidecar signals. Anybody can give a process any name and write any number into a file of their own: a name
// counts for processes of the users that the sidecar works for, a pid file for what its owner could signal anyway.

extension SignalTarget {
    /// The target, as messages name it.
    var words: String {
        switch self {
        case .process(let pid): "process \(pid)"
        case .pidFile(let path): "the pid file '\(path)'"
        case .command(let name): "a process named '\(name)'"
        }
    }

    /// Finds the process. The handle stays with it. `users`: a name counts for their processes only.
    func find(of users: Set<UInt32>) throws(SystemError) -> ProcessHandle {
        switch self {
        case .process(let number): return try Self.handle(number)
        case .pidFile(let path):
            let file = try PidFile(path)
            let handle = try Self.handle(file.process)
            // Checked once there is a handle: another process can't take the id's place any more.
            let isTrusted = file.owner == 0 || file.owner == ProcessFiles.ownUser
            guard isTrusted || ProcessFiles.isOf([file.owner], handle.pid) else {
                throw SystemError(call: "kill", code: EPERM, subject: path)
            }
            return handle
        case .command(let name):
            let handle = try Self.handle(ProcessFiles.process(named: name, of: users) ?? 0)
            guard ProcessFiles.isOf(users, handle.pid), ProcessFiles.isNamed(name, handle.pid) else {
                throw SystemError(call: "pidfd_open", code: ESRCH)
            }
            return handle
        }
    }

    private static func handle(_ pid: Int32) throws(SystemError) -> ProcessHandle {
        guard pid > 1 else { throw SystemError(call: "pidfd_open", code: ESRCH) }
        return try ProcessHandle(pid: pid)
    }
}

/// A file with a process id in its first line, and its owner. Links are not followed: they have owners of their own.
private struct PidFile {
    let process: Int32
    let owner: UInt32

    init(_ path: String) throws(SystemError) {
        let file = try SecureFile.open(path, followsLink: false)
        guard file.mode & 0o022 == 0 else { throw SystemError(call: "open", code: EPERM, subject: path) }
        owner = file.owner
        let text = try file.text(limit: 64)
        guard let process = Int32(text.prefix { !$0.isWhitespace }) else {
            throw SystemError(call: "pidfd_open", code: ESRCH, subject: path)
        }
        self.process = process
    }
}
