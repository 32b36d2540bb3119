import COpenSSL

/// SHA-256 (FIPS 180-4) of the bytes: 32 bytes.
package func sha256(_ bytes: Span<UInt8>) -> [UInt8] {
    unsafe digest(of: bytes, with: EVP_sha256(), count: 32)
}

/// SHA-1 of the bytes: 20 bytes. For thumbprints that protocols fix to it, for nothing else.
package func sha1(_ bytes: Span<UInt8>) -> [UInt8] {
    unsafe digest(of: bytes, with: EVP_sha1(), count: 20)
}

/// HMAC-SHA-256 (RFC 2104) of the bytes under a key: 32 bytes.
package func hmacSHA256(_ bytes: Span<UInt8>, key: Span<UInt8>) -> [UInt8] {
    unsafe bytes.withUnsafeBufferPointer { message in
        unsafe key.withUnsafeBufferPointer { key in
            unsafe [UInt8](unsafeUninitializedCapacity: 32) { room, count in
                var length: CUnsignedInt = 0
                // An empty key is a null pointer in Swift, which the library would take for no key at all.
                let start = unsafe key.baseAddress ?? room.baseAddress.map { unsafe UnsafePointer($0) }
                let made = unsafe HMAC(
                    EVP_sha256(), start, CInt(key.count), message.baseAddress, message.count, room.baseAddress, &length)
                precondition(unsafe made != nil && length == 32, "libcrypto has no HMAC-SHA-256")
                count = 32
            }
        }
    }
}

/// Bytes from the library's generator (RAND_bytes(3)), good for keys.
package func randomBytes(_ count: Int) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: max(count, 1)) { room, made in
        precondition(unsafe RAND_bytes(room.baseAddress, CInt(count)) == 1, "no random bytes")
        made = count
    }
}

private func digest(of bytes: Span<UInt8>, with algorithm: OpaquePointer?, count wanted: Int) -> [UInt8] {
    unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe [UInt8](unsafeUninitializedCapacity: wanted) { room, count in
            var length: CUnsignedInt = 0
            let made = unsafe EVP_Digest(bytes.baseAddress, bytes.count, room.baseAddress, &length, algorithm, nil)
            precondition(made == 1 && length == wanted, "libcrypto lacks a digest")
            count = wanted
        }
    }
}
