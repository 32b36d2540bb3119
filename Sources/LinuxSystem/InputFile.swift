import Glibc

/// A file that somebody named as input: read whole, once, up to a limit.
package enum InputFile {
    /// The file's bytes. Pipes are read to their end; a directory is `EISDIR`, more than `limit` bytes `EFBIG`.
    package static func contents(of path: String, limit: Int) throws(SystemError) -> [UInt8] {
        guard !path.utf8.contains(0) else { throw SystemError(call: "open", code: EINVAL, subject: path) }
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard number >= 0 else { throw SystemError(call: "open", subject: path) }
        let descriptor = OwnedDescriptor(owning: number)
        return try rest(of: descriptor.number, path, limit)
    }

    /// All of standard input.
    package static func standardInput(limit: Int) throws(SystemError) -> [UInt8] {
        try rest(of: 0, "standard input", limit)
    }

    private static func rest(of number: CInt, _ subject: String, _ limit: Int) throws(SystemError) -> [UInt8] {
        var contents: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe read(number, &buffer, buffer.count)
            if count == 0 { return contents }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw SystemError(call: "read", subject: subject)
            }
            guard count <= limit - contents.count else {
                throw SystemError(call: "read", code: EFBIG, subject: subject)
            }
            contents += buffer.prefix(count)
        }
    }
}
