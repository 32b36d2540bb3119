package import LinuxSystem
import Messages

/// Why there is no token. Holds names, places and codes; never a value, an id of an answer, or a body.
package enum IdentityError: Error, Equatable, Sendable {
    /// `present` is set and needs `missing`, which is not.
    case halfSet(IdentityKind, present: String, missing: String)
    /// A source was asked for by name and is not configured; `reason` says what is missing.
    case notConfigured(source: String, reason: String)
    /// A variable holds what cannot be used.
    case invalidValue(variable: String, problem: String)
    /// An id among the options cannot be used.
    case invalidIdentity(problem: String)
    /// The source hands out one identity only, and another was asked for.
    case unsupportedIdentity(IdentityKind, AssignedIdentity)
    /// Nothing is configured and nothing answers.
    case none(record: [Consideration])
    /// The source is not there: a probe without an answer, a proxy that says so.
    case absent(IdentityKind, reason: String)
    /// A file that the identity needs cannot be read; `role` is the variable or credential that names it.
    case file(IdentityKind, role: String, SystemError)
    /// A file was read and is of no use.
    case unusableFile(IdentityKind, role: String, path: String, problem: String)
    case unreachable(IdentityKind, host: String, reason: String)
    case untrusted(IdentityKind, host: String, reason: String)
    case throttled(IdentityKind, retryAfter: Duration?)
    /// A status that may pass: 404 and 410 of an identity endpoint, 408, 5xx.
    case failing(IdentityKind, status: Int, retryAfter: Duration?)
    /// The answer is not what the protocol says.
    case answer(IdentityKind, problem: String)
    /// No identity, or not the one asked for, is assigned to the machine or service.
    case unassigned(IdentityKind, AssignedIdentity, hint: String)
    /// Several identities are assigned, and none of them was chosen.
    case unchosen(IdentityKind, hint: String)
    /// The endpoint refuses the request itself; `code` is its own short word for it.
    case refused(IdentityKind, status: Int, code: String?, hint: String? = nil)
    /// The endpoint refuses the caller (401, 403).
    case denied(IdentityKind, status: Int, hint: String?)
    /// Entra refuses, with one of its numbered errors.
    case entra(EntraRefusal)
    /// The Azure CLI was not found, is not logged in, or failed.
    case commandLine(CommandLineProblem)

    package enum CommandLineProblem: Equatable, Sendable {
        case unavailable
        case notFound
        case notLoggedIn
        case timedOut
        case claimsUnsupported
        case failed(status: Int32, entraCode: Int?)
        case couldNotRun(SystemError)
    }

    /// What a server asked to wait before the next try.
    var retryAfter: Duration? {
        switch self {
        case .throttled(_, let pause), .failing(_, _, let pause): pause
        default: nil
        }
    }

    /// Whether trying again is right.
    package var mayPass: Bool { diagnosis.exitCode == .temporary }
}

/// One source that was looked at, for `check --explain` and for the message when nothing is found.
package struct Consideration: Sendable, Equatable {
    /// The source's name.
    package let source: String
    package let taken: Bool
    /// Why: `AZURE_CLIENT_SECRET is not set`.
    package let reason: String

    package init(source: String, taken: Bool, reason: String) {
        self.source = source
        self.taken = taken
        self.reason = reason
    }
}
