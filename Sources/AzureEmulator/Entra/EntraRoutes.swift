import HTTPTypes

/// Entra's token endpoint and what clients look up before they use it.
package struct EntraRoutes: Sendable {
    let azure: Azure
    let cluster: ClusterIssuer

    package init(azure: Azure, cluster: ClusterIssuer) {
        self.azure = azure
        self.cluster = cluster
    }

    /// Where a cluster's proxy stands in for Entra (`AZURE_KUBERNETES_TOKEN_PROXY`).
    package static let proxy = "/token-proxy/"

    package var routes: [Route] {
        ["", "token-proxy/"].flatMap { prefix in
            [
                Route(.post, "\(prefix):tenant/oauth2/v2.0/token", token),
                Route(.get, "\(prefix):tenant/v2.0/.well-known/openid-configuration", configuration),
            ]
        } + [
            Route(.get, ":tenant/discovery/v2.0/keys", { _ throws(Refusal) in Answer(json: ["keys": []]) }),
            Route(.get, "common/discovery/instance", instance),
            Route(.get, "cluster/.well-known/openid-configuration", clusterConfiguration),
            Route(.get, "cluster/openid/v1/jwks", { _ throws(Refusal) in Answer(json: cluster.keySet) }),
        ]
    }

    private func token(_ call: Call) throws(Refusal) -> Answer {
        do throws(EntraFailure) {
            return try issue(call)
        } catch {
            throw Refusal(
                error.reason.answer(
                    now: call.now, authority: azure.authority, correlation: call.header("client-request-id")))
        }
    }

    private func issue(_ call: Call) throws(EntraFailure) -> Answer {
        let tenant = try knownTenant(call)
        guard let grant = call.field("grant_type") else { throw EntraFailure(.missing("grant_type")) }
        guard grant == "client_credentials" else { throw EntraFailure(.unsupportedGrant) }
        guard let client = call.field("client_id"), !client.isEmpty else { throw EntraFailure(.missing("client_id")) }
        guard let scope = call.field("scope"), !scope.isEmpty else { throw EntraFailure(.missing("scope")) }
        let resource = try resource(of: scope, tenant: tenant)
        guard let principal = azure.locked({ $0.principal(clientID: client) }) else {
            throw EntraFailure(.applicationNotFound(client, tenant: tenant))
        }
        try ClientCredential(azure: azure, cluster: cluster, tenant: tenant).check(call, of: principal)
        let (token, claims) = azure.token(
            for: principal, resource: resource, now: call.now, meetsClaims: call.field("claims") != nil)
        let lifetime = claims.expires - claims.issuedAt
        return Answer(
            json: [
                "token_type": "Bearer", "expires_in": .integer(lifetime), "ext_expires_in": .integer(lifetime),
                "access_token": .string(token),
            ],
            headers: EntraHeaders.common + [("x-ms-request-id", Identifier.random()), ("x-ms-clitelem", "1,0,0,,")])
    }

    private func knownTenant(_ call: Call) throws(EntraFailure) -> String {
        let asked = call.parameters["tenant"] ?? ""
        let tenant = azure.locked { $0.tenant }
        guard asked.lowercased() == tenant.lowercased() else { throw EntraFailure(.tenantNotFound(asked)) }
        return tenant
    }

    /// The resource that a scope names; Entra knows only those that are there.
    private func resource(of scope: String, tenant: String) throws(EntraFailure) -> String {
        let scopes = scope.split(separator: " ").map(String.init)
        let wanted = scopes.filter { !["openid", "profile", "offline_access"].contains($0) }
        guard wanted.count == 1, wanted[0].hasSuffix("/.default") else { throw EntraFailure(.invalidScope(scope)) }
        let resource = wanted[0].trimmingSuffix("/.default")
        let known: Set<String> = [
            azure.vaultResource, "https://\(azure.settings.vaultSuffix)", "https://vault.azure.net",
            "https://managedhsm.azure.net", "https://management.azure.com", "https://graph.microsoft.com",
            "https://ossrdbms-aad.database.windows.net", "https://database.windows.net", "https://storage.azure.com",
            "https://redis.azure.com",
        ]
        guard known.contains(resource.trimmingSuffix("/")) else {
            throw EntraFailure(.resourceNotFound(resource, tenant: tenant))
        }
        return resource
    }

    private func configuration(_ call: Call) throws(Refusal) -> Answer {
        let tenant: String
        do throws(EntraFailure) {
            tenant = try knownTenant(call)
        } catch {
            throw Refusal(error.reason.answer(now: call.now, authority: azure.authority))
        }
        let base = "\(azure.authority)/\(tenant)"
        return Answer(json: [
            "token_endpoint": .string("\(base)/oauth2/v2.0/token"),
            "token_endpoint_auth_methods_supported": [
                "client_secret_post", "private_key_jwt", "client_secret_basic",
            ],
            "jwks_uri": .string("\(base)/discovery/v2.0/keys"), "response_modes_supported": ["query", "fragment"],
            "response_types_supported": ["code"], "scopes_supported": ["openid"], "issuer": .string("\(base)/v2.0"),
            "authorization_endpoint": .string("\(base)/oauth2/v2.0/authorize"),
            "device_authorization_endpoint": .string("\(base)/oauth2/v2.0/devicecode"),
            "tenant_region_scope": "EU", "cloud_instance_name": .string(azure.settings.loginHost),
        ])
    }

    /// Which authorities belong together; here it is one.
    private func instance(_ call: Call) throws(Refusal) -> Answer {
        let tenant = azure.locked { $0.tenant }
        let host = String(azure.authority.dropFirst("https://".count))
        return Answer(json: [
            "tenant_discovery_endpoint": .string(
                "\(azure.authority)/\(tenant)/v2.0/.well-known/openid-configuration"),
            "api-version": "1.1",
            "metadata": [
                ["preferred_network": .string(host), "preferred_cache": .string(host), "aliases": [.string(host)]]
            ],
        ])
    }

    private func clusterConfiguration(_ call: Call) throws(Refusal) -> Answer {
        let issuer = "\(azure.authority)/cluster"
        return Answer(json: [
            "issuer": .string(issuer), "jwks_uri": .string("\(issuer)/openid/v1/jwks"),
            "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        ])
    }
}
