package import Messages
package import Secrets

extension VaultError {
    /// The error in words for all objects that failed in this way: one line that names them, or as many of them as a
    /// line holds.
    package func diagnosis(ofObjects objects: [VaultObject]) -> Diagnosis {
        if case .identity(let diagnosis) = reason { return diagnosis }
        let subject = SubjectPhrase(self, objects)
        return Diagnosis(
            messageCode, exit: exitCode, "vault '\(vault.name)': " + sentence(subject) + evidence,
            hint: Remedy(error: self, objects: objects).hint, secret: objects.count == 1 ? objects.first?.name : nil,
            vault: vault.name)
    }

    /// ` (HTTP 403, request 6c1f…)`: the status, the code where it is not what the sentence says, and the beginning of
    /// the id under which the vault logged the request.
    private var evidence: String {
        guard let status else { return "" }
        var parts = ["HTTP \(status)" + (wantsCode ? code.map { " \($0)" } ?? "" : "")]
        if let requestID { parts.append("request \(requestID.prefix(8))…") }
        return " (" + parts.joined(separator: ", ") + ")"
    }

    private var wantsCode: Bool {
        switch reason {
        case .refused, .failing, .tokenRefused, .forbidden(.unknown), .forbidden(.object): true
        default: false
        }
    }

    private func sentence(_ subject: SubjectPhrase) -> String {
        switch reason {
        case .unresolved: "could not resolve '\(vault.host)'"
        case .unreachable(let reason): "could not connect" + detail(reason)
        case .broken(let reason): "the connection broke" + detail(reason)
        case .timedOut: "no answer in time for \(subject)"
        case .untrusted(let reason): "the server did not prove to be '\(vault.host)'" + detail(reason)
        case .unsendable(let reason): "the request for \(subject) can't be sent" + detail(reason)
        case .throttled: "throttled, \(subject) not answered"
        case .failing: "the vault failed to answer for \(subject)"
        case .redirected: "the vault answered for \(subject) with a redirect, which is never followed"
        case .refused: "the vault refused the request for \(subject)"
        case .answer(let fault): "the answer for \(subject) " + fault.words
        case .challenge(let fault): fault.words(host: vault.host)
        case .tokenRefused(let fault): "the vault refused the identity's token for \(subject)" + fault.words
        case .disabled: "\(subject) \(subject.are) disabled"
        case .forbidden(let permission): forbidden(permission, subject)
        case .firewall: "the vault's firewall does not let this machine read \(subject)"
        case .privateOnly: "the vault lets nobody read \(subject) from a public network"
        case .missing: "\(subject) \(subject.were) not found"
        case .deleted: "\(subject) \(subject.are) deleted"
        case .identity(let diagnosis): diagnosis.text
        case .invalidName: "\(subject) can't exist: a name has 1 to 127 letters, digits and hyphens"
        case .encoding(let encoding): "the value of \(subject) is not \(encoding.rawValue)"
        case .notJSON: "the value of \(subject) is not JSON"
        case .pointerSyntax(let pointer): "'#\(pointer)' behind \(subject) is no JSON pointer"
        case .member(let pointer): "\(subject) has nothing at '\(pointer)'"
        case .format(let fault): fault.words(subject.description)
        }
    }

    private func forbidden(_ permission: Permission, _ subject: SubjectPhrase) -> String {
        switch (permission, self.subject) {
        case (.object, .object): "reading \(subject) is not permitted"
        case (_, .listing), (_, .versions): "the identity may not list secrets"
        default: "the identity may not read \(subject)"
        }
    }

    private func detail(_ reason: String) -> String {
        reason.isEmpty ? "" : " (\(reason.prefix(200)))"
    }
}

/// What an error is about: `secret 'a'`, `secrets 'a', 'b' and 3 more`, `the list of secrets`.
struct SubjectPhrase: CustomStringConvertible {
    let description: String
    let isPlural: Bool

    /// The most bytes of names in one line of at most 1 KiB.
    static let room = 600

    init(_ error: VaultError, _ objects: [VaultObject]) {
        isPlural = objects.count > 1
        switch (error.subject, objects.first) {
        case (.listing, _): description = "the list of secrets"
        case (.versions(let name), _): description = "the versions of secret '\(name)'"
        case (.challenge, _), (.object, nil): description = "a request"
        case (.object, let first?):
            description = first.kind.rawValue + (objects.count > 1 ? "s " : " ") + Self.names(objects)
        }
    }

    var are: String { isPlural ? "are" : "is" }
    var were: String { isPlural ? "were" : "was" }

    private static func names(_ objects: [VaultObject]) -> String {
        let all = objects.map { "'\($0.name.prefix(127))\($0.version.map { "/" + $0 } ?? "")'" }
        var used = 0
        let shown = all.prefix {
            used += $0.utf8.count + 2
            return used <= room
        }
        let rest = all.count - shown.count
        guard rest == 0 else { return shown.joined(separator: ", ") + " and \(rest) more" }
        guard let last = shown.last, shown.count > 1 else { return shown.joined() }
        return shown.dropLast().joined(separator: ", ") + " and " + last
    }
}

extension VaultError.AnswerFault {
    fileprivate var words: String {
        switch self {
        case .status: "has a status that no vault sends"
        case .json(let fault): fault.words
        case .anotherObject: "is about another object"
        case .foreignPage: "names a next page that is not the vault's own"
        case .pageLoop: "comes back to a page that was seen before"
        case .tooManyPages(let limit): "has more than \(limit) pages"
        case .tooLarge(let limit): "has more than \(limit) bytes"
        case .notHTTP(let reason): "is not HTTP (\(reason.prefix(200)))"
        }
    }
}

extension VaultError.ChallengeFault {
    fileprivate func words(host: String) -> String {
        switch self {
        case .none: "'\(host)' did not ask for a token as a vault does"
        case .unreadable: "'\(host)' asks for a token in a way that can't be read"
        case .foreignResource(let resource):
            "'\(host)' asks for a token of '\(resource.prefix(200))', which it is not under"
        case .tokenOfAzure:
            "the identity gave a token of Azure's vaults, and '\(host)' is none of them: it was not sent"
        }
    }
}

extension VaultError.TokenFault {
    fileprivate var words: String {
        switch self {
        case .issuer: ": it is of another tenant than the vault's"
        case .audience: ": it is for another audience"
        case .expired: ": it has expired"
        case .claims: ": it does not meet the vault's claims"
        case .unbound: ": the vault takes bound tokens only, which Linux can't have yet"
        case .other: ""
        }
    }
}

extension VaultError.FormatFault {
    fileprivate func words(_ subject: String) -> String {
        switch self {
        case .noPrivateKey: "\(subject) has no private key in the vault: it was made as not exportable"
        case .noCertificate: "\(subject) holds no certificate"
        case .unreadable: "\(subject) holds a certificate or key that can't be read"
        case .noPublicKey: "\(subject) has no public key that PEM could hold"
        case .notForSecrets: "\(subject) is a secret, which has no format"
        case .password: "\(subject) can't be protected: the password has a NUL byte"
        case .notForCertificates(let format): "\(subject) is a certificate, which '\(format.rawValue)' is no format of"
        case .notForKeys(let format): "\(subject) is a key, which '\(format.rawValue)' is no format of"
        }
    }
}
