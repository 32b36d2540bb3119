import HTTPTransport
import LinuxSystem
import ManagedIdentity
package import Secrets

/// Connections that are opened while the token is on its way: each by a request without a token.
extension VaultClient {
    /// Begins a request without a token to a vault: it opens the connection while the token is being fetched, and
    /// where the vault's suffix is not known its challenge names the resource. Nothing is waited for.
    ///
    /// `object` is the first that will be fetched; without one the request is that of the list.
    package func warm(_ vault: VaultAddress, for object: VaultObject? = nil) {
        let target = object.map { self.target(of: $0, .secret) } ?? VaultRequest.listTarget()
        warm(vault, target: target)
    }

    /// Does nothing where there is a token already, or the vault has proved its audience.
    func warm(_ vault: VaultAddress, target: String) {
        var session = session(of: vault)
        let isWanted = settings.opensAhead || authorization.needsChallenge(of: vault)
        guard isWanted, session.warm == nil, authorization.proof(of: vault) == nil,
            authorization.token(for: vault) == nil, session.gate.admits(inFlight: session.flying, at: transport.now)
        else { return }
        let call = challengeCall(vault, target)
        session.warm = transport.begin(request(for: call, token: nil))
        session.warmTarget = target
        sessions[vault] = session
    }

    /// A request without a token: a vault answers it with its challenge.
    func challengeCall(_ vault: VaultAddress, _ target: String) -> VaultCall {
        VaultCall(to: vault, about: .challenge, target: target, carriesToken: false, correlation: correlation())
    }

    /// Gives the connections that are being opened ahead a moment to be there.
    func awaitWarmth(of vaults: Set<VaultAddress>) {
        let deadline = transport.now + settings.warmth
        for vault in vaults {
            guard let ticket = sessions[vault]?.warm, transport.wait(forAnyOf: [ticket], until: deadline) != nil
            else { continue }
            dismissWarm(vault)
        }
    }

    /// Makes the requests that open connections those of the round that ask for the same, by giving them the token,
    /// where it has come before a connection stands: that saves a round trip and a request.
    func sendAhead(_ round: inout VaultRound) {
        for (vault, indices) in round.waiting {
            guard let session = sessions[vault], let ticket = session.warm,
                let known = authorization.token(for: vault), session.gate.pausedUntil == nil,
                let index = indices.first(where: {
                    round.calls[$0].carriesToken && round.calls[$0].target == session.warmTarget
                }),
                transport.amend(ticket, with: [("Authorization", .secret(prefix: "Bearer ", known.token.secret))])
            else { continue }
            takeWarm(vault, as: index, of: &round, generation: known.generation)
        }
    }

    /// Makes the request that was sent ahead one of the round.
    func takeWarm(_ vault: VaultAddress, as index: Int, of round: inout VaultRound, generation: Int) {
        guard var session = sessions[vault], let ticket = session.warm else { return }
        session.warm = nil
        session.flying += 1
        sessions[vault] = session
        round.fly(index, ticket, epoch: session.gate.epoch, generation: generation)
    }

    /// Gives up a warming request, whether it has ended or not: its answer tells nothing.
    func dismissWarm(_ vault: VaultAddress) {
        guard let ticket = sessions[vault]?.warm else { return }
        sessions[vault]?.warm = nil
        _ = try? transport.take(ticket)
    }
}
