import HTTPTransport
import LatchkeyTestSupport
import ManagedIdentity
import Messages
import Secrets
import Testing

private let directory = "/var/opt/azcmagent/tokens"
private let variables = [
    "IDENTITY_ENDPOINT": "http://localhost:40342/metadata/identity/oauth2/token",
    "IMDS_ENDPOINT": "http://localhost:40342",
]
private let url =
    "http://localhost:40342/metadata/identity/oauth2/token?api-version=2020-06-01"
    + "&resource=https%3A%2F%2Fvault.azure.net"

private func challenge(_ realm: String) -> FakeTransport.Answer {
    .response(401, [("WWW-Authenticate", "Basic realm=\(realm)")])
}

@Test(arguments: ["\(directory)/a-b.key", "\"\(directory)/a-b.key\""])
func `the key of the challenge's file goes into the second request`(realm: String) throws {
    let harness = IdentityHarness(challenge(realm), .response(200, body: tokenBody))
    let files = FakeFiles(["\(directory)/a-b.key": "synthetic-key\n"])
    let session = try session(environment(variables, files: files), IdentityOptions(), harness)
    #expect(text(try session.token(for: vault, retryPolicy: harness.retryPolicy()).secret) == "synthetic-token")
    #expect(harness.requests.map(\.url) == [url, url])
    #expect(headers(harness.requests[0]) == ["Metadata": "true"])
    #expect(headers(harness.requests[1]) == ["Metadata": "true", "Authorization": "Basic synthetic-key"])
    #expect(harness.requests.allSatisfy { $0.peer == .machine })
}

@Test(arguments: [
    "/tmp/foo", "\(directory)/../x.key", "\(directory)/sub/x.key", "\(directory)/x.pem", "\(directory)/.key",
    "/var/opt/azcmagent/tokensx/a.key", "\(directory)//etc/a.key", "a.key", "", "\(directory)/a\u{7}.key",
])
func `a challenge that names any other file is refused, and nothing is read`(realm: String) throws {
    let harness = IdentityHarness(challenge(realm))
    let files = FakeFiles(["/tmp/foo": "x", "\(directory)/x.pem": "x"])
    let session = try session(environment(variables, files: files), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect((found.code, found.exitCode) == (.identityAnswer, .protocolFailure))
    #expect(files.reads.isEmpty)
    #expect(harness.requests.count == 1)
}

@Test(arguments: [[], [("WWW-Authenticate", "Bearer realm=\(directory)/a.key")], [("WWW-Authenticate", "Basic")]])
func `an answer without such a challenge is refused`(fields: [(String, String)]) throws {
    let harness = IdentityHarness(.response(401, fields))
    let session = try session(environment(variables), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect((found.code, found.exitCode) == (.identityAnswer, .protocolFailure))
}

@Test func `a token without a challenge is refused`() throws {
    let harness = IdentityHarness(.response(200, body: tokenBody))
    let session = try session(environment(variables), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect(found.text == "identity 'arc': the agent gave no challenge")
}

private struct KeyProblem: Sendable {
    var code: CInt?
    var content = "x"
    var message: MessageCode
    var exit: ExitCode
}

@Test(arguments: [
    KeyProblem(code: 13, message: .identityDenied, exit: .denied),
    KeyProblem(code: 40, message: .identityAnswer, exit: .protocolFailure),
    KeyProblem(code: 1, message: .identityAnswer, exit: .protocolFailure),
    KeyProblem(code: 27, message: .identityAnswer, exit: .protocolFailure),
    KeyProblem(code: 21, message: .identityAnswer, exit: .protocolFailure),
    KeyProblem(code: 22, message: .identityAnswer, exit: .protocolFailure),
    KeyProblem(code: 2, message: .environmentValue, exit: .noInput),
    KeyProblem(content: "two\nlines", message: .identityAnswer, exit: .protocolFailure),
    KeyProblem(content: "\n", message: .identityAnswer, exit: .protocolFailure),
])
private func `a key that cannot be had is never replaced by anything`(problem: KeyProblem) throws {
    let harness = IdentityHarness(challenge("\(directory)/a.key"))
    let files = FakeFiles(["\(directory)/a.key": problem.content])
    files.failures["\(directory)/a.key"] = problem.code
    let session = try session(environment(variables, files: files), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect((found.code, found.exitCode) == (problem.message, problem.exit))
    #expect(harness.requests.count == 1)
}

private struct Echo: Sendable {
    var options: IdentityOptions
    var parameter: String
    var echo: String
    var confirmed: Bool
}

@Test(arguments: [
    Echo(
        options: IdentityOptions(clientID: "ABC"), parameter: "&client_id=ABC", echo: #""client_id":"abc""#,
        confirmed: true),
    Echo(
        options: IdentityOptions(objectID: "o"), parameter: "&object_id=o", echo: #""object_id":"o""#, confirmed: true),
    Echo(
        options: IdentityOptions(resourceID: "/subscriptions/S"), parameter: "&msi_res_id=%2Fsubscriptions%2FS",
        echo: #""mi_res_id":"/subscriptions/s""#, confirmed: true),
    Echo(
        options: IdentityOptions(clientID: "c"), parameter: "&client_id=c", echo: #""client_id":"other""#,
        confirmed: false),
    Echo(options: IdentityOptions(clientID: "c"), parameter: "&client_id=c", echo: #""client_id":7"#, confirmed: false),
    Echo(
        options: IdentityOptions(clientID: "c"), parameter: "&client_id=c", echo: #""object_id":"c""#, confirmed: false),
])
private func `a chosen identity must be confirmed by the answer`(echo: Echo) throws {
    let body = #"{"access_token":"synthetic-token","expires_in":"100",\#(echo.echo)}"#
    let harness = IdentityHarness(challenge("\(directory)/a.key"), .response(200, body: body))
    let files = FakeFiles(["\(directory)/a.key": "k"])
    let session = try session(environment(variables, files: files), echo.options, harness)
    if echo.confirmed {
        #expect(try session.token(for: vault, retryPolicy: harness.retryPolicy()).expiresOn == now + 100)
    } else {
        let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
        #expect((found.code, found.exitCode) == (.identityUnknown, .denied))
        #expect(!found.text.contains("other"))
    }
    #expect(harness.requests.map(\.url) == [url + echo.parameter, url + echo.parameter])
}

@Test func `the agent is asked at its default endpoint when it is installed`() throws {
    let harness = IdentityHarness(challenge("\(directory)/a.key"), .response(200, body: tokenBody))
    let files = FakeFiles(["\(directory)/a.key": "k", "/opt/azcmagent/bin/himds": ""])
    let session = try session(environment(files: files), IdentityOptions(), harness)
    _ = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    #expect(harness.requests[0].url.hasPrefix("http://127.0.0.1:40342/metadata/identity/oauth2/token?"))
}

@Test func `both steps are repeated after a failure that may pass`() throws {
    let harness = IdentityHarness(
        challenge("\(directory)/a.key"), .response(503), challenge("\(directory)/b.key"),
        .response(200, body: tokenBody))
    let files = FakeFiles(["\(directory)/a.key": "first", "\(directory)/b.key": "second"])
    let session = try session(environment(variables, files: files), IdentityOptions(), harness)
    _ = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    #expect(headers(harness.requests[3])["Authorization"] == "Basic second")
    #expect(harness.times == [.zero, .zero, .milliseconds(800), .milliseconds(800)])
}
