import Crypto
import FoundationEssentials
import SwiftASN1
package import X509

/// What went wrong while the emulator was set up.
package struct SetupError: Error, Equatable, CustomStringConvertible {
    /// One line, lower case, no full stop.
    package var message: String

    package init(_ message: String) { self.message = message }

    package var description: String { message }
}

/// A certificate with its key, in PEM.
package struct KeyPair: Sendable {
    package var certificatePEM: String
    package var keyPEM: String
}

/// The emulator's own certificate authority.
package struct CertificateAuthority: Sendable {
    package let certificate: Certificate
    private let key: P256.Signing.PrivateKey

    /// The authority's certificate, for `--ca-file`.
    package var pem: String {
        get throws(SetupError) {
            do {
                return try certificate.serializeAsPEM().pemString + "\n"
            } catch {
                throw SetupError("the authority's certificate could not be written as PEM: \(error)")
            }
        }
    }

    package var keyPEM: String { key.pemRepresentation + "\n" }

    /// A new authority, valid for ten years.
    package init() throws(SetupError) {
        let key = P256.Signing.PrivateKey()
        do {
            let name = try DistinguishedName {
                OrganizationName("latchkey-emulator")
                CommonName("latchkey-emulator authority \(Hex.random(digits: 8))")
            }
            let now = Date()
            self.certificate = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: .init(key.publicKey),
                notValidBefore: now - 86_400, notValidAfter: now + 3_650 * 86_400, issuer: name, subject: name,
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                    SubjectKeyIdentifier(hash: .init(key.publicKey))
                },
                issuerPrivateKey: .init(key))
        } catch {
            throw SetupError("the certificate authority could not be made: \(error)")
        }
        self.key = key
    }

    /// An authority that was written before.
    package init(certificatePEM: String, keyPEM: String) throws(SetupError) {
        do {
            certificate = try Certificate(pemEncoded: certificatePEM)
            key = try P256.Signing.PrivateKey(pemRepresentation: keyPEM)
        } catch {
            throw SetupError("the certificate authority in the state directory cannot be read: \(error)")
        }
    }

    /// Whether it can go on serving: not about to expire.
    package var isFresh: Bool { certificate.notValidAfter > Date() + 30 * 86_400 }

    /// A server's certificate for these names and addresses, with a new key; valid for so many days from `start` on, in
    /// seconds from now.
    package func issue(
        names: [String], addresses: [[UInt8]], from start: Double = -3_600, days: Int = 397
    ) throws(SetupError) -> KeyPair {
        let serverKey = P256.Signing.PrivateKey()
        let alternatives =
            names.map { GeneralName.dnsName($0) }
            + addresses.map { GeneralName.ipAddress(ASN1OctetString(contentBytes: $0[...])) }
        do {
            let leaf = try sign(
                subject: DistinguishedName { CommonName(names.first ?? "localhost") },
                publicKey: .init(serverKey.publicKey), alternatives: alternatives, from: start, days: days)
            return KeyPair(
                certificatePEM: try leaf.serializeAsPEM().pemString + "\n",
                keyPEM: serverKey.pemRepresentation + "\n")
        } catch {
            throw SetupError("the server's certificate could not be made: \(error)")
        }
    }

    /// A leaf for any public key.
    package func sign(
        subject: DistinguishedName, publicKey: Certificate.PublicKey, alternatives: [GeneralName],
        from start: Double = -3_600, days: Int
    ) throws -> Certificate {
        let now = Date()
        return try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
            notValidBefore: now + start, notValidAfter: now + start + Double(days) * 86_400,
            issuer: certificate.subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                if !alternatives.isEmpty { SubjectAlternativeNames(alternatives) }
                SubjectKeyIdentifier(hash: publicKey)
            },
            issuerPrivateKey: .init(key))
    }
}
