import Glibc

/// A regular file that is opened once and then checked by its descriptor, never by its name (fstat(2)).
package struct SecureFile: ~Copyable {
    private let descriptor: OwnedDescriptor
    private let path: String
    /// The bytes at the time of opening.
    package let size: Int
    /// The owner's user number.
    package let owner: UInt32
    /// The number of the file's group.
    package let group: UInt32
    /// The permission bits.
    package let mode: UInt32

    /// Opens a file for reading, through symbolic links (projected volumes consist of them). Refuses a directory, a
    /// pipe or a device without waiting for it.
    ///
    /// `followsLink`: whether the path's last component may be a symbolic link.
    package static func open(_ path: String, followsLink: Bool = true) throws(SystemError) -> SecureFile {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (followsLink ? 0 : O_NOFOLLOW)
        let number = unsafe Glibc.open(path, flags)
        guard number >= 0 else { throw SystemError(call: "open", subject: path) }
        return try SecureFile(OwnedDescriptor(owning: number), path: path)
    }

    /// Opens a file of a directory, neither of them through a symbolic link; the owner must be root or the
    /// directory's owner, and nobody else may be able to write either of them (`EPERM`).
    package static func open(named name: String, in directory: String) throws(SystemError) -> SecureFile {
        let path = "\(directory)/\(name)"
        let folder = unsafe Glibc.open(directory, O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW)
        guard folder >= 0 else { throw SystemError(call: "open", subject: directory) }
        let holder = OwnedDescriptor(owning: folder)
        let (folderOwner, folderMode) = try owner(of: holder.number, path: directory)
        let number = unsafe openat(holder.number, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)
        guard number >= 0 else { throw SystemError(call: "openat", subject: path) }
        let file = try SecureFile(OwnedDescriptor(owning: number), path: path)
        guard folderMode & 0o022 == 0, file.mode & 0o022 == 0, file.owner == 0 || file.owner == folderOwner else {
            throw SystemError(call: "fstat", code: EPERM, subject: path)
        }
        return file
    }

    private init(_ descriptor: consuming OwnedDescriptor, path: String) throws(SystemError) {
        var status = stat()
        guard unsafe fstat(descriptor.number, &status) == 0 else { throw SystemError(call: "fstat", subject: path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            let isDirectory = status.st_mode & S_IFMT == S_IFDIR
            throw SystemError(call: "open", code: isDirectory ? EISDIR : EINVAL, subject: path)
        }
        (size, owner, group) = (Int(status.st_size), status.st_uid, status.st_gid)
        mode = status.st_mode & 0o7777
        self.path = path
        self.descriptor = descriptor
    }

    private static func owner(of number: CInt, path: String) throws(SystemError) -> (UInt32, UInt32) {
        var status = stat()
        guard unsafe fstat(number, &status) == 0 else { throw SystemError(call: "fstat", subject: path) }
        return (status.st_uid, status.st_mode)
    }

    /// Reads from the start until the span is full or the file ends. Returns the number of bytes.
    package borrowing func read(into room: inout MutableSpan<UInt8>) throws(SystemError) -> Int {
        try readStart(of: descriptor.number, into: &room, path: path)
    }

    /// The first bytes of the file as text.
    package borrowing func text(limit: Int) throws(SystemError) -> String {
        var bytes = [UInt8](repeating: 0, count: limit)
        var room = bytes.mutableSpan
        let count = try read(into: &room)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// Whether a path exists. Only to detect an installed program, never as a check before opening.
    package static func exists(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }
}

/// Reads a file from its start, whatever its offset, until the span is full or the file ends.
func readStart(of number: CInt, into room: inout MutableSpan<UInt8>, path: String?) throws(SystemError) -> Int {
    var count = 0
    while count < room.count {
        let got = unsafe room.withUnsafeMutableBufferPointer { room in
            unsafe pread(number, room.baseAddress.map { unsafe $0 + count }, room.count - count, count)
        }
        if got < 0 && errno == EINTR { continue }
        guard got >= 0 else { throw SystemError(call: "read", subject: path) }
        if got == 0 { break }
        count += got
    }
    return count
}
