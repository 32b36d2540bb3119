import Cryptography
import HTTPTransport
import LinuxSystem
import ManagedIdentity
import Messages
import Secrets

/// One audience of a run's tokens.
struct VaultAudience {
    var token: AccessToken
    /// Counts the tokens: a refusal of an older one is no refusal of this one.
    var generation = 0
    /// Continuous access evaluation is answered once.
    var hasMetClaims = false
    /// A token that had expired is asked for anew once.
    var hasReplacedExpired = false
}

/// From a vault's address to a token that may be sent there.
extension VaultClient {
    func warm(_ vault: VaultAddress, target: String) {
        var line = line(of: vault)
        let isWanted = settings.opensAhead || VaultCloud.of(vault) == nil
        guard isWanted, line.warm == nil, line.resource == nil,
            line.gate.admits(inFlight: line.flying, at: transport.now)
        else { return }
        let call = VaultCall(
            to: vault, about: .challenge, target: target, carriesToken: false, correlation: correlation())
        line.warm = transport.begin(request(for: call, token: nil, timeout: Self.requestTimeout))
        line.warmTarget = target
        lines[vault] = line
    }

    /// Gives the connections that are being opened ahead a moment to be there.
    func awaitWarmth(of vaults: Set<VaultAddress>) {
        let deadline = transport.now + settings.warmth
        for vault in vaults {
            guard let ticket = lines[vault]?.warm, transport.wait(forAnyOf: [ticket], until: deadline) != nil
            else { continue }
            dismissWarm(vault)
        }
    }

    /// Makes the requests that open connections those of the round that ask for the same, by giving them the token,
    /// where it has come before a connection stands: that saves a round trip and a request.
    func sendAhead(_ round: inout VaultRound) {
        for (vault, indices) in round.waiting {
            guard let line = lines[vault], let ticket = line.warm,
                let audience = line.resource.flatMap({ audiences[$0] }), line.gate.pausedUntil == nil,
                let index = indices.first(where: {
                    round.calls[$0].carriesToken && round.calls[$0].target == line.warmTarget
                }),
                transport.amend(
                    ticket, with: [("Authorization", .secret(prefix: "Bearer ", audience.token.secret))])
            else { continue }
            lines[vault]?.warm = nil
            lines[vault]?.flying += 1
            round.fly(index, ticket, epoch: line.gate.epoch, generation: audience.generation)
        }
    }

    /// Gives up a warming request, whether it has ended or not: its answer tells nothing.
    func dismissWarm(_ vault: VaultAddress) {
        guard let ticket = lines[vault]?.warm else { return }
        lines[vault]?.warm = nil
        _ = try? transport.take(ticket)
    }

    /// Sees to it that each vault has a token to be sent to it, and names the failure of each that has none.
    ///
    /// 1. A request without a token goes out to every vault that is new.
    /// 2. The tokens for known suffixes are fetched meanwhile.
    /// 3. The challenges of all other vaults are awaited and checked.
    /// 4. The tokens for the resources that they name are fetched; not where a vault could not be asked for its challenge
    ///    while there was patience: that failure is then the others' too, and no identity is blamed for the time it took.
    func admit(
        _ targets: [(vault: VaultAddress, target: String)], _ retryPolicy: RetryPolicy
    ) -> [VaultAddress: VaultError] {
        var failures: [VaultAddress: VaultError] = [:]
        var vaults: [(vault: VaultAddress, target: String)] = []
        for target in targets where !vaults.contains(where: { $0.vault == target.vault }) {
            vaults.append(target)
        }
        for (vault, target) in vaults {
            let known = VaultCloud.of(vault)?.resource
            if known.flatMap({ audiences[$0] }) == nil { warm(vault, target: target) }  // (1)
            lines[vault, default: newLine()].resource = lines[vault]?.resource ?? known
        }
        let strangers = vaults.filter { lines[$0.vault]?.resource == nil }
        for (vault, _) in vaults where lines[vault]?.resource != nil {  // (2)
            failures[vault] = authorize(vault, retryPolicy)
        }
        challenge(strangers, retryPolicy, failures: &failures)  // (3)
        let lost = strangers.lazy.compactMap { failures[$0.vault] }.first { $0.isTemporary }
        for (vault, _) in strangers where failures[vault] == nil {  // (4)
            failures[vault] = lost ?? authorize(vault, retryPolicy)
        }
        return failures
    }

    /// Fetches the token of a vault's audience, once in a run.
    private func authorize(_ vault: VaultAddress, _ retryPolicy: RetryPolicy) -> VaultError? {
        guard let line = lines[vault], let resource = line.resource, audiences[resource] == nil else { return nil }
        do throws(Diagnosis) {
            let token = try tokens.token(
                for: resource, tenant: line.tenant, claims: nil, isRefused: false, retryPolicy: retryPolicy)
            audiences[resource] = VaultAudience(token: token)
            return nil
        } catch {
            return VaultError(.identity(error), vault: vault, subject: .challenge)
        }
    }

    private func challenge(
        _ vaults: [(vault: VaultAddress, target: String)], _ retryPolicy: RetryPolicy,
        failures: inout [VaultAddress: VaultError]
    ) {
        guard !vaults.isEmpty else { return }
        observer?.awaiting(.vaults(vaults.map(\.vault.name)))
        var round = VaultRound(
            vaults.map { (vault, target) in
                VaultCall(
                    to: vault, about: .challenge, target: target, carriesToken: false, correlation: correlation())
            }, retryPolicy: retryPolicy)
        for (index, (vault, _)) in vaults.enumerated() {
            guard let ticket = lines[vault]?.warm, let epoch = lines[vault]?.gate.epoch else { continue }
            round.fly(index, ticket, epoch: epoch, generation: 0)
            lines[vault]?.flying += 1
            lines[vault]?.warm = nil
        }
        perform(&round) { (index, response) throws(VaultError) in
            let vault = vaults[index].vault
            guard response.status == 401, let challenge = Challenge(response.headers) else {
                let reason: VaultError.Reason =
                    (300...399).contains(response.status) ? .redirected : .challenge(.none)
                throw VaultError(reason, vault: vault, subject: .challenge, status: response.status)
            }
            lines[vault]?.resource = try challenge.verifiedResource(for: vault)
            lines[vault]?.tenant = challenge.tenant
        }
        for call in round.calls {
            if let error = call.error { failures[call.vault] = error }
        }
    }

    /// Judges a 401 to a request with a token; returns where another try with a newer token is right.
    ///
    /// 1. A newer token is there already: another request met the same refusal before.
    /// 2. The vault wants claims to be met (continuous access evaluation): a new token with these, once.
    /// 3. The challenge names a resource: it must be one that the vault is under, here as before the first token.
    /// 4. The token has expired although it has just come: the endpoint had kept it. It is asked for a new one, once.
    func reconsider(
        _ response: borrowing HTTPResponse, of call: VaultCall, generation: Int, _ retryPolicy: RetryPolicy
    ) throws(VaultError) {
        guard let resource = lines[call.vault]?.resource, let audience = audiences[resource],
            audience.generation == generation  // (1)
        else { return }
        let challenge = Challenge(response.headers)
        if let challenge, challenge.error == "insufficient_claims" {  // (2)
            guard !audience.hasMetClaims, let claims = challenge.claims.flatMap(Self.claims) else {
                throw tokenRefusal(response, call, .tokenRefused(.claims))
            }
            try renew(resource, for: call, tenant: challenge.tenant, claims: claims, retryPolicy)
            audiences[resource]?.hasMetClaims = true
            return
        }
        if let challenge, challenge.resource != nil {  // (3)
            do throws(VaultError) {
                _ = try challenge.verifiedResource(for: call.vault)
            } catch {
                throw tokenRefusal(response, call, error.reason)
            }
        }
        let reason = VaultRefusal(response).reason(for: call.subject)
        let isExpired =
            reason == .tokenRefused(.expired)
            || reason == .tokenRefused(.other) && challenge?.error == "invalid_token"
        guard isExpired, !audience.hasReplacedExpired else { throw tokenRefusal(response, call, reason) }
        try renew(resource, for: call, tenant: challenge?.tenant, claims: nil, retryPolicy)  // (4)
        audiences[resource]?.hasReplacedExpired = true
    }

    private func tokenRefusal(
        _ response: borrowing HTTPResponse, _ call: VaultCall, _ reason: VaultError.Reason
    ) -> VaultError {
        VaultError(reason, vault: call.vault, subject: call.subject, status: response.status)
    }

    private func renew(
        _ resource: String, for call: VaultCall, tenant: String?, claims: String?, _ retryPolicy: RetryPolicy
    ) throws(VaultError) {
        do throws(Diagnosis) {
            let token = try tokens.token(
                for: resource, tenant: tenant ?? lines[call.vault]?.tenant, claims: claims, isRefused: true,
                retryPolicy: retryPolicy)
            audiences[resource]?.token = token
            audiences[resource]?.generation += 1
        } catch {
            throw VaultError(.identity(error), vault: call.vault, subject: call.subject)
        }
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

    func line(of vault: VaultAddress) -> VaultSession {
        lines[vault] ?? newLine()
    }

    private func newLine() -> VaultSession {
        VaultSession(gate: VaultGate(widest: settings.parallelism))
    }
}
