import Messages
import Secrets

extension Origin {
    /// The error for an invalid reference or vault. It does not quote the text, because it may be a secret that was
    /// written in the place of a reference.
    func error(_ error: ReferenceError) -> ConfigurationError {
        switch error.problem {
        case .vaultMissing:
            self.error(.vaultMissing, error.reason, hint: "give --vault NAME, or write 'akv://VAULT/NAME'")
        case .syntax:
            self.error(
                .referenceSyntax, "not a reference: \(error.reason) (at character \(error.offset + 1))",
                hint: "write NAME, NAME/VERSION, https://HOST/secrets/NAME or akv://VAULT/NAME")
        }
    }

    /// The error for a vault's name or URL.
    func vaultError(_ error: ReferenceError) -> ConfigurationError {
        self.error(
            ValueProblem(
                error.reason, hint: "write a name, such as contoso-web, or https://contoso-web.vault.azure.net"))
    }

    /// Runs `body`, and adds this origin to a problem that it throws.
    func check<Value>(_ body: () throws(ValueProblem) -> Value) throws(ConfigurationError) -> Value {
        do { return try body() } catch { throw self.error(error) }
    }
}

extension Setting {
    /// The value as one of a kind's.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _: Choice.Type = Choice.self
    ) throws(ConfigurationError) -> Choice {
        try choice(among: Choice.allCases.map { $0 })
    }

    /// The value as one of some of a kind's.
    func choice<Choice: RawRepresentable<String>>(among choices: [Choice]) throws(ConfigurationError) -> Choice {
        if let choice = choices.first(where: { $0.rawValue == text }) { return choice }
        let names = choices.map(\.rawValue)
        throw origin.error(
            ValueProblem(
                "'\(text)' is none of \(names.joined(separator: ", "))",
                hint: Suggestion.nearest(to: text, among: names).map { "did you mean '\($0)'?" }))
    }

    /// The value as a vault's address.
    func vault(_ suffix: VaultSuffix) throws(ConfigurationError) -> VaultAddress {
        do { return try VaultAddress(parsing: text, suffix: suffix) } catch { throw origin.vaultError(error) }
    }
}
