import COpenSSL
package import Secrets

/// A private key in libcrypto's own memory, freed and wiped there when the last owner ends.
@safe
package final class PrivateKey {
    /// The ways to sign, by their names in RFC 7518 (3.3, 3.5); both need an RSA key.
    package enum Signature: String, Sendable {
        case rs256 = "RS256"
        case ps256 = "PS256"
    }

    let pointer: OpaquePointer

    /// Takes over a key.
    init(owning pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    /// Whether the key is an RSA key.
    package var isRSA: Bool { unsafe copenssl_is_rsa(pointer) == 1 }

    /// Signs a message; throws `unsupported` for a key that is not RSA.
    package func sign(_ message: Span<UInt8>, _ signature: Signature) throws(CryptographyError) -> [UInt8] {
        guard isRSA else { throw .unsupported("\(signature.rawValue) with a key that is not RSA") }
        let context = try unsafe LibraryObject(EVP_MD_CTX_new(), "signing") { unsafe EVP_MD_CTX_free($0) }
        var keyContext: OpaquePointer?
        guard unsafe EVP_DigestSignInit(context.pointer, &keyContext, EVP_sha256(), nil, pointer) == 1 else {
            throw .refused("signing")
        }
        if signature == .ps256 {
            guard unsafe copenssl_use_pss(keyContext) == 1 else { throw .refused("signing") }
        }
        return try unsafe message.withUnsafeBufferPointer { (message) throws(CryptographyError) -> [UInt8] in
            var length = 0
            guard unsafe EVP_DigestSign(context.pointer, nil, &length, message.baseAddress, message.count) == 1 else {
                throw .refused("signing")
            }
            var signed = [UInt8](repeating: 0, count: length)
            guard unsafe EVP_DigestSign(context.pointer, &signed, &length, message.baseAddress, message.count) == 1
            else { throw .refused("signing") }
            return Array(signed.prefix(length))
        }
    }

    /// The key as unencrypted PKCS#8 in DER (RFC 5958).
    package func pkcs8() throws(CryptographyError) -> SecretBytes {
        let output = try LibraryObject.output()
        guard unsafe i2d_PKCS8PrivateKey_bio(output.pointer, pointer, nil, nil, 0, nil, nil) == 1 else {
            throw .refused("writing the private key")
        }
        return output.written()
    }

    /// Reads unencrypted PKCS#8 in DER.
    package convenience init(pkcs8: Span<UInt8>) throws(CryptographyError) {
        let key = try unsafe pkcs8.withSource { (source) throws(CryptographyError) -> OpaquePointer in
            guard let key = unsafe d2i_PrivateKey_bio(source, nil) else {
                ERR_clear_error()
                throw .malformed(what: "PKCS#8")
            }
            return unsafe key
        }
        unsafe self.init(owning: key)
    }
}
