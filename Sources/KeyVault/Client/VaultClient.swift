import Cryptography
package import HTTPTransport
import LinuxSystem
package import ManagedIdentity
package import Secrets

/// The vaults of one run: when what is sent. Several requests at once, every wait bounded.
///
/// `VaultAuthorization` says which token a vault is sent, if any.
///
/// Everything happens on the caller's thread, while it waits (see `HTTPTransport`).
package final class VaultClient {
    /// What may differ between runs and tests.
    package struct Settings {
        /// The most requests that are under way to one vault. How many connections that is worth is the transport's to
        /// say; the requests that Azure allows in ten seconds are not reached by so few at a time.
        package var parallelism = 32
        /// How long the first requests wait for the connection that is being opened ahead, once the token is there:
        /// one handshake and resumed ones cost less than many full ones, but not much waiting.
        package var warmth = Duration.milliseconds(5)
        /// Whether connections are opened while the token is on its way: it saves a round trip, and costs a request.
        package var opensAhead = true
        /// Who needs a missing permission, as `az role assignment create --assignee` takes it: the identity's client
        /// id, where the configuration names one.
        package var assignee: String?
        package var generator: any RandomNumberGenerator = SystemRandomNumberGenerator()
        /// Seconds since 1970, for `Retry-After` dates.
        package var wallClock: () -> Int64 = wallClockSeconds

        package init() {}
    }

    /// What a certificate is fetched for.
    package enum CertificateSource: Sendable {
        /// Key and chain: the secret of the certificate's name.
        case secret
        /// The public certificate alone.
        case certificate
    }

    let transport: any HTTPTransport
    let observer: (any WaitObserver)?
    var settings: Settings
    var authorization: VaultAuthorization
    var sessions: [VaultAddress: VaultSession] = [:]
    private var lastCorrelation: (high: UInt64, low: UInt64)?
    /// The `date` of the last answer, and what it says.
    var lastDate: (text: String, seconds: Int64?)?

    /// A client for one run. `observer` is told of every try that is going to be repeated, of every answer's status,
    /// and of objects as they arrive.
    package init(
        transport: any HTTPTransport, tokens: any TokenProvider, observer: (any WaitObserver)? = nil,
        settings: Settings = Settings()
    ) {
        self.transport = transport
        authorization = VaultAuthorization(provider: tokens)
        self.observer = observer
        self.settings = settings
    }

    /// Takes over what an earlier run proved of a vault, where it still holds: its challenge is not asked for again.
    package func recall(_ proof: AudienceProof, of vault: VaultAddress) {
        authorization.recall(proof, of: vault)
    }

    /// What a vault has proved in this run by its challenge; nil for a vault whose suffix is known.
    package func proof(of vault: VaultAddress) -> AudienceProof? { authorization.proof(of: vault) }

    /// Who the tokens for a vault are given to, by their claims; nil before there was one. For display only.
    package func owner(ofTokensFor vault: VaultAddress) -> TokenOwner? {
        authorization.token(for: vault).map { IdentitySession.owner(of: $0.token) }
    }

    /// When the token for a vault ends, in seconds since 1970; nil before there was one.
    package func end(ofTokensFor vault: VaultAddress) -> Int64? {
        authorization.token(for: vault)?.token.expiresOn
    }

    func session(of vault: VaultAddress) -> VaultSession {
        sessions[vault] ?? VaultSession(gate: VaultGate(widest: settings.parallelism))
    }

    /// A UUID (RFC 9562, version 4) for `x-ms-client-request-id`: random in each run, and counted on in it.
    func correlation() -> String {
        var (high, low) = lastCorrelation ?? (settings.generator.next(), settings.generator.next())
        low &+= 1
        lastCorrelation = (high, low)
        return uuidText(high, low)
    }
}
