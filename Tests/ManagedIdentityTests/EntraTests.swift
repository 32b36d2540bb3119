import HTTPTransport
import LatchkeyTestSupport
import ManagedIdentity
import Messages
import Secrets
import Testing

private let application = ["AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_ID": "app-1"]
private let secret = application.merging(["AZURE_CLIENT_SECRET": "s&cr=t +\u{e9}"]) { $1 }

@Test func `a client secret is posted as a form`() throws {
    let harness = IdentityHarness(
        .response(200, body: #"{"token_type":"Bearer","expires_in":3599,"access_token":"synthetic-token"}"#))
    let session = try session(environment(secret), IdentityOptions(), harness)
    let token = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    #expect(token.expiresOn == now + 3599)
    let request = try #require(harness.requests.first)
    #expect(request.method == .post)
    #expect(request.url == "https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token")
    #expect(headers(request) == ["Content-Type": "application/x-www-form-urlencoded"])
    #expect(
        form(request) == [
            "client_id": "app-1", "grant_type": "client_credentials", "scope": "https://vault.azure.net/.default",
            "client_secret": "s&cr=t +\u{e9}",
        ])
    #expect(request.peer == .authorities)
    #expect(request.endpoint == "entra")
}

@Test(arguments: [
    ("https://vault.azure.cn", "https://login.chinacloudapi.cn/"),
    ("https://vault.usgovcloudapi.net", "https://login.microsoftonline.us/"),
    ("https://managedhsm.usgovcloudapi.net/", "https://login.microsoftonline.us/"),
    ("https://managedhsm.azure.net", "https://login.microsoftonline.com/"),
    ("https://vault.azure.net.example", "https://login.microsoftonline.com/"),
])
func `each cloud has its authority`(resource: String, authority: String) throws {
    let harness = IdentityHarness(.response(200, body: tokenBody))
    let session = try session(environment(secret), IdentityOptions(), harness)
    _ = try session.token(for: resource, retryPolicy: harness.retryPolicy())
    #expect(harness.requests[0].url == authority + "tenant-1/oauth2/v2.0/token")
    #expect(form(harness.requests[0])["scope"]?.hasSuffix("/.default") == true)
    #expect(form(harness.requests[0])["scope"]?.contains("//.default") == false)
}

@Test(arguments: ["https://login.example:8443/", "https://login.example:8443", "login.example:8443"])
func `an authority of the environment wins`(authority: String) throws {
    let harness = IdentityHarness(.response(200, body: tokenBody))
    let variables = secret.merging(["AZURE_AUTHORITY_HOST": authority]) { $1 }
    let session = try session(environment(variables), IdentityOptions(), harness)
    _ = try session.token(for: "https://vault.azure.cn", retryPolicy: harness.retryPolicy())
    #expect(harness.requests[0].url == "https://login.example:8443/tenant-1/oauth2/v2.0/token")
}

@Test func `claims go along, and make a new token`() throws {
    let harness = IdentityHarness(.response(200, body: tokenBody))
    let session = try session(environment(secret), IdentityOptions(), harness)
    _ = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    _ = try session.token(for: vault, claims: #"{"access_token":{}}"#, retryPolicy: harness.retryPolicy())
    #expect(harness.requests.count == 2)
    #expect(form(harness.requests[0])["claims"] == nil)
    #expect(form(harness.requests[1])["claims"] == #"{"access_token":{}}"#)
}

@Test func `a client secret may be a credential of systemd's`() throws {
    let variables = application.merging(["CREDENTIALS_DIRECTORY": "/run/credentials/x"]) { $1 }
    let files = FakeFiles(["/run/credentials/x/azure-client-secret": "from-a-file\n"])
    let harness = IdentityHarness(.response(200, body: tokenBody))
    let session = try session(environment(variables, files: files), IdentityOptions(), harness)
    _ = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    #expect(form(harness.requests[0])["client_secret"] == "from-a-file")
    #expect(session.decision.record.last?.reason == "the credential azure-client-secret is there")
}

@Test func `a credential without its companions is a half-set group`() throws {
    let files = FakeFiles(["/run/credentials/x/azure-client-secret": "s"])
    let found = try diagnosis {
        let variables = ["CREDENTIALS_DIRECTORY": "/run/credentials/x", "AZURE_CLIENT_ID": "a"]
        _ = try detectIdentity(IdentityOptions(), in: environment(variables, files: files))
    }
    #expect(found.code == .identityHalfSet)
    #expect(found.text.hasSuffix("the credential azure-client-secret is set, but AZURE_TENANT_ID is not"))
}

private struct Refusal: Sendable {
    var status = 400
    var number: Int?
    var word = "invalid_request"
    var code: MessageCode
    var exit: ExitCode
}

@Test(arguments: [
    Refusal(number: 90002, code: .identityUnknown, exit: .denied),
    Refusal(number: 900023, code: .identityUnknown, exit: .denied),
    Refusal(number: 700016, word: "unauthorized_client", code: .identityUnknown, exit: .denied),
    Refusal(status: 401, number: 7_000_215, word: "invalid_client", code: .identityDenied, exit: .denied),
    Refusal(status: 401, number: 7_000_222, word: "invalid_client", code: .identityDenied, exit: .denied),
    Refusal(status: 401, number: 700027, word: "invalid_client", code: .identityDenied, exit: .denied),
    Refusal(status: 401, number: 700024, word: "invalid_client", code: .identityDenied, exit: .denied),
    Refusal(status: 401, number: 700213, word: "invalid_client", code: .identityDenied, exit: .denied),
    Refusal(number: 500011, word: "invalid_resource", code: .identityRefused, exit: .denied),
    Refusal(number: 53003, word: "invalid_grant", code: .identityDenied, exit: .denied),
    Refusal(number: 900144, code: .identityRefused, exit: .protocolFailure),
    Refusal(status: 401, number: nil, word: "invalid_client", code: .identityDenied, exit: .denied),
    Refusal(status: 404, number: nil, code: .identityRefused, exit: .protocolFailure),
])
private func `a refusal of Entra's is told by its number, and not by its text`(refusal: Refusal) throws {
    let number = refusal.number.map { "AADSTS\($0): " } ?? ""
    let body = """
        {"error":"\(refusal.word)","error_description":"\(number)synthetic words with id 0000-1111.\\r\\nTrace ID: 2222",
        "error_codes":[\(refusal.number.map(String.init) ?? "")],"correlation_id":"3333"}
        """
    let harness = IdentityHarness(.response(refusal.status, body: body))
    let session = try session(environment(secret), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect((found.code, found.exitCode) == (refusal.code, refusal.exit))
    #expect(harness.requests.count == 1)
    let suffix = refusal.number.map { "(HTTP \(refusal.status), AADSTS\($0))" }
    #expect(found.text.hasSuffix(suffix ?? "(HTTP \(refusal.status), \(refusal.word))"))
    if let number = refusal.number, refusal.exit == .protocolFailure {
        #expect(found.hint == "see 'https://login.microsoftonline.com/error?code=\(number)'")
    }
    let whole = found.text + (found.hint ?? "")
    #expect(["synthetic", "0000", "1111", "2222", "3333"].allSatisfy { !whole.contains($0) })
}

@Test func `a number in the text is enough`() throws {
    let harness = IdentityHarness(.response(400, body: #"{"error":"x","error_description":"AADSTS700016: synthetic"}"#))
    let session = try session(environment(secret), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect(
        found.text
            == "identity 'client-secret': client id 'app-1' is unknown in tenant 'tenant-1' (HTTP 400, AADSTS700016)")
    #expect(found.hint?.contains("az ad sp show --id app-1") == true)
}

@Test func `an error word that could be an id is not repeated`() throws {
    let harness = IdentityHarness(.response(400, body: #"{"error":"invalid_1234-5678"}"#))
    let session = try session(environment(secret), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect(!found.text.contains("1234"))
}

@Test(arguments: [408, 429, 500, 503])
func `what may pass is tried again with full jitter`(status: Int) throws {
    let harness = IdentityHarness(.response(status), .response(status), .response(200, body: tokenBody))
    let listener = Listener()
    let session = try session(environment(secret), IdentityOptions(), harness, observer: listener)
    _ = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    #expect(harness.times == [0, 800, 2400].map { Duration.milliseconds($0) })
    #expect(listener.retries.map(\.pause) == [.milliseconds(800), .milliseconds(1600)])
    #expect(listener.exchanges == ["entra \(status)", "entra \(status)", "entra 200"])
}

@Test func `an error that Entra calls passing is tried again`() throws {
    let harness = IdentityHarness(.response(400, body: #"{"error_codes":[90033]}"#), .response(200, body: tokenBody))
    let session = try session(environment(secret), IdentityOptions(), harness)
    _ = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    #expect(harness.requests.count == 2)
}
