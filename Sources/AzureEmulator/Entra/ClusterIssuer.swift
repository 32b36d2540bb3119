import Crypto
import FoundationEssentials
import Synchronization
import _CryptoExtras

/// The token issuer of an emulated Kubernetes cluster: signs the service account tokens that Entra takes in place of a
/// client secret. Its key is made when it is first needed: two primes of 1024 bits take their time.
package final class ClusterIssuer: Sendable {
    private let key = Mutex<_RSA.Signing.PrivateKey?>(nil)
    private let storedPEM: String?
    private let store: @Sendable (String) -> Void

    /// With a key of an earlier run, and what is done with a new one.
    package init(keyPEM: String? = nil, store: @escaping @Sendable (String) -> Void = { _ in }) {
        storedPEM = keyPEM
        self.store = store
    }

    private func signingKey() throws(SetupError) -> _RSA.Signing.PrivateKey {
        do {
            return try key.withLock { key in
                if let key { return key }
                if let storedPEM, let stored = try? _RSA.Signing.PrivateKey(pemRepresentation: storedPEM) {
                    key = stored
                    return stored
                }
                let made = try _RSA.Signing.PrivateKey(keySize: .bits2048)
                store(made.pkcs8PEMRepresentation + "\n")
                key = made
                return made
            }
        } catch {
            throw SetupError("the cluster's key could not be made: \(error)")
        }
    }

    package static let keyID = "latchkey-emulator-cluster"

    /// A service account's token.
    package func token(
        issuer: String, subject: String, audience: String, issuedAt: Double, expires: Double
    ) throws(SetupError) -> String {
        let header: JSON = ["alg": "RS256", "kid": .string(Self.keyID), "typ": "JWT"]
        let claims: JSON = [
            "aud": [.string(audience)], "exp": .integer(Int(expires)), "iat": .integer(Int(issuedAt)),
            "nbf": .integer(Int(issuedAt)), "iss": .string(issuer), "sub": .string(subject),
            "jti": .string(Identifier.random()),
        ]
        let signed = "\(Base64.urlText(header.bytes)).\(Base64.urlText(claims.bytes))"
        let key = try signingKey()
        do {
            let signature = try key.signature(
                for: SHA256.hash(data: Data(signed.utf8)), padding: .insecurePKCS1v1_5)
            return "\(signed).\(Base64.urlText(signature.rawRepresentation))"
        } catch {
            throw SetupError("a service account's token could not be signed: \(error)")
        }
    }

    package func isSigned(_ token: SignedToken) -> Bool {
        guard token.algorithm == "RS256", let key = try? signingKey() else { return false }
        return key.publicKey.isValidSignature(
            _RSA.Signing.RSASignature(rawRepresentation: Data(token.signature)),
            for: SHA256.hash(data: Data(token.signed)), padding: .insecurePKCS1v1_5)
    }

    /// The public key as the cluster publishes it.
    package var keySet: JSON {
        guard let primitives = try? signingKey().publicKey.getKeyPrimitives() else { return ["keys": []] }
        return [
            "keys": [
                [
                    "use": "sig", "kty": "RSA", "kid": .string(Self.keyID), "alg": "RS256",
                    "n": .string(Base64.urlText(primitives.modulus)),
                    "e": .string(Base64.urlText(primitives.publicExponent)),
                ]
            ]
        ]
    }
}
