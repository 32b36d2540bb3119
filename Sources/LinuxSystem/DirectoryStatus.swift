import CLinux
import Glibc

/// A point of file time: seconds since 1970 and nanoseconds.
package struct FileTime: Hashable, Sendable {
    package let seconds: Int64
    /// 0 to 999,999,999.
    package let nanoseconds: Int64

    package init(seconds: Int64, nanoseconds: Int64) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// The wall clock's present.
    package static var now: FileTime {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return FileTime(time)
    }

    init(_ time: timespec) {
        self.init(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
    }

    var kernelTime: timespec { timespec(tv_sec: time_t(seconds), tv_nsec: CLong(nanoseconds)) }
}

/// The kernel's data about a file (stat(2)), from a descriptor or from a name in an open directory.
package struct FileStatus: Equatable, Sendable {
    /// What a name stands for.
    package enum Kind: Equatable, Sendable {
        case regular, directory, link, other
    }

    package let kind: Kind
    /// The permission bits with setuid, setgid and sticky: 0 to 07777.
    package let mode: UInt32
    package let user: UInt32
    package let group: UInt32
    /// Bytes.
    package let size: Int64
    package let links: UInt64
    package let modified: FileTime
    /// Together they name the file on this machine.
    package let device: UInt64
    package let inode: UInt64

    init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .regular
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .link
        default: kind = .other
        }
        mode = status.st_mode & 0o7777
        user = status.st_uid
        group = status.st_gid
        size = Int64(status.st_size)
        links = UInt64(status.st_nlink)
        modified = FileTime(status.st_mtim)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }

    /// Whether both are the same file.
    package func isSameFile(as other: FileStatus) -> Bool {
        device == other.device && inode == other.inode
    }
}

/// The file system that a directory lies on (statfs(2)).
package struct FileSystem: Equatable, Sendable {
    /// The kinds that matter here.
    package enum Kind: Equatable, Sendable {
        case tmpfs, ramfs
        /// The magic number of statfs(2).
        case other(UInt64)
    }

    package let kind: Kind
    /// Bytes that may still be written; nil where there is no limit.
    package let freeBytes: UInt64?
    /// Files that may still be made; nil where there is no limit.
    package let freeFiles: UInt64?
    package let isReadOnly: Bool

    init(_ status: clinux_file_system) {
        switch status.type {
        case 0x0102_1994: kind = .tmpfs
        case 0x8584_58f6: kind = .ramfs
        default: kind = .other(status.type)
        }
        freeBytes = status.blocks == 0 ? nil : status.free_blocks.multipliedReportingOverflow(by: status.block_size).0
        freeFiles = status.inodes == 0 ? nil : status.free_inodes
        isReadOnly = status.read_only != 0
    }

    /// Whether it keeps files in memory.
    package var isMemory: Bool { kind == .tmpfs || kind == .ramfs }

    /// A name for people: `tmpfs`, `ext4`, or the magic number.
    package var name: String {
        switch kind {
        case .tmpfs: "tmpfs"
        case .ramfs: "ramfs"
        case .other(0xef53): "ext4"
        case .other(0x5846_5342): "xfs"
        case .other(0x9123_683e): "btrfs"
        case .other(0x794c_7630): "overlayfs"
        case .other(0x6969): "nfs"
        case .other(0x6573_5546): "fuse"
        case .other(0x2fc1_2fc1): "zfs"
        case .other(0xff53_4d42): "cifs"
        case .other(0x0102_1997): "9p"
        case .other(let magic): "a file system of type 0x" + String(magic, radix: 16)
        }
    }
}

/// Whether files in a directory may be written to a swap device.
package enum SwapExposure: String, Equatable, Sendable {
    /// ramfs, or tmpfs mounted with `noswap`: never.
    case never
    /// tmpfs without it: when memory runs short.
    case possible
    /// Not in memory at all.
    case disk
}
