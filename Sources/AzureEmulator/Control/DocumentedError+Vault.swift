/// The names that Key Vault's errors mention.
struct VaultErrorWords {
    private let kind: ObjectKind
    private let object: String
    private let vault: String
    private let tenant: String
    private let caller: CallerWords
    private let authority: String
    private let resource: String

    init(_ call: Call?, _ azure: Azure?) {
        let parts = call?.path.split(separator: "/").map(String.init) ?? []
        kind = parts.first.flatMap(ObjectKind.init(rawValue:)) ?? .secrets
        object = parts.count > 1 ? parts[1] : "object"
        vault = call.flatMap { azure?.vaultName(host: $0.host) } ?? "vault"
        tenant = azure?.locked { $0.tenant } ?? Seed.defaultTenant
        let token = call?.header("authorization")?.split(separator: " ").last
        let claims = token.flatMap { try? azure?.issuer.claims(of: String($0)) }
        let nobody = "00000000-0000-0000-0000-000000000000"
        caller = CallerWords(
            clientID: claims?.clientID ?? nobody, objectID: claims?.objectID ?? nobody,
            issuer: Azure.issuer(tenant: tenant))
        authority = "\(azure?.authority ?? "")/\(tenant)"
        resource = azure?.vaultResource ?? ""
    }

    func refusal(_ error: DocumentedError) -> Refusal {
        switch error {
        case .unauthorized, .wrongIssuer, .wrongAudience, .tokenExpired: unauthorized(error)
        case .secretDisabled, .forbiddenByPolicy, .forbiddenByRbac, .accessDenied, .forbiddenByFirewall,
            .forbiddenByPerimeter, .forbiddenByConnection, .secretManaged:
            forbidden(error)
        case .notFound: kind.notFound(object)
        case .deletedButRecoverable: kind.deletedButRecoverable(object)
        case .beingDeleted: kind.beingDeleted(object)
        case .badParameter: .badParameter("The request URI contains an invalid name: \(object)")
        case .methodNotAllowed: kind.exists(object)
        case .throttled:
            .vault(
                429, "Throttled",
                "Request was not processed because too many requests were received. Reason: "
                    + "VaultRequestTypeLimitReached")
        case .unavailable: .vault(503, "ServiceUnavailable", "The service is temporarily unavailable.")
        default: .vault(500, "InternalServerError", "An internal server error occurred.")
        }
    }

    private func unauthorized(_ error: DocumentedError) -> Refusal {
        let issuer = Azure.issuer(tenant: tenant)
        let message =
            switch error {
            case .wrongIssuer:
                "AKV10032: Invalid issuer. Expected one of \(issuer), found "
                    + "https://sts.windows.net/00000000-0000-0000-0000-000000000000/."
            case .wrongAudience:
                "AKV10022: Invalid audience. Expected \(resource), found: https://management.azure.com/."
            case .tokenExpired: "[TokenExpired] Error validating token: 'S2S12086'."
            default: "AKV10000: Request is missing a Bearer or PoP token."
            }
        return .unauthorized(message, authority: authority, resource: resource)
    }

    private func forbidden(_ error: DocumentedError) -> Refusal {
        let place = "Caller: \(caller.text)\r\nVault: \(vault);location=westeurope"
        return switch error {
        case .secretDisabled: kind.disabled("get")
        case .forbiddenByPolicy: caller.forbiddenByPolicy("get", kind, vault: vault, location: "westeurope")
        case .accessDenied:
            .vault(403, "Forbidden", "Operation get is not permitted on this object.", inner: "AccessDenied")
        case .forbiddenByFirewall:
            .vault(
                403, "Forbidden",
                "Client address is not authorized and caller is not a trusted service.\r\nClient address: "
                    + "127.0.0.1\r\n\(place)", inner: "ForbiddenByFirewall")
        case .forbiddenByPerimeter:
            .vault(
                403, "Forbidden",
                "Request was not allowed by NSP rules and the client address is not authorized and caller was ignored "
                    + "because bypass is set to None\r\nClient address: 127.0.0.1\r\n\(place)",
                inner: "ForbiddenByFirewall")
        case .forbiddenByConnection:
            .vault(
                403, "Forbidden",
                "Public network access is disabled and request is not from a trusted service nor via an approved "
                    + "private link.\r\n\(place)", inner: "ForbiddenByConnection")
        case .secretManaged: kind.managed("get")
        default: caller.forbiddenByRbac("get", kind, object: object, vault: vault, location: "westeurope")
        }
    }
}
