import HTTPTransport
import LatchkeyTestSupport
import LinuxSystem
import ManagedIdentity
import Messages
import Secrets
import Testing

private let named = IdentityOptions(source: .imds)
private let probeAnswer = FakeTransport.Answer.response(
    400, body: #"{"error":"invalid_request","error_description":"Required metadata header not specified"}"#)
private let refusedConnection = FakeTransport.Answer.failure(
    .couldNotConnect(host: "169.254.169.254", reason: "connection refused"))

@Test func `an automatic choice probes without the header before it asks`() throws {
    let harness = IdentityHarness(probeAnswer, .response(200, body: tokenBody))
    let session = try session(environment(), IdentityOptions(), harness)
    _ = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    #expect(harness.requests.count == 2)
    let probe = try #require(harness.requests.first)
    #expect(probe.url == "http://169.254.169.254/metadata/identity/oauth2/token")
    #expect(headers(probe).isEmpty)
    #expect((probe.timeout, probe.connectTimeout, probe.peer) == (.seconds(5), .seconds(1), .machine))
    #expect(headers(harness.requests[1]) == ["Metadata": "true"])
}

@Test(arguments: [FakeTransport.Answer.failure(.timedOut(connected: false)), refusedConnection])
func `an automatic choice ends within five seconds where nothing answers`(answer: FakeTransport.Answer) throws {
    let harness = IdentityHarness(answer)
    let session = try session(environment(), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect((found.code, found.exitCode) == (.identityNone, .denied))
    #expect(harness.elapsed <= .seconds(5))
    #expect(harness.elapsed >= .seconds(3))
    #expect(harness.requests.allSatisfy { headers($0).isEmpty })
    #expect(found.text.utf8.count <= 1024)
}

@Test func `the list of what was tried ends with the metadata service`() throws {
    let harness = IdentityHarness(refusedConnection)
    let session = try session(environment(), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect(found.text.hasPrefix("no identity found: client-secret: AZURE_CLIENT_SECRET is not set; "))
    #expect(found.text.hasSuffix("; imds: no answer from 169.254.169.254 within 5 s"))
    #expect(session.decision.record.allSatisfy { !$0.taken })
}

@Test func `a metadata service that comes up during the probes is used`() throws {
    let harness = IdentityHarness(refusedConnection, refusedConnection, probeAnswer, .response(200, body: tokenBody))
    let session = try session(environment(), IdentityOptions(), harness)
    #expect(try session.token(for: vault, retryPolicy: harness.retryPolicy()).expiresOn == 4_102_444_800)
    #expect(harness.times == [.zero, .milliseconds(250), .milliseconds(750), .milliseconds(750)])
}

@Test func `a service that accepts a connection and is slow is there`() throws {
    let harness = IdentityHarness(.silence, .response(200, body: tokenBody))
    let session = try session(environment(), IdentityOptions(), harness)
    #expect(try session.token(for: vault, retryPolicy: harness.retryPolicy()).expiresOn == 4_102_444_800)
    #expect(harness.requests.count == 2)
}

@Test(arguments: [IdentityOptions.Source.auto, .imds])
func `the metadata service of another cloud is no identity`(source: IdentityOptions.Source) throws {
    let page = "<!DOCTYPE html><html><body>Unauthorized</body></html>"
    for (status, body) in [
        (401, page), (401, ""), (403, "Missing Metadata-Flavor:Google header."), (200, page),
    ] {
        let harness = IdentityHarness(.response(status, body: body))
        let asked = try session(environment(), IdentityOptions(source: source), harness)
        let found = try diagnosis { _ = try asked.token(for: vault, retryPolicy: harness.retryPolicy()) }
        #expect((found.code, found.exitCode) == (.identityNone, .denied), "\(status) \(body)")
        #expect(
            found.text.hasSuffix("what answers at 169.254.169.254 is not Azure's metadata service (HTTP \(status))"))
        #expect(found.hint?.contains("client-secret") == true || found.hint?.contains("AZURE_CLIENT_SECRET") == true)
        #expect(harness.requests.count == 1)
    }
}

@Test func `an empty refusal is that of Azure's metadata security protocol`() throws {
    let harness = IdentityHarness(.response(403))
    let asked = try session(environment(), named, harness)
    let found = try diagnosis { _ = try asked.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect((found.code, found.exitCode) == (.identityDenied, .denied))
}

@Test func `Docker Desktop's proxy is no metadata service`() throws {
    let harness = IdentityHarness(
        .response(403, body: "connecting to 169.254.169.254:80: A socket operation was Unreachable"))
    let automatic = try session(environment(), IdentityOptions(), harness)
    let found = try diagnosis { _ = try automatic.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect((found.code, found.exitCode) == (.identityNone, .denied))
    #expect(found.text.hasSuffix("imds: a proxy answers that 169.254.169.254 is unreachable"))
    #expect(harness.requests.count == 1)
}

@Test func `Docker Desktop's proxy is no metadata service for the named source either`() throws {
    let harness = IdentityHarness(.response(403, body: "network is unreachable"))
    let asked = try session(environment(), named, harness)
    let found = try diagnosis { _ = try asked.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect((found.code, found.exitCode) == (.identityNone, .denied))
    #expect(harness.requests.count == 1)
}

@Test(arguments: [404, 408, 410, 429, 500, 502, 503, 504])
func `a status that may pass is tried again in the documented rhythm until the deadline`(status: Int) throws {
    let harness = IdentityHarness(.response(status))
    let listener = Listener()
    let session = try session(environment(), named, harness, observer: listener)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy(.seconds(90))) }
    #expect(found.exitCode == .temporary)
    #expect(found.code == (status == 429 ? .identityThrottled : .identityFailing))
    #expect(harness.times == [0, 0, 2, 8, 22, 52, 82, 89].map { Duration.seconds($0) })
    #expect(listener.retries.count == 7)
    #expect(listener.retries.map(\.pause) == [0, 2, 6, 14, 30, 30, 7].map { Duration.seconds($0) })
    #expect(listener.exchanges == [String](repeating: "identity \(status)", count: 8))
}

@Test func `an upgrade of 70 seconds is survived`() throws {
    let gone = FakeTransport.Answer.response(410)
    let harness = IdentityHarness(gone, gone, gone, gone, gone, gone, .response(200, body: tokenBody))
    let session = try session(environment(), named, harness)
    _ = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    #expect(harness.elapsed >= .seconds(70))
}

@Test func `a named source that does not answer is retried until the deadline`() throws {
    let harness = IdentityHarness(refusedConnection)
    let session = try session(environment(), named, harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy(.seconds(15))) }
    #expect((found.code, found.exitCode) == (.identityUnreachable, .temporary))
    #expect(harness.times == [0, 0, 2, 8, 14].map { Duration.seconds($0) })
    #expect(
        found.text == "identity 'imds': no answer from '169.254.169.254:80': could not connect: connection refused")
}

@Test func `silence ends with each request's own limit`() throws {
    let harness = IdentityHarness(.silence)
    let session = try session(environment(), named, harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy(.seconds(30))) }
    #expect(found.exitCode == .temporary)
    #expect(harness.elapsed <= .seconds(30))
    #expect(harness.requests.count >= 2)
}

@Test func `the number of tries can be limited`() throws {
    let harness = IdentityHarness(.response(500))
    let session = try session(environment(), named, harness)
    _ = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy(attempts: 3)) }
    #expect(harness.times == [.zero, .zero, .seconds(2)])
}

@Test(arguments: [400, 401, 403, 405, 418])
func `another refusal is final`(status: Int) throws {
    let harness = IdentityHarness(
        .response(status, body: #"{"error":"invalid_resource","error_description":"synthetic"}"#))
    let session = try session(environment(), named, harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect(harness.requests.count == 1)
    #expect(found.exitCode == ([401, 403].contains(status) ? .denied : .protocolFailure))
    #expect(!found.text.contains("synthetic"))
}

@Test(arguments: [
    (IdentityOptions(source: .imds), "no managed identity is assigned"),
    (IdentityOptions(source: .imds, objectID: "o"), "no identity with the object id 'o' is assigned"),
])
func `an identity that is not found is final and comes with the command`(options: IdentityOptions, words: String) throws
{
    let harness = IdentityHarness(
        .response(400, body: #"{"error":"invalid_request","error_description":"Identity not found"}"#))
    let session = try session(environment(), options, harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect((found.code, found.exitCode) == (.identityUnknown, .denied))
    #expect(found.text == "identity 'imds': \(words)")
    #expect(found.hint?.contains("az vm identity assign") == true)
    #expect(harness.requests.count == 1)
}

@Test func `what asks for retryPolicy gets it`() throws {
    let harness = IdentityHarness(.response(429, [("Retry-After", "20")]), .response(200, body: tokenBody))
    let session = try session(environment(), named, harness)
    _ = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    #expect(harness.times == [.zero, .seconds(20)])
}

@Test func `what asks for more retryPolicy than there is ends at once`() throws {
    let harness = IdentityHarness(.response(503, [("Retry-After", "200")]))
    let session = try session(environment(), named, harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect(found.exitCode == .temporary)
    #expect(harness.times == [.zero])
}

@Test(arguments: [
    (HTTPFailure.untrusted(reason: "synthetic"), MessageCode.identityUntrusted),
    (.tooLarge(limit: 10), .identityAnswer), (.malformed(reason: "synthetic"), .identityAnswer),
])
func `a failure of trust or protocol is final`(failure: HTTPFailure, code: MessageCode) throws {
    let harness = IdentityHarness(.failure(failure))
    let session = try session(environment(), named, harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect((found.code, found.exitCode) == (code, .protocolFailure))
    #expect(harness.requests.count == 1)
}

@Test func `an empty 403 is the machine's metadata protection, with the program and where the rules are`() throws {
    let harness = IdentityHarness(.response(403))
    let session = try session(environment(), named, harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect((found.code, found.exitCode) == (.identityDenied, .denied))
    #expect(found.hint?.contains("metadata security protocol") == true)
    #expect(found.hint?.contains("proxyAgentSettings") == true)
}

@Test(arguments: [421, 502])
func `troubles of the protection's own agent may pass`(status: Int) throws {
    let harness = IdentityHarness(.response(status), .response(200, body: tokenBody))
    let session = try session(environment(), named, harness)
    _ = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    #expect(harness.requests.count == 2)
}
