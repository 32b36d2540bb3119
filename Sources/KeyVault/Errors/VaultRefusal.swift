import HTTPTransport
import Messages
import Secrets

/// What a vault's refusal means: its status and the codes in its body, never its sentences.
struct VaultRefusal {
    let status: Int
    /// `Forbidden`, `ForbiddenByRbac`, `AKV10032`: the most telling code, where it is a plain word.
    let code: String?
    private let isTokenExpired: Bool

    init(_ response: borrowing HTTPResponse) {
        status = response.status
        let words = response.body.withBytes { Words($0) }
        isTokenExpired = words.message?.contains("[TokenExpired]") ?? false
        code = [words.message.flatMap(Self.serviceCode), words.inner, words.outer].compactMap { $0 }
            .first(where: Self.isWord)
    }

    /// `AKV10032` at the beginning of a message.
    private static func serviceCode(_ message: String) -> String? {
        let head = message.prefix(8)
        return head.hasPrefix("AKV") && head.dropFirst(3).utf8.allSatisfy { (0x30...0x39).contains($0) }
            && head.count == 8 ? String(head) : nil
    }

    private static func isWord(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy(\.isLetterOrDigit)
    }

    /// Whether the same request may pass later.
    static func mayPass(_ status: Int) -> Bool { status == 408 || status == 429 || (500...599).contains(status) }

    func reason(for subject: VaultError.Subject) -> VaultError.Reason {
        switch status {
        case 300...399: .redirected
        case 401: .tokenRefused(tokenFault)
        case 403: forbidden
        case 404: subject.isObject ? .missing : .refused
        case 408: .timedOut
        case 409: ["ObjectIsDeletedButRecoverable", "ObjectIsBeingDeleted"].contains(code) ? .deleted : .refused
        case 429: .throttled
        case 400...499: .refused
        case 500...599: .failing
        default: .answer(.status)
        }
    }

    private var forbidden: VaultError.Reason {
        switch code {
        case "SecretDisabled", "KeyDisabled", "CertificateDisabled": .disabled
        case "ForbiddenByRbac": .forbidden(.roles)
        case "ForbiddenByPolicy": .forbidden(.policies)
        case "AccessDenied", "SecretManagedByKeyVault": .forbidden(.object)
        case "ForbiddenByFirewall": .firewall
        case "ForbiddenByConnection": .privateOnly
        default: .forbidden(.unknown)
        }
    }

    private var tokenFault: VaultError.TokenFault {
        switch code {
        case "AKV10032": .issuer
        case "AKV10022": .audience
        case "MtlsCnfClaimRequestDataValidationFailed": .unbound
        default: isTokenExpired ? .expired : .other
        }
    }

    /// `{"error":{"code","message","innererror":{"code"}}}`, as far as it is that.
    private struct Words {
        var outer: String?
        var inner: String?
        var message: String?

        init(_ text: Span<UInt8>) {
            guard let root = try? JSONReader.read(text),
                let error = root.members(named: "error", in: text).first
            else { return }
            outer = error.lenientText("code", in: text)
            message = error.lenientText("message", in: text)
            inner = error.members(named: "innererror", in: text).first?.lenientText("code", in: text)
        }
    }
}

extension VaultError.Subject {
    fileprivate var isObject: Bool {
        if case .object = self { true } else { false }
    }
}
