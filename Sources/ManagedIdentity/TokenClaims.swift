import Cryptography
import Messages
import Secrets

extension AccessToken {
    /// Who a token is for, from the claims of a JSON web token (RFC 7519); the signature is the vault's to check.
    var owner: TokenOwner {
        secret.withBytes { bytes in
            let dots = bytes.indices.filter { bytes[$0] == UInt8(ascii: ".") }
            guard dots.count == 2,
                let payload = try? base64Decoded(bytes.extracting(dots[0] + 1..<dots[1]), .url)
            else { return TokenOwner() }
            return payload.withBytes { TokenOwner(claims: $0) }
        }
    }
}

extension TokenOwner {
    fileprivate init(claims text: Span<UInt8>) {
        self.init()
        guard let claims = try? JSONReader.object(text) else { return }
        clientID = claims.lenientText("appid", in: text) ?? claims.lenientText("azp", in: text)
        objectID = claims.lenientText("oid", in: text)
        tenantID = claims.lenientText("tid", in: text)
        audience = claims.lenientText("aud", in: text)
    }
}
