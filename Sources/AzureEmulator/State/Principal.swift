/// Who asks for tokens: a managed identity or an application, and what it may do.
package struct Principal: Equatable, Sendable {
    package var name: String
    package var clientID: String
    package var objectID: String
    /// `/subscriptions/…/userAssignedIdentities/NAME`; nil for a system-assigned identity and for applications.
    package var resourceID: String?
    package var isSystemAssigned = false
    /// The application's secrets that Entra takes.
    package var secrets: [String] = []
    /// The application's certificates in DER that Entra takes assertions of.
    package var certificates: [[UInt8]] = []
    /// Whose assertions Entra takes in place of a secret.
    package var federations: [Federation] = []
    /// Per vault name (lower case; `*` for every vault), permissions such as `get` or `secrets/get`.
    package var permissions: [String: Set<String>] = ["*": ["all"]]
    /// Seconds after which the permissions count; a role assignment takes its time to work.
    package var permissionsAfter: Double = 0

    package init(name: String, clientID: String, objectID: String) {
        self.name = name
        self.clientID = clientID
        self.objectID = objectID
    }

    /// Whether it may do this to objects of this kind (`secrets`, `keys`, `certificates`) in a vault.
    package func may(_ operation: String, _ kind: String, in vault: String) -> Bool {
        let granted = permissions[vault.lowercased()] ?? permissions["*"] ?? []
        return !granted.isDisjoint(with: ["all", operation, "\(kind)/\(operation)", "\(kind)/all"])
    }
}

/// A federated credential: the token that stands for a client secret.
package struct Federation: Equatable, Sendable {
    package var issuer: String
    package var subject: String
    package var audience: String

    package static let defaultAudience = "api://AzureADTokenExchange"
}
