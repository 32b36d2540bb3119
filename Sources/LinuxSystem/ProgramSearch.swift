import CLinux
import Glibc

/// Where execvpe(3) would find a program, and why it could not be executed. Executes nothing.
package enum ProgramSearch {
    /// Why a program can't be started (execve(2), ERRORS).
    package enum Obstacle: Error, Equatable, Sendable {
        /// No file of that name, here or in PATH.
        case missing
        case isDirectory(String)
        /// The file, or a directory on the way to it, may not be executed.
        case forbidden(String, lacksExecuteBit: Bool)
        /// The interpreter or loader that the program names does not exist.
        case interpreterMissing(String, interpreter: String)
        case interpreterForbidden(String, interpreter: String)
        /// A file on a file system that is mounted `noexec`.
        case mountedNoexec(String)
        /// A program compiled for another machine.
        case foreign(String, machine: String)

        /// Whether the kernel reports a missing file although the program's file exists.
        package var isNotFound: Bool {
            switch self {
            case .missing, .interpreterMissing: true
            default: false
            }
        }
    }

    /// The path of the file that would be executed, with this thread's rights to files.
    ///
    /// - Parameter path: the value of PATH in the program's environment; nil where it has none.
    package static func find(_ name: String, path: String?) throws(Obstacle) -> String {
        guard !name.isEmpty else { throw .missing }
        if name.contains("/") {
            try examine(name)
            return name
        }
        var obstacle = Obstacle.missing
        for directory in (path ?? "/bin:/usr/bin").split(separator: ":", omittingEmptySubsequences: false) {
            let candidate = directory.isEmpty ? name : "\(directory)/\(name)"
            do throws(Obstacle) {
                try examine(candidate)
                return candidate
            } catch {
                // As execvpe(3): remembers a refusal and goes on searching.
                if obstacle == .missing || (obstacle.isNotFound && !error.isNotFound) { obstacle = error }
            }
        }
        throw obstacle
    }

    private static func examine(_ path: String) throws(Obstacle) {
        switch unsafe clinux_may_execute(path) {
        case 0: break
        case ENOENT, ENOTDIR: throw .missing
        case EISDIR: throw .isDirectory(path)
        default:
            var status = stat()
            let isSeen = unsafe stat(path, &status) == 0
            var system = statvfs()
            if isSeen, unsafe statvfs(path, &system) == 0, system.f_flag & 8 != 0 {  // ST_NOEXEC (statvfs(3))
                throw .mountedNoexec(path)
            }
            throw .forbidden(path, lacksExecuteBit: isSeen && status.st_mode & 0o111 == 0)
        }
        // A program that can't be read may still be executable; its interpreter is unknown then.
        guard let head = head(of: path) else { return }
        if let machine = MachineKind(head), !machine.runsHere { throw .foreign(path, machine: machine.name) }
        guard let interpreter = interpreter(in: head) else { return }
        switch unsafe clinux_may_execute(interpreter) {
        case 0: break
        case ENOENT, ENOTDIR: throw .interpreterMissing(path, interpreter: interpreter)
        default: throw .interpreterForbidden(path, interpreter: interpreter)
        }
    }

    /// The program that `env` would look for in PATH, for a script that begins with `#!/usr/bin/env NAME`; nil for any
    /// other file.
    package static func programOfEnv(_ path: String) -> String? {
        guard let head = head(of: path), let interpreter = interpreter(in: head), interpreter.hasSuffix("/env")
        else { return nil }
        let line = head.dropFirst(2).prefix(254).prefix { $0 != UInt8(ascii: "\n") }
        let words = String(decoding: line, as: UTF8.self).split { $0 == " " || $0 == "\t" || $0 == "\r" }.dropFirst()
        // Options and assignments come before the name (env(1)).
        return words.first { !$0.hasPrefix("-") && !$0.contains("=") }.map(String.init)
    }

    /// The file's first bytes, from which the kernel chooses how to run it.
    static func head(of path: String) -> [UInt8]? {
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard number >= 0 else { return nil }
        let file = OwnedDescriptor(owning: number)
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(file.number, $0.baseAddress, $0.count, 0) }
        return count > 0 ? Array(bytes.prefix(count)) : nil
    }

    /// What runs the program: for a script the first word of its first line, for an ELF program its loader; otherwise
    /// nil.
    static func interpreter(in head: [UInt8]) -> String? {
        if head.starts(with: "#!".utf8) {
            let line = head.dropFirst(2).prefix(254).prefix { $0 != UInt8(ascii: "\n") }
            let word = line.drop { $0 == 32 || $0 == 9 }.prefix { $0 != 32 && $0 != 9 && $0 != 0 }
            return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
        }
        return loader(in: head)
    }

    /// PT_INTERP of a 64-bit little-endian program (elf(5)), where it lies within these bytes.
    private static func loader(in head: [UInt8]) -> String? {
        guard head.count >= 64, head.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]) else { return nil }
        func number(at offset: Int, bytes: Int) -> Int? {
            guard offset >= 0, offset <= head.count - bytes else { return nil }
            let value = (0..<bytes).reduce(UInt64(0)) { $0 | UInt64(head[offset + $1]) << (8 * UInt64($1)) }
            return Int(exactly: value).flatMap { $0 < 1 << 32 ? $0 : nil }
        }
        guard let table = number(at: 32, bytes: 8), let size = number(at: 54, bytes: 2),
            let count = number(at: 56, bytes: 2)
        else { return nil }
        for index in 0..<min(count, 64) {
            let entry = table + index * size
            guard number(at: entry, bytes: 4) == 3 else { continue }
            guard let start = number(at: entry + 8, bytes: 8), let length = number(at: entry + 32, bytes: 8),
                length > 1, start <= head.count - length
            else { return nil }
            return String(decoding: head[start..<(start + length - 1)], as: UTF8.self)
        }
        return nil
    }
}
