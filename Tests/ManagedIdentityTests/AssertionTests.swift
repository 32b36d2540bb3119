import Cryptography
import FoundationEssentials
import HTTPTransport
import LatchkeyTestSupport
import ManagedIdentity
import Messages
import Secrets
import Testing

private typealias Fixtures = CertificateFixtures

private let certificate = [
    "AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_ID": "app-1", "AZURE_CLIENT_CERTIFICATE_PATH": "/c",
]
private let chain = [Fixtures.leafKey, Fixtures.leaf, Fixtures.intermediate].joined(separator: "\n")

private func bytes(fromBase64 text: String, _ alphabet: Base64Alphabet = .standard) throws -> [UInt8] {
    let encoded = Array(text.utf8)
    return try base64Decoded(encoded.span, alphabet).withBytes { bytes in bytes.indices.map { bytes[$0] } }
}

private struct Header: Decodable, Equatable {
    var typ: String
    var alg: String
    var thumbprint256: String?
    var thumbprint1: String?
    var x5c: [String]?

    enum CodingKeys: String, CodingKey {
        case typ, alg, x5c
        case thumbprint256 = "x5t#S256"
        case thumbprint1 = "x5t"
    }
}

private struct Claims: Decodable {
    var aud: String
    var iss: String
    var sub: String
    var jti: String
    var nbf: Int64
    var exp: Int64
}

private func part<Value: Decodable>(_ index: Int, of assertion: String) throws -> Value {
    let parts = assertion.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    try #require(parts.count == 3)
    return try JSONDecoder().decode(Value.self, from: Data(bytes(fromBase64: parts[index], .url)))
}

/// The assertion that a set of variables and files leads to.
private func assertion(_ variables: [String: String], _ files: FakeFiles) throws -> (HTTPRequest, String) {
    let harness = IdentityHarness(.response(200, body: tokenBody))
    let session = try session(environment(variables, files: files), IdentityOptions(), harness)
    _ = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    let request = try #require(harness.requests.first)
    return (request, try #require(form(request)["client_assertion"]))
}

@Test func `a certificate's assertion is what Microsoft documents`() throws {
    let (request, assertion) = try assertion(certificate, FakeFiles(["/c": chain]))
    #expect(request.url == "https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token")
    var fields = form(request)
    fields["client_assertion"] = nil
    #expect(
        fields == [
            "client_id": "app-1", "grant_type": "client_credentials", "scope": "https://vault.azure.net/.default",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ])
    let header: Header = try part(0, of: assertion)
    #expect(header == Header(typ: "JWT", alg: "PS256", thumbprint256: "CuJ0-oBQyO4NbngdZXPARbQsmPGRIGuLP_XH5-jEgJM"))
    let claims: Claims = try part(1, of: assertion)
    #expect(claims.aud == request.url)
    #expect((claims.iss, claims.sub) == ("app-1", "app-1"))
    #expect((claims.nbf, claims.exp) == (now, now + 1800))
    #expect(claims.jti.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
}

@Test func `the signature is over header and claims`() throws {
    // RS256 gives one signature only, which can be made again here.
    let adfs = certificate.merging(["AZURE_TENANT_ID": "adfs", "AZURE_AUTHORITY_HOST": "https://adfs.example"]) { $1 }
    let (request, assertion) = try assertion(adfs, FakeFiles(["/c": chain]))
    #expect(request.url == "https://adfs.example/adfs/oauth2/token")
    let header: Header = try part(0, of: assertion)
    #expect(header == Header(typ: "JWT", alg: "RS256", thumbprint1: "2pMp3mUBjEKT_ufU2T-7-RFkuAI"))
    let parts = assertion.split(separator: ".").map(String.init)
    let pem = Array(Fixtures.leafKey.utf8)
    let signed = Array("\(parts[0]).\(parts[1])".utf8)
    let key = try #require(try CertificateBundle(pem: pem.span).privateKey)
    #expect(try bytes(fromBase64: parts[2], .url) == key.sign(signed.span, .rs256))
}

@Test(arguments: ["1", "true", "TRUE"])
func `the chain goes along when that is wished`(wish: String) throws {
    let variables = certificate.merging(["AZURE_CLIENT_SEND_CERTIFICATE_CHAIN": wish]) { $1 }
    let reversed = [Fixtures.intermediate, Fixtures.leaf, Fixtures.leafKey].joined(separator: "\n")
    let (_, assertion) = try assertion(variables, FakeFiles(["/c": reversed]))
    let header: Header = try part(0, of: assertion)
    let certificates = try #require(header.x5c).map { try bytes(fromBase64: $0) }
    let subjects = try certificates.map { try Certificate(der: $0.span).subject }
    #expect(subjects == [Fixtures.leafSubject, "CN=Intermediate,O=Latchkey Tests"])
}

@Test(arguments: [
    (Fixtures.pfx, Fixtures.password), (Fixtures.pfxLegacy, Fixtures.password), (Fixtures.pfxWithoutPassword, ""),
])
func `a PFX does as well, with or without a password`(pfx: String, password: String) throws {
    let files = FakeFiles()
    files.contents["/c"] = try bytes(fromBase64: pfx)
    let variables = certificate.merging(["AZURE_CLIENT_CERTIFICATE_PASSWORD": password]) { $1 }
    let (_, assertion) = try assertion(variables, files)
    let header: Header = try part(0, of: assertion)
    #expect(header.thumbprint256 == "CuJ0-oBQyO4NbngdZXPARbQsmPGRIGuLP_XH5-jEgJM")
}

@Test func `certificate and password may be credentials of systemd's`() throws {
    let variables = [
        "AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_ID": "app-1", "CREDENTIALS_DIRECTORY": "/run/credentials/x",
    ]
    let files = FakeFiles([
        "/run/credentials/x/azure-client-certificate": [Fixtures.leafKeyEncrypted, Fixtures.leaf].joined(
            separator: "\n"),
        "/run/credentials/x/azure-client-certificate-password": Fixtures.password + "\n",
    ])
    let (_, assertion) = try assertion(variables, files)
    let header: Header = try part(0, of: assertion)
    #expect(header.alg == "PS256")
}

private struct BadFile: Sendable {
    var content: String?
    var code: CInt?
    var exit: ExitCode
    var words: String
}

@Test(arguments: [
    BadFile(exit: .noInput, words: "no such file"),
    BadFile(content: "x", code: 13, exit: .system, words: "permission denied"),
    BadFile(content: "garbage", exit: .configuration, words: "not well-formed PKCS#12"),
    BadFile(content: Fixtures.leaf, exit: .configuration, words: "must hold a private key"),
    BadFile(content: Fixtures.leafKey, exit: .configuration, words: "must hold a private key"),
    BadFile(
        content: Fixtures.leafKey + "\n" + Fixtures.root, exit: .configuration, words: "the certificate of that key"),
    BadFile(
        content: Fixtures.leafKeyEncrypted + "\n" + Fixtures.leaf, exit: .configuration, words: "no password is given"),
])
private func `a certificate that cannot be used is said before anything is sent`(file: BadFile) throws {
    let files = FakeFiles(file.content.map { ["/c": $0] } ?? [:])
    files.failures["/c"] = file.code
    let harness = IdentityHarness(.response(200, body: tokenBody))
    let session = try session(environment(certificate, files: files), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect(found.exitCode == file.exit)
    #expect(found.text.contains("AZURE_CLIENT_CERTIFICATE_PATH"))
    #expect(found.text.contains(file.words))
    #expect(harness.requests.isEmpty)
}

// Workload identity: the assertion is the cluster's own.

private let workload = [
    "AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_ID": "app-1", "AZURE_FEDERATED_TOKEN_FILE": "/t",
]

@Test func `the federated token is the assertion, read at every exchange`() throws {
    let files = FakeFiles(["/t": "first\n"])
    let harness = IdentityHarness(.response(503), .response(200, body: tokenBody))
    let session = try session(environment(workload, files: files), IdentityOptions(), harness)
    _ = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    #expect(files.reads == ["/t", "/t"])
    #expect(
        form(harness.requests[1]) == [
            "client_id": "app-1", "grant_type": "client_credentials", "scope": "https://vault.azure.net/.default",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": "first",
        ])
    #expect(harness.requests.allSatisfy { $0.peer == .authorities })
}

@Test(arguments: [(nil, ExitCode.noInput), ("", .configuration)] as [(String?, ExitCode)])
func `a federated token that is missing or empty is named by its variable`(content: String?, exit: ExitCode) throws {
    let harness = IdentityHarness(.response(200, body: tokenBody))
    let files = FakeFiles(content.map { ["/t": $0] } ?? [:])
    let session = try session(environment(workload, files: files), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect(found.exitCode == exit)
    #expect(found.text.contains("AZURE_FEDERATED_TOKEN_FILE"))
}

private struct Route: Sendable {
    var more: [String: String]
    var url: String
    var peer: HTTPRequest.Peer
}

@Test(arguments: [
    Route(
        more: [:], url: "https://proxy.internal:6443/tenant-1/oauth2/v2.0/token",
        peer: .tokenProxy(connect: "proxy.internal:6443", serverName: nil, authoritiesPEM: nil)),
    Route(
        more: ["AZURE_KUBERNETES_TOKEN_PROXY": "https://10.0.0.1/base/", "AZURE_KUBERNETES_CA_DATA": "pem"],
        url: "https://10.0.0.1/base/tenant-1/oauth2/v2.0/token",
        peer: .tokenProxy(connect: "10.0.0.1:443", serverName: nil, authoritiesPEM: "pem")),
    Route(
        more: ["AZURE_KUBERNETES_SNI_NAME": "name.ests.aks", "AZURE_KUBERNETES_CA_FILE": "/ca"],
        url: "https://name.ests.aks:6443/tenant-1/oauth2/v2.0/token",
        peer: .tokenProxy(connect: "proxy.internal:6443", serverName: "name.ests.aks", authoritiesPEM: "pem of a file")),
])
private func `the cluster's proxy takes the exchange where it is configured`(route: Route) throws {
    let base = ["AZURE_KUBERNETES_TOKEN_PROXY": "https://proxy.internal:6443"]
    let variables = workload.merging(base) { $1 }.merging(route.more) { $1 }
    let harness = IdentityHarness(.response(200, body: tokenBody))
    let files = FakeFiles(["/t": "token", "/ca": "pem of a file"])
    let session = try session(environment(variables, files: files), IdentityOptions(), harness)
    _ = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    #expect(harness.requests[0].url == route.url)
    #expect(harness.requests[0].peer == route.peer)
}

@Test(arguments: [
    ["AZURE_KUBERNETES_TOKEN_PROXY": "http://proxy"], ["AZURE_KUBERNETES_TOKEN_PROXY": "https://proxy/?q"],
    ["AZURE_KUBERNETES_TOKEN_PROXY": "https://u@proxy/"],
    ["AZURE_KUBERNETES_TOKEN_PROXY": "https://proxy", "AZURE_KUBERNETES_SNI_NAME": "a/b"],
    ["AZURE_KUBERNETES_TOKEN_PROXY": "https://p", "AZURE_KUBERNETES_CA_FILE": "/c", "AZURE_KUBERNETES_CA_DATA": "d"],
])
func `a proxy that cannot be used as configured is refused`(more: [String: String]) throws {
    let found = try diagnosis {
        _ = try detectIdentity(IdentityOptions(), in: environment(workload.merging(more) { $1 }))
    }
    #expect((found.code, found.exitCode) == (.environmentValue, .configuration))
    #expect(found.text.contains("AZURE_KUBERNETES_"))
}
