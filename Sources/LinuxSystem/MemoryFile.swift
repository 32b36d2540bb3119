import CLinux
import Glibc

/// Anonymous files in memory with seals (memfd_create(2), fcntl(2) F_ADD_SEALS).
package enum MemoryFile {
    /// Makes an empty one, close-on-exec, that can be sealed.
    package static func create(name: String) throws(SystemError) -> OwnedDescriptor {
        let number = unsafe clinux_memfd(name)
        guard number >= 0 else { throw SystemError(call: "memfd_create") }
        return OwnedDescriptor(owning: number)
    }

    /// Adds all seals: from here on nobody can write, grow, shrink or unseal it.
    package static func seal(_ file: borrowing OwnedDescriptor) throws(SystemError) {
        guard clinux_seal(file.number) else { throw SystemError(call: "fcntl") }
    }

    /// Adds all seals to an inherited file, by number.
    package static func seal(_ number: CInt) throws(SystemError) {
        guard clinux_seal(number) else { throw SystemError(call: "fcntl") }
    }

    /// Empties an inherited file and seeks to its start. A file with all seals is complete and stays.
    package static func clear(_ number: CInt) throws(SystemError) {
        guard !clinux_is_sealed(number) else { return }
        guard ftruncate(number, 0) == 0, lseek(number, 0, SEEK_SET) == 0 else { throw SystemError(call: "ftruncate") }
    }

    /// Whether a descriptor is a memory file with all seals set.
    package static func isSealed(_ number: CInt) -> Bool {
        clinux_is_sealed(number)
    }

    /// The file's size in bytes.
    package static func size(of file: borrowing OwnedDescriptor) throws(SystemError) -> Int {
        var status = stat()
        guard unsafe fstat(file.number, &status) == 0 else { throw SystemError(call: "fstat") }
        return Int(status.st_size)
    }

    /// Reads from the start, whatever the offset, until the span is full or the file ends. Returns the number of bytes.
    package static func read(
        _ file: borrowing OwnedDescriptor, into room: inout MutableSpan<UInt8>
    ) throws(SystemError) -> Int {
        try readStart(of: file.number, into: &room, path: nil)
    }

    /// All of a file's bytes, whatever the offset; at most `limit`.
    package static func contents(of number: CInt, limit: Int) throws(SystemError) -> [UInt8] {
        var status = stat()
        guard unsafe fstat(number, &status) == 0 else { throw SystemError(call: "fstat") }
        let size = Int(status.st_size)
        guard size <= limit else { throw SystemError(call: "read", code: EFBIG) }
        var contents = [UInt8](repeating: 0, count: size)
        var filled = 0
        while filled < size {
            let count = unsafe contents.withUnsafeMutableBytes { buffer in
                unsafe pread(number, buffer.baseAddress?.advanced(by: filled), size - filled, off_t(filled))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw SystemError(call: "pread", code: count == 0 ? EIO : errno) }
            filled += count
        }
        return contents
    }
}

/// Writes all bytes to a blocking descriptor, however many calls it takes.
func writeAll(_ bytes: UnsafeRawBufferPointer, to number: CInt) throws(SystemError) {
    var written = 0
    while written < bytes.count {
        let count = unsafe write(number, bytes.baseAddress?.advanced(by: written), bytes.count - written)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { throw SystemError(call: "write", code: count == 0 ? EIO : errno) }
        written += count
    }
}

/// Writes all bytes of a span to a blocking descriptor.
package func writeAll(_ bytes: Span<UInt8>, to number: CInt) throws(SystemError) {
    var failure: SystemError?
    unsafe bytes.withUnsafeBufferPointer { buffer in
        do throws(SystemError) {
            try unsafe writeAll(UnsafeRawBufferPointer(buffer), to: number)
        } catch {
            failure = error
        }
    }
    if let failure { throw failure }
}
