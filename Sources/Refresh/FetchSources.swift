package import HTTPTransport
package import KeyVault
package import LinuxSystem
import Secrets

/// What earlier workers left, with which an attempt compares.
package struct EarlierDelivery {
    package var memory: DeliveryState
    package var values: DeliveredValues
    package var now: BootInstant

    package init(memory: DeliveryState, values: DeliveredValues, now: BootInstant) {
        self.memory = memory
        self.values = values
        self.now = now
    }
}

/// Where an attempt fetches from, and for how long.
package struct FetchSources {
    package var client: VaultClient
    /// The identity, for access tokens that are delivered.
    package var tokens: any TokenProvider
    package var retryPolicy: RetryPolicy
    /// Seconds since 1970.
    package var wallClock: Int64
    /// The key of the digests (`DeliveryState.key`).
    package var key: [UInt8]
    /// The vaults that are asked instead of others.
    var standIns: [VaultAddress: VaultAddress] = [:]

    package init(
        client: VaultClient, tokens: any TokenProvider, retryPolicy: RetryPolicy, wallClock: Int64, key: [UInt8]
    ) {
        self.client = client
        self.tokens = tokens
        self.retryPolicy = retryPolicy
        self.wallClock = wallClock
        self.key = key
    }

    /// The vault to ask.
    func actual(_ vault: VaultAddress) -> VaultAddress { standIns[vault] ?? vault }

    /// The object to ask for.
    func actual(_ object: VaultObject) -> VaultObject {
        VaultObject(vault: actual(object.vault), kind: object.kind, name: object.name, version: object.version)
    }

    func standIn(of object: VaultObject) -> String? { standIns[object.vault]?.url }
}
