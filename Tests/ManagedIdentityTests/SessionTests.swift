import LatchkeyTestSupport
import ManagedIdentity
import Messages
import Secrets
import Testing

private let named = IdentityOptions(source: .imds)

private func body(expiresOn: Int64) -> FakeTransport.Answer {
    .response(200, body: #"{"access_token":"synthetic-token","expires_on":"\#(expiresOn)"}"#)
}

@Test func `one audience costs one request`() throws {
    let harness = IdentityHarness(body(expiresOn: now + 3600))
    let session = try session(environment(), named, harness)
    let first = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    let second = try session.token(for: vault + "/", tenantHint: "tenant-2", retryPolicy: harness.retryPolicy())
    #expect(first.secret === second.secret)
    #expect(harness.requests.count == 1)
}

@Test func `two audiences cost two requests`() throws {
    let harness = IdentityHarness(body(expiresOn: now + 3600))
    let session = try session(environment(), named, harness)
    let first = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    let second = try session.token(for: "https://managedhsm.azure.net", retryPolicy: harness.retryPolicy())
    #expect((first.resource, second.resource) == (vault, "https://managedhsm.azure.net"))
    #expect(harness.requests.count == 2)
}

@Test func `a clock that is wrong costs no request for every secret`() throws {
    let harness = IdentityHarness(body(expiresOn: now - 86_400))
    let session = try session(environment(), named, harness)
    _ = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    _ = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    #expect(harness.requests.count == 1)
}

@Test func `a failure is not kept`() throws {
    let harness = IdentityHarness(.response(401), body(expiresOn: now + 3600))
    let session = try session(environment(), named, harness)
    _ = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect(try session.token(for: vault, retryPolicy: harness.retryPolicy()).expiresOn == now + 3600)
}

@Test func `a probe is sent once`() throws {
    let harness = IdentityHarness(.response(400), body(expiresOn: now + 3600))
    let session = try session(environment(), IdentityOptions(), harness)
    _ = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    _ = try session.token(for: "https://managedhsm.azure.net", retryPolicy: harness.retryPolicy())
    #expect(harness.requests.filter { headers($0).isEmpty }.count == 1)
    #expect(harness.requests.count == 3)
}

@Test(arguments: [
    (
        "eyJhbGciOiJub25lIn0.eyJhcHBpZCI6ImEiLCJvaWQiOiJvIiwidGlkIjoidCJ9.c2ln",
        TokenOwner(clientID: "a", objectID: "o", tenantID: "t")
    ),
    ("e30.eyJhdWQiOiJodHRwczovL3ZhdWx0LmF6dXJlLm5ldCJ9.", TokenOwner(audience: "https://vault.azure.net")),
    ("e30.eyJhenAiOiJiIn0.", TokenOwner(clientID: "b")), ("opaque", TokenOwner()), ("a.b", TokenOwner()),
    ("a.!!.c", TokenOwner()), ("a.bm90IGpzb24.c", TokenOwner()), ("a.eyJvaWQiOjV9.c", TokenOwner()),
])
func `the owner is read from the claims, if there are any`(text: String, owner: TokenOwner) throws {
    let harness = IdentityHarness(.response(200, body: #"{"access_token":"\#(text)","expires_in":"1"}"#))
    let token = try session(environment(), named, harness).token(for: vault, retryPolicy: harness.retryPolicy())
    #expect(IdentitySession.owner(of: token) == owner)
}
