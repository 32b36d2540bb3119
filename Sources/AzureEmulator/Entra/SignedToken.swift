import Crypto
import FoundationEssentials
import X509
import _CryptoExtras

/// A JSON web token that someone else signed: its parts, before any of them is believed.
package struct SignedToken: Sendable {
    package var header: JSON
    package var claims: JSON
    /// What the signature is over.
    package var signed: [UInt8]
    package var signature: [UInt8]

    /// Nil for what is no token.
    package init?(_ text: String) {
        let parts = text.trimmingWhitespace().split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let head = Base64.bytes(parts[0]), let body = Base64.bytes(parts[1]),
            let end = Base64.bytes(parts[2]), let header = try? JSON(parsing: head),
            let claims = try? JSON(parsing: body), header.members != nil, claims.members != nil
        else { return nil }
        self.header = header
        self.claims = claims
        signed = Array("\(parts[0]).\(parts[1])".utf8)
        signature = end
    }

    package var algorithm: String { header["alg"]?.string ?? "" }

    /// The audiences: one text or a list of them.
    package var audiences: [String] {
        claims["aud"]?.string.map { [$0] } ?? claims["aud"]?.array?.compactMap(\.string) ?? []
    }

    /// Whether a certificate's key made the signature; RSA only, as Entra takes it.
    func isSigned(by certificate: Certificate) -> Bool {
        guard let key = _RSA.Signing.PublicKey(certificate.publicKey) else { return false }
        let padding: _RSA.Signing.Padding
        switch algorithm {
        case "PS256": padding = .PSS
        case "RS256": padding = .insecurePKCS1v1_5
        default: return false
        }
        return key.isValidSignature(
            _RSA.Signing.RSASignature(rawRepresentation: Data(signature)), for: SHA256.hash(data: Data(signed)),
            padding: padding)
    }
}

extension String {
    /// The text without white space at its ends.
    package func trimmingWhitespace() -> String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
