package import Crypto
import FoundationEssentials

/// What an access token says.
package struct TokenClaims: Equatable, Sendable {
    package var audience: String
    package var issuer: String
    package var tenant: String
    package var clientID: String
    package var objectID: String
    package var issuedAt: Int
    package var expires: Int
    /// Whether it was asked for with the claims that continuous access evaluation wants.
    package var meetsClaims = false
    /// Counts the tokens, so that all before some moment can be revoked.
    package var serial = 0

    package init(
        audience: String, issuer: String, tenant: String, clientID: String, objectID: String, issuedAt: Int,
        expires: Int, meetsClaims: Bool = false, serial: Int = 0
    ) {
        self.audience = audience
        self.issuer = issuer
        self.tenant = tenant
        self.clientID = clientID
        self.objectID = objectID
        self.issuedAt = issuedAt
        self.expires = expires
        self.meetsClaims = meetsClaims
        self.serial = serial
    }
}

/// Why a token is none of ours.
package enum TokenError: Error, Equatable {
    case malformed
    case forged
}

/// Makes access tokens and reads them again. They look like Entra's; the signature is an HMAC, since only the
/// emulator ever checks it and clients must not look inside.
package struct TokenIssuer: Sendable {
    private let key: SymmetricKey

    package init(key: SymmetricKey = SymmetricKey(size: .bits256)) { self.key = key }

    package func token(for claims: TokenClaims) -> String {
        let header: JSON = ["typ": "JWT", "alg": "HS256", "kid": "latchkey-emulator"]
        let payload = JSON.compact([
            "aud": .string(claims.audience), "iss": .string(claims.issuer), "iat": .integer(claims.issuedAt),
            "nbf": .integer(claims.issuedAt), "exp": .integer(claims.expires), "appid": .string(claims.clientID),
            "oid": .string(claims.objectID), "sub": .string(claims.objectID), "tid": .string(claims.tenant),
            "serial": .integer(claims.serial), "xms_cc": claims.meetsClaims ? ["cp1"] : nil,
            "uti": .string(Hex.random(digits: 22)), "ver": "1.0",
        ])
        let signed = "\(Base64.urlText(header.bytes)).\(Base64.urlText(payload.bytes))"
        let code = HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: key)
        return "\(signed).\(Base64.urlText(Array(code)))"
    }

    /// The audience that a token names, whoever issued it.
    static func audience(namedBy token: String) -> String? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = Base64.bytes(parts[1]) else { return nil }
        return (try? JSON(parsing: payload))?["aud"]?.string
    }

    /// The claims of a token that this issuer made; expiry and audience are the caller's business.
    package func claims(of token: String) throws(TokenError) -> TokenClaims {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let code = Base64.bytes(parts[2]), let payload = Base64.bytes(parts[1]),
            let json = try? JSON(parsing: payload)
        else { throw .malformed }
        let signed = Data("\(parts[0]).\(parts[1])".utf8)
        guard HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: signed, using: key) else { throw .forged }
        guard let audience = json["aud"]?.string, let issuer = json["iss"]?.string, let tenant = json["tid"]?.string,
            let clientID = json["appid"]?.string, let objectID = json["oid"]?.string,
            let issuedAt = json["iat"]?.integer, let expires = json["exp"]?.integer
        else { throw .malformed }
        return TokenClaims(
            audience: audience, issuer: issuer, tenant: tenant, clientID: clientID, objectID: objectID,
            issuedAt: issuedAt, expires: expires, meetsClaims: json["xms_cc"] != nil,
            serial: json["serial"]?.integer ?? 0)
    }
}
