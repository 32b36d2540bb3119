import Cryptography
import Messages
package import Secrets

extension FetchedObject {
    /// Shapes the object as it was asked for and says where the result lies; the slot is the object's own where
    /// there is nothing to do.
    ///
    /// 1. A certificate takes its format (PEM without one), a key likewise (JWK without one). `password` protects a PFX.
    /// 2. A secret is decoded: by the encoding that was asked for, else by its `file-encoding` tag. Only base64 and
    ///    hexadecimal are encodings of the value itself; the others say how a file looked before its text was stored.
    /// 3. A JSON pointer takes its part of what is there now.
    package func shaped(
        as request: ObjectRequest, password: SecretSet.Slot? = nil, in set: inout SecretSet
    ) throws(VaultError) -> SecretSet.Slot {
        let slot =
            switch object.kind {
            case .certificate: try certificateShaped(as: request.format ?? .pem, password, in: &set)
            case .key: try keyShaped(as: request.format ?? .jwk, in: &set)
            case .secret: try decoded(request, in: &set)
            }
        guard let pointer = request.reference.pointer else { return slot }
        return try part(pointer, of: slot, in: &set)
    }

    func fault(_ reason: VaultError.Reason) -> VaultError {
        VaultError(reason, vault: object.vault, subject: .object(object))
    }

    private func decoded(_ request: ObjectRequest, in set: inout SecretSet) throws(VaultError) -> SecretSet.Slot {
        guard request.format == nil else { throw fault(.format(.notForSecrets)) }
        let encoding = request.encoding ?? tags["file-encoding"].flatMap { ValueEncoding(rawValue: $0.lowercased()) }
        let bytes: SecretBytes
        do throws(CryptographyError) {
            switch encoding {
            case .base64:
                bytes = try set.withBytes(of: slot) { (text) throws(CryptographyError) in try base64Decoded(text) }
            case .hex:
                bytes = try set.withBytes(of: slot) { (text) throws(CryptographyError) in
                    try hexadecimalDecoded(text)
                }
            case .utf8, .utf16LE, .utf16BE, .ascii, nil:
                return slot
            }
        } catch {
            throw fault(.encoding(encoding ?? .utf8))
        }
        return bytes.withBytes { set.append($0) }
    }

    /// A string's own text, else the JSON of what is found, as its bytes stand in the source.
    private func part(
        _ text: String, of slot: SecretSet.Slot, in set: inout SecretSet
    ) throws(VaultError) -> SecretSet.Slot {
        guard let pointer = JSONPointer(text) else { throw fault(.pointerSyntax(text)) }
        var buffer = SecretBuffer(capacity: slot.count)
        try set.withBytes(of: slot) { (source) throws(VaultError) in
            guard let root = try? JSONReader.read(source) else { throw fault(.notJSON) }
            guard let node = pointer.resolve(from: root, in: source) else { throw fault(.member(text)) }
            if case .string = node.kind {
                JSONText.unescape(node.range, of: source) { buffer.append($0) }
            } else {
                buffer.append(source.extracting(node.range))
            }
        }
        return buffer.withBytes { set.append($0) }
    }
}
