import CLinux
import Glibc

/// The loader that a dynamically linked program names (elf(5), `PT_INTERP`).
package enum ProgramLoader {
    /// The path that an open program names; nil where it names none, as a static program does, or is no 64-bit program.
    package static func path(of program: borrowing OwnedDescriptor) -> String? {
        guard let header = bytes(64, at: 0, of: program), header.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2]) else {
            return nil
        }
        guard let table = number(header, 32, 8), let size = number(header, 54, 2), size >= 56,
            let count = number(header, 56, 2)
        else { return nil }
        for index in 0..<count {
            guard let entry = bytes(56, at: table + index * size, of: program) else { return nil }
            guard number(entry, 0, 4) == 3 else { continue }  // PT_INTERP
            guard let offset = number(entry, 8, 8), let length = number(entry, 32, 8), (2...4096).contains(length),
                let path = bytes(length, at: offset, of: program), path.last == 0
            else { return nil }
            return String(decoding: path.dropLast(), as: UTF8.self)
        }
        return nil
    }

    private static func bytes(_ count: Int, at offset: Int, of file: borrowing OwnedDescriptor) -> [UInt8]? {
        var room = [UInt8](repeating: 0, count: count)
        return unsafe pread(file.number, &room, count, off_t(offset)) == count ? room : nil
    }

    /// A little-endian number; nil where no file can be that long.
    private static func number(_ bytes: [UInt8], _ offset: Int, _ size: Int) -> Int? {
        let value = bytes[offset..<offset + size].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return value < 1 << 40 ? Int(value) : nil
    }
}
