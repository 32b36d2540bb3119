import HTTPTransport
import Secrets

/// From a vault's address to a token that may be sent there.
extension VaultClient {
    /// Sees to it that each vault has a token to be sent to it, and names the failure of each that has none.
    ///
    /// 1. A request without a token goes out to every vault that is new.
    /// 2. The tokens for known audiences are fetched meanwhile.
    /// 3. The challenges of all other vaults are awaited and checked.
    /// 4. The tokens for the resources that they name are fetched; not where a vault could not be asked for its challenge
    ///    in time: that failure is then the others' too, and no identity is blamed for the time it took.
    func admit(
        _ targets: [(vault: VaultAddress, target: String)], _ retryPolicy: RetryPolicy
    ) -> [VaultAddress: VaultError] {
        var failures: [VaultAddress: VaultError] = [:]
        var vaults: [(vault: VaultAddress, target: String)] = []
        for target in targets where !vaults.contains(where: { $0.vault == target.vault }) {
            vaults.append(target)
        }
        for (vault, target) in vaults {
            sessions[vault] = session(of: vault)
            warm(vault, target: target)  // (1)
        }
        let strangers = vaults.filter { authorization.needsChallenge(of: $0.vault) }
        for (vault, _) in vaults where !authorization.needsChallenge(of: vault) {  // (2)
            failures[vault] = authorization.authorize(vault, retryPolicy)
        }
        challenge(strangers, retryPolicy, failures: &failures)  // (3)
        let lost = strangers.lazy.compactMap { failures[$0.vault] }.first { $0.isTemporary }
        for (vault, _) in strangers where failures[vault] == nil {  // (4)
            failures[vault] = lost ?? authorization.authorize(vault, retryPolicy)
        }
        return failures
    }

    private func challenge(
        _ vaults: [(vault: VaultAddress, target: String)], _ retryPolicy: RetryPolicy,
        failures: inout [VaultAddress: VaultError]
    ) {
        guard !vaults.isEmpty else { return }
        observer?.awaiting(.vaults(vaults.map(\.vault.name)))
        var round = VaultRound(
            vaults.map { (vault, target) in challengeCall(vault, target) }, retryPolicy: retryPolicy)
        for (index, (vault, _)) in vaults.enumerated() {
            takeWarm(vault, as: index, of: &round, generation: 0)
        }
        perform(&round) { (index, response) throws(VaultError) in
            try authorization.accept(challengeIn: response, of: vaults[index].vault)
        }
        for call in round.calls {
            if let error = call.error { failures[call.vault] = error }
        }
    }
}
