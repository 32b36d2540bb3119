import COpenSSL
import Secrets

/// An object of libcrypto with one owner, freed when the owner ends.
@safe
struct LibraryObject: ~Copyable {
    let pointer: OpaquePointer
    private let free: (OpaquePointer) -> Void

    /// Takes over an object; a null pointer is the library's refusal of `operation`.
    init(_ pointer: OpaquePointer?, _ operation: String, free: @escaping (OpaquePointer) -> Void)
        throws(CryptographyError)
    {
        guard let pointer = unsafe pointer else { throw .refused(operation) }
        unsafe self.pointer = pointer
        unsafe self.free = free
    }

    deinit { unsafe free(pointer) }

    /// A memory BIO to write into; its buffer is wiped when it is freed (BIO_s_mem(3), BUF_MEM_free(3)).
    static func output() throws(CryptographyError) -> LibraryObject {
        try unsafe LibraryObject(BIO_new(BIO_s_mem()), "memory") { _ = unsafe BIO_free($0) }
    }

    /// Copies what was written into a memory BIO.
    borrowing func written() -> SecretBytes {
        var start: UnsafePointer<CChar>?
        let count = unsafe copenssl_bio_bytes(pointer, &start)
        guard let start = unsafe start, count > 0 else { return SecretBytes(copying: [UInt8]().span) }
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count).bindMemory(to: UInt8.self)
        return unsafe SecretBytes(copying: bytes.span)
    }

    /// As `written`, for what is no secret.
    borrowing func writtenText() -> String {
        var start: UnsafePointer<CChar>?
        let count = unsafe copenssl_bio_bytes(pointer, &start)
        guard let start = unsafe start, count > 0 else { return "" }
        return unsafe String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
    }
}

extension Span where Element == UInt8 {
    /// Lends a read-only BIO over the bytes; they are not copied.
    func withSource<Value: ~Copyable>(
        _ body: (OpaquePointer) throws(CryptographyError) -> Value
    ) throws(CryptographyError) -> Value {
        guard count <= CInt.max else { throw .malformed(what: "input") }
        return try unsafe withUnsafeBufferPointer { (bytes) throws(CryptographyError) -> Value in
            let empty: StaticString = ""
            let start =
                unsafe bytes.baseAddress.map { unsafe UnsafeRawPointer($0) } ?? UnsafeRawPointer(empty.utf8Start)
            let bio = try unsafe LibraryObject(BIO_new_mem_buf(start, CInt(bytes.count)), "memory") {
                _ = unsafe BIO_free($0)
            }
            return try unsafe body(bio.pointer)
        }
    }
}

/// A password with a NUL behind it: what C calls a string; none is the empty one. A NUL inside opens nothing.
func terminated(_ password: SharedSecret?) throws(CryptographyError) -> SecretBytes {
    guard let password else { return SecretBytes(copying: [0].span) }
    return try password.withBytes { (bytes) throws(CryptographyError) -> SecretBytes in
        for index in bytes.indices where bytes[index] == 0 {
            throw .passwordWrong
        }
        return SecretBytes(count: bytes.count + 1) { (room) in
            for index in bytes.indices {
                room[index] = bytes[index]
            }
        }
    }
}
