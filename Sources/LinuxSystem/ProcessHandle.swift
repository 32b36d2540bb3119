import CLinux
import Glibc

/// A process by descriptor: the descriptor never refers to another process (pidfd_open(2)).
package struct ProcessHandle: ~Copyable {
    /// The process id.
    package let pid: Int32
    private let descriptor: OwnedDescriptor

    package init(pid: Int32) throws(SystemError) {
        let number = clinux_pidfd_open(pid)
        guard number >= 0 else { throw SystemError(call: "pidfd_open", subject: String(pid)) }
        self.pid = pid
        descriptor = OwnedDescriptor(owning: number)
    }

    /// Waits until the process has ended, at most for these milliseconds.
    package borrowing func waitForEnd(milliseconds: CInt) {
        var watched = pollfd(fd: descriptor.number, events: CShort(POLLIN), revents: 0)
        _ = unsafe poll(&watched, 1, milliseconds)
    }

    /// Whether the process has ended.
    var hasEnded: Bool {
        var watched = pollfd(fd: descriptor.number, events: CShort(POLLIN), revents: 0)
        return unsafe poll(&watched, 1, 0) == 1
    }

    /// Sends a signal.
    package borrowing func send(_ number: CInt) throws(SystemError) {
        let result = clinux_pidfd_send_signal(descriptor.number, number, nil)
        guard result == 0 else { throw SystemError(call: "pidfd_send_signal", subject: String(pid)) }
    }
}

/// What happened to a child (waitid(2)).
package struct ChildEvent: Equatable, Sendable {
    package enum Change: Equatable, Sendable {
        case exited(code: CInt)
        case killed(signal: CInt)
        case stopped(signal: CInt)
        case continued

        /// Whether the process is gone.
        package var isEnd: Bool {
            switch self {
            case .exited, .killed: true
            case .stopped, .continued: false
            }
        }
    }

    package let pid: Int32
    package let change: Change

    package init(pid: Int32, change: Change) {
        self.pid = pid
        self.change = change
    }

    /// The next event of any child, orphans that were given to us included, without waiting; nil for none.
    package static func next() -> ChildEvent? {
        var result = clinux_wait()
        guard unsafe clinux_wait_any(&result) == 1 else { return nil }
        let change: Change
        switch result.kind {
        case CInt(CLD_EXITED): change = .exited(code: result.status)
        case CInt(CLD_KILLED), CInt(CLD_DUMPED): change = .killed(signal: result.status)
        case CInt(CLD_CONTINUED): change = .continued
        default: change = .stopped(signal: result.status)
        }
        return ChildEvent(pid: result.pid, change: change)
    }
}

/// What /proc shows of processes (proc(5)).
package enum ProcessFiles {
    /// A small file's text, at most 16 KiB; nil where it can't be read.
    package static func text(_ path: String) -> String? {
        let number = unsafe clinux_open_read(AT_FDCWD, path)
        guard number >= 0 else { return nil }
        let file = OwnedDescriptor(owning: number)
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(file.number, $0.baseAddress, $0.count) }
        guard count >= 0 else { return nil }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// The rest of the line of /proc/PID/status that begins with `key`, without blanks around it.
    package static func statusLine(_ key: String, of process: Int32) -> String? {
        text("/proc/\(process)/status")?.split(separator: "\n").first { $0.hasPrefix(key) }
            .map { $0.dropFirst(key.count).drop { $0 == " " || $0 == "\t" } }.map(String.init)
    }

    /// This process's id.
    package static var ownProcess: Int32 { getpid() }

    /// The working directory, absolute; `/` where it was removed (getcwd(3)).
    package static var workingDirectory: String {
        guard let path = unsafe getcwd(nil, 0) else { return "/" }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    /// Whether this process leads its session (setsid(2)).
    package static var leadsSession: Bool { getsid(0) == getpid() }

    /// This process's group.
    package static var ownGroup: Int32 { getpgrp() }

    /// The group of the process that started this one.
    package static var parentGroup: Int32 { getpgid(getppid()) }

    /// The process that started this one.
    package static var parentProcess: Int32 { getppid() }

    /// The path of this process's program (proc(5), `/proc/PID/exe`).
    package static func ownProgram() throws(SystemError) -> String {
        guard let path = linkTarget("/proc/self/exe") else {
            throw SystemError(call: "readlink", subject: "/proc/self/exe")
        }
        return path
    }

    /// Whether this is the machine's first PID namespace (pid_namespaces(7)), whose inode's number the kernel fixes.
    package static var isInInitialPIDNamespace: Bool { linkTarget("/proc/self/ns/pid") == "pid:[4026531836]" }

    /// What a symbolic link holds (readlink(2)); nil where it can't be read.
    static func linkTarget(_ path: String) -> String? {
        var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe target.withUnsafeMutableBytes { buffer in
            unsafe buffer.baseAddress.map { unsafe readlinkat(AT_FDCWD, path, $0, buffer.count) } ?? -1
        }
        return count > 0 ? String(decoding: target.prefix(count), as: UTF8.self) : nil
    }

    /// The directory of the bundle that this worker was started from: that of its first argument, its own path, where the
    /// bundle's loader lies in `lib/`. nil where the system's loader started it.
    package static var bundleDirectory: String? {
        guard let path = ProcessStart.arguments.first, let slash = path.lastIndex(of: UInt8(ascii: "/")) else {
            return nil
        }
        let directory = String(decoding: path[..<slash], as: UTF8.self)
        return exists(directory + "/lib/ld.so") ? directory : nil
    }

    /// Opens a program that this process may read, following links; nil where it may not.
    package static func openReadable(_ path: String) -> OwnedDescriptor? {
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        return number >= 0 ? OwnedDescriptor(owning: number) : nil
    }

    /// Opens a program for `execveat` (open(2), `O_PATH`).
    package static func openProgram(_ path: String) throws(SystemError) -> OwnedDescriptor {
        let number = unsafe clinux_open_path(path, false)
        guard number >= 0 else { throw SystemError(call: "open", subject: path) }
        return OwnedDescriptor(owning: number)
    }

    /// Whether this process may open files of a directory (faccessat(2), with the effective user).
    package static func isSearchable(_ directory: String) -> Bool {
        unsafe faccessat(AT_FDCWD, directory, X_OK, AT_EACCESS) == 0
    }

    /// Whether a path names anything (access(2)).
    package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// All of a file's bytes, at most `limit`; a link at the end is not followed.
    package static func contents(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let number = unsafe clinux_open_read(AT_FDCWD, path)
        guard number >= 0 else { throw SystemError(call: "open", subject: path) }
        let file = OwnedDescriptor(owning: number)
        return try MemoryFile.contents(of: file.number, limit: limit)
    }

    /// Writes a new file; one that exists is left alone (`EEXIST`).
    package static func create(_ path: String, _ bytes: [UInt8], mode: UInt32) throws(SystemError) {
        let number = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw SystemError(call: "open", subject: path) }
        let file = OwnedDescriptor(owning: number)
        try writeAll(bytes.span, to: file.number)
        guard fchmod(file.number, mode) == 0 else { throw SystemError(call: "fchmod", subject: path) }
    }

    /// The parent of a process; nil where it is gone.
    package static func parent(of process: Int32) -> Int32? {
        statusLine("PPid:", of: process).flatMap { Int32($0) }
    }

    /// When a process was started, by the clock's tick before (proc(5), `/proc/PID/stat`); nil where that can't be read.
    package static func start(of process: Int32) -> BootInstant? {
        // The name, in parentheses, may hold anything. Behind it comes the third field; the start is the 22nd.
        guard let text = text("/proc/\(process)/stat"), let name = text.lastIndex(of: ")") else { return nil }
        let fields = text[name...].dropFirst().split(separator: " ")
        guard fields.count > 19, let ticks = Int64(fields[19]) else { return nil }
        return BootInstant(nanoseconds: ticks * (1_000_000_000 / Int64(sysconf(Int32(_SC_CLK_TCK)))))
    }

    /// Whether a process has a file open (proc(5), `/proc/PID/fd`); nil where that can't be seen.
    package static func hasOpen(_ file: FileStatus, _ process: Int32) -> Bool? {
        let place = "/proc/\(process)/fd"
        guard let directory = unsafe opendir(place) else { return nil }
        defer { unsafe closedir(directory) }
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { name in
                unsafe String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
            }
            var status = stat()
            guard unsafe stat("\(place)/\(name)", &status) == 0 else { continue }
            if FileStatus(status).isSameFile(as: file) { return true }
        }
        return false
    }

    /// The first process with this command name (`comm`, 15 bytes) whose user ids are all among these, except this
    /// process.
    package static func process(named name: String, of users: Set<UInt32>) -> Int32? {
        guard let directory = unsafe opendir("/proc") else { return nil }
        defer { unsafe closedir(directory) }
        while let entry = unsafe readdir(directory) {
            let number = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { name in
                unsafe name.prefix { $0 >= 48 && $0 <= 57 }.reduce(Int32(0)) { $0 &* 10 &+ Int32($1 - 48) }
            }
            if number > 0, number != getpid(), isNamed(name, number), isOf(users, number) { return number }
        }
        return nil
    }

    /// Whether a process has this command name.
    package static func isNamed(_ name: String, _ process: Int32) -> Bool {
        text("/proc/\(process)/comm") == String(name.prefix(15)) + "\n"
    }

    /// Whether all of a process's user ids are among these. A program that one user runs with the rights of another
    /// does not count.
    package static func isOf(_ users: Set<UInt32>, _ process: Int32) -> Bool {
        let ids = statusLine("Uid:", of: process)?.split(separator: "\t").compactMap { UInt32($0) } ?? []
        return ids.count == 4 && ids.allSatisfy(users.contains)
    }

    /// The effective user of this process.
    package static var ownUser: UInt32 { geteuid() }

    /// The effective group of this process.
    package static var ownUserGroup: UInt32 { getegid() }
}
