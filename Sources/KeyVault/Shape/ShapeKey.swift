import Cryptography
import Messages
import Secrets

extension FetchedObject {
    /// A key's public part: as the JSON that the vault gives, or as PEM.
    func keyShaped(as format: ObjectFormat, in set: inout SecretSet) throws(VaultError) -> SecretSet.Slot {
        switch format {
        case .jwk:
            return slot
        case .pem:
            let pem = try publicKeyPEM(in: set)
            return set.append(Array(pem.utf8).span)
        case .pemKey, .pemChain, .pfx, .truststore:
            throw fault(.format(.notForKeys(format)))
        }
    }

    private func publicKeyPEM(in set: borrowing SecretSet) throws(VaultError) -> String {
        do throws(CryptographyError) {
            return try set.withBytes(of: slot) { (text) throws(CryptographyError) in
                guard let root = try? JSONReader.read(text) else { throw .malformed(what: "JWK") }
                let key = try PublicJSONWebKey(
                    keyType: root.lenientText("kty", in: text) ?? "", n: root.lenientText("n", in: text),
                    e: root.lenientText("e", in: text), curve: root.lenientText("crv", in: text),
                    x: root.lenientText("x", in: text),
                    y: root.lenientText("y", in: text))
                return try key.pem()
            }
        } catch {
            throw fault(.format(.noPublicKey))
        }
    }
}
