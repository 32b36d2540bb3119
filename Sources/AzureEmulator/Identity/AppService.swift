import HTTPTypes

/// The token endpoint of App Service, Functions and Container Apps.
package struct AppService: Sendable {
    let azure: Azure

    package var routes: [Route] { [Route(.get, "msi/token", token)] }

    private func token(_ call: Call) throws(Refusal) -> Answer {
        guard call.endpoint == .appService2017 else { return try current(call) }
        return try first(call)
    }

    private func current(_ call: Call) throws(Refusal) -> Answer {
        guard let header = call.header("X-IDENTITY-HEADER"), header == azure.settings.identityHeader else {
            throw .appService(401, "Unauthorized: the X-IDENTITY-HEADER header is missing or not valid.")
        }
        guard let version = call.parameter("api-version") else {
            throw .appService(400, "The api-version query parameter is required.")
        }
        guard version == "2019-08-01" else {
            throw .appService(400, "The api-version '\(version)' is not supported.")
        }
        guard let resource = call.parameter("resource"), !resource.isEmpty else {
            throw .appService(400, "The resource query parameter is required.")
        }
        let choice = IdentityChoice(
            call, clientID: ["client_id"], objectID: ["principal_id", "object_id"], resourceID: ["mi_res_id"])
        guard let principal = azure.locked({ choice.principal(in: $0) }) else {
            throw .appService(
                400,
                "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.")
        }
        let (token, claims) = azure.token(for: principal, resource: resource, now: call.now)
        return Answer(json: [
            "access_token": .string(token), "expires_on": .string(String(claims.expires)),
            "resource": .string(resource), "token_type": "Bearer", "client_id": .string(principal.clientID),
        ])
    }

    /// The interface of 2017: the header is called `secret`, the expiry is a date.
    private func first(_ call: Call) throws(Refusal) -> Answer {
        guard let header = call.header("secret"), header == azure.settings.identityHeader else {
            throw .appService2017(401, "Unauthorized: the secret header is missing or not valid.")
        }
        guard let resource = call.parameter("resource"), !resource.isEmpty else {
            throw .appService2017(400, "The resource query parameter is required.")
        }
        let choice = IdentityChoice(call, clientID: ["clientid"], objectID: ["objectid"], resourceID: ["mi_res_id"])
        guard let principal = azure.locked({ choice.principal(in: $0) }) else {
            throw .appService2017(400, "No MSI found for specified ClientId/ResourceId.")
        }
        let (token, claims) = azure.token(for: principal, resource: resource, now: call.now)
        return Answer(json: [
            "access_token": .string(token), "expires_on": .string(Moment.appServiceLinux(Double(claims.expires))),
            "resource": .string(resource), "token_type": "Bearer",
        ])
    }
}
