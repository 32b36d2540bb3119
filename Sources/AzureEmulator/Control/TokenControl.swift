import HTTPTypes

/// Tokens as tests want them, right and wrong.
package struct TokenControl: Sendable {
    let azure: Azure
    let cluster: ClusterIssuer

    package var routes: [Route] {
        [
            Route(.post, "_emulator/tokens", accessToken),
            Route(.post, "_emulator/federated-tokens", federatedToken),
            Route(.post, "_emulator/revoke", revoke),
        ]
    }

    private func principal(_ name: String?) throws(SeedError) -> Principal {
        let found = azure.locked { world in
            name.map { name in world.identities.first { $0.name == name } } ?? world.identities.first
        }
        guard let found else { throw SeedError("no identity '\(name ?? "")'") }
        return found
    }

    /// `{"identity": NAME, "audience": …, "issuer-tenant": …, "lifetime": "-1h"}`; all of it may be left out.
    private func accessToken(_ call: Call) throws(Refusal) -> Answer {
        try ControlRoutes.fields(call) { fields throws(SeedError) in
            let (tenant, lifetime) = azure.locked { ($0.tenant, $0.tokenLifetime) }
            let issuerTenant = try fields.string("issuer-tenant") ?? tenant
            let principal = try principal(try fields.string("identity"))
            let audience = try fields.string("audience") ?? azure.vaultResource
            let expires = call.now + (try fields.duration("lifetime") ?? lifetime)
            let serial = azure.locked { world in
                world.tokensMade += 1
                return world.tokensMade
            }
            let claims = TokenClaims(
                audience: audience, issuer: Azure.issuer(tenant: issuerTenant), tenant: issuerTenant,
                clientID: principal.clientID, objectID: principal.objectID, issuedAt: Int(call.now),
                expires: Int(expires), serial: serial)
            return Answer(json: ["access_token": .string(azure.issuer.token(for: claims))])
        }
    }

    /// `{"identity": NAME, "issuer": …, "subject": …, "audience": …, "lifetime": …}`: a service account's token.
    private func federatedToken(_ call: Call) throws(Refusal) -> Answer {
        try ControlRoutes.fields(call) { fields throws(SeedError) in
            let principal = try principal(try fields.string("identity"))
            let federation = principal.federations.first
            let issuer = try fields.string("issuer") ?? "\(azure.authority)/cluster"
            let subject = try fields.string("subject") ?? federation?.subject ?? "system:serviceaccount:default:default"
            let audience = try fields.string("audience") ?? federation?.audience ?? Federation.defaultAudience
            let expires = call.now + (try fields.duration("lifetime") ?? IdentityFiles.tokenLifetime)
            do throws(SetupError) {
                let token = try cluster.token(
                    issuer: issuer, subject: subject, audience: audience, issuedAt: call.now, expires: expires)
                return Answer(json: ["token": .string(token)])
            } catch {
                throw SeedError(error.message)
            }
        }
    }

    /// Every access token so far is refused from now on, with the claims that a new one must be asked for with.
    private func revoke(_ call: Call) throws(Refusal) -> Answer {
        azure.locked { $0.revokedThrough = $0.tokensMade }
        return Answer(status: 204)
    }
}
