import Cryptography
import LatchkeyTestSupport
import Secrets
import Testing

typealias Fixtures = CertificateFixtures

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

func shared(_ text: String) -> SharedSecret { SharedSecret(SecretBytes(copying: utf8(text).span)) }

func plain(_ secret: borrowing SecretBytes) -> [UInt8] {
    secret.withBytes { bytes in bytes.indices.map { bytes[$0] } }
}

// Spans are lent in functions of their own: the compiler crashes on some spans of temporaries inside `#expect`.

func bundle(pem text: String, password: String? = nil) throws -> CertificateBundle {
    let bytes = utf8(text)
    return try CertificateBundle(pem: bytes.span, password: password.map(shared))
}

func bundle(pfx bytes: [UInt8], password: String? = nil) throws -> CertificateBundle {
    try CertificateBundle(pfx: bytes.span, password: password.map(shared))
}

private func certificate(der bytes: [UInt8]) throws -> Certificate {
    try Certificate(der: bytes.span)
}

private func certificates(pem text: String) throws -> [Certificate] {
    let bytes = utf8(text)
    return try CertificateBundle.certificates(pem: bytes.span)
}

private func decoded(_ text: String) throws -> [UInt8] {
    let bytes = utf8(text)
    return plain(try base64Decoded(bytes.span))
}

private func keyPEM(_ bundle: CertificateBundle) throws -> String {
    String(decoding: plain(try bundle.privateKeyPEM()), as: UTF8.self)
}

private func hex(_ bytes: [UInt8]) -> String { hexadecimal(bytes.span) }

private let subjects = [
    Fixtures.leafSubject, "CN=Intermediate,O=Latchkey Tests", "CN=Root,O=Latchkey Tests",
]

@Test func `a certificate shows its names, dates and thumbprints`() throws {
    let leaf = try #require(try certificates(pem: Fixtures.leaf).first)
    #expect(leaf.subject == subjects[0])
    #expect(leaf.issuer == subjects[1])
    #expect(leaf.notBefore == 1_795_427_337)
    #expect(leaf.notAfter == 4_949_027_337)
    #expect(hex(leaf.sha1Thumbprint) == "da9329de65018c4293fee7d4d93fbbf91164b802")
    let sha256 = "0ae274fa8050c8ee0d6e781d6573c045b42c98f191206b8b3ff5c7e7e8c48093"
    #expect(hex(leaf.sha256Thumbprint) == sha256)
    #expect(try certificate(der: leaf.der) == leaf)
}

@Test func `bytes behind a certificate are refused`() throws {
    let leaf = try #require(try certificates(pem: Fixtures.leaf).first)
    #expect(throws: CryptographyError.malformed(what: "certificate")) { try certificate(der: leaf.der + [0]) }
    #expect(throws: CryptographyError.malformed(what: "certificate")) { try certificate(der: []) }
}

@Test(arguments: [
    [Fixtures.leafKey, Fixtures.leaf, Fixtures.intermediate, Fixtures.root],
    [Fixtures.root, Fixtures.intermediate, Fixtures.leaf, Fixtures.leafKey],
    ["a comment", Fixtures.intermediate, Fixtures.root, Fixtures.leafKeyTraditional, Fixtures.leaf, Fixtures.root],
])
func `a PEM text is read in any order and put leaf first`(blocks: [String]) throws {
    let read = try bundle(pem: blocks.joined(separator: "\n"))
    #expect(read.certificates.map(\.subject) == subjects)
    #expect(read.privateKey?.isRSA == true)
}

@Test func `certificates without a key are put leaf first by who issued whom`() throws {
    let text = [Fixtures.root, Fixtures.leaf, Fixtures.intermediate].joined(separator: "\n")
    let read = try bundle(pem: text)
    #expect(read.privateKey == nil)
    #expect(read.certificates.map(\.subject) == subjects)
}

@Test func `an encrypted key opens with its password only`() throws {
    let text = Fixtures.leafKeyEncrypted
    #expect(try bundle(pem: text, password: Fixtures.password).privateKey != nil)
    #expect(throws: CryptographyError.passwordMissing) { try bundle(pem: text) }
    #expect(throws: CryptographyError.passwordWrong) { try bundle(pem: text, password: "wrong") }
}

@Test(arguments: ["", "no blocks at all", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
func `what is not PEM is refused`(text: String) {
    #expect(throws: CryptographyError.self) { try bundle(pem: text) }
}

@Test(arguments: [Fixtures.leafKey, Fixtures.leafKeyTraditional])
func `a key is written as unencrypted PKCS 8`(key: String) throws {
    let read = try bundle(pem: key)
    #expect(try keyPEM(read) == Fixtures.leafKey + "\n")
}

@Test func `certificates are written as they were read`() throws {
    let read = try bundle(pem: Fixtures.intermediate + "\n" + Fixtures.leaf)
    #expect(read.certificatesPEM() == Fixtures.leaf + "\n" + Fixtures.intermediate + "\n")
    #expect(throws: CryptographyError.privateKeyMissing) { _ = try read.privateKeyPEM() }
}

@Test(
    arguments: [
        (Fixtures.pfxWithoutPassword, nil), (Fixtures.pfxWithoutPassword, ""), (Fixtures.pfx, Fixtures.password),
        (Fixtures.pfxLegacy, Fixtures.password), (Fixtures.pfxRC2, Fixtures.password),
    ] as [(String, String?)])
func `a PFX yields its key and chain`(pfx: String, password: String?) throws {
    let read = try bundle(pfx: decoded(pfx), password: password)
    #expect(read.certificates.map(\.subject) == subjects)
    #expect(try keyPEM(read) == Fixtures.leafKey + "\n")
    // A key of the legacy provider must still sign once that provider is gone.
    let message = utf8("message")
    let signature = try read.privateKey?.sign(message.span, .ps256)
    #expect(signature?.count == 256)
}

@Test func `a PFX without a key yields its certificate`() throws {
    let read = try bundle(pfx: decoded(Fixtures.pfxWithoutKey))
    #expect(read.privateKey == nil)
    #expect(read.certificates.map(\.subject) == [subjects[0]])
}

@Test func `a PFX opens with its password only`() throws {
    let der = try decoded(Fixtures.pfx)
    #expect(throws: CryptographyError.passwordMissing) { try bundle(pfx: der) }
    #expect(throws: CryptographyError.passwordWrong) { try bundle(pfx: der, password: "wrong") }
    #expect(throws: CryptographyError.malformed(what: "PKCS#12")) { try bundle(pfx: Array(der.prefix(100))) }
}

@Test(arguments: [nil, "new-password"])
func `a PFX that is written can be read again`(password: String?) throws {
    let made = try bundle(pem: [Fixtures.leafKey, Fixtures.leaf, Fixtures.intermediate].joined(separator: "\n"))
    let written = plain(try made.pfx(password: password.map(shared)))
    let read = try bundle(pfx: written, password: password)
    #expect(read.certificates == made.certificates)
    #expect(try keyPEM(read) == keyPEM(made))
}
