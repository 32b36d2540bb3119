import HTTPTypes

/// Service Fabric's endpoint: over TLS, and known by its certificate's thumbprint instead of an authority.
package struct ServiceFabric: Sendable {
    let azure: Azure

    package var routes: [Route] { [Route(.get, "metadata/identity/oauth2/token", token)] }

    private func token(_ call: Call) throws(Refusal) -> Answer {
        guard let header = call.header("Secret"), !header.isEmpty else {
            throw .serviceFabric(404, "SecretHeaderNotFound", "Secret is not found in the request headers.")
        }
        // The secret is what tells the applications of a cluster apart: a wrong one belongs to none.
        guard header == azure.settings.identityHeader, let principal = azure.locked({ $0.systemAssigned }) else {
            throw .serviceFabric(
                404, "ManagedIdentityNotFound", "Managed identity not found for the specified application host.")
        }
        guard let version = call.parameter("api-version"), !version.isEmpty else {
            throw .serviceFabric(400, "ArgumentNullOrEmpty", "The parameter 'api-version' should not be null or empty.")
        }
        guard ["2019-07-01-preview", "2020-05-01"].contains(version) else {
            throw .serviceFabric(
                400, "InvalidApiVersion",
                "The api-version '\(version)' is not supported. Supported version is '2019-07-01-preview'.")
        }
        guard let resource = call.parameter("resource"), !resource.isEmpty else {
            throw .serviceFabric(
                400, "ArgumentNullOrEmpty", "The parameter 'resource' should not be null or empty string.")
        }
        let (token, claims) = azure.token(for: principal, resource: resource, now: call.now)
        return Answer(json: [
            "token_type": "Bearer", "access_token": .string(token), "expires_on": .integer(claims.expires),
            "resource": .string(resource),
        ])
    }
}
