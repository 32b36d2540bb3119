import CLinux
import Glibc

// A lock belongs to the open file description: every process that inherits or receives the descriptor holds it too, and
// closing the last descriptor ends it. No code releases it explicitly.
extension OwnedDescriptor {
    /// Takes the lock on an open file; false where another description has it (fcntl(2), F_OFD_SETLK; flock(2)).
    package borrowing func lock() throws(SystemError) -> Bool {
        if clinux_lock(number) == 0 { return true }
        if errno == EAGAIN || errno == EWOULDBLOCK { return false }
        throw SystemError(call: "flock")
    }

    /// Takes the lock on an open directory; false where another description has it (flock(2)).
    package borrowing func lockDirectory() throws(SystemError) -> Bool {
        if clinux_lock_directory(number) == 0 { return true }
        if errno == EAGAIN || errno == EWOULDBLOCK { return false }
        throw SystemError(call: "flock")
    }

    /// Whether another description holds the lock. Takes no lock, so that it disturbs no start.
    package borrowing func isLocked() throws(SystemError) -> Bool {
        let result = clinux_is_locked(number)
        if result < 0 { throw SystemError(call: "fcntl") }
        return result == 1
    }
}

/// The kinds of lock that we take, as in the kernel's list.
package enum ListedLock: String, Sendable {
    case file = "OFDLCK"
    case directory = "FLOCK"
}

/// Whether the kernel's list has one of our locks on this file (proc(5), /proc/locks). For callers that may not open
/// the file or must not take the lock.
package func isLockListed(_ file: FileStatus, as kind: ListedLock = .file, in list: String) -> Bool {
    // `1: OFDLCK  ADVISORY  WRITE -1 00:1a:4711 0 EOF`
    let identity = "\(hexadecimal(major(file.device))):\(hexadecimal(minor(file.device))):\(file.inode)"
    return list.split(separator: "\n").contains { line in
        let fields = line.split(separator: " ", omittingEmptySubsequences: true)
        return fields.count > 5 && fields[1] == kind.rawValue && fields.contains { $0 == identity }
    }
}

/// The kernel's list of locks; empty where it can't be read.
package func listedLocks() -> String {
    readProcess("/proc/locks")
}

private func hexadecimal(_ number: UInt64) -> String {
    let text = String(number, radix: 16)
    return text.count < 2 ? "0" + text : text
}

/// The major and the minor number (makedev(3)).
func major(_ device: UInt64) -> UInt64 { (device >> 8) & 0xfff | (device >> 32) & 0xffff_f000 }
func minor(_ device: UInt64) -> UInt64 { device & 0xff | (device >> 12) & 0xffff_ff00 }

/// Reads one of the kernel's own text files, at most 4 MiB; empty where it can't be read.
func readProcess(_ path: String) -> String {
    let number = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return "" }
    let file = OwnedDescriptor(owning: number)
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while text.count < 4 << 20 {
        let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(file.number, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        if count <= 0 { break }
        text += chunk.prefix(count)
    }
    return String(decoding: text, as: UTF8.self)
}
