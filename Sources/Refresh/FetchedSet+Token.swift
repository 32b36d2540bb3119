import Cryptography
import KeyVault
import LaunchConfiguration
import ManagedIdentity
import Messages
import Secrets

// Access tokens that are delivered as they come.
extension DeliveryState {
    /// Whether a token has to be asked for. A token is renewed when half of its life is over, or at the time that the
    /// endpoint names, and in any case before its last five minutes.
    func isDue(_ source: ValueSource, at now: Int64) -> Bool {
        guard case .token = source else { return false }
        return records[source.key]?.renewAt.map { $0 <= now } ?? true
    }
}

extension FetchedSet {
    /// Asks for a token and records it. `opening`: the resources that this run's vaults have named.
    mutating func fetch(
        _ resource: TokenResource, opening: [String], from origin: FetchSources, _ memory: DeliveryState
    ) throws(RefreshFailure) {
        guard !resource.isVault(among: opening) else {
            throw RefreshFailure([
                Diagnosis(
                    .optionValue, exit: .usage,
                    "'token:\(resource.name)' would give the app the vault: its tokens read all that the identity may",
                    hint: "name the secrets that the app needs")
            ])
        }
        let token = try RefreshFailure.of { () throws(Diagnosis) in
            try origin.tokens.token(
                for: resource.name, tenant: nil, claims: nil, isRefused: false, retryPolicy: origin.retryPolicy)
        }
        guard token.expiresOn > origin.wallClock else {
            throw RefreshFailure([
                Diagnosis(
                    .tokenExpired, exit: .temporary, "the token for '\(resource.name)' has expired already",
                    hint: "compare this machine's clock with 'date -u' elsewhere")
            ])
        }
        let source = ValueSource.token(resource)
        tokens[resource] = token.secret.withBytes { set.append($0) }
        let digest = token.secret.withBytes { hexadecimal(sha256($0).span) }
        records[source] = ObjectRecord(
            tokenExpiring: token.expiresOn, renewing: token.renewsAt, digest: digest, now: origin.wallClock,
            earlier: memory.records[source.key])
    }
}

extension ObjectRecord {
    /// The longest pause before an endpoint is asked again that hands out the token that is there already, in seconds.
    private static let askAgain: Int64 = 60
    /// A token is renewed before it has this many seconds left.
    private static let lastMinutes: Int64 = 300

    /// The record of an access token. Times are in seconds since 1970; `digest` tells tokens apart.
    init(tokenExpiring expires: Int64, renewing: Int64?, digest: String, now: Int64, earlier: ObjectRecord?) {
        self.init(
            version: nil, shape: "token \(digest)", updated: nil, notBefore: nil, expires: expires, isSettled: true)
        let left = expires - now
        let soon = min(Self.askAgain, max(left / 2, 1))
        if let earlier, earlier.shape == shape {
            renewAt = now + soon
        } else {
            renewAt = now + max(min(renewing.map { $0 - now } ?? left / 2, left - Self.lastMinutes), soon)
        }
    }
}
