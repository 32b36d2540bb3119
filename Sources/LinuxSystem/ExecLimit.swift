import CLinux
import Glibc

/// The limits of execve(2) for arguments and environment together.
package struct ExecLimit: Equatable, Sendable {
    /// The most bytes of one string, without the NUL behind it: MAX_ARG_STRLEN with pages of 4 KiB.
    package static let string = 131_071

    /// The most bytes of all strings with their NULs, and of the pointers to them.
    package let total: Int

    /// A quarter of the stack's limit; at least 128 KiB, at most three quarters of 8 MiB (execve(2), Limits).
    package init(stack: UInt64) {
        total = Int(min(max(stack / 4, 131_072), 6 << 20))
    }

    /// The limit for a program that this process starts.
    package static var current: ExecLimit {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_STACK.rawValue), &limit) == 0 else {
            return ExecLimit(stack: 0)
        }
        return ExecLimit(stack: UInt64(limit.rlim_cur))
    }

    /// The bytes that a list of strings takes: each with its NUL and its pointer.
    package static func size(bytes: Int, count: Int) -> Int { bytes + count * (1 + MemoryLayout<Int>.size) }
}
