package import HTTPTransport
import LinuxSystem
import Secrets

/// The identity of one run: one token for each audience, however many secrets are asked for with it.
///
/// `token` is synchronous and drives all exchanges of its transport while it waits: a request to the vault that was
/// begun before it proceeds during the token's fetch.
package final class IdentitySession {
    /// What was chosen, and why; grows when the metadata service has been probed.
    package private(set) var decision: IdentityDecision
    private let client: TokenClient
    private var tokens: [Key: Kept] = [:]

    private struct Key: Hashable {
        let resource: String
        let tenant: String?
    }

    private struct Kept {
        let token: AccessToken
        /// Whether the token was valid when it came, by this machine's clock; a clock that is wrong must not cost a
        /// request for every secret.
        let wasValid: Bool
    }

    /// `observer` is held weakly.
    package init(
        _ decision: IdentityDecision, environment: IdentityEnvironment, transport: any HTTPTransport,
        observer: (any WaitObserver)? = nil,
        generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.decision = decision
        client = TokenClient(
            transport: transport, environment: environment, observer: observer, generator: generator)
    }

    /// The token for an audience: the kept one, or a new one.
    ///
    /// `tenantHint` is the tenant of the vault's challenge; only the Azure CLI follows it, all others have their own.
    /// `claims` is the JSON text of a claims challenge: it forces a new token, which replaces the kept one; so does
    /// `isRefused`, for a kept one that the vault did not take. Throws what ended the tries; `temporary` (75) once the
    /// policy allows no more.
    package func token(
        for resource: String, tenantHint: String? = nil, claims: String? = nil, isRefused: Bool = false,
        retryPolicy: RetryPolicy
    ) throws(IdentityError) -> AccessToken {
        let resource = resource.hasSuffix("/") ? String(resource.dropLast()) : resource
        let tenant = tenantHint.flatMap { IdentitySetting.isTenant($0) ? $0 : nil }
        let key = Key(resource: resource, tenant: decision.source.followsTenant ? tenant : nil)
        let kept = tokens[key]
        let now = client.environment.wallClock()
        let isRefused = isRefused || claims != nil
        if !isRefused, let kept, !kept.wasValid || kept.token.expiresOn > now {
            return kept.token
        }
        let ask = TokenAsk(
            resource: resource, tenantHint: tenant, claims: claims, refused: isRefused ? kept?.token.secret : nil,
            retryPolicy: retryPolicy)
        let token = try fetch(ask)
        tokens[key] = Kept(token: token, wasValid: token.expiresOn > client.environment.wallClock())
        return token
    }

    /// Who the token is for, by its claims; nothing for a token that is no JSON web token. For display only.
    package static func owner(of token: AccessToken) -> TokenOwner {
        token.owner
    }

    private func fetch(_ ask: TokenAsk) throws(IdentityError) -> AccessToken {
        client.announce(decision.kind)
        do throws(IdentityError) {
            return try decision.source.token(ask, through: client)
        } catch .absent(let kind, let reason) where decision.isAutomatic {
            decision.record = decision.record.map {
                $0.taken ? Consideration(source: kind.rawValue, taken: false, reason: reason) : $0
            }
            throw .none(record: decision.record)
        }
    }
}
