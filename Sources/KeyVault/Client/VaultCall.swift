import LinuxSystem
import Secrets

/// One request to a vault with all its tries.
struct VaultCall {
    let vault: VaultAddress
    let subject: VaultError.Subject
    /// Path and query.
    let target: String
    /// Whether it carries a token; a request for a challenge does not.
    let carriesToken: Bool
    /// Whether the others may go on being retried if this one finds its object gone.
    let isOptional: Bool
    /// `x-ms-client-request-id`: the same in all tries.
    let correlation: String
    /// Not to be sent before this.
    var notBefore = BootInstant(nanoseconds: .min)
    /// Tries that ended with a failure of this request; a 429 is one of the vault and does not count.
    var failures = 0
    /// The last failure.
    var error: VaultError?
    var backoff = Backoff(base: .milliseconds(800), cap: .seconds(5))

    init(
        to vault: VaultAddress, about subject: VaultError.Subject, target: String, carriesToken: Bool = true,
        isOptional: Bool = false, correlation: String
    ) {
        self.vault = vault
        self.subject = subject
        self.target = target
        self.carriesToken = carriesToken
        self.isOptional = isOptional
        self.correlation = correlation
    }
}
