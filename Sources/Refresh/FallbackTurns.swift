import HTTPTransport
import LinuxSystem
import Messages
import Secrets

/// Which vault's turn it is.
struct FallbackTurns {
    private let fallbacks: [VaultAddress: [VaultAddress]]
    /// How many of a vault's fallbacks have had their turn, the current one included.
    private var places: [VaultAddress: Int] = [:]
    /// The first failure: that of the vaults themselves.
    private(set) var first: RefreshFailure?

    private static let turn = Duration.seconds(15)

    init(_ fallbacks: [VaultAddress: [VaultAddress]]) {
        self.fallbacks = fallbacks
    }

    var standIns: [VaultAddress: VaultAddress] {
        var standIns: [VaultAddress: VaultAddress] = [:]
        for (vault, place) in places where place > 0 { standIns[vault] = fallbacks[vault]?[place - 1] }
        return standIns
    }

    /// Every vault that has a fallback, with the one that stands in for it.
    var all: [(vault: VaultAddress, standIn: VaultAddress?)] {
        fallbacks.keys.sorted { $0.url < $1.url }.map { ($0, standIns[$0]) }
    }

    func share(of retryPolicy: RetryPolicy) -> RetryPolicy {
        let isLast = fallbacks.allSatisfy { places[$0.key, default: 0] == $0.value.count }
        guard !isLast || retryPolicy.attempts == nil else { return retryPolicy }
        let share = min((retryPolicy.deadline - .now) / 2, Self.turn)
        // The last moments are not worth dividing.
        guard share > .seconds(1) else { return retryPolicy }
        return RetryPolicy(deadline: .now + share, attempts: retryPolicy.attempts)
    }

    /// Whether there is another vault to ask after a failure.
    mutating func advance(after failure: RefreshFailure, within retryPolicy: RetryPolicy) -> Bool {
        guard failure.isTemporary, !failure.outOfReach.isEmpty else { return false }
        if first == nil { first = failure }
        guard .now < retryPolicy.deadline else { return false }
        var hasAdvanced = false
        for (vault, others) in fallbacks {
            let place = places[vault, default: 0]
            guard failure.outOfReach.contains(place == 0 ? vault : others[place - 1]) else { continue }
            if place < others.count {
                places[vault] = place + 1
                hasAdvanced = true
            } else if retryPolicy.attempts == nil {
                places[vault] = 0
                hasAdvanced = true
            }
        }
        return hasAdvanced
    }

    /// The failure of all: that of the vaults themselves, with what their fallbacks said.
    func failure(_ last: RefreshFailure) -> RefreshFailure {
        guard var failure = first, let other = last.diagnoses.first, !standIns.isEmpty else { return last }
        failure.diagnoses[0].text += "; its fallback does not help: \(other.text)"
        failure.diagnoses[0].hint = other.hint ?? failure.diagnoses[0].hint
        return failure
    }

    /// What changed since an earlier attempt: the vaults that are newly replaced, and those that answer again.
    func notices(since before: [String: String]) -> [Message] {
        all.compactMap { vault, standIn in
            let earlier = before[vault.name] ?? ""
            guard earlier != standIn?.name ?? "" else { return nil }
            guard let standIn else {
                return Message(
                    .info, .vaultFallback, "vault '\(vault.name)' answers again, and '\(earlier)' does not stand in",
                    vault: vault.name)
            }
            let reason = first?.diagnoses.first
            return Message(
                .warning, .vaultFallback,
                "\(reason?.text ?? "vault '\(vault.name)' does not answer"); '\(standIn.name)' stands in for it",
                hint: reason?.hint, vault: vault.name)
        }
    }
}
