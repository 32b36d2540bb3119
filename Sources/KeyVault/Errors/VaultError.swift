package import Messages
package import Secrets

/// Why a vault's object, or a list of them, could not be had or not be shaped as asked; never a value, never a
/// sentence of an answer, since those hold ids of applications, objects and subscriptions.
package struct VaultError: DiagnosableError, Equatable, Sendable {
    /// What the failed request was about.
    package enum Subject: Hashable, Sendable {
        case object(VaultObject)
        /// The list of a vault's secrets.
        case listing
        /// The versions of the secret with this name.
        case versions(String)
        /// The request without a token that asks a vault for its challenge.
        case challenge
    }

    package enum Reason: Equatable, Sendable {
        // No answer.
        case unresolved
        case unreachable(reason: String)
        case broken(reason: String)
        case timedOut
        case untrusted(reason: String)
        case unsendable(reason: String)
        // An answer that may be another one next time.
        case throttled
        case failing
        // An answer that will not.
        case redirected
        case refused
        case answer(AnswerFault)
        case challenge(ChallengeFault)
        case tokenRefused(TokenFault)
        case disabled
        case forbidden(Permission)
        case firewall
        case privateOnly
        case missing
        case deleted
        // No token: what the identity's source says.
        case identity(Diagnosis)
        // A name that no object of a vault can have.
        case invalidName
        // What was fetched can't be shaped as asked.
        case encoding(ValueEncoding)
        case notJSON
        case pointerSyntax(String)
        case member(String)
        case format(FormatFault)
    }

    /// Who keeps a permission back.
    package enum Permission: Hashable, Sendable {
        /// Role assignments (`ForbiddenByRbac`).
        case roles
        /// The vault's access policies (`ForbiddenByPolicy`).
        case policies
        /// The operation is not allowed on this object at all (`AccessDenied`, `SecretManagedByKeyVault`).
        case object
        /// An inner code that is not known here.
        case unknown
    }

    /// What is wrong with an answer.
    package enum AnswerFault: Error, Hashable, Sendable {
        case status
        case json(JSONFault)
        /// The answer names another object, version or vault than was asked for.
        case anotherObject
        /// A list's next page lies elsewhere.
        case foreignPage
        /// A list comes back to a page that was seen.
        case pageLoop
        case tooManyPages(Int)
        case tooLarge(Int)
        case notHTTP(String)
    }

    /// What is wrong with a challenge (RFC 6750, 3).
    package enum ChallengeFault: Hashable, Sendable {
        case none
        case unreadable
        /// The challenge asks for a token of a resource that the vault's host is not under.
        case foreignResource(String)
        /// The identity gave a token of Azure's vaults for a host that is not one of them.
        case tokenOfAzure
    }

    /// Why a token was refused, as far as the answer's code tells.
    package enum TokenFault: Hashable, Sendable {
        case issuer
        case audience
        case expired
        /// The token that met the vault's claims was refused too.
        case claims
        /// The vault takes tokens only that are bound to a certificate (`TokenBindingMode` `Enforced`).
        case unbound
        case other
    }

    /// Why a certificate or key can't be had in a format.
    package enum FormatFault: Hashable, Sendable {
        case noPrivateKey
        case noCertificate
        case unreadable
        /// A PFX's password has a NUL byte.
        case password
        case noPublicKey
        case notForSecrets
        case notForCertificates(ObjectFormat)
        case notForKeys(ObjectFormat)
    }

    package let reason: Reason
    package let vault: VaultAddress
    package var subject: Subject
    /// The answer's status, where there was one.
    package var status: Int?
    /// The answer's own code, where it is a plain word: `Forbidden`, `ForbiddenByRbac`, `AKV10032`.
    package var code: String?
    /// The answer's `x-ms-request-id`.
    package var requestID: String?
    /// What the answer asks to wait, already clamped.
    package var retryAfter: Duration?
    /// Who needs the permission, as `az` takes it; nil where it is not known.
    package var assignee: String?

    package init(_ reason: Reason, vault: VaultAddress, subject: Subject, status: Int? = nil) {
        self.reason = reason
        self.vault = vault
        self.subject = subject
        self.status = status
    }

    /// The object that the failed request was about.
    package var object: VaultObject? {
        guard case .object(let object) = subject else { return nil }
        return object
    }

    /// Whether trying again is right: the failure may pass by itself.
    package var isTemporary: Bool { exitCode == .temporary }

    /// Whether the vault itself can't be reached, is throttled or fails.
    package var isOutage: Bool {
        if case .identity = reason { return false }
        return isTemporary
    }

    /// Whether only this list can't be read: secrets may be had all the same.
    package var isOfListOnly: Bool {
        switch reason {
        case .forbidden, .answer: true
        default: false
        }
    }

    /// Whether the object is definitely not to be had: it is not there, deleted or disabled.
    package var isGone: Bool {
        switch reason {
        case .missing, .deleted, .disabled: true
        default: false
        }
    }

    /// What a command ends with when this ends it.
    package var exitCode: ExitCode {
        switch reason {
        case .unresolved, .unreachable, .broken, .timedOut, .throttled, .failing: .temporary
        case .untrusted, .redirected, .refused, .answer, .challenge: .protocolFailure
        case .tokenRefused, .disabled, .forbidden, .firewall, .privateOnly: .denied
        case .missing, .deleted, .member: .noInput
        case .encoding, .notJSON, .format: .data
        case .invalidName, .pointerSyntax: .usage
        case .unsendable: .software
        case .identity(let diagnosis): diagnosis.exitCode
        }
    }

    /// The stable code in brackets.
    package var messageCode: MessageCode {
        switch reason {
        case .unresolved: .vaultUnresolved
        case .unreachable, .broken: .vaultUnreachable
        case .timedOut: .vaultTimeout
        case .untrusted: .vaultUntrusted
        case .unsendable: .internalError
        case .throttled: .vaultThrottled
        case .failing: .vaultFailing
        case .redirected: .vaultRedirect
        case .refused: .vaultRefused
        case .answer: .vaultAnswer
        case .challenge: .vaultChallenge
        case .tokenRefused: .tokenRefused
        case .disabled: .secretDisabled
        case .forbidden: object == nil ? .vaultForbidden : .secretForbidden
        case .firewall: .vaultFirewall
        case .privateOnly: .vaultPrivate
        case .missing, .deleted: .secretMissing
        case .identity(let diagnosis): diagnosis.code
        case .invalidName, .pointerSyntax: .referenceSyntax
        case .encoding: .valueEncoding
        case .notJSON: .valueJSON
        case .member: .jsonMember
        case .format: .certificateFormat
        }
    }

    package var diagnosis: Diagnosis { diagnosis(ofObjects: object.map { [$0] } ?? []) }
}
