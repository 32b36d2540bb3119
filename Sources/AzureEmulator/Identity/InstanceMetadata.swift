import HTTPTypes

/// The instance metadata service of virtual machines, scale sets, AKS nodes and Container Instances.
package struct InstanceMetadata: Sendable {
    let azure: Azure

    package var routes: [Route] { [Route(.get, "metadata/identity/oauth2/token", token)] }

    /// It says which service answers; the numbers are of no consequence.
    private static let server = ("Server", "IMDS/150.870.65.1475")

    private func token(_ call: Call) throws(Refusal) -> Answer {
        do throws(Refusal) {
            try Self.check(call)
            return try answer(call)
        } catch {
            var refusal = error
            refusal.answer.set(Self.server.0, Self.server.1)
            throw refusal
        }
    }

    /// The checks in the order of the real service: who only probes sends nothing but the path.
    private static func check(_ call: Call) throws(Refusal) {
        guard call.header("Metadata")?.lowercased() == "true" else {
            throw .oauth(400, "invalid_request", "Required metadata header not specified")
        }
        guard call.header("X-Forwarded-For") == nil else {
            throw .oauth(400, "invalid_request", "Requests with an X-Forwarded-For header are not allowed")
        }
        guard let version = call.parameter("api-version") else {
            throw .oauth(400, "invalid_request", "Required query variable 'api-version' is missing")
        }
        guard version >= "2018-02-01", version.count == 10 else {
            throw .oauth(400, "invalid_request", "Invalid api-version value specified: \(version)")
        }
        guard let resource = call.parameter("resource"), !resource.isEmpty else {
            throw .oauth(400, "invalid_request", "Required query variable 'resource' is missing")
        }
    }

    private func answer(_ call: Call) throws(Refusal) -> Answer {
        let choice = IdentityChoice(
            call, clientID: ["client_id"], objectID: ["object_id", "principal_id"],
            resourceID: ["msi_res_id", "mi_res_id"])
        guard let principal = azure.locked({ choice.principal(in: $0) }) else {
            throw .oauth(400, "invalid_request", "Identity not found")
        }
        let resource = call.parameter("resource") ?? ""
        let (token, claims) = azure.token(for: principal, resource: resource, now: call.now)
        let lifetime = claims.expires - claims.issuedAt
        return Answer(
            json: [
                "access_token": .string(token), "client_id": .string(principal.clientID),
                "expires_in": .string(String(lifetime)), "expires_on": .string(String(claims.expires)),
                "ext_expires_in": .string(String(lifetime)), "not_before": .string(String(claims.issuedAt)),
                "resource": .string(resource), "token_type": "Bearer",
            ],
            headers: [Self.server, ("x-ms-request-id", Identifier.random())])
    }
}
