import COpenSSL
import LinuxSystem
package import Secrets

extension CertificateBundle {
    /// Reads a PFX (PKCS#12, RFC 7292) in DER; no password and an empty one are the same.
    ///
    /// What was encrypted with algorithms of the nineties (RC2, single DES) is read through the library's legacy provider
    /// where that is installed, or brought by the bundle, else it is `unsupported`.
    package init(pfx bytes: Span<UInt8>, password: SharedSecret? = nil) throws(CryptographyError) {
        let secret = try terminated(password)
        self = try secret.withBytes { (secret) throws(CryptographyError) -> CertificateBundle in
            do throws(CryptographyError) {
                return try unsafe Self.parsed(bytes, password: secret, context: nil)
            } catch .unsupported {
                return try Self.parsedWithLegacyAlgorithms(bytes, password: secret)
            }
        }
    }

    /// Writes a PFX under a password (empty: the form in which vaults hand theirs out), with AES-256 and SHA-256.
    package func pfx(password: SharedSecret? = nil) throws(CryptographyError) -> SecretBytes {
        guard let privateKey else { throw .privateKeyMissing }
        guard let leaf = certificates.first else { throw .certificateMissing }
        let leafObject = try Certificate.object(leaf.der.span)
        let others = try Self.stack(certificates.dropFirst())
        return try unsafe Self.written(password) { secret in
            unsafe copenssl_make_pfx(secret, privateKey.pointer, leafObject.pointer, others.pointer)
        }
    }

    /// Writes a PFX of the certificates alone, as entries that Java trusts.
    package func truststore(password: SharedSecret? = nil) throws(CryptographyError) -> SecretBytes {
        guard !certificates.isEmpty else { throw .certificateMissing }
        let all = try Self.stack(certificates[...])
        return try unsafe Self.written(password) { secret in unsafe copenssl_make_truststore(secret, all.pointer) }
    }

    private static func written(
        _ password: SharedSecret?, _ make: (UnsafePointer<UInt8>?) -> OpaquePointer?
    ) throws(CryptographyError) -> SecretBytes {
        let secret = try terminated(password)
        let output = try LibraryObject.output()
        try secret.withBytes { (secret) throws(CryptographyError) in
            try unsafe secret.withUnsafeBufferPointer { (secret) throws(CryptographyError) in
                let made = unsafe make(secret.baseAddress)
                let pfx = try unsafe LibraryObject(made, "writing PKCS#12") { unsafe PKCS12_free($0) }
                guard unsafe i2d_PKCS12_bio(output.pointer, pfx.pointer) == 1 else { throw .refused("writing PKCS#12") }
            }
        }
        return output.written()
    }

    private static func stack(_ certificates: ArraySlice<Certificate>) throws(CryptographyError) -> LibraryObject {
        let stack = try unsafe LibraryObject(copenssl_certificates_new(), "memory") {
            unsafe copenssl_certificates_free($0)
        }
        for certificate in certificates {
            let object = try Certificate.object(certificate.der.span)
            _ = unsafe X509_up_ref(object.pointer)
            guard unsafe copenssl_certificates_push(stack.pointer, object.pointer) > 0 else {
                unsafe X509_free(object.pointer)
                throw .refused("memory")
            }
        }
        return stack
    }

    /// `password` ends with a NUL; `context` is the library context whose providers are used, nil for the default one.
    private static func parsed(
        _ bytes: Span<UInt8>, password: Span<UInt8>, context: OpaquePointer?
    ) throws(CryptographyError) -> CertificateBundle {
        let pfx = try unsafe bytes.withSource { (source) throws(CryptographyError) -> LibraryObject in
            guard let pfx = unsafe copenssl_read_pfx(source, context) else {
                ERR_clear_error()
                throw .malformed(what: "PKCS#12")
            }
            return try unsafe LibraryObject(pfx, "reading PKCS#12") { unsafe PKCS12_free($0) }
        }
        var key: OpaquePointer?
        var leaf: OpaquePointer?
        var others: OpaquePointer?
        let opened = unsafe password.withUnsafeBufferPointer {
            unsafe copenssl_parse_pfx(pfx.pointer, $0.baseAddress, &key, &leaf, &others)
        }
        guard opened == 1 else {
            let failure = LibraryFailure.take()
            if failure.library == ERR_LIB_PKCS12 && failure.reasonCode == PKCS12_R_MAC_VERIFY_FAILURE {
                throw password.count > 1 ? .passwordWrong : .passwordMissing
            }
            // An algorithm that a provider lacks hides behind a general parse error.
            throw .unsupported("an algorithm of this PKCS#12 file")
        }
        let privateKey = unsafe key.map { unsafe PrivateKey(owning: $0) }
        return CertificateBundle(privateKey: privateKey, certificates: try unsafe taken(leaf: leaf, others: others))
    }

    /// Copies the certificates and frees the library's.
    private static func taken(
        leaf: OpaquePointer?, others: OpaquePointer?
    ) throws(CryptographyError) -> [Certificate] {
        defer {
            unsafe X509_free(leaf)
            unsafe copenssl_certificates_free(others)
        }
        var certificates: [Certificate] = []
        if let leaf = unsafe leaf {
            certificates.append(try unsafe Certificate(leaf))
        }
        if let others = unsafe others {
            for index in 0..<(unsafe copenssl_certificates_count(others)) {
                guard let object = unsafe copenssl_certificates_at(others, index) else { continue }
                certificates.append(try unsafe Certificate(object))
            }
        }
        return certificates
    }

    /// Reads in a library context of its own, so that nothing else ever meets the old algorithms.
    private static func parsedWithLegacyAlgorithms(
        _ bytes: Span<UInt8>, password: Span<UInt8>
    ) throws(CryptographyError) -> CertificateBundle {
        let context = try unsafe LibraryObject(OSSL_LIB_CTX_new(), "memory") { unsafe OSSL_LIB_CTX_free($0) }
        // A bundle brings its libcrypto along, and the provider that belongs to it; else the library knows its place.
        if let bundle = ProcessFiles.bundleDirectory {
            _ = unsafe OSSL_PROVIDER_set_default_search_path(context.pointer, bundle + "/lib/ossl-modules")
        }
        let loaded =
            unsafe OSSL_PROVIDER_load(context.pointer, "default") != nil
            && OSSL_PROVIDER_load(context.pointer, "legacy") != nil
        ERR_clear_error()
        guard loaded else { throw .unsupported("an algorithm of this PKCS#12 file") }
        let exported = try unsafe exported(bytes, password: password, context: context.pointer)
        guard exported.privateKey.count > 0 else {
            return CertificateBundle(privateKey: nil, certificates: exported.certificates)
        }
        let key = try exported.privateKey.withBytes { (bytes) throws(CryptographyError) in
            try PrivateKey(pkcs8: bytes)
        }
        return CertificateBundle(privateKey: key, certificates: exported.certificates)
    }

    /// What outlives a library context; the key as PKCS#8, empty where there is none.
    private struct Exported: ~Copyable {
        let privateKey: SecretBytes
        let certificates: [Certificate]
    }

    /// Reads and encodes: the key that belongs to the context has gone when this returns, before the context goes.
    private static func exported(
        _ bytes: Span<UInt8>, password: Span<UInt8>, context: OpaquePointer
    ) throws(CryptographyError) -> Exported {
        // The library decrypts a key in the thread's default context, whatever context the file was read in.
        let usual = unsafe OSSL_LIB_CTX_set0_default(context)
        defer { _ = unsafe OSSL_LIB_CTX_set0_default(usual) }
        let bundle = try unsafe parsed(bytes, password: password, context: context)
        guard let key = bundle.privateKey else {
            return Exported(privateKey: SecretBytes(copying: [UInt8]().span), certificates: bundle.certificates)
        }
        return Exported(privateKey: try key.pkcs8(), certificates: bundle.certificates)
    }
}
