import CLinux
import Glibc

// Operations on any open file or directory, independent of its name.
extension OwnedDescriptor {
    /// The kernel's data about the open file.
    package borrowing func status() throws(SystemError) -> FileStatus {
        var status = stat()
        // fstat works with an O_PATH descriptor since Linux 3.6.
        if unsafe fstat(number, &status) != 0 { throw SystemError(call: "fstat") }
        return FileStatus(status)
    }

    /// The file system that it lies on.
    package borrowing func fileSystem() throws(SystemError) -> FileSystem {
        var status = clinux_file_system()
        if unsafe clinux_file_system(number, &status) != 0 { throw SystemError(call: "fstatfs") }
        return FileSystem(status)
    }

    /// Sets the mode exactly, without the umask.
    package borrowing func setMode(_ mode: UInt32) throws(SystemError) {
        if fchmod(number, mode) != 0 { throw SystemError(call: "fchmod") }
    }

    /// Sets the owner and the group.
    package borrowing func setOwner(user: UInt32, group: UInt32) throws(SystemError) {
        if fchown(number, user, group) != 0 { throw SystemError(call: "fchown") }
    }

    /// Sets the time of the last change and of the last access, as exactly as the file system can store it.
    package borrowing func setModified(_ time: FileTime) throws(SystemError) {
        let times = [time.kernelTime, time.kernelTime]
        if unsafe futimens(number, times) != 0 { throw SystemError(call: "futimens") }
    }

    /// Writes the file to the disk (fsync(2)).
    package borrowing func synchronize() throws(SystemError) {
        if fsync(number) != 0 { throw SystemError(call: "fsync") }
    }

    /// Truncates the file to 0 bytes.
    package borrowing func truncate() throws(SystemError) {
        if ftruncate(number, 0) != 0 { throw SystemError(call: "ftruncate") }
    }

    /// Writes all of the bytes, however many calls that takes.
    package borrowing func write(_ bytes: Span<UInt8>) throws(SystemError) {
        try writeAll(bytes, to: number)
    }

    /// Reads from the start, at most `limit` bytes; nil if there are more. Not for secrets.
    package borrowing func contents(limit: Int) throws(SystemError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes {
                unsafe pread(number, $0.baseAddress?.advanced(by: done), $0.count - done, off_t(done))
            }
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw SystemError(call: "pread") }
            if count == 0 { return Array(bytes.prefix(done)) }
            done += count
        }
        return nil
    }

    /// Fills the span from a position in the file; false where the file is shorter.
    package borrowing func read(
        into bytes: inout MutableSpan<UInt8>, at position: Int
    ) throws(SystemError) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes {
                unsafe pread(number, $0.baseAddress?.advanced(by: done), $0.count - done, off_t(position + done))
            }
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw SystemError(call: "pread") }
            if count == 0 { return false }
            done += count
        }
        return true
    }

    /// The target of a link, for a descriptor of the link itself.
    package borrowing func linkTarget() throws(SystemError) -> [UInt8] {
        try unsafe withCString([0]) { empty throws(SystemError) in try unsafe readLink(number, empty) }
    }

    /// Whether the file holds exactly these bytes.
    package borrowing func holds(_ bytes: Span<UInt8>) throws(SystemError) -> Bool {
        let result = unsafe bytes.withUnsafeBytes { unsafe clinux_file_equals(number, $0.baseAddress, $0.count) }
        if result < 0 { throw SystemError(call: "pread") }
        return result == 1
    }
}

/// The target of the link with a name in a directory; without a name, of the link that is open.
func readLink(_ directory: CInt, _ name: UnsafePointer<CChar>) throws(SystemError) -> [UInt8] {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlinkat(directory, name, &target, target.count)
    if count < 0 { throw SystemError(call: "readlinkat") }
    return target.prefix(count).map { UInt8(bitPattern: $0) }
}
