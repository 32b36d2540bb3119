import AzureEmulator
import Foundation
import SwiftASN1
import Testing
import X509

struct CertificateTests {
    private static let seed = """
        [vaults.demo.certificates.web-pem]
        subject = "CN=web.example.org, O=Example"
        dns = ["web.example.org"]
        format = "pem"
        issued = true
        [vaults.demo.certificates.locked]
        format = "pem"
        exportable = false
        [vaults.demo.keys.signing]
        type = "EC"
        """

    @Test func `a certificate is three objects of one version`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let json = try await test.vault("GET", "/certificates/web-pem").json
            #expect(
                json.members?.map(\.name) == ["id", "kid", "sid", "x5t", "cer", "attributes", "policy"])
            let version = try #require(json["id"]?.string?.split(separator: "/").last)
            #expect(json["kid"]?.string?.hasSuffix("/keys/web-pem/\(version)") == true)
            #expect(json["sid"]?.string?.hasSuffix("/secrets/web-pem/\(version)") == true)
            let old = try await test.vault("GET", "/certificates/web-pem/\(version)").json
            #expect(old["policy"] == nil)
            let der = try #require(json["cer"]?.string.flatMap { Base64.bytes($0) })
            let certificate = try Certificate(derEncoded: der)
            #expect(certificate.issuer == test.emulator.authority.certificate.subject)
            #expect(json["attributes"]?["exp"]?.integer == Int(certificate.notValidAfter.timeIntervalSince1970))
            let secret = try await test.vault("GET", "/secrets/web-pem/\(version)").json
            #expect(secret["contentType"] == "application/x-pem-file" && secret["managed"] == true)
            let value = try #require(secret["value"]?.string)
            #expect(value.contains("PRIVATE KEY"))
            #expect(value.components(separatedBy: "BEGIN CERTIFICATE").count == 3)
            #expect(try await test.vault("GET", "/keys/web-pem/\(version)").json["key"]?["kty"] == "EC")
            #expect(
                try await test.vault("PUT", "/secrets/web-pem", body: #"{"value":"x"}"#).innerCode
                    == "SecretManagedByKeyVault")
        }
    }

    @Test func `a key that may not leave the vault is not in its secret`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let value = try #require(try await test.vault("GET", "/secrets/locked").json["value"]?.string)
            #expect(value.contains("BEGIN CERTIFICATE") && !value.contains("PRIVATE KEY"))
        }
    }

    @Test func `a key is a JSON web key with its identifier`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let key = try #require(try await test.vault("GET", "/keys/signing").json["key"])
            #expect(key.members?.map(\.name) == ["kid", "kty", "key_ops", "crv", "x", "y"])
            #expect(try await test.vault("GET", "/keys").json["value"]?.array?.count == 3)
            #expect(try await test.vault("GET", "/certificates").json["value"]?.array?.count == 2)
        }
    }

    @Test func `a PFX opens with an empty password`() async throws {
        let authority = try CertificateAuthority()
        var seed = CertificateSeed(name: "web", subject: "CN=web")
        seed.isIssued = true
        let made = try ObjectMaker(authority: authority).certificate(seed)
        let path = Command.temporaryPath(".pfx")
        try Data(try #require(Base64.bytes(made.secretValue))).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let listing = try Command.run("openssl", "pkcs12", "-in", path, "-passin", "pass:", "-nodes")
        #expect(listing.status == 0)
        #expect(listing.output.components(separatedBy: "BEGIN CERTIFICATE").count == 3)
        #expect(listing.output.contains("BEGIN PRIVATE KEY"))
    }

    @Test func `a server's certificate has its names, its addresses and a key of its own`() throws {
        let authority = try CertificateAuthority()
        let pair = try authority.issue(names: ["*.vault.localhost", "localhost"], addresses: [[127, 0, 0, 1]])
        let certificate = try Certificate(pemEncoded: pair.certificatePEM)
        let names = try #require(try certificate.extensions.subjectAlternativeNames)
        #expect(
            Array(names) == [
                .dnsName("*.vault.localhost"), .dnsName("localhost"),
                .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
            ])
        #expect(authority.certificate.publicKey.isValidSignature(certificate.signature, for: certificate))
        #expect(certificate.publicKey != authority.certificate.publicKey)
    }

    @Test func `the authority of a state directory persists`() throws {
        let path = Command.temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let first = try StateDirectory(path: path).authority()
        #expect(try StateDirectory(path: path).authority().certificate == first.certificate)
        let mode = try FileManager.default.attributesOfItem(atPath: path + "/ca-key.pem")[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }
}
