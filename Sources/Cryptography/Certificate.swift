import COpenSSL
import Glibc

/// An X.509 certificate (RFC 5280), read once into plain values; it is public and no secret.
package struct Certificate: Equatable, Sendable {
    /// The DER encoding.
    package let der: [UInt8]
    /// The subject as RFC 2253 writes it, most specific part first: `CN=web,O=Contoso`.
    package let subject: String
    /// The issuer, written as the subject is.
    package let issuer: String
    /// The first second of the validity, since 1970.
    package let notBefore: Int64
    /// The last second of the validity, since 1970.
    package let notAfter: Int64

    /// Reads a DER encoding; bytes behind it are an error.
    package init(der bytes: Span<UInt8>) throws(CryptographyError) {
        let object = try Self.object(bytes)
        try unsafe self.init(object.pointer)
    }

    /// Copies everything out of a library's certificate, which stays the caller's.
    init(_ object: OpaquePointer) throws(CryptographyError) {
        var encoded: UnsafeMutablePointer<UInt8>?
        let count = unsafe i2d_X509(object, &encoded)
        guard count > 0, let encoded = unsafe encoded else { throw .malformed(what: "certificate") }
        unsafe der = Array(UnsafeBufferPointer(start: encoded, count: Int(count)))
        unsafe copenssl_free(encoded)
        unsafe subject = try Self.text(of: X509_get_subject_name(object))
        unsafe issuer = try Self.text(of: X509_get_issuer_name(object))
        unsafe notBefore = try Self.seconds(X509_get0_notBefore(object))
        unsafe notAfter = try Self.seconds(X509_get0_notAfter(object))
    }

    /// The SHA-1 of the DER encoding, 20 bytes: what Windows and Azure call the thumbprint.
    package var sha1Thumbprint: [UInt8] { sha1(der.span) }

    /// The SHA-256 of the DER encoding, 32 bytes.
    package var sha256Thumbprint: [UInt8] { sha256(der.span) }

    /// Whether `other` issued this one, by names, key identifiers and key usage; signatures are not checked.
    package func isIssued(by other: Certificate) -> Bool {
        guard let subject = try? Self.object(der.span), let issuer = try? Self.object(other.der.span) else {
            return false
        }
        return unsafe X509_check_issued(issuer.pointer, subject.pointer) == X509_V_OK
    }

    /// Whether the certificate's key is the private key's public half.
    package func belongs(to key: PrivateKey) -> Bool {
        guard let object = try? Self.object(der.span) else { return false }
        let same = unsafe X509_check_private_key(object.pointer, key.pointer) == 1
        ERR_clear_error()
        return same
    }

    static func object(_ bytes: Span<UInt8>) throws(CryptographyError) -> LibraryObject {
        try unsafe bytes.withUnsafeBufferPointer { (bytes) throws(CryptographyError) -> LibraryObject in
            var next = bytes.baseAddress
            let object = unsafe d2i_X509(nil, &next, bytes.count)
            guard let object = unsafe object else {
                ERR_clear_error()
                throw .malformed(what: "certificate")
            }
            let owned = try unsafe LibraryObject(object, "certificate") { unsafe X509_free($0) }
            guard unsafe next == bytes.baseAddress.map({ unsafe $0 + bytes.count }) else {
                throw .malformed(what: "certificate")
            }
            return owned
        }
    }

    private static func text(of name: OpaquePointer?) throws(CryptographyError) -> String {
        let output = try LibraryObject.output()
        guard let name = unsafe name, unsafe copenssl_print_name(output.pointer, name) >= 0 else {
            throw .malformed(what: "certificate")
        }
        return output.writtenText()
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) throws(CryptographyError) -> Int64 {
        var parts = unsafe tm()
        guard let time = unsafe time, unsafe ASN1_TIME_to_tm(time, &parts) == 1 else {
            throw .malformed(what: "certificate")
        }
        return unsafe Int64(timegm(&parts))
    }
}

extension Certificate {
    /// Orders a chain: the leaf first, each followed by its issuer; what belongs to no chain keeps its order at the end.
    ///
    /// The leaf is the certificate of `key`, else the first that issued no other one.
    package static func leafFirst(_ certificates: [Certificate], key: PrivateKey?) -> [Certificate] {
        var rest = certificates.enumerated().filter { certificates.firstIndex(of: $0.element) == $0.offset }
            .map(\.element)
        let ofKey = key.flatMap { key in rest.firstIndex { $0.belongs(to: key) } }
        let leaf =
            ofKey ?? rest.firstIndex { candidate in !rest.contains { $0 != candidate && $0.isIssued(by: candidate) } }
        guard let leaf else { return rest }
        var chain = [rest.remove(at: leaf)]
        while let last = chain.last, let issuer = rest.firstIndex(where: { last.isIssued(by: $0) }) {
            chain.append(rest.remove(at: issuer))
        }
        return chain + rest
    }
}
