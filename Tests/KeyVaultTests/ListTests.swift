import HTTPTransport
import KeyVault
import LatchkeyTestSupport
import Messages
import Secrets
import Testing

@Suite struct ListTests {
    private let first = "https://contoso-web.vault.azure.net/secrets?maxresults=25&api-version=7.4"

    private func entry(_ name: String, extra: String = "") -> String {
        "{\"id\":\"https://contoso-web.vault.azure.net/secrets/\(name)\",\"attributes\":{\"enabled\":true}\(extra)}"
    }

    private func page(_ names: [String], next: String? = nil) -> FakeTransport.Answer {
        let link = next.map { "\"\($0)\"" } ?? "null"
        return .response(
            200, body: "{\"value\":[\(names.map { entry($0) }.joined(separator: ","))],\"nextLink\":\(link)}")
    }

    /// Answers by URL; the rest is 404.
    private func harness(_ pages: [String: FakeTransport.Answer]) -> VaultHarness {
        VaultHarness(answer: challenging(answering: { pages[$0.url] ?? .response(404) }))
    }

    @Test func `pages are followed to the one without a next, empty ones too`() throws {
        let link = { (token: String) in
            "https://contoso-web.vault.azure.net:443/secrets?api-version=7.4&$skiptoken=\(token)&maxresults=25"
        }
        let url = { (token: String) in link(token).replacing(":443", with: "") }
        let harness = harness([
            first: page(["a", "b"], next: link("1")), url("1"): page([], next: link("2")),
            url("2"): page([], next: link("3")), url("3"): page(["c"]),
        ])
        let listed = try harness.client.list(contoso, retryPolicy: harness.retryPolicy()).get()
        #expect(listed.map(\.name) == ["a", "b", "c"])
        #expect(harness.journal.filter { $0.hasPrefix("[token-1]") }.count == 4)
        #expect(harness.tokens.asked.count == 1)
    }

    @Test(arguments: ["{\"value\":[]}", "{\"value\":[],\"nextLink\":null}", "{\"value\":[],\"nextLink\":\"\"}"])
    func `an absent, a null and an empty link are the end`(body: String) throws {
        let harness = harness([first: .response(200, body: body)])
        #expect(try harness.client.list(contoso, retryPolicy: harness.retryPolicy()).get().isEmpty)
    }

    @Test(arguments: [
        "https://evil.example/secrets?$skiptoken=1", "http://contoso-web.vault.azure.net/secrets?$skiptoken=1",
        "https://contoso-web.vault.azure.net.evil.example/secrets?$skiptoken=1",
        "https://contoso-web.vault.azure.net:8443/secrets?$skiptoken=1",
        "https://contoso-web.vault.azure.net:443@evil.example/secrets?$skiptoken=1",
        "https://contoso-web.vault.azure.net/keys?$skiptoken=1",
        "https://contoso-web.vault.azure.net/secrets/a/versions?$skiptoken=1",
        "https://contoso-web.vault.azure.net/secrets?$skiptoken=1#x",
        "https://contoso-web.vault.azure.net/secrets?$skiptoken=1 x", "/secrets?$skiptoken=1", "nonsense",
    ])
    func `a link that leads elsewhere is not followed`(link: String) throws {
        let harness = harness([first: page(["a"], next: link)])
        guard case .failure(let error) = harness.client.list(contoso, retryPolicy: harness.retryPolicy()) else {
            Issue.record("followed")
            return
        }
        #expect(error.reason == .answer(.foreignPage))
        #expect(error.exitCode == .protocolFailure)
        #expect(harness.transport.requests.allSatisfy { $0.host == contoso.host })
        #expect(harness.transport.requests.compactMap(\.bearer).count == 1)
    }

    @Test func `a list that comes back to itself ends`() {
        let link = "https://contoso-web.vault.azure.net/secrets?$skiptoken=1"
        let harness = harness([first: page([], next: link), link: page([], next: link)])
        #expect(throws: VaultError(.answer(.pageLoop), vault: contoso, subject: .listing)) {
            try harness.client.list(contoso, retryPolicy: harness.retryPolicy()).get()
        }
    }

    @Test func `a list without an end ends at the most pages`() {
        var number = 0
        let harness = VaultHarness(
            answer: challenging(answering: { [self] _ in
                number += 1
                return page([], next: "https://contoso-web.vault.azure.net/secrets?$skiptoken=\(number)")
            }))
        guard case .failure(let error) = harness.client.list(contoso, retryPolicy: harness.retryPolicy()) else {
            Issue.record("no end")
            return
        }
        #expect(error.reason == .answer(.tooManyPages(4000)))
    }

    @Test func `an entry tells all but the value`() throws {
        let body = """
            {"value":[{"contentType":"application/x-pkcs12","id":"https://contoso-web.vault.azure.net/secrets/web-tls",\
            "managed":true,"attributes":{"enabled":false,"nbf":1,"exp":2,"created":3,"updated":4},"tags":{"app":"web"}}]}
            """
        let harness = harness([first: .response(200, body: body)])
        let listed = try #require(try harness.client.list(contoso, retryPolicy: harness.retryPolicy()).get().first)
        #expect(listed.name == "web-tls")
        #expect(listed.isManaged)
        #expect(listed.contentType == "application/x-pkcs12")
        #expect(listed.tags == ["app": "web"])
        #expect(!listed.attributes.enabled)
        #expect(listed.attributes.notBefore == 1 && listed.attributes.expires == 2)
        #expect(listed.attributes.created == 3 && listed.attributes.updated == 4)
    }

    @Test func `versions of a secret that does not exist are none`() throws {
        let url = "https://contoso-web.vault.azure.net/secrets/nothing/versions?maxresults=25&api-version=7.4"
        let harness = harness([url: page([])])
        #expect(
            try harness.client.versions(of: "nothing", in: contoso, retryPolicy: harness.retryPolicy()).get().isEmpty)
    }

    @Test func `versions have their ids`() throws {
        let url = "https://contoso-web.vault.azure.net/secrets/a/versions?maxresults=25&api-version=7.4"
        let link = "https://contoso-web.vault.azure.net/secrets/a/versions?$skiptoken=1"
        let harness = harness([url: page(["a/1", "a/2"], next: link), link: page(["a/3"])])
        let versions = try harness.client.versions(of: "a", in: contoso, retryPolicy: harness.retryPolicy()).get()
        #expect(versions.map(\.version) == ["1", "2", "3"])
        #expect(versions.allSatisfy { $0.name == "a" })
    }

    @Test func `who may not list is told which permission it takes`() {
        let harness = VaultHarness(
            assignee: "client-1",
            answer: challenging(answering: { _ in
                .response(403, body: errorBody("Forbidden", inner: "ForbiddenByPolicy"))
            }))
        guard case .failure(let error) = harness.client.list(contoso, retryPolicy: harness.retryPolicy()) else {
            Issue.record("listed")
            return
        }
        #expect(error.messageCode == .vaultForbidden)
        #expect(error.exitCode == .denied)
        #expect(error.diagnosis.text == "vault 'contoso-web': the identity may not list secrets (HTTP 403)")
        #expect(error.diagnosis.hint?.contains("--spn client-1 --secret-permissions get list") == true)
    }

    @Test func `a page that fails is asked for again`() throws {
        var fails = 2
        let harness = VaultHarness(
            answer: challenging(answering: { [self] _ in
                fails -= 1
                return fails >= 0 ? .response(503) : page(["a"])
            }))
        #expect(try harness.client.list(contoso, retryPolicy: harness.retryPolicy()).get().map(\.name) == ["a"])
    }

    @Test func `a list at an unknown host proves the audience with its own request`() throws {
        let vault = VaultAddress(host: "contoso.vault.test", port: 8443)
        let next = "https://contoso.vault.test:8443/secrets?$skiptoken=1"
        let harness = VaultHarness(
            answer: challenging(
                "https://vault.test",
                { [self] request in
                    request.url == next ? page(["b"]) : page(["a"], next: next)
                }))
        harness.client.warm(vault)
        let listed = try harness.client.list(vault, retryPolicy: harness.retryPolicy()).get()
        #expect(listed.map(\.name) == ["a", "b"])
        #expect(harness.transport.requests.map { $0.bearer } == [nil, "token-1", "token-1"])
        #expect(harness.tokens.asked.map(\.resource) == ["https://vault.test"])
    }

    @Test func `a list shares its token with a fetch`() {
        let harness = VaultHarness(
            answer: challenging(answering: { [self] request in
                request.objectName.isEmpty ? page(["a"]) : found(request)
            }))
        _ = harness.client.list(contoso, retryPolicy: harness.retryPolicy())
        #expect(harness.fetch([secret("a")]).first?.text == "s3cret")
        #expect(harness.tokens.asked.count == 1)
        #expect(harness.transport.requests.filter { $0.bearer == nil }.count == 1)
    }
}
