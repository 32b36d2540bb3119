extension Refusal {
    /// An error in Key Vault's shape.
    package static func vault(_ status: Int, _ code: String, _ message: String, inner: String? = nil) -> Refusal {
        let error = JSON.compact([
            "code": .string(code), "message": .string(message), "innererror": inner.map { ["code": .string($0)] },
        ])
        return Refusal(Answer(status: status, json: ["error": error]))
    }

    /// A 401 with the challenge that tells a client where to get a token and for what.
    package static func unauthorized(_ message: String, authority: String, resource: String) -> Refusal {
        var refusal = Refusal.vault(401, "Unauthorized", message)
        let fault = message.hasPrefix("[TokenExpired]") ? ", error=\"invalid_token\"" : ""
        refusal.answer.set(
            "WWW-Authenticate", "Bearer authorization=\"\(authority)\", resource=\"\(resource)\"\(fault)")
        return refusal
    }

    /// Continuous access evaluation: the token is good but must be asked for anew with these claims.
    package static func insufficientClaims(authority: String, resource: String) -> Refusal {
        var refusal = Refusal.vault(401, "Unauthorized", "The token does not meet the claims that are required.")
        let claims = Base64.text(#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#.utf8)
        refusal.answer.set(
            "WWW-Authenticate",
            "Bearer authorization=\"\(authority)\", resource=\"\(resource)\", error=\"insufficient_claims\", "
                + "claims=\"\(claims)\"")
        return refusal
    }

    package static func badParameter(_ message: String) -> Refusal { .vault(400, "BadParameter", message) }
}

/// The three kinds of objects in a vault, and how Azure's messages name them.
package enum ObjectKind: String, Sendable {
    case secrets
    case keys
    case certificates

    /// `Secret`, `Key`, `Certificate`
    package var singular: String {
        switch self {
        case .secrets: "Secret"
        case .keys: "Key"
        case .certificates: "Certificate"
        }
    }

    /// The data action of Azure's role-based access control that an operation needs.
    package func action(_ operation: String) -> String {
        let name =
            switch (self, operation) {
            case (.secrets, "get"): "getSecret/action"
            case (.secrets, "set"): "setSecret/action"
            case (.secrets, "list"): "readMetadata/action"
            case (_, "get"), (_, "list"): "read"
            case (_, "delete"): "delete"
            default: "\(operation)/action"
            }
        return "Microsoft.KeyVault/vaults/\(rawValue)/\(name)"
    }

    package func notFound(_ name: String) -> Refusal {
        .vault(
            404, "\(singular)NotFound",
            "A \(singular.lowercased()) with (name/id) \(name) was not found in this key vault. If you recently deleted "
                + "this \(singular.lowercased()) you may be able to recover it using the correct recovery command. For "
                + "help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182")
    }

    package func deletedNotFound(_ name: String) -> Refusal {
        .vault(404, "\(singular)NotFound", "Deleted \(singular) not found: \(name)")
    }

    package func disabled(_ operation: String) -> Refusal {
        .vault(
            403, "Forbidden", "Operation \(operation) is not allowed on a disabled \(singular.lowercased()).",
            inner: "\(singular)Disabled")
    }

    package func deletedButRecoverable(_ name: String) -> Refusal {
        .vault(
            409, "Conflict",
            "\(singular) \(name) is currently in a deleted but recoverable state, and its name cannot be reused; in "
                + "this state, the \(singular.lowercased()) can only be recovered or purged.",
            inner: "ObjectIsDeletedButRecoverable")
    }

    package func beingDeleted(_ name: String) -> Refusal {
        .vault(
            409, "Conflict", "\(singular) \(name) is currently being deleted.", inner: "ObjectIsBeingDeleted")
    }

    package func exists(_ name: String) -> Refusal {
        .vault(
            400, "MethodNotAllowed", "\(singular) exists already: \(name)",
            inner: "RequestNotAllowedOnNonDeletedObject")
    }

    package func managed(_ operation: String) -> Refusal {
        .vault(
            403, "Forbidden",
            "Operation \"\(operation)\" is not allowed on this \(singular.lowercased()), since it is associated with a "
                + "certificate managed by the key vault.", inner: "\(singular)ManagedByKeyVault")
    }
}

/// Who was refused, in the words of Azure's messages.
package struct CallerWords: Sendable {
    package var clientID: String
    package var objectID: String
    package var issuer: String

    package init(clientID: String, objectID: String, issuer: String) {
        self.clientID = clientID
        self.objectID = objectID
        self.issuer = issuer
    }

    package var text: String { "appid=\(clientID);oid=\(objectID);iss=\(issuer)" }

    /// A vault with access policies.
    package func forbiddenByPolicy(_ operation: String, _ kind: ObjectKind, vault: String, location: String) -> Refusal
    {
        .vault(
            403, "Forbidden",
            "The user, group or application '\(text)' does not have \(kind.rawValue) \(operation) permission on key "
                + "vault '\(vault);location=\(location)'. For help resolving this issue, please see "
                + "https://go.microsoft.com/fwlink/?linkid=2125287", inner: "ForbiddenByPolicy")
    }

    /// A vault with role assignments.
    package func forbiddenByRbac(
        _ operation: String, _ kind: ObjectKind, object: String?, vault: String, location: String
    ) -> Refusal {
        let group = "/subscriptions/44444444-dddd-4ddd-8ddd-000000000001/resourcegroups/emulator/providers"
        let resource = "\(group)/microsoft.keyvault/vaults/\(vault)" + (object.map { "/\(kind.rawValue)/\($0)" } ?? "")
        let lines = [
            "Caller is not authorized to perform action on resource.",
            "If role assignments, deny assignments or role definitions were changed recently, please observe "
                + "propagation time.",
            "Caller: \(text)", "Action: '\(kind.action(operation))'", "Resource: '\(resource)'",
            "Assignment: (not found)", "DenyAssignmentId: null", "DecisionReason: 'DeniedWithNoValidRBAC' ",
            "Vault: \(vault);location=\(location)", "",
        ]
        return .vault(403, "Forbidden", lines.joined(separator: "\r\n"), inner: "ForbiddenByRbac")
    }
}
