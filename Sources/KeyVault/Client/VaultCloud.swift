import Secrets

/// The clouds whose vaults are known by their suffix: their resource needs no challenge.
struct VaultCloud: Equatable {
    /// The suffix without its leading dot: `vault.azure.net`.
    let suffix: String
    let isManagedHSM: Bool

    /// What a token is asked for: `https://vault.azure.net`.
    var resource: String { "https://\(suffix)" }

    static let all = VaultAddress.knownSuffixes.map { suffix in
        VaultCloud(suffix: suffix, isManagedHSM: suffix.hasPrefix("managedhsm."))
    }

    /// The cloud whose suffix the host has; nil for any other host.
    static func of(_ vault: VaultAddress) -> VaultCloud? {
        all.first { vault.host.hasSuffix("." + $0.suffix) }
    }
}
