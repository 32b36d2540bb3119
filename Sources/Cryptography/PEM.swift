import COpenSSL
package import Secrets

extension CertificateBundle {
    /// Reads the first private key and all certificates of a PEM text (RFC 7468), in any order.
    ///
    /// Keys may be PKCS#8, encrypted PKCS#8, or the older forms. Throws `passwordMissing` or `passwordWrong` for an
    /// encrypted key, `malformed` for a text with neither key nor certificate.
    package init(pem text: Span<UInt8>, password: SharedSecret? = nil) throws(CryptographyError) {
        let (certificates, hasKey) = try Self.content(pem: text)
        let key = hasKey ? try PrivateKey(pem: text, password: password) : nil
        guard key != nil || !certificates.isEmpty else { throw .malformed(what: "PEM") }
        self.init(privateKey: key, certificates: certificates)
    }

    /// The certificates of a PEM text in their order there; other blocks are passed over.
    package static func certificates(pem text: Span<UInt8>) throws(CryptographyError) -> [Certificate] {
        try content(pem: text).certificates
    }

    private static func content(
        pem text: Span<UInt8>
    ) throws(CryptographyError) -> (certificates: [Certificate], hasKey: Bool) {
        try unsafe text.withSource { (source) throws(CryptographyError) in
            var certificates: [Certificate] = []
            var hasKey = false
            while let block = unsafe PEMBlock(reading: source) {
                hasKey = hasKey || block.label.hasSuffix("PRIVATE KEY")
                if let certificate = try block.certificate() {
                    certificates.append(certificate)
                }
            }
            // The end of the text, and what stands between the blocks, are no failures.
            ERR_clear_error()
            return (certificates, hasKey)
        }
    }

    /// The private key as a PKCS#8 PEM block, `BEGIN PRIVATE KEY`.
    package func privateKeyPEM() throws(CryptographyError) -> SecretBytes {
        guard let privateKey else { throw .privateKeyMissing }
        let output = try LibraryObject.output()
        guard unsafe PEM_write_bio_PKCS8PrivateKey(output.pointer, privateKey.pointer, nil, nil, 0, nil, nil) == 1
        else {
            throw .refused("writing the private key")
        }
        return output.written()
    }

    /// The certificates as PEM blocks, leaf first.
    package func certificatesPEM() -> String {
        certificates.map(\.pem).joined()
    }
}

extension Certificate {
    /// The certificate as a PEM block of 64 columns with a newline at its end.
    package var pem: String {
        var lines = ["-----BEGIN CERTIFICATE-----"]
        var rest = Substring(base64Text(der.span))
        while !rest.isEmpty {
            lines.append(String(rest.prefix(64)))
            rest = rest.dropFirst(64)
        }
        return (lines + ["-----END CERTIFICATE-----"]).joined(separator: "\n") + "\n"
    }
}

extension PrivateKey {
    /// Reads the first private key of a PEM text, which has one.
    convenience init(pem text: Span<UInt8>, password: SharedSecret?) throws(CryptographyError) {
        let secret = try terminated(password)
        let key = try unsafe secret.withBytes { (secret) throws(CryptographyError) -> OpaquePointer in
            try unsafe text.withSource { (source) throws(CryptographyError) -> OpaquePointer in
                try unsafe secret.withUnsafeBufferPointer { (secret) throws(CryptographyError) -> OpaquePointer in
                    var answer = unsafe copenssl_password(
                        bytes: secret.baseAddress, length: CInt(secret.count - 1), given: password == nil ? 0 : 1,
                        asked: 0)
                    if let key = unsafe copenssl_read_private_key(source, &answer) {
                        ERR_clear_error()
                        return unsafe key
                    }
                    ERR_clear_error()
                    guard unsafe answer.asked == 0 else { throw password == nil ? .passwordMissing : .passwordWrong }
                    throw .malformed(what: "private key")
                }
            }
        }
        unsafe self.init(owning: key)
    }
}

/// One block of a PEM text, as the library reads it (PEM_read_bio(3)).
@safe
private struct PEMBlock: ~Copyable {
    private let name: UnsafeMutablePointer<CChar>
    private let header: UnsafeMutablePointer<CChar>
    private let data: UnsafeMutablePointer<UInt8>
    private let count: Int

    init?(reading source: OpaquePointer) {
        var name: UnsafeMutablePointer<CChar>?
        var header: UnsafeMutablePointer<CChar>?
        var data: UnsafeMutablePointer<UInt8>?
        var count = 0
        guard unsafe PEM_read_bio(source, &name, &header, &data, &count) == 1, let name = unsafe name,
            let header = unsafe header, let data = unsafe data
        else { return nil }
        unsafe (self.name, self.header, self.data, self.count) = (name, header, data, count)
    }

    deinit {
        unsafe copenssl_free(name)
        unsafe copenssl_free(header)
        unsafe copenssl_clear_free(data, count)
    }

    var label: String { unsafe String(cString: name) }

    /// The block's certificate, nil for another kind of block.
    borrowing func certificate() throws(CryptographyError) -> Certificate? {
        guard label == "CERTIFICATE" || label == "X509 CERTIFICATE" else { return nil }
        return try unsafe Certificate(der: UnsafeBufferPointer(start: data, count: count).span)
    }
}
