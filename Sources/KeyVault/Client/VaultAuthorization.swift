import Cryptography
import HTTPTransport
import ManagedIdentity
import Messages
import Secrets

/// The token of one audience.
struct VaultToken {
    var token: AccessToken
    /// Counts the tokens: a refusal of an older one is no refusal of this one.
    var generation = 0
    /// Continuous access evaluation is answered once.
    var hasMetClaims = false
    /// A token that had expired is asked for anew once.
    var hasReplacedExpired = false
}

/// Who may ask: which audience each vault's tokens are for, and the tokens of one run, one for each audience.
///
/// An audience comes from the vault's suffix, or from a challenge that was checked. `VaultClient` says when what is
/// sent; here nothing is sent but what the token provider sends.
struct VaultAuthorization {
    private let provider: any TokenProvider
    /// The audiences of vaults whose suffix is not known.
    private var proofs: [VaultAddress: AudienceProof] = [:]
    /// By resource.
    private var tokens: [String: VaultToken] = [:]

    init(provider: any TokenProvider) {
        self.provider = provider
    }

    /// What a vault's tokens are for; nil where its challenge has yet to say it.
    private func audience(of vault: VaultAddress) -> AudienceProof? {
        proofs[vault] ?? VaultCloud.of(vault).map { AudienceProof(resource: $0.resource, tenant: nil) }
    }

    /// Whether only the vault's challenge can say what its tokens are for.
    func needsChallenge(of vault: VaultAddress) -> Bool { audience(of: vault) == nil }

    /// The token that is sent to a vault; nil before there is one.
    func token(for vault: VaultAddress) -> VaultToken? {
        audience(of: vault).flatMap { tokens[$0.resource] }
    }

    /// What a vault has proved by its challenge; nil for a vault whose suffix is known.
    func proof(of vault: VaultAddress) -> AudienceProof? { proofs[vault] }

    /// Takes over what an earlier run proved of a vault, where it still holds.
    mutating func recall(_ proof: AudienceProof, of vault: VaultAddress) {
        guard VaultCloud.of(vault) == nil else { return }
        var challenge = Challenge()
        challenge.resource = proof.resource
        challenge.tenant = proof.tenant
        try? accept(challenge, of: vault)
    }

    /// Takes a vault's audience from its answer to a request without a token.
    mutating func accept(challengeIn response: borrowing HTTPResponse, of vault: VaultAddress) throws(VaultError) {
        guard response.status == 401, let challenge = Challenge(response.headers) else {
            let reason: VaultError.Reason = (300...399).contains(response.status) ? .redirected : .challenge(.none)
            throw VaultError(reason, vault: vault, subject: .challenge, status: response.status)
        }
        try accept(challenge, of: vault)
    }

    private mutating func accept(_ challenge: Challenge, of vault: VaultAddress) throws(VaultError) {
        proofs[vault] = AudienceProof(
            resource: try challenge.verifiedResource(for: vault), tenant: challenge.tenant)
    }

    /// Fetches the token of a vault's audience, once in a run; returns why there is none.
    mutating func authorize(_ vault: VaultAddress, _ retryPolicy: RetryPolicy) -> VaultError? {
        guard let audience = audience(of: vault), tokens[audience.resource] == nil else { return nil }
        do throws(Diagnosis) {
            let token = try provider.token(
                for: audience.resource, tenant: audience.tenant, claims: nil, isRefused: false,
                retryPolicy: retryPolicy)
            guard !Self.belongsElsewhere(token, vault) else {
                return VaultError(.challenge(.tokenOfAzure), vault: vault, subject: .challenge)
            }
            tokens[audience.resource] = VaultToken(token: token)
            return nil
        } catch {
            return VaultError(.identity(error), vault: vault, subject: .challenge)
        }
    }
}

// MARK: - A token that the vault refused

extension VaultAuthorization {
    /// Judges a 401 to a request with a token; returns where another try with a newer token is right.
    ///
    /// 1. A newer token is there already: another request met the same refusal before.
    /// 2. The vault wants claims to be met (continuous access evaluation): a new token with these, once.
    /// 3. The challenge names a resource: it must be one that the vault is under, here as before the first token.
    /// 4. The token has expired although it has just come: the endpoint had kept it. It is asked for a new one, once.
    mutating func reconsider(
        _ response: borrowing HTTPResponse, of call: VaultCall, generation: Int, _ retryPolicy: RetryPolicy
    ) throws(VaultError) {
        guard let audience = audience(of: call.vault), let known = tokens[audience.resource],
            known.generation == generation  // (1)
        else { return }
        let challenge = Challenge(response.headers)
        var wanted = audience
        wanted.tenant = challenge?.tenant ?? audience.tenant
        if let challenge, challenge.error == "insufficient_claims" {  // (2)
            guard !known.hasMetClaims, let claims = challenge.claims.flatMap(Self.claims) else {
                throw call.refusal(.tokenRefused(.claims), response)
            }
            try renew(wanted, for: call, claims: claims, retryPolicy)
            tokens[audience.resource]?.hasMetClaims = true
            return
        }
        if let challenge, challenge.resource != nil {  // (3)
            do throws(VaultError) {
                _ = try challenge.verifiedResource(for: call.vault)
            } catch {
                throw call.refusal(error.reason, response)
            }
        }
        let reason = VaultRefusal(response).reason(for: call.subject)
        let isExpired =
            reason == .tokenRefused(.expired)
            || reason == .tokenRefused(.other) && challenge?.error == "invalid_token"
        guard isExpired, !known.hasReplacedExpired else { throw call.refusal(reason, response) }
        try renew(wanted, for: call, claims: nil, retryPolicy)  // (4)
        tokens[audience.resource]?.hasReplacedExpired = true
    }

    /// Whether a token is for Azure's vaults although the host is not Azure's. An identity endpoint that ignores the
    /// resource gives such a token.
    private static func belongsElsewhere(_ token: AccessToken, _ vault: VaultAddress) -> Bool {
        guard VaultCloud.of(vault) == nil, let audience = IdentitySession.owner(of: token).audience else {
            return false
        }
        return VaultCloud.isAudience(audience)
    }

    private mutating func renew(
        _ audience: AudienceProof, for call: VaultCall, claims: String?, _ retryPolicy: RetryPolicy
    ) throws(VaultError) {
        let token: AccessToken
        do throws(Diagnosis) {
            token = try provider.token(
                for: audience.resource, tenant: audience.tenant, claims: claims, isRefused: true,
                retryPolicy: retryPolicy)
        } catch {
            throw VaultError(.identity(error), vault: call.vault, subject: call.subject)
        }
        guard !Self.belongsElsewhere(token, call.vault) else {
            throw VaultError(.challenge(.tokenOfAzure), vault: call.vault, subject: call.subject)
        }
        tokens[audience.resource]?.token = token
        tokens[audience.resource]?.generation += 1
    }

    /// The JSON text of a challenge's claims, in base64 of either alphabet.
    private static func claims(_ encoded: String) -> String? {
        let bytes = Array(encoded.utf8)
        guard
            let decoded = (try? base64Decoded(bytes.span)) ?? (try? base64Decoded(bytes.span, .url)),
            decoded.count > 0
        else { return nil }
        return decoded.withBytes { text in
            String(validating: (0..<text.count).map { text[$0] }, as: UTF8.self)
        }
    }
}

extension VaultCall {
    fileprivate func refusal(_ reason: VaultError.Reason, _ response: borrowing HTTPResponse) -> VaultError {
        VaultError(reason, vault: vault, subject: subject, status: response.status)
    }
}
