import Cryptography
import Secrets

extension AccessToken {
    /// Who a token is for, from the claims of a JSON web token (RFC 7519); the signature is the vault's to check.
    var owner: TokenOwner {
        let claims: Claims? = secret.withBytes { bytes -> Claims? in
            var dots: [Int] = []
            for index in bytes.indices where bytes[index] == UInt8(ascii: ".") {
                dots.append(index)
            }
            guard dots.count == 2,
                let payload = try? base64Decoded(bytes.extracting(dots[0] + 1..<dots[1]), .url)
            else { return nil }
            return TokenAnswer.decoded(payload)
        }
        return TokenOwner(clientID: claims?.appid ?? claims?.azp, objectID: claims?.oid, tenantID: claims?.tid)
    }

    private struct Claims: Decodable {
        var appid: String?
        var azp: String?
        var oid: String?
        var tid: String?
    }
}
