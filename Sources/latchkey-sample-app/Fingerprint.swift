import Crypto
import FoundationEssentials

/// Turns values into fingerprints that show a change and nothing else.
///
/// The key is drawn at the start and never leaves the process: eight digits of a plain digest would let anyone who
/// sees the page try likely passwords against it.
struct FingerprintKey {
    private let key = SymmetricKey(size: .bits256)

    /// The value's length in bytes and the first eight hexadecimal digits of its HMAC-SHA-256.
    func reading(of value: Data) -> Reading {
        let code = HMAC<SHA256>.authenticationCode(for: value, using: key)
        let digits = code.prefix(4).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }
        return .found(length: value.count, fingerprint: digits.joined())
    }
}
