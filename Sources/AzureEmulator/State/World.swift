/// Everything that changes while the emulator runs.
package struct World: Sendable {
    package var vaults: [String: Vault] = [:]
    package var identities: [Principal] = []
    package var faults = FaultScript()
    package var journal = Journal()
    package var tenant = Seed.defaultTenant
    package var tokenLifetime = 86_400.0
    /// Added to the machine's clock, to let tokens and secrets expire at will.
    package var clockOffset = 0.0
    /// The machine's time at which the clock stands still.
    package var stoppedAt: Double?
    /// What an endpoint answers instead of tokens: `false` is a closed connection.
    package var unavailable: Set<Endpoint> = []
    package var seed = Seed()
    /// What is wrong with the seed file's last edit.
    package var seedError: String?
    /// Tokens are counted; those up to `revokedThrough` are refused for want of claims.
    package var tokensMade = 0
    package var revokedThrough = 0
    /// When an identity came, for those whose permissions take their time.
    package var started = 0.0

    package init() {}

    /// Changes one vault where it is: a copy of it would cost as much as all its secrets. Nil if there is no such vault.
    package mutating func change<Result, Failure: Error>(
        _ name: String, _ body: (inout Vault) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        guard var vault = vaults.removeValue(forKey: name) else { return nil }
        defer { vaults[name] = vault }
        return try body(&vault)
    }

    package var systemAssigned: Principal? { identities.first(where: \.isSystemAssigned) }

    package func principal(objectID: String) -> Principal? {
        identities.first { $0.objectID.lowercased() == objectID.lowercased() }
    }

    package func principal(clientID: String) -> Principal? {
        identities.first { $0.clientID.lowercased() == clientID.lowercased() }
    }

    package func principal(resourceID: String) -> Principal? {
        identities.first { $0.resourceID?.lowercased() == resourceID.lowercased() }
    }
}
