extension DocumentedError {
    /// What a machine's identity endpoint answers; each in its own shape. Nil for other errors.
    func identityAnswer(for call: Call?) -> Answer? {
        switch self {
        case .identityNotFound: Self.shaped(call, 400, "invalid_request", Self.notFound(call))
        case .identityUnchosen:
            Self.shaped(
                call, 400, "invalid_request",
                "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in "
                    + "the token request")
        case .identityResourceUnknown:
            Self.shaped(
                call, 400, "invalid_resource",
                "AADSTS500011: The resource principal named \(call?.parameter("resource") ?? "") was not found in the "
                    + "tenant.")
        case .identityMissing: Self.shaped(call, 404, "not_found", "The endpoint is being updated")
        case .identityGone: Self.shaped(call, 410, "gone", "The endpoint is being updated")
        case .identityThrottled: Self.shaped(call, 429, "too_many_requests", "Too many requests")
        case .identityFailed:
            Self.shaped(
                call, 500, "unknown", "Failed to retrieve token from the Active directory. For details see logs.")
        case .identityPlainFailure: Answer(status: 500, text: "pod list is empty\n")
        case .identityUnreachable:
            Answer(
                status: 403,
                text: "A socket operation was attempted to an unreachable network 169.254.169.254:80.\n")
        default: nil
        }
    }

    private static func notFound(_ call: Call?) -> String {
        switch call?.endpoint {
        case .appService, .appService2017: "No MSI found for specified ClientId/ResourceId."
        default: "Identity not found"
        }
    }

    private static func shaped(_ call: Call?, _ status: Int, _ error: String, _ message: String) -> Answer {
        let refusal: Refusal =
            switch call?.endpoint {
            case .appService: .appService(status, message)
            case .appService2017: .appService2017(status, message)
            case .serviceFabric: .serviceFabric(status, "InternalServerError", message)
            default: .oauth(status, error, message)
            }
        return refusal.answer
    }

    /// What Entra answers; nil for other errors.
    func entraError(for call: Call?, _ azure: Azure?) -> EntraError? {
        let client = call?.field("client_id") ?? "00000000-0000-0000-0000-000000000000"
        let tenant = call?.path.split(separator: "/").first.map(String.init) ?? ""
        let now = call?.now ?? 0
        return switch self {
        case .invalidSecret: .wrongSecret(client)
        case .expiredSecret: .expiredSecret(client)
        case .unknownCertificate: .unknownCertificate("0000000000000000000000000000000000000000", client)
        case .assertionExpired: .outsideOfValidity(now: now, from: now - 7_200, until: now - 3_600)
        case .assertionAudience: .wrongAudience
        case .noFederation: .noFederation(700_213, "subject", "system:serviceaccount:default:unknown")
        case .applicationNotFound: .applicationNotFound(client, tenant: tenant)
        case .tenantNotFound: .tenantNotFound(tenant)
        case .resourceNotFound: .resourceNotFound(azure?.vaultResource ?? "", tenant: tenant)
        case .conditionalAccess: .conditionalAccess
        case .entraUnavailable: .unavailable
        case .entraThrottled: .throttled
        default: nil
        }
    }
}
