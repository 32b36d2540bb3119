package import Secrets

/// Bulk selection: which of a vault's secrets, and under which names.
package enum Selection {
    /// The enabled secrets whose names begin with `prefix` and that have all of `tags`, by name.
    ///
    /// Names are compared as vaults do, without regard to case; tags are compared exactly.
    package static func select(
        from listed: [ListedSecret], prefix: String = "", tags: [String: String] = [:]
    ) -> [ListedSecret] {
        let prefix = prefix.lowercased()
        return listed.filter { secret in
            secret.attributes.enabled && secret.name.lowercased().hasPrefix(prefix)
                && tags.allSatisfy { secret.tags[$0.key] == $0.value }
        }
        .sorted { ($0.name.lowercased(), $0.name) < ($1.name.lowercased(), $1.name) }
    }

    /// A variable's name: `db-password` is `DB_PASSWORD` (upper-snake), `Smtp--Host` is `Smtp__Host` (dotnet).
    package static func variableName(for secret: String, _ style: NamingStyle) -> String {
        switch style {
        case .upperSnake:
            return String(secret.uppercased().map { $0 == "-" ? "_" : $0 })
        case .dotnet:
            return secret.replacingEach("--", with: "__")
        case .verbatim:
            return secret
        }
    }
}

extension String {
    /// The text with every occurrence of two characters replaced, from the left, none of them twice.
    fileprivate func replacingEach(_ pair: String, with other: String) -> String {
        var text = ""
        var rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(pair) {
                text += other
                rest = rest.dropFirst(pair.count)
            } else {
                text.append(rest.removeFirst())
            }
        }
        return text
    }
}
