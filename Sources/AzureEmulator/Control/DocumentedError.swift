/// Azure's errors that a fault can ask for by name, in the words of the recorded answers.
package enum DocumentedError: String, CaseIterable, Sendable {
    // Key Vault
    case throttled = "throttled"
    case secretDisabled = "secret-disabled"
    case forbiddenByPolicy = "forbidden-by-policy"
    case forbiddenByRbac = "forbidden-by-rbac"
    case accessDenied = "access-denied"
    case forbiddenByFirewall = "forbidden-by-firewall"
    case forbiddenByPerimeter = "forbidden-by-perimeter"
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
    // A machine's identity endpoints
    case identityNotFound = "identity-not-found"
    case identityUnchosen = "identity-unchosen"
    case identityResourceUnknown = "identity-resource-unknown"
    case identityMissing = "identity-missing"
    case identityGone = "identity-gone"
    case identityThrottled = "identity-throttled"
    case identityFailed = "identity-failed"
    case identityPlainFailure = "identity-plain-failure"
    case identityUnreachable = "identity-unreachable"
    // Entra
    case invalidSecret = "invalid-secret"
    case expiredSecret = "expired-secret"
    case unknownCertificate = "unknown-certificate"
    case assertionExpired = "assertion-expired"
    case assertionAudience = "assertion-audience"
    case noFederation = "no-federation"
    case applicationNotFound = "application-not-found"
    case tenantNotFound = "tenant-not-found"
    case resourceNotFound = "resource-not-found"
    case conditionalAccess = "conditional-access"
    case entraUnavailable = "entra-unavailable"
    case entraThrottled = "entra-throttled"

    /// The answer, with the names of the call in it where Azure has them.
    package func answer(for call: Call?, azure: Azure?) -> Answer {
        if let answer = identityAnswer(for: call) { return answer }
        if let error = entraError(for: call, azure) {
            return error.answer(now: call?.now ?? 0, authority: azure?.authority ?? "")
        }
        return VaultErrorWords(call, azure).refusal(self).answer
    }
}
