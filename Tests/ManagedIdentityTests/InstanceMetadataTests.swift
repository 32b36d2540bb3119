import HTTPTransport
import LatchkeyTestSupport
import LinuxSystem
import ManagedIdentity
import Messages
import Testing

private let named = IdentityOptions(source: .imds)
private let probeAnswer = FakeTransport.Answer.response(
    400, body: #"{"error":"invalid_request","error_description":"Required metadata header not specified"}"#)
private let refusedConnection = FakeTransport.Answer.failure(
    .couldNotConnect(host: "169.254.169.254", reason: "connection refused"))

@Test func `an automatic choice probes without the header before it asks`() throws {
    let stage = Stage(probeAnswer, .response(200, body: tokenBody))
    let session = try session(environment(), IdentityOptions(), stage)
    _ = try session.token(for: vault, patience: stage.patience())
    #expect(stage.requests.count == 2)
    let probe = try #require(stage.requests.first)
    #expect(probe.url == "http://169.254.169.254/metadata/identity/oauth2/token")
    #expect(headers(probe).isEmpty)
    #expect((probe.timeout, probe.connectTimeout, probe.peer) == (.seconds(1), .seconds(1), .machine))
    #expect(headers(stage.requests[1]) == ["Metadata": "true"])
}

@Test(arguments: [FakeTransport.Answer.silence, refusedConnection])
func `an automatic choice ends within five seconds where nothing answers`(answer: FakeTransport.Answer) throws {
    let stage = Stage(answer)
    let session = try session(environment(), IdentityOptions(), stage)
    let found = try diagnosis { _ = try session.token(for: vault, patience: stage.patience()) }
    #expect((found.code, found.exitCode) == (.identityNone, .denied))
    #expect(stage.elapsed <= .seconds(5))
    #expect(stage.elapsed >= .seconds(3))
    #expect(stage.requests.allSatisfy { headers($0).isEmpty })
    #expect(found.text.utf8.count <= 1024)
}

@Test func `the list of what was tried ends with the metadata service`() throws {
    let stage = Stage(refusedConnection)
    let session = try session(environment(), IdentityOptions(), stage)
    let found = try diagnosis { _ = try session.token(for: vault, patience: stage.patience()) }
    #expect(found.text.hasPrefix("no identity found: client-secret: AZURE_CLIENT_SECRET is not set; "))
    #expect(found.text.hasSuffix("; imds: no answer from 169.254.169.254 within 5 s"))
    #expect(session.decision.record.allSatisfy { !$0.taken })
}

@Test func `a metadata service that comes up during the probes is used`() throws {
    let stage = Stage(refusedConnection, refusedConnection, probeAnswer, .response(200, body: tokenBody))
    let session = try session(environment(), IdentityOptions(), stage)
    #expect(try session.token(for: vault, patience: stage.patience()).expiresOn == 4_102_444_800)
    #expect(stage.times == [.zero, .milliseconds(250), .milliseconds(750), .milliseconds(750)])
}

@Test func `Docker Desktop's proxy is no metadata service`() throws {
    let stage = Stage(.response(403, body: "connecting to 169.254.169.254:80: A socket operation was Unreachable"))
    let automatic = try session(environment(), IdentityOptions(), stage)
    let found = try diagnosis { _ = try automatic.token(for: vault, patience: stage.patience()) }
    #expect((found.code, found.exitCode) == (.identityNone, .denied))
    #expect(found.text.hasSuffix("imds: a proxy answers that 169.254.169.254 is unreachable"))
    #expect(stage.requests.count == 1)
}

@Test func `Docker Desktop's proxy is no metadata service for the named source either`() throws {
    let stage = Stage(.response(403, body: "network is unreachable"))
    let asked = try session(environment(), named, stage)
    let found = try diagnosis { _ = try asked.token(for: vault, patience: stage.patience()) }
    #expect((found.code, found.exitCode) == (.identityNone, .denied))
    #expect(stage.requests.count == 1)
}

@Test(arguments: [404, 408, 410, 429, 500, 502, 503, 504])
func `a status that may pass is tried again in the documented rhythm until the deadline`(status: Int) throws {
    let stage = Stage(.response(status))
    let listener = Listener()
    let session = try session(environment(), named, stage, observer: listener)
    let found = try diagnosis { _ = try session.token(for: vault, patience: stage.patience(.seconds(90))) }
    #expect(found.exitCode == .temporary)
    #expect(found.code == (status == 429 ? .identityThrottled : .identityFailing))
    #expect(stage.times == [0, 0, 2, 8, 22, 52, 82, 89].map { Duration.seconds($0) })
    #expect(listener.retries.count == 7)
    #expect(listener.retries.map(\.pause) == [0, 2, 6, 14, 30, 30, 7].map { Duration.seconds($0) })
    #expect(listener.exchanges == [String](repeating: "identity \(status)", count: 8))
}

@Test func `an upgrade of 70 seconds is survived`() throws {
    let gone = FakeTransport.Answer.response(410)
    let stage = Stage(gone, gone, gone, gone, gone, gone, .response(200, body: tokenBody))
    let session = try session(environment(), named, stage)
    _ = try session.token(for: vault, patience: stage.patience())
    #expect(stage.elapsed >= .seconds(70))
}

@Test func `a named source that does not answer is retried until the deadline`() throws {
    let stage = Stage(refusedConnection)
    let session = try session(environment(), named, stage)
    let found = try diagnosis { _ = try session.token(for: vault, patience: stage.patience(.seconds(15))) }
    #expect((found.code, found.exitCode) == (.identityUnreachable, .temporary))
    #expect(stage.times == [0, 0, 2, 8, 14].map { Duration.seconds($0) })
    #expect(
        found.text == "identity 'imds': no answer from '169.254.169.254:80': could not connect: connection refused")
}

@Test func `silence ends with each request's own limit`() throws {
    let stage = Stage(.silence)
    let session = try session(environment(), named, stage)
    let found = try diagnosis { _ = try session.token(for: vault, patience: stage.patience(.seconds(30))) }
    #expect(found.exitCode == .temporary)
    #expect(stage.elapsed <= .seconds(30))
    #expect(stage.requests.count >= 2)
}

@Test func `the number of tries can be limited`() throws {
    let stage = Stage(.response(500))
    let session = try session(environment(), named, stage)
    _ = try diagnosis { _ = try session.token(for: vault, patience: stage.patience(attempts: 3)) }
    #expect(stage.times == [.zero, .zero, .seconds(2)])
}

@Test(arguments: [400, 401, 403, 405, 418])
func `another refusal is final`(status: Int) throws {
    let stage = Stage(.response(status, body: #"{"error":"invalid_resource","error_description":"synthetic"}"#))
    let session = try session(environment(), named, stage)
    let found = try diagnosis { _ = try session.token(for: vault, patience: stage.patience()) }
    #expect(stage.requests.count == 1)
    #expect(found.exitCode == ([401, 403].contains(status) ? .denied : .protocolFailure))
    #expect(!found.text.contains("synthetic"))
}

@Test(arguments: [
    (IdentityOptions(source: .imds), "no managed identity is assigned"),
    (IdentityOptions(source: .imds, objectID: "o"), "no identity with the object id 'o' is assigned"),
])
func `an identity that is not found is final and comes with the command`(options: IdentityOptions, words: String) throws
{
    let stage = Stage(.response(400, body: #"{"error":"invalid_request","error_description":"Identity not found"}"#))
    let session = try session(environment(), options, stage)
    let found = try diagnosis { _ = try session.token(for: vault, patience: stage.patience()) }
    #expect((found.code, found.exitCode) == (.identityUnknown, .denied))
    #expect(found.text == "identity 'imds': \(words)")
    #expect(found.hint?.contains("az vm identity assign") == true)
    #expect(stage.requests.count == 1)
}

@Test func `what asks for patience gets it`() throws {
    let stage = Stage(.response(429, [("Retry-After", "20")]), .response(200, body: tokenBody))
    let session = try session(environment(), named, stage)
    _ = try session.token(for: vault, patience: stage.patience())
    #expect(stage.times == [.zero, .seconds(20)])
}

@Test func `what asks for more patience than there is ends at once`() throws {
    let stage = Stage(.response(503, [("Retry-After", "200")]))
    let session = try session(environment(), named, stage)
    let found = try diagnosis { _ = try session.token(for: vault, patience: stage.patience()) }
    #expect(found.exitCode == .temporary)
    #expect(stage.times == [.zero])
}

@Test(arguments: [
    (HTTPFailure.untrusted(reason: "synthetic"), MessageCode.identityUntrusted),
    (.tooLarge(limit: 10), .identityAnswer), (.malformed(reason: "synthetic"), .identityAnswer),
])
func `a failure of trust or protocol is final`(failure: HTTPFailure, code: MessageCode) throws {
    let stage = Stage(.failure(failure))
    let session = try session(environment(), named, stage)
    let found = try diagnosis { _ = try session.token(for: vault, patience: stage.patience()) }
    #expect((found.code, found.exitCode) == (code, .protocolFailure))
    #expect(stage.requests.count == 1)
}
