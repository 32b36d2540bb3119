import AzureEmulator
import Crypto
import Foundation
import SwiftASN1
import Testing
import X509
import _CryptoExtras

struct EntraTests {
    private static let client = "11111111-0000-4000-8000-000000000007"
    private static let seed = """
        [vaults.demo.secrets]
        a = "1"
        [[identity]]
        name = "app"
        client-id = "\(client)"
        secret = ["right", "also right"]
        make-certificate = true
        federated = [{ subject = "system:serviceaccount:default:app" }]
        """

    /// A form to the token endpoint; TENANT, RESOURCE and TOKEN_URL stand for the emulator's own.
    private func post(
        _ test: TestEmulator, _ fields: [String: String?], tenant: String? = nil
    ) async throws -> WireReply {
        var form: [String: String] = [
            "grant_type": "client_credentials", "client_id": Self.client, "scope": test.resource + "/.default",
        ]
        for (name, value) in fields { form[name] = value }
        let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~"))
        let body = form.map { "\($0)=\($1.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")" }
        return try await test.secure.send(
            "POST", "/\(tenant ?? test.tenant)/oauth2/v2.0/token", host: "login.localhost",
            headers: ["Content-Type": "application/x-www-form-urlencoded"], body: body.joined(separator: "&"))
    }

    private func code(_ reply: WireReply) throws -> Int? {
        let json = try reply.json
        #expect(json["error_description"]?.string?.hasPrefix("AADSTS") == true)
        #expect(json["trace_id"]?.string != nil && json["correlation_id"]?.string != nil)
        return json["error_codes"]?.array?.first?.integer
    }

    @Test func `a client secret opens the vault`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let reply = try await post(test, ["client_secret": "also right"])
            #expect(reply.status == 200)
            let json = try reply.json
            #expect(json.members?.map(\.name) == ["token_type", "expires_in", "ext_expires_in", "access_token"])
            #expect(json["expires_in"]?.integer == 86_400)
            let token = try #require(json["access_token"]?.string)
            #expect(try await test.vault("GET", "/secrets/a", token: token).status == 200)
        }
    }

    @Test(
        arguments: [
            (["client_secret": "wrong"], 401, 7_000_215), ([:], 401, 7_000_218),
            (["client_secret": "right", "client_id": "00000000-0000-4000-8000-000000000000"], 400, 700_016),
            (["client_secret": "right", "client_id": nil], 400, 900_144),
            (["client_secret": "right", "grant_type": nil], 400, 900_144),
            (["client_secret": "right", "grant_type": "password"], 400, 70_003),
            (["client_secret": "right", "scope": nil], 400, 900_144),
            (["client_secret": "right", "scope": "https://vault.azure.net"], 400, 1_002_012),
            (["client_secret": "right", "scope": "https://elsewhere.example.org/.default"], 400, 500_011),
            (["client_assertion": "a.b.c", "client_assertion_type": "other"], 400, 90_023),
            (
                [
                    "client_assertion": "a.b.c",
                    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                ], 401, 50_027
            ),
        ] as [([String: String?], Int, Int)])
    func `a wrong request has Entra's code`(fields: [String: String?], status: Int, expected: Int) async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let reply = try await post(test, fields)
            #expect(reply.status == status)
            #expect(try code(reply) == expected)
        }
    }

    @Test func `an unknown tenant is refused, at the token endpoint and before`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let other = "00000000-0000-4000-8000-000000000000"
            #expect(try code(await post(test, ["client_secret": "right"], tenant: other)) == 90_002)
            let path = "/\(other)/v2.0/.well-known/openid-configuration"
            #expect(try code(await test.secure.send("GET", path, host: "login.localhost")) == 90_002)
        }
    }

    @Test func `what MSAL looks up is there`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let path = "/\(test.tenant)/v2.0/.well-known/openid-configuration"
            let json = try await test.secure.send("GET", path, host: "login.localhost").json
            #expect(
                json["token_endpoint"]?.string
                    == "\(test.emulator.azure.authority)/\(test.tenant)/oauth2/v2.0/token")
            let keys = try await test.secure.send("GET", "/cluster/openid/v1/jwks", host: "login.localhost").json
            #expect(keys["keys"]?.array?.first?["kty"] == "RSA")
        }
    }

    // MARK: Certificate assertions

    /// What an assertion says, and how it is signed.
    struct Assertion: Sendable {
        var header: [String: String] = ["typ": "JWT", "alg": "PS256"]
        var audience: String?
        var issuer = client
        var subject = client
        var from = -10.0
        var until = 1_800.0
        var usesOtherKey = false
        var usesOtherThumbprint = false
        var isTampered = false
    }

    private func sign(_ assertion: Assertion, _ test: TestEmulator) throws -> String {
        let pem = try String(contentsOfFile: test.emulator.state.file("identity-app.pem"), encoding: .utf8)
        let keyEnd = "-----END PRIVATE KEY-----"
        let key = try _RSA.Signing.PrivateKey(
            pemRepresentation: try #require(pem.components(separatedBy: keyEnd).first) + keyEnd)
        let certificate = try Certificate(
            pemEncoded: String(pem[try #require(pem.range(of: "-----BEGIN CERTIFICATE-----")).lowerBound...]))
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        var thumbprint = Array(SHA256.hash(data: serializer.serializedBytes))
        if assertion.usesOtherThumbprint { thumbprint[0] ^= 1 }
        var header = assertion.header
        header["x5t#S256"] = Base64.urlText(thumbprint)
        let now = Moment.now()
        let audience = assertion.audience ?? "\(test.emulator.azure.authority)/\(test.tenant)/oauth2/v2.0/token"
        let claims: JSON = [
            "aud": .string(audience), "iss": .string(assertion.issuer), "sub": .string(assertion.subject),
            "jti": .string(Identifier.random()), "nbf": .integer(Int(now + assertion.from)),
            "exp": .number(now + assertion.until + 0.5),
        ]
        let head = JSON.object(header.map { JSON.Member($0.key, .string($0.value)) })
        let signed = "\(Base64.urlText(head.bytes)).\(Base64.urlText(claims.bytes))"
        let signer = assertion.usesOtherKey ? try _RSA.Signing.PrivateKey(keySize: .bits2048) : key
        let padding: _RSA.Signing.Padding = header["alg"] == "RS256" ? .insecurePKCS1v1_5 : .PSS
        var signature = Array(
            try signer.signature(for: SHA256.hash(data: Data(signed.utf8)), padding: padding).rawRepresentation)
        if assertion.isTampered { signature[10] ^= 1 }
        return "\(signed).\(Base64.urlText(signature))"
    }

    private func present(_ token: String, _ test: TestEmulator) async throws -> WireReply {
        try await post(
            test,
            [
                "client_assertion": token,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ])
    }

    @Test(arguments: ["PS256", "RS256"])
    func `an assertion that is signed with the certificate's key opens the vault`(algorithm: String) async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            var assertion = Assertion()
            assertion.header["alg"] = algorithm
            let reply = try await present(try sign(assertion, test), test)
            #expect(reply.status == 200)
            let token = try #require(try reply.json["access_token"]?.string)
            #expect(try await test.vault("GET", "/secrets/a", token: token).status == 200)
        }
    }

    @Test func `an assertion that is wrong in anything is refused`() async throws {
        var cases: [(Assertion, Int)] = []
        func refused(_ expected: Int, _ change: (inout Assertion) -> Void) {
            var assertion = Assertion()
            change(&assertion)
            cases.append((assertion, expected))
        }
        refused(700_027) { $0.isTampered = true }
        refused(700_027) { $0.usesOtherKey = true }
        refused(700_027) { $0.usesOtherThumbprint = true }
        refused(700_027) { $0.header["alg"] = "none" }
        refused(700_023) { $0.audience = "https://login.localhost/other/oauth2/v2.0/token" }
        refused(700_021) { $0.issuer = "someone else" }
        refused(700_021) { $0.subject = "someone else" }
        refused(700_024) { $0.until = -400 }
        refused(700_024) { $0.from = 400 }
        let all = cases
        try await TestEmulator.serving(Self.seed) { test async throws in
            for (assertion, expected) in all {
                let reply = try await present(try sign(assertion, test), test)
                #expect(reply.status == 401)
                #expect(try code(reply) == expected)
            }
        }
    }

    // MARK: Federated assertions

    @Test func `a service account's token opens the vault`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let file = test.emulator.state.file("federated-token-app")
            let reply = try await present(try String(contentsOfFile: file, encoding: .utf8) + "\n", test)
            #expect(reply.status == 200)
        }
    }

    @Test(arguments: [
        (#"{"identity":"app","issuer":"https://elsewhere.example.org"}"#, 700_211),
        (#"{"identity":"app","subject":"system:serviceaccount:default:App"}"#, 700_213),
        (#"{"identity":"app","audience":"api://other"}"#, 700_212),
        (#"{"identity":"app","lifetime":"-10m"}"#, 700_024),
    ])
    func `a token of another issuer, account, audience or time is refused`(body: String, expected: Int) async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let made = try await test.control("POST", "federated-tokens", body).json["token"]?.string
            let reply = try await present(try #require(made), test)
            #expect(reply.status == 401)
            #expect(try code(reply) == expected)
        }
    }

    @Test func `a service account's token that another key signed is refused`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let forged = try ClusterIssuer().token(
                issuer: "\(test.emulator.azure.authority)/cluster", subject: "system:serviceaccount:default:app",
                audience: "api://AzureADTokenExchange", issuedAt: Moment.now(), expires: Moment.now() + 60)
            #expect(try code(await present(forged, test)) == 700_027)
        }
    }
}
