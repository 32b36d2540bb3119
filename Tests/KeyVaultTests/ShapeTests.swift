import Cryptography
import KeyVault
import LatchkeyTestSupport
import Messages
import Secrets
import Testing

@Suite struct ShapeTests {
    /// A JSON string's text.
    private func quoted(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    /// Fetches one object whose answer is `body` and shapes it.
    private func shape(
        kind: VaultObjectKind = .secret, body: String, encoding: ValueEncoding? = nil, format: ObjectFormat? = nil,
        pointer: String? = nil, certificates: VaultClient.CertificateSource = .secret
    ) throws -> [UInt8] {
        let harness = VaultHarness(answer: challenging(answering: { _ in .response(200, body: body) }))
        let object = VaultObject(vault: contoso, kind: kind, name: "a")
        var set = SecretSet()
        let fetched = try #require(
            harness.client.fetch([object], into: &set, certificates: certificates, retryPolicy: harness.retryPolicy())
                .first
        ).get()
        let request = ObjectRequest(
            reference: VaultReference(object: object, pointer: pointer), encoding: encoding, format: format)
        let slot = try fetched.shaped(as: request, in: &set)
        return set.bytes(of: slot)
    }

    private func shaped(
        _ value: String, tag: String? = nil, encoding: ValueEncoding? = nil, pointer: String? = nil,
        format: ObjectFormat? = nil
    ) throws -> String {
        let tags = tag.map { ",\"tags\":{\"file-encoding\":\"\($0)\"}" } ?? ""
        let bytes = try shape(
            body: secretBody("a", value: quoted(value), extra: tags), encoding: encoding, format: format,
            pointer: pointer)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func failure(_ body: () throws -> some Any) -> VaultError? {
        do {
            _ = try body()
            return nil
        } catch {
            return error as? VaultError
        }
    }

    // MARK: Values

    @Test(arguments: ["utf-8", "utf-16le", "utf-16be", "ascii", "latin1", "UTF-8"])
    func `text is delivered as it is stored, whatever file it came from`(tag: String) throws {
        #expect(try shaped("Grüße\n", tag: tag) == "Grüße\n")
    }

    @Test(arguments: [
        ("base64", "SGVs\nbG8=\n"), ("BASE64", "SGVsbG8="), ("hex", "48656c6C6f"), ("hex", "48656c6c6f\n"),
    ])
    func `base64 and hexadecimal are decoded`(tag: String, value: String) throws {
        #expect(try shaped(value, tag: tag) == "Hello")
    }

    @Test func `lines of 76 columns are decoded`() throws {
        let bytes = (0..<200).map { UInt8($0) }
        let text = base64Text(bytes.span)
        let lines = stride(from: 0, to: text.count, by: 76).map { String(text.dropFirst($0).prefix(76)) }
        let body = secretBody(
            "a", value: quoted(lines.joined(separator: "\n") + "\n"), extra: ",\"tags\":{\"file-encoding\":\"base64\"}")
        #expect(try shape(body: body) == bytes)
    }

    @Test func `an encoding that is asked for beats the tag`() throws {
        #expect(try shaped("SGVsbG8=", tag: "base64", encoding: .utf8) == "SGVsbG8=")
        #expect(try shaped("SGVsbG8=", tag: "utf-8", encoding: .base64) == "Hello")
    }

    @Test(arguments: [(ValueEncoding.base64, "SGVs*"), (.base64, "S"), (.hex, "4"), (.hex, "zz")])
    func `a value that is not in its encoding can't be delivered`(encoding: ValueEncoding, value: String) throws {
        let error = try #require(failure { try shaped(value, encoding: encoding) })
        #expect(error.exitCode == .data)
        #expect(error.messageCode == .valueEncoding)
        #expect(error.diagnosis.text == "vault 'contoso-web': the value of secret 'a' is not \(encoding.rawValue)")
    }

    @Test func `a format is for certificates and keys`() {
        #expect(failure { try shaped("x", format: .pem) }?.messageCode == .certificateFormat)
    }

    // MARK: JSON

    @Test(arguments: [
        ("/password", "p\"w\né"), ("/port", "587.0"), ("/tls", "true"), ("/hosts/1", "b"),
        ("/nested", "{ \"a\" : [1, 2] }"),
        ("/none", "null"),
    ])
    func `a pointer takes a string's text and anything else as JSON`(pointer: String, expected: String) throws {
        let json = """
            {"password":"p\\"w\\n\\u00e9","port":587.0,"tls":true,"hosts":["a","b"],"nested":{ "a" : [1, 2] },"none":null}
            """
        #expect(try shaped(json, pointer: pointer) == expected)
        let encoded = base64Text(Array(json.utf8).span)
        #expect(try shaped(encoded, encoding: .base64, pointer: pointer) == expected)
    }

    @Test func `the empty pointer takes the whole of a JSON text`() throws {
        #expect(try shaped("\"a\\u0062\"", pointer: "") == "ab")
        #expect(try shaped(" {\"a\":1} ", pointer: "") == "{\"a\":1}")
    }

    @Test func `nothing at a pointer, no JSON and no pointer are told apart`() throws {
        let missing = try #require(failure { try shaped("{\"a\":1}", pointer: "/b") })
        #expect(missing.exitCode == .noInput)
        #expect(missing.messageCode == .jsonMember)
        #expect(missing.diagnosis.text == "vault 'contoso-web': secret 'a' has nothing at '/b'")
        let text = try #require(failure { try shaped("pass{word", pointer: "/b") })
        #expect(text.exitCode == .data)
        #expect(text.messageCode == .valueJSON)
        #expect(!text.diagnosis.text.contains("pass{word"))
        #expect(failure { try shaped("{}", pointer: "b") }?.exitCode == .usage)
    }

    // MARK: Certificates

    private typealias Fixtures = CertificateFixtures

    private func certificate(pem: String) -> String {
        secretBody("a", value: quoted(pem), extra: ",\"contentType\":\"application/x-pem-file\",\"managed\":true")
    }

    private func certificate(pfx: String) -> String {
        secretBody(
            "a", value: pfx.replacing("\n", with: ""),
            extra: ",\"contentType\":\"application/x-pkcs12\",\"managed\":true")
    }

    private func pem(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// Key and chain as vaults hold them, the chain in an odd order.
    private var bodies: [String] {
        [
            certificate(
                pem: [Fixtures.root, Fixtures.leafKey, Fixtures.intermediate, Fixtures.leaf].joined(separator: "\n")),
            certificate(pfx: Fixtures.pfxWithoutPassword),
        ]
    }

    private func blocks(_ text: String) -> [String] {
        text.split(separator: "-----BEGIN ").map { String($0.prefix { $0 != "-" }) }
    }

    @Test(arguments: [0, 1], [nil, ObjectFormat.pem])
    func `PEM is the key and the chain, leaf first, and the default`(body: Int, format: ObjectFormat?) throws {
        let text = pem(try shape(kind: .certificate, body: bodies[body], format: format))
        #expect(blocks(text) == ["PRIVATE KEY", "CERTIFICATE", "CERTIFICATE", "CERTIFICATE"])
        let chain = try CertificateBundle.certificates(pem: Array(text.utf8).span)
        #expect(chain.map(\.subject).first == Fixtures.leafSubject)
        #expect(chain[0].isIssued(by: chain[1]) && chain[1].isIssued(by: chain[2]))
    }

    @Test(arguments: [0, 1])
    func `key and chain can be had alone`(body: Int) throws {
        let key = pem(try shape(kind: .certificate, body: bodies[body], format: .pemKey))
        #expect(blocks(key) == ["PRIVATE KEY"])
        let chain = pem(try shape(kind: .certificate, body: bodies[body], format: .pemChain))
        #expect(blocks(chain) == ["CERTIFICATE", "CERTIFICATE", "CERTIFICATE"])
    }

    @Test(arguments: [0, 1])
    func `a PFX has an empty password and holds everything`(body: Int) throws {
        let bytes = try shape(kind: .certificate, body: bodies[body], format: .pfx)
        let bundle = try CertificateBundle(pfx: bytes.span)
        #expect(bundle.privateKey != nil)
        #expect(bundle.certificates.count == 3)
        if body == 1 { #expect(base64Text(bytes.span) == Fixtures.pfxWithoutPassword.replacing("\n", with: "")) }
    }

    @Test(arguments: [ObjectFormat.pem, .pemKey, .pfx])
    func `a certificate whose key can't be exported is had as its chain only`(format: ObjectFormat) throws {
        for body in [certificate(pem: Fixtures.leaf), certificate(pfx: Fixtures.pfxWithoutKey)] {
            let error = try #require(failure { try shape(kind: .certificate, body: body, format: format) })
            #expect(error.exitCode == .data)
            #expect(error.messageCode == .certificateFormat)
            #expect(error.diagnosis.text.contains("certificate 'a' has no private key"))
            #expect(error.diagnosis.hint?.contains("pem-chain") == true)
            #expect(blocks(pem(try shape(kind: .certificate, body: body, format: .pemChain))) == ["CERTIFICATE"])
        }
    }

    @Test func `a certificate's own answer gives its public part`() throws {
        let der = try #require(try CertificateBundle.certificates(pem: Array(Fixtures.leaf.utf8).span).first).der
        let body = """
            {"id":"https://contoso-web.vault.azure.net/certificates/a/\(version)","cer":"\(base64Text(der.span))"}
            """
        let chain = try shape(kind: .certificate, body: body, format: .pemChain, certificates: .certificate)
        #expect(try CertificateBundle.certificates(pem: chain.span).map(\.der) == [der])
    }

    @Test(arguments: ["nonsense", "", "MIIB", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
    func `what is no certificate is told as such`(value: String) throws {
        let error = try #require(
            failure { try shape(kind: .certificate, body: secretBody("a", value: quoted(value)), format: .pem) })
        #expect(error.messageCode == .certificateFormat)
    }

    @Test func `a certificate has no JWK`() {
        #expect(
            failure { try shape(kind: .certificate, body: bodies[0], format: .jwk) }?.reason
                == .format(.notForCertificates(.jwk)))
    }

    // MARK: Keys

    private func key(_ members: String) -> String {
        "{\"key\":{\"kid\":\"https://contoso-web.vault.azure.net/keys/a/\(version)\",\(members)},\"attributes\":{}}"
    }

    /// The example of RFC 7517, appendix A.1.
    private let curve = """
        "kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",\
        "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
        """

    @Test(arguments: [nil, ObjectFormat.jwk])
    func `a key is delivered as the JSON of the vault`(format: ObjectFormat?) throws {
        let text = pem(try shape(kind: .key, body: key(curve), format: format))
        #expect(text == "{\"kid\":\"https://contoso-web.vault.azure.net/keys/a/\(version)\",\(curve)}")
    }

    @Test func `a pointer takes a part of a key`() throws {
        #expect(pem(try shape(kind: .key, body: key(curve), pointer: "/crv")) == "P-256")
    }

    @Test(arguments: ["", "-HSM"])
    func `a key's public part is had as PEM`(suffix: String) throws {
        let members = curve.replacing("\"EC\"", with: "\"EC\(suffix)\"")
        let text = pem(try shape(kind: .key, body: key(members), format: .pem))
        #expect(blocks(text) == ["PUBLIC KEY"])
    }

    @Test(arguments: ["\"kty\":\"oct-HSM\"", "\"kty\":\"RSA\"", "\"kty\":\"RSA\",\"n\":\"AQAB\",\"n\":1,\"e\":\"*\""])
    func `a key without a public part has no PEM`(members: String) {
        #expect(
            failure { try shape(kind: .key, body: key(members), format: .pem) }?.reason == .format(.noPublicKey))
    }

    @Test(arguments: [ObjectFormat.pfx, .pemKey, .pemChain])
    func `a key has no other format`(format: ObjectFormat) {
        #expect(
            failure { try shape(kind: .key, body: key(curve), format: format) }?.reason
                == .format(.notForKeys(format)))
    }
}
