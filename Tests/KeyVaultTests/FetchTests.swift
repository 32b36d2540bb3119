import HTTPTransport
import KeyVault
import LatchkeyTestSupport
import LinuxSystem
import ManagedIdentity
import Messages
import Secrets
import Testing

@Suite struct FetchTests {
    @Test func `the newest version is asked for with a slash and a pinned one by its id`() {
        let harness = VaultHarness(answer: challenging(answering: found))
        let results = harness.fetch([secret("db-password"), secret("smtp", version: version)])
        #expect(results.map(\.text) == ["s3cret", "s3cret"])
        #expect(
            harness.journal.filter { $0.hasPrefix("[") } == [
                "[token-1] https://contoso-web.vault.azure.net/secrets/db-password/?api-version=7.4",
                "[token-1] https://contoso-web.vault.azure.net/secrets/smtp/\(version)?api-version=7.4",
            ])
    }

    @Test func `a known suffix waits for no challenge and needs one token`() {
        let harness = VaultHarness(answer: challenging(answering: found))
        let names = (1...20).map { "s\($0)" }
        let results = harness.fetch(names.map { secret($0) })
        #expect(results.allSatisfy { $0.text == "s3cret" })
        #expect(
            harness.tokens.asked == [FakeTokens.Asked(resource: "https://vault.azure.net", tenant: nil, claims: nil)])
        #expect(harness.transport.requests.filter { $0.bearer == nil }.count == 1)
        #expect(harness.transport.requests.count == 21)
        #expect(harness.observer.progress.last == "20/20")
    }

    @Test(arguments: [
        ("a.vault.azure.net", "https://vault.azure.net"), ("a.vault.azure.cn", "https://vault.azure.cn"),
        ("a.vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net"),
        ("a.managedhsm.azure.net", "https://managedhsm.azure.net"),
        ("a.managedhsm.azure.cn", "https://managedhsm.azure.cn"),
        ("A.ManagedHSM.usgovcloudapi.net", "https://managedhsm.usgovcloudapi.net"),
    ])
    func `a known suffix fixes the resource`(host: String, resource: String) {
        let harness = VaultHarness(answer: challenging(answering: found))
        _ = harness.fetch([secret("a", in: VaultAddress(host: host))])
        #expect(harness.tokens.asked.map(\.resource) == [resource])
    }

    @Test func `what is asked for goes out with the headers of the official clients and over TLS`() throws {
        let harness = VaultHarness(answer: challenging(answering: found))
        _ = harness.fetch([secret("a")])
        let request = try #require(harness.transport.requests.last)
        #expect(request.method == .get)
        #expect(request.peer == .authorities)
        #expect(request.endpoint == "vault")
        #expect(request.body == nil)
        #expect(request.header("Accept") == "application/json")
        #expect(request.header("Authorization") == "Bearer token-1")
        let id = try #require(request.header("x-ms-client-request-id"))
        #expect(id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
    }

    @Test func `everything that an answer tells is told`() throws {
        let body = """
            {"value":"a\\nb \\u00e9 \\ud83d\\udd11","contentType":"text/plain","id":"https://contoso-web.vault.azure.net/\
            secrets/DB-Password/\(version)","attributes":{"enabled":true,"nbf":1422864000,"exp":2527401600,\
            "created":1596044262,"updated":1596044263,"recoveryLevel":"Recoverable+Purgeable","recoverableDays":90,\
            "unknown":{}},"tags":{"app":"web"},"managed":true,"kid":"https://x","previousVersion":"1","new":[1,{}]}
            """
        let harness = VaultHarness(answer: challenging(answering: { _ in .response(200, body: body) }))
        let value = try #require(try harness.fetch([secret("db-password")]).first?.get())
        #expect(value.text == "a\nb é 🔑")
        #expect(value.object.version == version)
        #expect(value.object.contentType == "text/plain")
        #expect(value.object.tags == ["app": "web"])
        #expect(value.object.isManaged)
        #expect(value.object.attributes.notBefore == 1_422_864_000)
        #expect(value.object.attributes.expires == 2_527_401_600)
        #expect(value.object.attributes.created == 1_596_044_262)
        #expect(value.object.attributes.updated == 1_596_044_263)
        #expect(value.object.attributes.recoveryLevel == "Recoverable+Purgeable")
        #expect(value.object.attributes.recoverableDays == 90)
    }

    @Test func `a managed storage secret has no version and no dates`() throws {
        let body = """
            {"value":"?sv=1","contentType":"application/vnd.ms-sastoken-storage","id":"https://contoso-web.vault.azure.net\
            /secrets/acct-sas","managed":true,"attributes":{"enabled":true,"exp":1560545497}}
            """
        let harness = VaultHarness(answer: challenging(answering: { _ in .response(200, body: body) }))
        let value = try #require(try harness.fetch([secret("acct-sas")]).first?.get())
        #expect(value.object.version == nil)
        #expect(value.object.attributes.created == nil)
        #expect(value.object.attributes.expires == 1_560_545_497)
    }

    @Test func `a certificate is fetched as the secret of its name and a key as a key`() throws {
        let key = """
            {"key":{"kid":"https://contoso-web.vault.azure.net/keys/signing/\(version)","kty":"EC","crv":"P-256"},\
            "attributes":{"enabled":true,"created":1,"updated":2,"exportable":false}}
            """
        let harness = VaultHarness(
            answer: challenging(answering: { request in
                request.url.contains("/keys/") ? .response(200, body: key) : found(request)
            }))
        let results = harness.fetch([
            VaultObject(vault: contoso, kind: .certificate, name: "web-tls"),
            VaultObject(vault: contoso, kind: .key, name: "signing", version: version),
        ])
        #expect(
            harness.transport.requests.filter { $0.bearer != nil }.map(\.url) == [
                "https://contoso-web.vault.azure.net/secrets/web-tls/?api-version=7.4",
                "https://contoso-web.vault.azure.net/keys/signing/\(version)?api-version=7.4",
            ])
        let value = try results[1].get()
        #expect(value.object.material == .jsonWebKey)
        #expect(value.text.hasPrefix("{\"kid\":") && value.text.hasSuffix("\"crv\":\"P-256\"}"))
        #expect(value.object.version == version)
    }

    @Test func `a certificate alone comes as DER`() throws {
        let body = """
            {"id":"https://contoso-web.vault.azure.net/certificates/web-tls/\(version)","cer":"QUJD",\
            "x5t":"rp2y","attributes":{"enabled":true}}
            """
        let harness = VaultHarness(answer: challenging(answering: { _ in .response(200, body: body) }))
        let object = VaultObject(vault: contoso, kind: .certificate, name: "web-tls")
        let value = try #require(try harness.fetch([object], certificates: .certificate).first?.get())
        #expect(harness.transport.requests.last?.url.contains("/certificates/web-tls/?") == true)
        #expect(value.text == "ABC")
        #expect(value.object.material == .certificate)
    }

    @Test func `an object that is named twice is fetched once`() {
        let harness = VaultHarness(answer: challenging(answering: found))
        let results = harness.fetch([secret("a"), secret("b"), secret("a")])
        #expect(results.map(\.text) == ["s3cret", "s3cret", "s3cret"])
        #expect(harness.transport.requests.filter { $0.bearer != nil }.count == 2)
    }

    @Test func `several vaults of one audience share a token and each has its own gate`() {
        let harness = VaultHarness(answer: challenging(answering: found))
        let other = VaultAddress(host: "contoso-shared.vault.azure.net")
        let hsm = VaultAddress(host: "contoso.managedhsm.azure.net")
        let results = harness.fetch([secret("a"), secret("b", in: other), secret("c", in: hsm)])
        #expect(results.allSatisfy { $0.text == "s3cret" })
        #expect(harness.tokens.asked.map(\.resource) == ["https://vault.azure.net", "https://managedhsm.azure.net"])
        let hsmTokens = harness.transport.requests.filter { $0.host == hsm.host }.compactMap(\.bearer)
        #expect(hsmTokens == ["token-2"])
    }

    @Test func `at most as many requests are under way as the gate is wide`() {
        let harness = VaultHarness(parallelism: 3, answer: challenging(answering: found))
        harness.transport.latency = .milliseconds(10)
        let start = harness.transport.now
        _ = harness.fetch((1...9).map { secret("s\($0)") })
        #expect(harness.transport.now - start == .milliseconds(30))
    }

    @Test func `the first requests wait a moment for the connection that is being opened`() {
        for (latency, expected) in [(3, 6), (20, 25)] {
            let harness = VaultHarness(warmth: .milliseconds(5), answer: challenging(answering: found))
            harness.transport.latency = .milliseconds(latency)
            let start = harness.transport.now
            _ = harness.fetch([secret("a")])
            #expect(harness.transport.now - start == .milliseconds(expected))
        }
    }

    @Test func `a token that comes before the connection goes with the request that opens it`() {
        let harness = VaultHarness(answer: challenging(answering: found))
        harness.transport.isAmendable = true
        #expect(harness.fetch([secret("a"), secret("b")]).map(\.text) == ["s3cret", "s3cret"])
        #expect(
            harness.journal
                == ["a", "b"].map {
                    "[token-1] https://contoso-web.vault.azure.net/secrets/\($0)/?api-version=7.4"
                })
    }

    @Test func `where the token comes later the request that opens the connection tells nothing`() {
        let harness = VaultHarness(answer: challenging(answering: found))
        harness.client.warm(contoso, for: secret("b"))
        #expect(harness.fetch([secret("a"), secret("b")]).map(\.text) == ["s3cret", "s3cret"])
        #expect(harness.journal.filter { !$0.hasPrefix("[") }.count == 1 && harness.journal.count == 3)
    }

    @Test func `what is warmed ahead is not warmed again`() {
        let harness = VaultHarness(answer: challenging(answering: found))
        harness.client.warm(contoso, for: secret("a"))
        harness.client.warm(contoso)
        _ = harness.fetch([secret("a"), secret("b")])
        #expect(harness.transport.requests.filter { $0.bearer == nil }.count == 1)
        #expect(harness.transport.requests.first?.url.contains("/secrets/a/?") == true)
    }

    @Test func `a vault that gets no token ends the waiting for another`() {
        let harness = VaultHarness(answer: { request in
            request.host == "contoso.vault.test" ? .response(404) : .response(request.bearer == nil ? 401 : 503)
        })
        let start = harness.transport.now
        let results = harness.fetch([secret("a"), secret("b", in: VaultAddress(host: "contoso.vault.test"))])
        #expect(results.map { $0.error?.messageCode } == [.vaultFailing, .vaultChallenge])
        #expect(harness.transport.now - start < .seconds(1))
    }

    @Test func `a name that no secret can have is refused before anything is sent`() {
        let harness = VaultHarness(answer: challenging(answering: found))
        let error = harness.fetch([secret("../keys/x")]).first?.error
        #expect(error?.exitCode == .usage)
        #expect(harness.transport.requests.isEmpty)
    }

    @Test(arguments: [
        "", "null", "[]", "{", "{\"value\":\"a\"}", "{\"id\":\"https://contoso-web.vault.azure.net/secrets/a/1\"}",
        "{\"value\":1,\"id\":\"https://contoso-web.vault.azure.net/secrets/a/1\"}",
        "{\"value\":null,\"id\":\"https://contoso-web.vault.azure.net/secrets/a/1\"}",
        "{\"value\":\"x\",\"value\":\"y\",\"id\":\"https://contoso-web.vault.azure.net/secrets/a/1\"}",
        "{\"value\":\"x\",\"id\":\"https://contoso-web.vault.azure.net/secrets/b/1\"}",
        "{\"value\":\"x\",\"id\":\"https://contoso-web.vault.azure.net/keys/a/1\"}",
        "{\"value\":\"x\",\"id\":\"https://other.vault.azure.net/secrets/a/1\"}",
        "{\"value\":\"x\",\"id\":\"http://contoso-web.vault.azure.net/secrets/a/1\"}",
        "{\"value\":\"x\",\"id\":\"https://contoso-web.vault.azure.net/secrets/a/1/2\"}",
        "{\"value\":\"x\",\"id\":\"https://contoso-web.vault.azure.net/secrets/a/1\",\"tags\":{\"a\":1}}",
        "{\"value\":\"x\",\"id\":\"https://contoso-web.vault.azure.net/secrets/a/1\",\"attributes\":{\"exp\":\"1\"}}",
        "{\"value\":\"x\",\"id\":\"https://contoso-web.vault.azure.net/secrets/a/1\",\"attributes\":{\"exp\":1.5}}",
        "{\"value\":\"\\ud800\",\"id\":\"https://contoso-web.vault.azure.net/secrets/a/1\"}",
    ])
    func `an answer that is not what was asked for is a protocol failure`(body: String) throws {
        let harness = VaultHarness(answer: challenging(answering: { _ in .response(200, body: body) }))
        let error = try #require(harness.fetch([secret("a")]).first?.error)
        #expect(error.exitCode == .protocolFailure)
        #expect(error.messageCode == .vaultAnswer)
        #expect(error.diagnosis.text.contains("secret 'a'"))
    }

    @Test(arguments: [
        ("exp", "9223372036854775807"), ("exp", "-9223372036854775808"), ("exp", "9223372036854775808"),
        ("nbf", "9223372036854775807"), ("updated", "-9223372036854775808"), ("updated", "253402300800"),
        ("created", "1e300"), ("recoverableDays", "9223372036854775808"),
    ])
    func `a number that is no date of a calendar is malformed, and traps nothing`(name: String, number: String) throws {
        let body =
            #"{"value":"x","id":"https://contoso-web.vault.azure.net/secrets/a/1","attributes":{"\#(name)":\#(number)}}"#
        let harness = VaultHarness(answer: challenging(answering: { _ in .response(200, body: body) }))
        let error = try #require(harness.fetch([secret("a")]).first?.error)
        #expect((error.messageCode, error.exitCode) == (.vaultAnswer, .protocolFailure))
        #expect(error.diagnosis.text.contains("has a malformed '\(name)'"))
    }

    @Test func `another version than the pinned one is a protocol failure`() {
        let harness = VaultHarness(answer: challenging(answering: found))
        let error = harness.fetch([secret("a", version: "0" + version.dropFirst())]).first?.error
        #expect(error?.reason == .answer(.anotherObject))
    }

    @Test func `a host of its own may call its objects by another host`() {
        let vault = VaultAddress(host: "contoso.vault.test", port: 8443)
        let harness = VaultHarness(
            answer: challenging("https://vault.test") { .response(200, body: secretBody($0.objectName)) })
        #expect(harness.fetch([secret("a", in: vault)]).first?.text == "s3cret")
    }

    @Test func `a disabled object that is handed out all the same counts as disabled`() {
        let body = """
            {"value":"x","id":"https://contoso-web.vault.azure.net/secrets/a/1","attributes":{"enabled":false}}
            """
        let harness = VaultHarness(answer: challenging(answering: { _ in .response(200, body: body) }))
        let error = harness.fetch([secret("a")]).first?.error
        #expect(error?.reason == .disabled)
        #expect(error?.isGone == true)
    }

    @Test func `a token tells who it is for`() {
        let harness = VaultHarness(answer: challenging(answering: found))
        // {"appid":"app-1","oid":"object-1","tid":"tenant-1"}
        harness.tokens.text = "e30.eyJhcHBpZCI6ImFwcC0xIiwib2lkIjoib2JqZWN0LTEiLCJ0aWQiOiJ0ZW5hbnQtMSJ9.c2ln"
        #expect(harness.client.owner(ofTokensFor: contoso) == nil)
        _ = harness.fetch([secret("a")])
        #expect(
            harness.client.owner(ofTokensFor: contoso)
                == TokenOwner(clientID: "app-1", objectID: "object-1", tenantID: "tenant-1"))
    }

    @Test func `without a token nothing is asked of the vault and the source's words are passed on`() {
        let harness = VaultHarness(answer: challenging(answering: found))
        harness.tokens.failure = Diagnosis(.identityNone, exit: .denied, "no identity answered")
        let results = harness.fetch([secret("a"), secret("b")])
        #expect(results.allSatisfy { $0.error?.diagnosis == harness.tokens.failure })
        #expect(harness.transport.requests.allSatisfy { $0.bearer == nil })
        #expect(VaultError.summarize(results.compactMap(\.error)) == [harness.tokens.failure])
    }
}

/// As `challenging`, with a label that reads well in a trailing position.
func challenging(
    answering answer: @escaping (HTTPRequest) -> FakeTransport.Answer
) -> (HTTPRequest) -> FakeTransport.Answer {
    challenging("https://vault.azure.net", answer)
}
