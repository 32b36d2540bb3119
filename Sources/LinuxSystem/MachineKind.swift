import Glibc

/// The machine that a program was compiled for, as its header tells it (elf(5), `e_machine`).
package struct MachineKind: Equatable, Sendable {
    private let number: UInt16
    private let isWide: Bool
    private let isLittleEndian: Bool

    /// nil if the file is not an ELF program.
    init?(_ head: [UInt8]) {
        guard head.count >= 20, head.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else { return nil }
        isWide = head[4] == 2
        isLittleEndian = head[5] == 1
        let (first, second) = (UInt16(head[18]), UInt16(head[19]))
        number = isLittleEndian ? first | second << 8 : first << 8 | second
    }

    /// The machine that this program runs on; nil where it can't read itself.
    package static let own = ProgramSearch.head(of: "/proc/self/exe").flatMap { MachineKind($0) }

    /// Whether the kernel can probably start such a program: it is for this machine or for its 32-bit predecessor, or
    /// an interpreter for foreign programs is registered (binfmt_misc).
    var runsHere: Bool {
        guard let own = Self.own, self != own else { return true }
        let predecessors: [UInt16: UInt16] = [62: 3, 183: 40]
        return predecessors[own.number] == number || Self.hasRunners
    }

    /// Whether the directory has an entry besides its own `register` and `status`.
    private static var hasRunners: Bool {
        guard let directory = unsafe opendir("/proc/sys/fs/binfmt_misc") else { return false }
        defer { unsafe closedir(directory) }
        var count = 0
        while unsafe readdir(directory) != nil { count += 1 }
        return count > [".", "..", "register", "status"].count
    }

    /// As people call it: `x86-64`, `aarch64`.
    package var name: String {
        let names: [UInt16: String] = [
            3: "i386", 8: "mips", 21: "ppc64", 22: "s390x", 40: "arm", 62: "x86-64", 183: "aarch64", 243: "riscv64",
        ]
        return names[number] ?? "machine \(number)"
    }
}
