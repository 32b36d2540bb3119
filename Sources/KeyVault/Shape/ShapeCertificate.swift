import Cryptography
import Secrets

extension FetchedObject {
    /// A certificate in a format; its bytes are those of the secret of its name, or the certificate alone.
    func certificateShaped(
        as format: ObjectFormat, _ password: SecretSet.Slot?, in set: inout SecretSet
    ) throws(VaultError) -> SecretSet.Slot {
        let bundle: CertificateBundle
        do throws(CryptographyError) {
            bundle = try set.withBytes(of: slot) { (bytes) throws(CryptographyError) in try certificates(in: bytes) }
        } catch {
            throw fault(.format(error == .certificateMissing ? .noCertificate : .unreadable))
        }
        guard !bundle.certificates.isEmpty else { throw fault(.format(.noCertificate)) }
        if format != .pemChain, format != .truststore, bundle.privateKey == nil { throw fault(.format(.noPrivateKey)) }
        do throws(CryptographyError) {
            switch format {
            case .pem: return try set.append(key: true, chain: true, of: bundle)
            case .pemKey: return try set.append(key: true, chain: false, of: bundle)
            case .pemChain: return try set.append(key: false, chain: true, of: bundle)
            case .pfx: return try pfx(bundle, password, in: &set)
            case .truststore:
                let bytes = try bundle.truststore(password: set.shared(password))
                return bytes.withBytes { set.append($0) }
            case .jwk: break
            }
        } catch .passwordWrong {
            throw fault(.format(.password))
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

    /// A PFX as the vault holds it, byte for byte. One that is held as PEM, or that a password protects, is written anew.
    private func pfx(
        _ bundle: CertificateBundle, _ password: SecretSet.Slot?, in set: inout SecretSet
    ) throws(CryptographyError) -> SecretSet.Slot {
        if let password = set.shared(password) {
            let bytes = try bundle.pfx(password: password)
            return bytes.withBytes { set.append($0) }
        }
        let bytes = try set.withBytes(of: slot) { (text) throws(CryptographyError) in
            isPEM(text) ? try bundle.pfx() : try base64Decoded(text)
        }
        return bytes.withBytes { set.append($0) }
    }
}

extension SecretSet {
    /// A password's bytes.
    fileprivate func shared(_ slot: Slot?) -> SharedSecret? {
        slot.map { slot in withBytes(of: slot) { SharedSecret(SecretBytes(copying: $0)) } }
    }

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
