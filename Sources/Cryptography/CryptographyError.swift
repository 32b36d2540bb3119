import COpenSSL

/// Why something could not be read, made or signed; never holds bytes of the input.
package enum CryptographyError: Error, Equatable, Sendable {
    /// The input is not what it should be: `what` names the form (`PEM`, `PKCS#12`, `base64`, `hexadecimal`, `JWK`).
    case malformed(what: String)
    /// An encrypted key without a password.
    case passwordMissing
    /// The password does not open the key.
    case passwordWrong
    /// No private key in the input.
    case privateKeyMissing
    /// No certificate in the input.
    case certificateMissing
    /// A key type, curve or algorithm that is not known here or to the library.
    case unsupported(String)
    /// The library refused `operation`; `reason` is its own fixed text.
    case library(operation: String, reason: String)

    /// The error in words, lower case, without a full stop.
    package var reason: String {
        switch self {
        case .malformed(let what): "not well-formed \(what)"
        case .passwordMissing: "the private key is encrypted and no password is given"
        case .passwordWrong: "the password does not open it"
        case .privateKeyMissing: "it holds no private key"
        case .certificateMissing: "it holds no certificate"
        case .unsupported(let what): "\(what) is not supported"
        case .library(let operation, let reason): "\(operation) failed: \(reason)"
        }
    }
}

/// The newest entry of libcrypto's error queue, which is emptied (ERR_get_error(3)).
struct LibraryFailure {
    let reasonCode: CInt
    let library: CInt
    let text: String

    static func take() -> LibraryFailure {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        let text = unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) } ?? "unknown reason"
        return LibraryFailure(reasonCode: ERR_GET_REASON(code), library: ERR_GET_LIB(code), text: text)
    }
}

extension CryptographyError {
    /// The library's refusal of `operation`, from its error queue.
    static func refused(_ operation: String) -> CryptographyError {
        .library(operation: operation, reason: LibraryFailure.take().text)
    }
}
