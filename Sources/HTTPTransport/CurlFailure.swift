import CCurl
import Glibc
import LinuxSystem

/// The facts about an exchange that curl ended: enough to say why in our own words.
struct CurlFacts {
    /// The reason, if one of our callbacks ended the exchange.
    enum Stop: Equatable {
        case tooLarge(limit: Int)
        case malformed(String)
    }

    var code: CURLcode
    /// The host of the URL, and of the proxy if there is one.
    var host: String
    var proxy: String?
    /// The server had accepted the TCP connection.
    var connected = false
    var stop: Stop?
    /// The certificate was not the pinned one.
    var pinRefused = false
    /// OpenSSL's result of the verification (X509_STORE_CTX_get_error(3)); 0 is none.
    var verification = 0
    /// The last `errno` of a socket call.
    var systemError: CInt = 0
    /// A proxy's answer to CONNECT.
    var proxyStatus = 0
    /// curl's error text. It may quote the server, so it is searched but not shown.
    var words = ""
    /// The file or directory of authorities.
    var authorities = "none"

    /// CURLE_TOO_LARGE, which is newer than the oldest libcurl that we build with.
    private static let tooLarge = CURLcode(100)

    /// Why there is no answer.
    var failure: HTTPFailure {
        switch stop {
        case .tooLarge(let limit): return .tooLarge(limit: limit)
        case .malformed(let reason): return .malformed(reason: reason)
        case nil: break
        }
        switch code {
        case CURLE_OPERATION_TIMEDOUT:
            return .timedOut(connected: connected)
        case CURLE_COULDNT_RESOLVE_HOST:
            return .couldNotResolve(host: host)
        case CURLE_COULDNT_RESOLVE_PROXY:
            return .couldNotResolve(host: proxy ?? host)
        case CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED, CURLE_PROXY:
            return unconnected
        case CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION, CURLE_NOT_BUILT_IN:
            return .invalidRequest(reason: "libcurl does not take the request (code \(code.rawValue))")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CIPHER,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CLIENTCERT, CURLE_SSL_ENGINE_INITFAILED, CURLE_USE_SSL_FAILED:
            return handshake
        default:
            return proxyStatus >= 300 ? unconnected : answer
        }
    }

    private var unconnected: HTTPFailure {
        if proxyStatus >= 300 {
            return .couldNotConnect(host: host, reason: "the proxy '\(proxy ?? "")' answered \(proxyStatus)")
        }
        // The kernel's own limit, where it is shorter than ours.
        if systemError == ETIMEDOUT { return .timedOut(connected: false) }
        let reason = systemError == 0 ? "connection failed" : SystemError(call: "connect", code: systemError).reason
        if let proxy, words.contains("to \(proxy) ") {
            return .couldNotConnect(host: host, reason: "proxy '\(proxy)': \(reason)")
        }
        return .couldNotConnect(host: host, reason: reason)
    }

    /// TLS: a lasting problem is `untrusted`, a connection that broke is `broken`.
    private var handshake: HTTPFailure {
        if pinRefused {
            return .untrusted(reason: "the certificate's SHA-1 is not the pinned one")
        }
        if code == CURLE_SSL_CACERT_BADFILE || words.contains("error setting certificate") {
            return .untrusted(reason: "the certificate authorities in '\(authorities)' can't be read")
        }
        if verification != 0 {
            return .untrusted(reason: Self.certificateReason(verification, host: host))
        }
        if code == CURLE_PEER_FAILED_VERIFICATION {
            return .untrusted(reason: "the certificate is not for '\(host)'")
        }
        if words.containsAny(of: [
            "SSL_ERROR_SYSCALL", "unexpected eof", "onnection reset", "roken pipe", "SSL_ERROR_ZERO", "Recv failure",
            "Send failure",
        ]) {
            return .broken(reason: "the connection was closed during the TLS handshake")
        }
        if words.containsAny(of: ["wrong version number", "packet length too long", "http request", "unknown protocol"])
        {
            return .untrusted(reason: "the server does not speak TLS")
        }
        if words.containsAny(of: ["protocol version", "unsupported protocol"]) {
            return .untrusted(reason: "the server does not speak TLS 1.2 or later")
        }
        if words.contains("alert") {
            return .untrusted(reason: "the server refused the TLS handshake")
        }
        return .untrusted(reason: "the TLS handshake failed (code \(code.rawValue))")
    }

    private var answer: HTTPFailure {
        switch code {
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING:
            return .malformed(reason: "the answer is not HTTP/1.1 or HTTP/2")
        case CURLE_HTTP2:
            return .malformed(reason: "the answer breaks HTTP/2's framing")
        case CURLE_OUT_OF_MEMORY, Self.tooLarge, CURLE_FILESIZE_EXCEEDED:
            // Until 8.6, curl's own limit for one header line (100 kB) has the code for exhausted memory.
            return .tooLarge(limit: AnswerHead.mostBytes)
        case CURLE_PARTIAL_FILE:
            return .broken(reason: "the connection was closed before the answer was whole")
        case CURLE_GOT_NOTHING:
            return .broken(reason: "the connection was closed without an answer")
        case CURLE_SEND_ERROR:
            return .broken(reason: words(for: "sending failed"))
        case CURLE_RECV_ERROR where words.contains("hunk"):
            return .malformed(reason: "the answer's chunks can't be read")
        case CURLE_RECV_ERROR:
            return .broken(reason: words(for: "receiving failed"))
        case CURLE_HTTP2_STREAM:
            return .broken(reason: "the server ended the HTTP/2 stream")
        default:
            return .broken(reason: "libcurl gave up (code \(code.rawValue))")
        }
    }

    private func words(for otherwise: String) -> String {
        systemError == 0 ? otherwise : SystemError(call: "recv", code: systemError).reason
    }

    /// OpenSSL's results in the words of our messages (openssl-verification-options(1), X509_STORE_CTX_get_error(3)).
    static func certificateReason(_ result: Int, host: String) -> String {
        switch CInt(truncatingIfNeeded: result) {
        case X509_V_ERR_CERT_HAS_EXPIRED: "the certificate has expired"
        case X509_V_ERR_CERT_NOT_YET_VALID: "the certificate is not valid yet"
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate is self-signed"
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            "the certificate was issued by an unknown authority"
        case X509_V_ERR_CERT_REVOKED: "the certificate was revoked"
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: "the certificate is not for '\(host)'"
        case X509_V_ERR_INVALID_PURPOSE: "the certificate is not one for servers"
        default: unsafe String(cString: ccurl_verification_text(result)).lowercased()
        }
    }

    /// Whether another source of authorities may help.
    var isUnknownAuthority: Bool {
        [
            X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
            X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
        ].contains(CInt(truncatingIfNeeded: verification))
    }
}

extension String {
    fileprivate func containsAny(of parts: [String]) -> Bool {
        parts.contains { contains($0) }
    }
}
