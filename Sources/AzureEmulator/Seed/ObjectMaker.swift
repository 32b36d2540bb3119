import Crypto
import Foundation
import SwiftASN1
import X509
import _CryptoExtras

/// Makes the keys and certificates that a seed asks for. RSA keys take up to a second, so it is done outside of any
/// lock and only for what is new.
package struct ObjectMaker: Sendable {
    let authority: CertificateAuthority

    package init(authority: CertificateAuthority) { self.authority = authority }

    /// A private key of either kind.
    private enum Key {
        case elliptic(P256.Signing.PrivateKey)
        case rsa(_RSA.Signing.PrivateKey)

        init(_ kind: KeyKind) throws {
            self =
                switch kind {
                case .elliptic: .elliptic(P256.Signing.PrivateKey())
                case .rsa: .rsa(try _RSA.Signing.PrivateKey(keySize: .bits2048))
                }
        }

        /// PKCS#8.
        var pem: String {
            switch self {
            case .elliptic(let key): key.pemRepresentation + "\n"
            case .rsa(let key): key.pkcs8PEMRepresentation + "\n"
            }
        }

        var certificateKey: Certificate.PrivateKey {
            switch self {
            case .elliptic(let key): .init(key)
            case .rsa(let key): .init(key)
            }
        }

        var signatureAlgorithm: Certificate.SignatureAlgorithm {
            switch self {
            case .elliptic: .ecdsaWithSHA256
            case .rsa: .sha256WithRSAEncryption
            }
        }

        /// The public part in the order in which Key Vault writes it.
        func jwk() throws -> JSON {
            switch self {
            case .elliptic(let key):
                let point = Array(key.publicKey.rawRepresentation)
                return [
                    "kty": "EC", "key_ops": ["sign", "verify"], "crv": "P-256",
                    "x": .string(Base64.urlText(point.prefix(32))), "y": .string(Base64.urlText(point.suffix(32))),
                ]
            case .rsa(let key):
                let primitives = try key.publicKey.getKeyPrimitives()
                return [
                    "kty": "RSA", "key_ops": ["sign", "verify", "wrapKey", "unwrapKey", "encrypt", "decrypt"],
                    "n": .string(Base64.urlText(primitives.modulus)),
                    "e": .string(Base64.urlText(primitives.publicExponent)),
                ]
            }
        }
    }

    /// What is in `seed` and was not, or was otherwise, in the seed before.
    package func make(_ seed: Seed, before: Seed) throws(SetupError) -> MadeObjects {
        var made = MadeObjects()
        for vault in seed.vaults {
            let old = before.vaults.first { $0.name == vault.name }
            for certificate in vault.certificates where old?.certificates.contains(certificate) != true {
                made.certificates[MadeObjects.place(vault.name, certificate.name)] = try self.certificate(certificate)
            }
            for key in vault.keys where old?.keys.contains(key) != true {
                do {
                    made.keys[MadeObjects.place(vault.name, key.name)] = try Key(key.kind).jwk()
                } catch {
                    throw SetupError("key '\(key.name)' could not be made: \(error)")
                }
            }
        }
        return made
    }

    package func certificate(_ seed: CertificateSeed) throws(SetupError) -> MadeCertificate {
        do {
            let key = try Key(seed.kind)
            let leaf = try sign(seed, key)
            let leafPEM = try leaf.serializeAsPEM().pemString + "\n"
            let chain = leafPEM + (seed.isIssued ? try authority.pem : "")
            let parts = (seed.exportable ? key.pem : "") + chain
            let value =
                seed.contentType == "application/x-pkcs12" ? try Self.pfx(parts, hasKey: seed.exportable) : parts
            return MadeCertificate(
                der: try leaf.derBytes, secretValue: value, jwk: try key.jwk(),
                notBefore: Int(leaf.notValidBefore.timeIntervalSince1970),
                notAfter: Int(leaf.notValidAfter.timeIntervalSince1970))
        } catch let error as SetupError {
            throw SetupError("certificate '\(seed.name)': \(error.message)")
        } catch {
            throw SetupError("certificate '\(seed.name)' could not be made: \(error)")
        }
    }

    /// A certificate for client assertions, self-signed as most are: key and certificate in one PEM.
    package static func clientCertificate(_ name: String) throws(SetupError) -> (pem: String, der: [UInt8]) {
        do {
            let key = try Key(.rsa)
            let leaf = try selfSigned(
                subject: try DistinguishedName { CommonName(name) }, key, alternatives: [], days: 365)
            return (key.pem + (try leaf.serializeAsPEM().pemString) + "\n", try leaf.derBytes)
        } catch {
            throw SetupError("the certificate of identity '\(name)' could not be made: \(error)")
        }
    }

    private func sign(_ seed: CertificateSeed, _ key: Key) throws -> Certificate {
        let subject = try DistinguishedName(text: seed.subject)
        let alternatives = seed.dnsNames.map { GeneralName.dnsName($0) }
        guard seed.isIssued else {
            return try Self.selfSigned(subject: subject, key, alternatives: alternatives, days: seed.days)
        }
        return try authority.sign(
            subject: subject, publicKey: key.certificateKey.publicKey, alternatives: alternatives, days: seed.days)
    }

    private static func selfSigned(
        subject: DistinguishedName, _ key: Key, alternatives: [GeneralName], days: Int
    ) throws -> Certificate {
        let now = Date()
        return try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.certificateKey.publicKey,
            notValidBefore: now - 600, notValidAfter: now + Double(days) * 86_400, issuer: subject, subject: subject,
            signatureAlgorithm: key.signatureAlgorithm,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true, keyEncipherment: true))
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                if !alternatives.isEmpty { SubjectAlternativeNames(alternatives) }
            },
            issuerPrivateKey: key.certificateKey)
    }

    /// A PFX in base64 with an empty password, as Key Vault hands it out. OpenSSL's command makes it: it is what those
    /// who will read it use.
    static func pfx(_ pem: String, hasKey: Bool) throws(SetupError) -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl", "pkcs12", "-export", "-passout", "pass:"] + (hasKey ? [] : ["-nokeys"])
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
            try input.fileHandleForWriting.write(contentsOf: Data(pem.utf8))
            try input.fileHandleForWriting.close()
            let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            guard process.terminationStatus == 0, !bytes.isEmpty else {
                throw SetupError(
                    "'openssl pkcs12' failed; is openssl installed? A certificate with format = \"pem\" needs none")
            }
            return Base64.text(bytes)
        } catch let error as SetupError {
            throw error
        } catch {
            throw SetupError("'openssl pkcs12' could not be run: \(error.localizedDescription)")
        }
    }
}

extension Certificate {
    /// DER.
    package var derBytes: [UInt8] {
        get throws {
            var serializer = DER.Serializer()
            try serializer.serialize(self)
            return serializer.serializedBytes
        }
    }
}
