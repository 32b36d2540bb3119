import Messages
import Secrets

/// Vaults with those that stand in for them (`[fallback]`, `--fallback`).
struct Fallbacks {
    private(set) var vaults: [VaultAddress: [VaultAddress]] = [:]

    /// Adds what follows in a vault's order.
    mutating func add(
        _ other: Setting, for vault: Setting, _ suffix: VaultSuffix
    ) throws(ConfigurationError) {
        let (vault, standIn) = (try vault.vault(suffix), try other.vault(suffix))
        guard vault != standIn, vaults[vault]?.contains(standIn) != true else {
            throw other.origin.error(
                ValueProblem("'\(standIn.name)' stands in for '\(vault.name)' already", hint: "name another vault"))
        }
        vaults[vault, default: []].append(standIn)
    }

    /// Adds the options' `VAULT=VAULT`, which replace what the file says of the same vault.
    static func adding(
        _ given: [Arguments.Given], to file: [VaultAddress: [VaultAddress]], _ suffix: VaultSuffix
    ) throws(ConfigurationError) -> [VaultAddress: [VaultAddress]] {
        var fallbacks = Fallbacks()
        for option in given where option.id == .fallback {
            let origin = Origin.option(option.spelling)
            guard let sign = option.value.firstIndex(of: "=") else {
                throw origin.error(
                    ValueProblem(
                        "expected VAULT=VAULT", hint: "write it as in '--fallback contoso-web=contoso-web-west'"))
            }
            let vault = Setting(text: String(option.value[..<sign]), origin: origin)
            let other = Setting(text: String(option.value[option.value.index(after: sign)...]), origin: origin)
            try fallbacks.add(other, for: vault, suffix)
        }
        return file.merging(fallbacks.vaults) { $1 }
    }
}
