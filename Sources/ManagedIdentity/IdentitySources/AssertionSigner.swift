import Cryptography
import Messages
import Secrets

/// Signs the JSON web token by which an application proves that it has a certificate's key, as Microsoft's page
/// "Microsoft identity platform application authentication certificate credentials" has it.
struct AssertionSigner {
    let key: PrivateKey
    /// Leaf first.
    let chain: [Certificate]
    let sendsChain: Bool
    let algorithm: PrivateKey.Signature

    func assertion(audience: String, clientID: String, now: Int64) throws(CryptographyError) -> SharedSecret {
        guard let leaf = chain.first else { throw .certificateMissing }
        // AD FS knows the older pair of algorithm and thumbprint only.
        let thumbprint =
            algorithm == .ps256
            ? ("x5t#S256", base64Text(leaf.sha256Thumbprint.span, .url))
            : ("x5t", base64Text(leaf.sha1Thumbprint.span, .url))
        let header: JSONValue = [
            "typ": "JWT", "alg": .text(algorithm.rawValue), thumbprint.0: .text(thumbprint.1),
            "x5c": sendsChain ? .array(chain.map { .text(base64Text($0.der.span)) }) : .null,
        ]
        let id = uuidText(.random(in: 0 ... .max), .random(in: 0 ... .max))
        let claims: JSONValue = [
            "aud": .text(audience), "iss": .text(clientID), "sub": .text(clientID), "jti": .text(id),
            "nbf": .integer(now), "exp": .integer(now + 1800),
        ]
        let signed = encoded(header.withoutNulls) + "." + encoded(claims)
        let signature = try key.sign(Array(signed.utf8).span, algorithm)
        let text = Array("\(signed).\(base64Text(signature.span, .url))".utf8)
        return SharedSecret(SecretBytes(copying: text.span))
    }

    private func encoded(_ value: JSONValue) -> String {
        base64Text(value.bytes().span, .url)
    }
}
