import COpenSSL
import Secrets

/// The public half of a JSON web key (RFC 7517, RFC 7518 section 6) in decoded form.
package enum PublicJSONWebKey: Equatable, Sendable {
    /// Modulus and exponent, big-endian.
    case rsa(modulus: [UInt8], exponent: [UInt8])
    /// A curve by its JSON name (`P-256`, `P-384`, `P-521`, `P-256K`, `secp256k1`) and a point's coordinates.
    case ellipticCurve(name: String, x: [UInt8], y: [UInt8])

    /// Builds a key from the members of a JSON web key, each base64url text; those that are not needed may be nil.
    ///
    /// `kty` may be that of a hardware key, `RSA-HSM` or `EC-HSM`; a symmetric key (`oct`) has no public half.
    package init(
        keyType: String, n: String? = nil, e: String? = nil, curve: String? = nil, x: String? = nil, y: String? = nil
    ) throws(CryptographyError) {
        switch keyType {
        case "RSA", "RSA-HSM":
            self = .rsa(modulus: try Self.member(n), exponent: try Self.member(e))
        case "EC", "EC-HSM":
            guard let curve else { throw .malformed(what: "JWK") }
            self = .ellipticCurve(name: curve, x: try Self.member(x), y: try Self.member(y))
        default:
            throw .unsupported("a public key of this type")
        }
    }

    private static func member(_ text: String?) throws(CryptographyError) -> [UInt8] {
        guard let text, !text.isEmpty, text.utf8.count <= 8192,
            let bytes = try? base64Decoded(Array(text.utf8).span, .url)
        else {
            throw .malformed(what: "JWK")
        }
        return bytes.withBytes { bytes in (0..<bytes.count).map { bytes[$0] } }
    }

    /// The key as a SubjectPublicKeyInfo PEM block, `BEGIN PUBLIC KEY` (RFC 7468, 13).
    package func pem() throws(CryptographyError) -> String {
        let key = try libraryKey()
        let output = try LibraryObject.output()
        guard unsafe PEM_write_bio_PUBKEY(output.pointer, key.pointer) == 1 else {
            throw .refused("writing the public key")
        }
        return output.writtenText()
    }

    private func libraryKey() throws(CryptographyError) -> LibraryObject {
        let made: OpaquePointer?
        switch self {
        case .rsa(let modulus, let exponent):
            unsafe made = copenssl_rsa_public_key(modulus, CInt(modulus.count), exponent, CInt(exponent.count))
        case .ellipticCurve(let name, let x, let y):
            let (group, size) = try Self.group(of: name)
            guard x.count <= size, y.count <= size else { throw .malformed(what: "JWK") }
            let point = [4] + Self.padded(x, to: size) + Self.padded(y, to: size)
            unsafe made = copenssl_elliptic_public_key(group, point, point.count)
        }
        guard let made = unsafe made else {
            ERR_clear_error()
            throw .malformed(what: "JWK")
        }
        return try unsafe LibraryObject(made, "reading the key") { unsafe EVP_PKEY_free($0) }
    }

    /// libcrypto's name of a curve and the bytes of a coordinate.
    private static func group(of curve: String) throws(CryptographyError) -> (name: String, size: Int) {
        switch curve {
        case "P-256": ("prime256v1", 32)
        case "P-384": ("secp384r1", 48)
        case "P-521": ("secp521r1", 66)
        case "P-256K", "secp256k1": ("secp256k1", 32)
        default: throw .unsupported("this elliptic curve")
        }
    }

    private static func padded(_ bytes: [UInt8], to count: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: count - bytes.count) + bytes
    }
}
