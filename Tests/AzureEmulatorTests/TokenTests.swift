import AzureEmulator
import Testing

struct TokenTests {
    private let claims = TokenClaims(
        audience: "https://vault.localhost", issuer: Azure.issuer(tenant: "t"), tenant: "t", clientID: "c",
        objectID: "o", issuedAt: 1, expires: 2, serial: 7)

    @Test func `a token says what it was made for`() throws {
        let issuer = TokenIssuer()
        #expect(try issuer.claims(of: issuer.token(for: claims)) == claims)
    }

    @Test func `no two tokens are alike`() {
        let issuer = TokenIssuer()
        #expect(issuer.token(for: claims) != issuer.token(for: claims))
    }

    @Test func `another issuer's token is forged`() {
        let token = TokenIssuer().token(for: claims)
        #expect(throws: TokenError.forged) { try TokenIssuer().claims(of: token) }
    }

    @Test func `a changed claim is noticed`() throws {
        let issuer = TokenIssuer()
        var parts = issuer.token(for: claims).split(separator: ".").map(String.init)
        var other = claims
        other.objectID = "someone else"
        parts[1] = String(issuer.token(for: other).split(separator: ".")[1])
        #expect(throws: TokenError.forged) { try issuer.claims(of: parts.joined(separator: ".")) }
    }

    @Test(arguments: ["", "abc", "a.b", "a.b.c.d", "..", "e30.e30.!"])
    func `what is no token is malformed`(text: String) {
        #expect(throws: TokenError.malformed) { try TokenIssuer().claims(of: text) }
    }

    @Test func `permissions are per vault, with a default, and per kind of object`() {
        var principal = Principal(name: "p", clientID: "c", objectID: "o")
        principal.permissions = ["demo": ["get", "keys/list"], "*": ["secrets/all"]]
        #expect(principal.may("get", "secrets", in: "Demo"))
        #expect(principal.may("get", "certificates", in: "demo"))
        #expect(principal.may("list", "keys", in: "demo"))
        #expect(!principal.may("list", "secrets", in: "demo"))
        #expect(principal.may("delete", "secrets", in: "other"))
        #expect(!principal.may("get", "keys", in: "other"))
    }
}
