package import Secrets

/// One variable that the child is given.
package struct EnvironmentAssignment: Equatable, Sendable {
    /// Where the name comes from. Where two want one name, the later in this list wins.
    package enum Origin: Int, Comparable, Sendable {
        /// The user of `--user`: HOME and others.
        case user
        /// An inherited variable whose value is a reference, or a variable of an environment file.
        case inherited
        /// A bulk selection.
        case bulk
        /// The configuration or an option.
        case configuration
        /// Latchkey itself: `LATCHKEY_SECRETS`.
        case latchkey

        package static func < (left: Origin, right: Origin) -> Bool { left.rawValue < right.rawValue }
    }

    /// What the variable is set to.
    package enum Value: Equatable, Sendable {
        /// A secret, by its slot in the set.
        case secret(SecretSet.Slot)
        /// Not a secret: a file's path.
        case text(String)
        /// Bytes as they are given: an environment file's.
        case bytes([UInt8])
    }

    package var name: String
    package var value: Value
    package var origin: Origin
    /// The source location: `latchkey.toml:12:1`, `the selection of secret 'db-password'`.
    package var location: String
    /// The secret's name and its vault's, for messages.
    package var secret: String?
    package var vault: String?

    package init(
        name: String, value: Value, origin: Origin, location: String, secret: String? = nil, vault: String? = nil
    ) {
        self.name = name
        self.value = value
        self.origin = origin
        self.location = location
        self.secret = secret
        self.vault = vault
    }

    /// `LATCHKEY_SECRETS`: where the child finds its files.
    package static func secretsDirectory(_ path: String) -> EnvironmentAssignment {
        EnvironmentAssignment(
            name: "LATCHKEY_SECRETS", value: .text(path), origin: .latchkey, location: "latchkey itself")
    }

    /// A variable of the user that the child runs as.
    package static func user(_ name: String, _ value: String) -> EnvironmentAssignment {
        EnvironmentAssignment(name: name, value: .text(value), origin: .user, location: "--user")
    }

    var item: DeliveryError.Item { DeliveryError.Item(name: name, secret: secret, vault: vault) }

    /// The number of bytes of the value.
    var size: Int {
        switch value {
        case .secret(let slot): slot.count
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        }
    }
}

extension EnvironmentAssignment {
    /// Returns every name once. A later origin wins; two of one origin are an error that names both source locations.
    ///
    /// Refuses invalid names, and names that bulk selection must not set. Of two inherited ones the first counts, as
    /// for getenv(3).
    static func resolve(_ all: [EnvironmentAssignment]) throws(DeliveryError) -> [EnvironmentAssignment] {
        var chosen: [[UInt8]: Int] = [:]
        var result: [EnvironmentAssignment?] = []
        for next in all {
            try next.check()
            let key = [UInt8](next.name.utf8)
            if let index = chosen[key], let present = result[index] {
                let origins = [next.origin, present.origin].sorted()
                if origins == [.inherited, .inherited] { continue }
                // Nobody may set Latchkey's own variable: the error says so.
                if origins[0] == origins[1] || origins == [.configuration, .latchkey] {
                    throw .duplicate(next.name, first: present.location, second: next.location)
                }
                if next.origin < present.origin { continue }
                result[index] = nil
            }
            chosen[key] = result.count
            result.append(next)
        }
        let resolved = result.compactMap { $0 }
        // Checked only now: if the configuration names such a variable, it may be set, even if a selection finds the
        // name too.
        for assignment in resolved where assignment.origin == .bulk && VariableName.isRefusedInBulk(assignment.name) {
            throw .nameRefused(assignment.item)
        }
        return resolved
    }

    private func check() throws(DeliveryError) {
        if name.isEmpty || name.utf8.contains(UInt8(ascii: "=")) || name.utf8.contains(0) {
            throw .nameForm(name, location: location)
        }
    }
}
