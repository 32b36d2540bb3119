import Cryptography
import Secrets

extension FetchedObject {
    /// A certificate in a format; its bytes are those of the secret of its name, or the certificate alone.
    func certificateShaped(
        as format: ObjectFormat, in set: inout SecretSet
    ) throws(VaultError) -> SecretSet.Slot {
        let bundle: CertificateBundle
        do throws(CryptographyError) {
            bundle = try set.withBytes(of: slot) { (bytes) throws(CryptographyError) in try certificates(in: bytes) }
        } catch {
            throw fault(.format(error == .certificateMissing ? .noCertificate : .unreadable))
        }
        guard !bundle.certificates.isEmpty else { throw fault(.format(.noCertificate)) }
        if format != .pemChain, bundle.privateKey == nil { throw fault(.format(.noPrivateKey)) }
        do throws(CryptographyError) {
            switch format {
            case .pem: return try set.append(key: true, chain: true, of: bundle)
            case .pemKey: return try set.append(key: true, chain: false, of: bundle)
            case .pemChain: return try set.append(key: false, chain: true, of: bundle)
            case .pfx: return try pfx(bundle, in: &set)
            case .jwk: break
            }
        } catch {
            throw fault(.format(.unreadable))
        }
        throw fault(.format(.notForCertificates(format)))
    }

    /// Whether the secret's text is PEM; a base64 PFX never has a hyphen.
    private func isPEM(_ text: Span<UInt8>) -> Bool {
        contentType?.lowercased() == "application/x-pem-file" || (text.count > 0 && text[0] == UInt8(ascii: "-"))
    }

    private func certificates(in bytes: Span<UInt8>) throws(CryptographyError) -> CertificateBundle {
        switch material {
        case .certificate:
            return CertificateBundle(privateKey: nil, certificates: [try Certificate(der: bytes)])
        case .value where isPEM(bytes):
            return try CertificateBundle(pem: bytes)
        case .value, .jsonWebKey:
            let pfx = try base64Decoded(bytes)
            return try pfx.withBytes { (pfx) throws(CryptographyError) in try CertificateBundle(pfx: pfx) }
        }
    }

    /// A PFX as the vault holds it, byte for byte; one that is held as PEM is written anew, with an empty password.
    private func pfx(_ bundle: CertificateBundle, in set: inout SecretSet) throws(CryptographyError) -> SecretSet.Slot {
        let bytes = try set.withBytes(of: slot) { (text) throws(CryptographyError) in
            isPEM(text) ? try bundle.pfx() : try base64Decoded(text)
        }
        return bytes.withBytes { set.append($0) }
    }
}

extension SecretSet {
    /// Appends the private key and the certificates, leaf first, as one PEM text.
    fileprivate mutating func append(
        key: Bool, chain: Bool, of bundle: CertificateBundle
    ) throws(CryptographyError) -> Slot {
        var text = SecretBuffer()
        if key { try bundle.privateKeyPEM().withBytes { text.append($0) } }
        if chain { text.append(Array(bundle.certificatesPEM().utf8).span) }
        return text.withBytes { append($0) }
    }
}
