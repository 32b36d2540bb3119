/// What every operation on a vault has to pass first: token, permission, version of the interface, names.
package struct VaultAccess: Sendable {
    let azure: Azure

    /// The versions that Key Vault knows.
    package static let apiVersions: Set<String> = [
        "2016-10-01", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "7.5-preview.1", "7.6-preview.1",
        "7.6-preview.2", "2025-06-01-preview", "2025-07-01", "2026-04-01",
    ]

    /// Runs an operation on the vault that the call names, if the caller may.
    package func perform<Result: Sendable>(
        _ operation: String, on kind: ObjectKind, _ call: Call,
        _ body: (inout Vault) throws(Refusal) -> Result
    ) throws(Refusal) -> Result {
        guard let name = azure.vaultName(host: call.host) else { throw Self.unknownVault(call.host) }
        let claims = try authenticate(call)
        try checkVersion(call)
        return try azure.locked { world throws(Refusal) in
            let caller = Caller(claims, in: world, now: call.now)
            let object = call.parameters["name"]
            let result = try world.change(name) { vault throws(Refusal) in
                if let object, !Vault.isObjectName(object) {
                    throw .badParameter("The request URI contains an invalid name: \(object)")
                }
                try caller.check(operation, kind, object: object, vault)
                return try body(&vault)
            }
            guard let result else { throw Self.unknownVault(name) }
            return result
        }
    }

    /// A host under the suffix without a vault; for a real one its name would not even resolve.
    package static func unknownVault(_ name: String) -> Refusal {
        .vault(404, "VaultNotFound", "The emulator has no vault '\(name)'; name it in the seed file.")
    }

    private func authenticate(_ call: Call) throws(Refusal) -> TokenClaims {
        let tenant = azure.locked { $0.tenant }
        func refuse(_ message: String) -> Refusal {
            .unauthorized(message, authority: "\(azure.authority)/\(tenant)", resource: azure.vaultResource)
        }
        guard let header = call.header("authorization") else {
            throw refuse("AKV10000: Request is missing a Bearer or PoP token.")
        }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw refuse("AKV10000: Request is missing a Bearer or PoP token.")
        }
        let claims: TokenClaims
        do {
            claims = try azure.issuer.claims(of: String(parts[1]))
        } catch {
            throw refuse(
                error == .malformed
                    ? "AKV10001: The token is not well formed."
                    : "Error validating token: IDX10511: Signature validation failed.")
        }
        let issuer = Azure.issuer(tenant: tenant)
        guard claims.issuer == issuer else {
            throw refuse("AKV10032: Invalid issuer. Expected one of \(issuer), found \(claims.issuer).")
        }
        guard audiences.contains(claims.audience.trimmingSuffix("/").lowercased()) else {
            throw refuse(
                "AKV10022: Invalid audience. Expected \(azure.vaultResource), found: \(claims.audience).")
        }
        guard Double(claims.expires) > call.now else {
            throw refuse("[TokenExpired] Error validating token: 'S2S12086'.")
        }
        guard claims.serial > azure.locked({ $0.revokedThrough }) else {
            throw .insufficientClaims(authority: "\(azure.authority)/\(tenant)", resource: azure.vaultResource)
        }
        return claims
    }

    /// The suffix with its port, and without it for clients that leave ports away.
    private var audiences: Set<String> { [azure.vaultResource, "https://\(azure.settings.vaultSuffix)"] }

    private func checkVersion(_ call: Call) throws(Refusal) {
        guard let version = call.parameter("api-version"), !version.isEmpty else {
            throw .badParameter("api-version must be specified")
        }
        guard Self.apiVersions.contains(version) else {
            throw .badParameter(
                "The specified version (\(version)) is not recognized. Consider using the latest supported version "
                    + "(2026-04-01).")
        }
    }
}

/// Who asks, and what it may do by now.
private struct Caller {
    let words: CallerWords
    let principal: Principal?

    init(_ claims: TokenClaims, in world: World, now: Double) {
        words = CallerWords(clientID: claims.clientID, objectID: claims.objectID, issuer: claims.issuer)
        let known = world.principal(objectID: claims.objectID)
        // Without such a time they are there from the beginning, and stay when the clock is put back before it.
        principal = known.flatMap { $0.permissionsAfter == 0 || now >= world.started + $0.permissionsAfter ? $0 : nil }
    }

    func check(_ operation: String, _ kind: ObjectKind, object: String?, _ vault: Vault) throws(Refusal) {
        if principal?.may(operation, kind.rawValue, in: vault.name) == true { return }
        switch vault.access {
        case .policy:
            throw words.forbiddenByPolicy(operation, kind, vault: vault.name, location: vault.location)
        case .rbac:
            throw words.forbiddenByRbac(
                operation, kind, object: object, vault: vault.name, location: vault.location)
        }
    }
}

extension String {
    /// The text without a suffix, if it has it.
    package func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
