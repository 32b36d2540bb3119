import Secrets

/// The clouds whose vaults are known by their suffix: their resource needs no challenge.
struct VaultCloud: Equatable {
    /// The suffix without its leading dot: `vault.azure.net`.
    let suffix: String
    let isManagedHSM: Bool

    /// What a token is asked for: `https://vault.azure.net`.
    var resource: String { "https://\(suffix)" }

    static let all = VaultSuffix.ofAzure.map { VaultCloud(suffix: $0, isManagedHSM: $0.hasPrefix("managedhsm.")) }

    /// Whether a token's audience is a vault of Azure's: a resource, or the application id of Key Vault.
    static func isAudience(_ audience: String) -> Bool {
        var text = audience.lowercased()
        while text.hasSuffix("/") { text.removeLast() }
        return all.contains { $0.resource == text }
            || TokenResource.keyVaultApplications.contains(text)
    }

    /// The cloud whose suffix the host has; nil for any other host.
    static func of(_ vault: VaultAddress) -> VaultCloud? {
        all.first { vault.host.hasSuffix("." + $0.suffix) }
    }
}
