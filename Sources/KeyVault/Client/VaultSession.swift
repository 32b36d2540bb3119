import HTTPTransport
import LinuxSystem
import Secrets

/// How requests go to one vault: what is under way, and whether more may be sent.
struct VaultSession {
    var gate: VaultGate
    /// Requests that are under way.
    var flying = 0
    /// The request without a token that was sent ahead.
    var warm: HTTPTicket?
    /// What it asks for: path and query.
    var warmTarget: String?
    /// The last refusal of the whole vault.
    var refusal: VaultError?

    /// The refusal for which the vault is being left alone now.
    func pause(at now: BootInstant) -> VaultError? {
        gate.pausedUntil.map { now < $0 } ?? false ? refusal : nil
    }
}
