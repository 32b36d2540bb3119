import HTTPTransport
import Secrets

extension VaultError {
    /// A transport's failure in a vault's terms.
    init(transport failure: HTTPFailure, vault: VaultAddress, subject: Subject) {
        let reason: Reason =
            switch failure {
            case .couldNotResolve: .unresolved
            case .couldNotConnect(_, let reason): .unreachable(reason: reason)
            case .timedOut: .timedOut
            case .untrusted(let reason): .untrusted(reason: reason)
            case .broken(let reason): .broken(reason: reason)
            case .tooLarge(let limit): .answer(.tooLarge(limit))
            case .malformed(let reason): .answer(.notHTTP(reason))
            case .invalidRequest(let reason): .unsendable(reason: reason)
            }
        self.init(reason, vault: vault, subject: subject)
    }

    /// Whether all requests to the vault wait when one of them fails like this.
    var concernsWholeVault: Bool {
        switch reason {
        case .throttled, .unresolved, .unreachable: true
        default: retryAfter != nil
        }
    }

    /// Whether every other request to the vault would end like this one.
    var endsAllOfVault: Bool {
        switch reason {
        case .untrusted, .challenge, .tokenRefused, .identity, .firewall, .privateOnly: true
        default: false
        }
    }
}
