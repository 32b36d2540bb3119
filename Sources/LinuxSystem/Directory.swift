import CLinux
import Glibc

/// An open directory. Its entries are opened relative to the descriptor, by single names, never through a link.
///
/// No function resolves a path twice, so that a component that is swapped meanwhile has no effect (openat(2)).
package struct Directory: ~Copyable, Sendable {
    /// The open directory; with `O_PATH` if it was opened only to pass through.
    package let descriptor: OwnedDescriptor
    /// The path by which it was opened: for messages only.
    package let path: String

    /// Takes over an open directory.
    package init(owning descriptor: consuming OwnedDescriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Opens `/`.
    package static func root() throws(SystemError) -> Directory {
        let number = unsafe Glibc.open("/", CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC)
        return Directory(owning: try opened(number, "open", "/"), path: "/")
    }

    /// The absolute path of the working directory.
    package static func workingDirectoryPath() throws(SystemError) -> String {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        if unsafe getcwd(&path, path.count) == nil { throw SystemError(call: "getcwd") }
        return String(decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// How a directory is opened.
    package enum Access: Sendable {
        /// To list it and to work in it.
        case full
        /// To pass through: needs the right to search, not to read.
        case passing
    }

    /// Opens a directory in this one; a link is an error (`ENOTDIR` or `ELOOP`).
    package borrowing func directory(_ name: FileName, _ access: Access = .full) throws(SystemError) -> Directory {
        let flags = (access == .full ? O_RDONLY : CLINUX_O_PATH) | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let number = unsafe name.withPointer { unsafe openat(descriptor.number, $0, flags) }
        return Directory(owning: try Self.opened(number, "openat", join(name)), path: join(name))
    }

    /// Opens an entry of any kind with `O_PATH`; a link itself, not its target.
    package borrowing func handle(_ name: FileName) throws(SystemError) -> OwnedDescriptor {
        let number = unsafe name.withPointer {
            unsafe openat(descriptor.number, $0, CLINUX_O_PATH | O_NOFOLLOW | O_CLOEXEC)
        }
        return try Self.opened(number, "openat", join(name))
    }

    /// Opens the parent directory.
    package borrowing func above() throws(SystemError) -> Directory {
        let number = unsafe openat(descriptor.number, "..", CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC)
        return Directory(owning: try Self.opened(number, "openat", path + "/.."), path: path + "/..")
    }

    /// This directory with another path for messages.
    package borrowing func handle(called path: String) throws(SystemError) -> Directory {
        let number = unsafe openat(descriptor.number, ".", CLINUX_O_PATH | O_DIRECTORY | O_CLOEXEC)
        return Directory(owning: try Self.opened(number, "openat", path), path: path)
    }

    /// Opens this directory again, with its own offset, for listing.
    package borrowing func reopened() throws(SystemError) -> Directory {
        let number = unsafe openat(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        return Directory(owning: try Self.opened(number, "openat", path), path: path)
    }

    /// Opens a directory below this one, without following a link or crossing a mount.
    package borrowing func directory(at way: RelativePath) throws(SystemError) -> Directory {
        let opened = try open(way, O_RDONLY | O_DIRECTORY)
        return Directory(owning: opened, path: join(way))
    }

    /// Makes a file below this directory and opens it for writing; it must not exist. Nobody may read it yet.
    package borrowing func makeFile(at way: RelativePath) throws(SystemError) -> OwnedDescriptor {
        try open(way, O_WRONLY | O_CREAT | O_EXCL)
    }

    /// Opens a file below this directory for reading. Does not wait for the other end of a pipe.
    package borrowing func file(at way: RelativePath) throws(SystemError) -> OwnedDescriptor {
        try open(way, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    }

    /// Opens a file for reading and writing; makes it with mode 0600 if it does not exist.
    package borrowing func fileOrNew(_ name: FileName) throws(SystemError) -> OwnedDescriptor {
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
        let number = unsafe name.withPointer { unsafe openat(descriptor.number, $0, flags, 0o600) }
        return try Self.opened(number, "openat", join(name))
    }

    /// Makes a directory with mode 0700, whatever the umask.
    package borrowing func makeDirectory(_ name: FileName) throws(SystemError) {
        let result = unsafe name.withPointer { unsafe clinux_make_directory(descriptor.number, $0) }
        try check(result, "mkdirat", join(name))
    }

    /// Makes a directory below this one.
    package borrowing func makeDirectory(at way: RelativePath) throws(SystemError) {
        guard let parent = way.parent, let name = way.components.last else { return try makeDirectory(way.top) }
        try directory(at: parent).makeDirectory(name)
    }

    /// Makes a symbolic link.
    package borrowing func makeLink(_ name: FileName, to target: [UInt8]) throws(SystemError) {
        let result = unsafe name.withPointer { name in
            unsafe withCString(target + [0]) { unsafe symlinkat($0, descriptor.number, name) }
        }
        try check(result, "symlinkat", join(name))
    }

    /// The target of a symbolic link; nil if there is no link.
    package borrowing func linkTarget(_ name: FileName) throws(SystemError) -> [UInt8]? {
        do {
            return try unsafe name.withPointer { name throws(SystemError) in
                try unsafe readLink(descriptor.number, name)
            }
        } catch {
            if error.code == ENOENT || error.code == EINVAL { return nil }
            throw SystemError(call: error.call, code: error.code, subject: join(name))
        }
    }

    /// Renames within this directory; atomically replaces an entry with the new name.
    package borrowing func rename(_ name: FileName, to newName: FileName) throws(SystemError) {
        let result = unsafe name.withPointer { name in
            unsafe newName.withPointer { unsafe renameat(descriptor.number, name, descriptor.number, $0) }
        }
        try check(result, "renameat", join(newName))
    }

    /// Renames within this directory; throws `EEXIST` if the new name exists.
    package borrowing func rename(_ name: FileName, toNew newName: FileName) throws(SystemError) {
        let result = unsafe name.withPointer { name in
            unsafe newName.withPointer { unsafe clinux_rename_new(descriptor.number, name, $0) }
        }
        try check(result, "renameat2", join(newName))
    }

    /// Removes a file or link.
    package borrowing func remove(_ name: FileName) throws(SystemError) {
        try check(unsafe name.withPointer { unsafe unlinkat(descriptor.number, $0, 0) }, "unlinkat", join(name))
    }

    /// Removes an empty directory.
    package borrowing func removeDirectory(_ name: FileName) throws(SystemError) {
        let result = unsafe name.withPointer { unsafe unlinkat(descriptor.number, $0, AT_REMOVEDIR) }
        try check(result, "unlinkat", join(name))
    }

    /// The status of an entry, without following a link; nil if it does not exist.
    package borrowing func status(of name: FileName) throws(SystemError) -> FileStatus? {
        var status = stat()
        let result = unsafe name.withPointer {
            unsafe fstatat(descriptor.number, $0, &status, AT_SYMLINK_NOFOLLOW)
        }
        if result != 0, errno == ENOENT { return nil }
        try check(result, "fstatat", join(name))
        return FileStatus(status)
    }

    /// The names in the directory, in the kernel's order, without `.` and `..`.
    package borrowing func names() throws(SystemError) -> [FileName] {
        // An offset of our own: the descriptor may be shared with another process.
        try reopened().unsharedNames()
    }

    /// The names, read without another descriptor. Only for a directory that no other process shares with us
    /// (getdents64(2)).
    package borrowing func unsharedNames() throws(SystemError) -> [FileName] {
        guard lseek(descriptor.number, 0, SEEK_SET) == 0 else { throw SystemError(call: "lseek", subject: path) }
        var names: [FileName] = []
        var room = [UInt8](repeating: 0, count: 8192)
        while true {
            let count = unsafe clinux_read_directory(descriptor.number, &room, room.count)
            if count < 0 { throw SystemError(call: "getdents64", subject: path) }
            if count == 0 { return names }
            var start = 0
            while start + 19 < count {
                // struct linux_dirent64: inode 8, offset 8, length 2, type 1, then the name with a NUL.
                let length = Int(room[start + 16]) | Int(room[start + 17]) << 8
                guard length > 19, start + length <= count else { break }
                let bytes = room[start + 19..<start + length].prefix { $0 != 0 }
                if let name = try? FileName(bytes: bytes) { names.append(name) }
                start += length
            }
        }
    }

    /// The path of something in this directory: for messages only.
    package borrowing func join(_ name: some CustomStringConvertible) -> String {
        path.hasSuffix("/") ? path + name.description : path + "/" + name.description
    }

    /// Uses `openat2`; goes component by component if the kernel or a container runtime refuses that.
    private borrowing func open(_ way: RelativePath, _ flags: CInt) throws(SystemError) -> OwnedDescriptor {
        let mode: CInt = flags & O_CREAT != 0 ? 0o200 : 0
        let all = flags | O_NOFOLLOW | O_CLOEXEC
        let number = unsafe way.withPointer {
            unsafe clinux_open_beneath(descriptor.number, $0, all, UInt32(mode))
        }
        if number >= 0 || (errno != ENOSYS && errno != EPERM) {
            return try Self.opened(number, "openat2", join(way))
        }
        if let parent = way.parent, let name = way.components.last {
            return try passage(along: parent).open(RelativePath(name), flags)
        }
        let single = unsafe way.top.withPointer { unsafe openat(descriptor.number, $0, all, mode_t(mode)) }
        return try Self.opened(single, "openat", join(way))
    }

    private borrowing func passage(along way: RelativePath) throws(SystemError) -> Directory {
        var place = try directory(way.top, .passing)
        for name in way.components.dropFirst() { place = try place.directory(name, .passing) }
        return place
    }

    private static func opened(_ number: CInt, _ call: String, _ subject: String) throws(SystemError) -> OwnedDescriptor
    {
        if number < 0 { throw SystemError(call: call, subject: subject) }
        return OwnedDescriptor(owning: number)
    }

    private func check(_ result: CInt, _ call: String, _ subject: String) throws(SystemError) {
        if result < 0 { throw SystemError(call: call, subject: subject) }
    }
}
