import Foundation
import HTTPTransport
import KeyVault
import LatchkeyTestSupport
import Messages
import Secrets
import Testing

@Suite struct ChallengeTests {
    private func harness(host: String, resource: String) -> (VaultHarness, VaultObject) {
        (
            VaultHarness(answer: challenging(resource, found)),
            secret("a", in: VaultAddress(host: host))
        )
    }

    @Test(arguments: [
        ("contoso.vault.test", "https://vault.test"), ("contoso.vault.test", "https://VAULT.test/"),
        ("contoso.vault.test", "https://vault.test:443"), ("contoso.vault.test", "https://vault.test/.default"),
    ])
    func `an unknown host gets a token of the resource that it is under`(host: String, resource: String) throws {
        let (harness, object) = harness(host: host, resource: resource)
        #expect(harness.fetch([object]).first?.text == "s3cret")
        let asked = try #require(harness.tokens.asked.first)
        #expect(asked.resource.lowercased().hasPrefix("https://vault.test"))
        #expect(asked.tenant == "54826b22-0000-4000-8000-b7b93a3e9c5a")
        #expect(harness.transport.requests.map { $0.bearer } == [nil, "token-1"])
        #expect(harness.transport.requests.first?.url == harness.transport.requests.last?.url)
    }

    @Test(arguments: [
        ("evil-vault.azure.net.attacker.com", "https://vault.azure.net"),
        ("xvault.azure.net", "https://vault.azure.net"), ("vault.azure.net", "https://vault.azure.net"),
        ("contoso.vault.azure.net.evil", "https://vault.azure.net"),
        ("contoso-vault.azure.net", "https://vault.azure.net"),
        ("vault.test", "https://vault.azure.net"), ("contoso.vault.test", "http://vault.test"),
        ("contoso.vault.test", "https://.vault.test"), ("contoso.vault.test", "https://"),
        ("contoso.vault.test", "https://vault.azure.net@vault.test"),
        ("contoso.vault.test", "https://vault.test:8443"), ("contoso.vault.test", "https://vault.test/other"),
        ("contoso.vault.test", "vault.test"), ("contoso.vault.test", "https://contoso.vault.test"),
    ])
    func `a lookalike never gets a token, asked twice`(host: String, resource: String) throws {
        let (harness, object) = harness(host: host, resource: resource)
        for _ in 1...2 {
            let error = try #require(harness.fetch([object]).first?.error)
            #expect(error.exitCode == .protocolFailure)
            #expect(error.messageCode == .vaultChallenge)
        }
        #expect(harness.tokens.asked.isEmpty)
        #expect(harness.transport.requests.allSatisfy { $0.bearer == nil })
    }

    @Test(arguments: [
        "https://vault.azure.net", "https://vault.azure.net/", "https://managedhsm.azure.cn",
        "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
    ])
    func `a token of Azure's vaults stays here, whatever the identity was asked for`(audience: String) throws {
        for isLater in [false, true] {
            var tries = 0
            let harness = VaultHarness(
                answer: challenging("https://vault.test") { request in
                    tries += 1
                    guard isLater, tries == 1 else { return found(request) }
                    return .response(
                        401, [challengeHeader("https://vault.test")],
                        body: errorBody("Unauthorized", message: "[TokenExpired] x"))
                })
            let claims = Data("{\"aud\":\"\(audience)\"}".utf8).base64EncodedString().filter { $0 != "=" }
            let token = "e30.\(claims).c"
            harness.tokens.text = isLater ? nil : token
            harness.tokens.later = token
            let error = harness.fetch([secret("a", in: VaultAddress(host: "contoso.vault.test"))]).first?.error
            #expect(error?.messageCode == .vaultChallenge && error?.exitCode == .protocolFailure)
            #expect(
                error?.diagnosis.text.hasSuffix("and 'contoso.vault.test' is none of them: it was not sent") == true)
            #expect(!harness.transport.requests.contains { $0.bearer == token })
        }
        let azure = VaultHarness(answer: challenging(answering: found))
        azure.tokens.text = "e30.eyJhdWQiOiJodHRwczovL3ZhdWx0LmF6dXJlLm5ldCJ9.c"
        #expect(azure.fetch([secret("a")]).first?.text == "s3cret")
    }

    @Test func `a port that the resource names must be the vault's`() {
        let vault = VaultAddress(host: "contoso.vault.test", port: 8443)
        let same = VaultHarness(answer: challenging("https://vault.test:8443", found))
        #expect(same.fetch([secret("a", in: vault)]).first?.text == "s3cret")
        let other = VaultHarness(answer: challenging("https://vault.test:9443", found))
        #expect(other.fetch([secret("a", in: vault)]).first?.error?.messageCode == .vaultChallenge)
    }

    @Test(arguments: [
        (200, [(String, String)]()), (404, []), (401, []), (401, [("WWW-Authenticate", "Basic realm=\"x\"")]),
        (403, []),
        (401, [("WWW-Authenticate", "Bearer")]), (401, [("WWW-Authenticate", "Bearer resource=\"https://vault.test")]),
    ])
    func `an unknown host without a challenge that names a resource gets no token`(
        status: Int, headers: [(String, String)]
    ) throws {
        let harness = VaultHarness { _ in .response(status, headers, body: secretBody("a", host: "contoso.vault.test"))
        }
        let error = try #require(
            harness.fetch([secret("a", in: VaultAddress(host: "contoso.vault.test"))]).first?.error)
        #expect(error.messageCode == .vaultChallenge)
        #expect(harness.tokens.asked.isEmpty)
    }

    @Test func `a redirect instead of a challenge is not followed`() {
        let harness = VaultHarness { _ in .response(302, [("Location", "https://evil.example/")]) }
        let error = harness.fetch([secret("a", in: VaultAddress(host: "contoso.vault.test"))]).first?.error
        #expect(error?.messageCode == .vaultRedirect)
        #expect(harness.transport.requests.count == 1)
    }

    @Test(arguments: [
        "Bearer authorization=\"https://login.windows.net/t\", resource=\"https://vault.test\"",
        "bearer authorization_uri=\"https://login.microsoftonline.com/t/\",scope=\"https://vault.test/.default\"",
        "Basic realm=\"a, b=\\\"c\", Bearer resource=https://vault.test, authorization=https://login.windows.net/t",
        "Bearer authorization=\"https://l.example/t\", resource=\"https://other.test\", scope=\"https://vault.test/.default\"",
        "PoP nonce=\"x==\", BEARER  Resource = \"https://vault.test\" , Authorization = \"https://l.example/t\"",
    ])
    func `a challenge is read in every form that vaults use`(header: String) {
        let harness = VaultHarness { request in
            request.bearer == nil ? .response(401, [("www-authenticate", header)]) : found(request)
        }
        #expect(harness.fetch([secret("a", in: VaultAddress(host: "contoso.vault.test"))]).first?.text == "s3cret")
        #expect(harness.tokens.asked.map(\.tenant) == ["t"])
    }

    @Test func `a challenge is tried again when it may come later`() {
        var tries = 0
        let harness = VaultHarness { request in
            if request.bearer != nil { return found(request) }
            tries += 1
            switch tries {
            case 1: return .failure(.couldNotConnect(host: "contoso.vault.test", reason: "refused"))
            case 2: return .response(503)
            default: return .response(401, [challengeHeader("https://vault.test")])
            }
        }
        #expect(harness.fetch([secret("a", in: VaultAddress(host: "contoso.vault.test"))]).first?.text == "s3cret")
        #expect(harness.observer.retries.count == 2)
    }

    @Test func `a vault that can't be asked in time is all that is told, and no identity is asked then`() {
        let harness = VaultHarness { request in
            request.host == "gone.vault.test"
                ? .failure(.couldNotResolve(host: request.host))
                : .response(401, [challengeHeader("https://vault.test")])
        }
        let results = harness.fetch(
            [
                secret("a", in: VaultAddress(host: "contoso.vault.test")),
                secret("b", in: VaultAddress(host: "gone.vault.test")),
            ], retryPolicy: harness.retryPolicy(1))
        let errors = results.compactMap(\.error)
        #expect(errors.map(\.messageCode) == [.vaultUnresolved, .vaultUnresolved])
        #expect(VaultError.summarize(errors).count == 1)
        #expect(harness.tokens.asked.isEmpty)
    }

    @Test func `a second challenge for a foreign resource is a protocol failure`() throws {
        let harness = VaultHarness { request in
            .response(
                401, [challengeHeader(request.bearer == nil ? "https://vault.test" : "https://graph.microsoft.com")])
        }
        let error = try #require(
            harness.fetch([secret("a", in: VaultAddress(host: "contoso.vault.test"))]).first?.error)
        #expect(error.messageCode == .vaultChallenge)
        #expect(error.exitCode == .protocolFailure)
        #expect(harness.transport.requests.compactMap(\.bearer) == ["token-1"])
    }

    @Test func `a known host that asks for another resource after the token is a protocol failure`() {
        let harness = VaultHarness(answer: { _ in .response(401, [challengeHeader("https://management.azure.com")]) })
        #expect(harness.fetch([secret("a")]).first?.error?.messageCode == .vaultChallenge)
    }

    @Test(arguments: [
        ("AKV10032: Invalid issuer. Expected one of https://sts.windows.net/0/.", "another tenant"),
        ("AKV10022: Invalid audience.", "another audience"),
        ("[TokenExpired] Error validating token: 'S2S12086'.", "expired"),
        ("No.", "refused the identity's token for secret 'a' (HTTP 401"),
    ])
    func `a refused token is told as such, once for all objects`(message: String, words: String) throws {
        let harness = VaultHarness(answer: { request in
            .response(
                401, [challengeHeader("https://vault.azure.net")], body: errorBody("Unauthorized", message: message))
        })
        let results = harness.fetch((1...30).map { secret($0 == 1 ? "a" : "s\($0)") })
        let error = try #require(results.first?.error)
        #expect(error.messageCode == .tokenRefused)
        #expect(error.exitCode == .denied)
        #expect(error.diagnosis.text.contains(words))
        #expect(!error.diagnosis.text.contains("sts.windows.net"))
        // One that has expired is replaced once.
        let tokens = words == "expired" ? 2 : 1
        #expect(harness.transport.requests.compactMap(\.bearer).count <= 8 * tokens)
        #expect(VaultError.summarize(results.compactMap(\.error)).count == 1)
    }

    /// `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`
    private let claims = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxIn19fQ=="

    private func demand(_ claims: String) -> (String, String) {
        (
            "WWW-Authenticate",
            "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common\", "
                + "error=\"insufficient_claims\", claims=\"\(claims)\""
        )
    }

    @Test func `a vault that wants claims gets one new token for all requests`() {
        let harness = VaultHarness(
            answer: challenging(answering: { [self] request in
                request.bearer == "token-1" ? .response(401, [demand(claims)]) : found(request)
            }))
        let results = harness.fetch((1...6).map { secret("s\($0)") })
        #expect(results.allSatisfy { $0.text == "s3cret" })
        #expect(
            harness.tokens.asked.last
                == FakeTokens.Asked(
                    resource: "https://vault.azure.net", tenant: "common",
                    claims: "{\"access_token\":{\"nbf\":{\"essential\":true,\"value\":\"1\"}}}", isRefused: true))
        #expect(harness.tokens.asked.count == 2)
        #expect(harness.transport.requests.filter { $0.bearer == "token-2" }.count == 6)
    }

    @Test func `claims are met once`() {
        let harness = VaultHarness(answer: challenging(answering: { [self] _ in .response(401, [demand(claims)]) }))
        let error = harness.fetch([secret("a")]).first?.error
        #expect(error?.reason == .tokenRefused(.claims))
        #expect(error?.exitCode == .denied)
        #expect(harness.tokens.asked.count == 2)
    }

    @Test(arguments: ["", "%%%", "/w=="])
    func `claims that can't be read are a refused token`(claims: String) {
        let harness = VaultHarness(answer: challenging(answering: { [self] _ in .response(401, [demand(claims)]) }))
        #expect(harness.fetch([secret("a")]).first?.error?.messageCode == .tokenRefused)
        #expect(harness.tokens.asked.count == 1)
    }

    /// What a vault says of a token that has expired: by the header, by the body.
    private static let expired: [FakeTransport.Answer] = [
        .response(
            401,
            [
                (
                    "WWW-Authenticate",
                    "Bearer authorization=\"https://login.microsoftonline.com/common\", "
                        + "resource=\"https://vault.azure.net\", error=\"invalid_token\""
                )
            ]),
        .response(
            401,
            body: #"{"error":{"code":"Unauthorized","message":"[TokenExpired] Error validating token: 'S2S12086'."}}"#),
    ]

    @Test(arguments: [0, 1])
    func `a token that has expired is replaced once, for all requests`(index: Int) {
        let harness = VaultHarness(
            answer: challenging(answering: { request in
                request.bearer == "token-1" ? Self.expired[index] : found(request)
            }))
        #expect(harness.fetch((1...6).map { secret("s\($0)") }).allSatisfy { $0.text == "s3cret" })
        #expect(harness.tokens.asked.map(\.isRefused) == [false, true])
    }

    @Test(arguments: [0, 1])
    func `a second token that has expired is a refused one`(index: Int) {
        let harness = VaultHarness(answer: challenging(answering: { _ in Self.expired[index] }))
        let error = harness.fetch([secret("a")]).first?.error
        #expect(error?.messageCode == .tokenRefused && error?.exitCode == .denied)
        #expect(harness.tokens.asked.count == 2)
    }
}
