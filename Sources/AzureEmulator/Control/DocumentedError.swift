/// Azure's errors that a fault can ask for by name, in the words of the recorded answers.
package enum DocumentedError: String, CaseIterable, Sendable {
    case throttled = "throttled"
    case secretDisabled = "secret-disabled"
    case forbiddenByPolicy = "forbidden-by-policy"
    case forbiddenByRbac = "forbidden-by-rbac"
    case accessDenied = "access-denied"
    case forbiddenByFirewall = "forbidden-by-firewall"
    case forbiddenByConnection = "forbidden-by-connection"
    case secretManaged = "secret-managed"
    case notFound = "not-found"
    case deletedButRecoverable = "deleted-but-recoverable"
    case beingDeleted = "being-deleted"
    case badParameter = "bad-parameter"
    case methodNotAllowed = "method-not-allowed"
    case unauthorized = "unauthorized"
    case wrongIssuer = "wrong-issuer"
    case wrongAudience = "wrong-audience"
    case tokenExpired = "token-expired"
    case internalError = "internal-error"
    case unavailable = "unavailable"

    /// The answer, with the names of the call in it where Azure has them.
    package func answer(for call: Call?, azure: Azure?) -> Answer {
        let parts = call?.path.split(separator: "/").map(String.init) ?? []
        let kind = parts.first.flatMap(ObjectKind.init(rawValue:)) ?? .secrets
        let object = parts.count > 1 ? parts[1] : "object"
        let vault = call.flatMap { azure?.vaultName(host: $0.host) } ?? "vault"
        let tenant = azure?.locked { $0.tenant } ?? Seed.defaultTenant
        let claims = call?.header("authorization").flatMap { header in
            header.split(separator: " ").last.flatMap { try? azure?.issuer.claims(of: String($0)) }
        }
        let caller = CallerWords(
            clientID: claims?.clientID ?? "00000000-0000-0000-0000-000000000000",
            objectID: claims?.objectID ?? "00000000-0000-0000-0000-000000000000", issuer: Azure.issuer(tenant: tenant))
        func challenge(_ message: String) -> Refusal {
            .unauthorized(
                message, authority: "\(azure?.authority ?? "")/\(tenant)", resource: azure?.vaultResource ?? "")
        }
        let place = "Caller: \(caller.text)\r\nVault: \(vault);location=westeurope"
        let refusal: Refusal =
            switch self {
            case .throttled:
                .vault(
                    429, "Throttled",
                    "Request was not processed because too many requests were received. Reason: "
                        + "VaultRequestTypeLimitReached")
            case .secretDisabled: kind.disabled("get")
            case .forbiddenByPolicy:
                caller.forbiddenByPolicy("get", kind, vault: vault, location: "westeurope")
            case .forbiddenByRbac:
                caller.forbiddenByRbac("get", kind, object: object, vault: vault, location: "westeurope")
            case .accessDenied:
                .vault(403, "Forbidden", "Operation get is not permitted on this object.", inner: "AccessDenied")
            case .forbiddenByFirewall:
                .vault(
                    403, "Forbidden",
                    "Client address is not authorized and caller is not a trusted service.\r\nClient address: "
                        + "127.0.0.1\r\n\(place)", inner: "ForbiddenByFirewall")
            case .forbiddenByConnection:
                .vault(
                    403, "Forbidden",
                    "Public network access is disabled and request is not from a trusted service nor via an approved "
                        + "private link.\r\n\(place)", inner: "ForbiddenByConnection")
            case .secretManaged: kind.managed("get")
            case .notFound: kind.notFound(object)
            case .deletedButRecoverable: kind.deletedButRecoverable(object)
            case .beingDeleted: kind.beingDeleted(object)
            case .badParameter: .badParameter("The request URI contains an invalid name: \(object)")
            case .methodNotAllowed: kind.exists(object)
            case .unauthorized: challenge("AKV10000: Request is missing a Bearer or PoP token.")
            case .wrongIssuer:
                challenge(
                    "AKV10032: Invalid issuer. Expected one of \(Azure.issuer(tenant: tenant)), found "
                        + "https://sts.windows.net/00000000-0000-0000-0000-000000000000/.")
            case .wrongAudience:
                challenge(
                    "AKV10022: Invalid audience. Expected \(azure?.vaultResource ?? ""), found: "
                        + "https://management.azure.com/.")
            case .tokenExpired: challenge("[TokenExpired] Error validating token: 'S2S12086'.")
            case .internalError: .vault(500, "InternalServerError", "An internal server error occurred.")
            case .unavailable: .vault(503, "ServiceUnavailable", "The service is temporarily unavailable.")
            }
        return refusal.answer
    }
}
