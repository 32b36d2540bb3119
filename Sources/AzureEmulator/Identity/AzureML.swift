import HTTPTypes

/// Azure Machine Learning's endpoint: App Service's of 2017 with whole numbers in its answer.
package struct AzureML: Sendable {
    let azure: Azure

    package var routes: [Route] { [Route(.get, "azure-ml/token", token)] }

    private func token(_ call: Call) throws(Refusal) -> Answer {
        guard let header = call.header("secret"), header == azure.settings.identityHeader else {
            throw Self.refusal(401, "Unauthorized", "The secret header is missing or not valid.")
        }
        guard call.parameter("api-version") == "2017-09-01" else {
            throw Self.refusal(400, "BadRequest", "The api-version query parameter must be 2017-09-01.")
        }
        guard let resource = call.parameter("resource"), !resource.isEmpty else {
            throw Self.refusal(400, "BadRequest", "The resource query parameter is required.")
        }
        let choice = IdentityChoice(
            call, clientID: ["clientid", "client_id"], objectID: ["object_id"], resourceID: ["mi_res_id"])
        guard let principal = azure.locked({ choice.principal(in: $0) }) else {
            throw Self.refusal(400, "BadRequest", "No managed identity was found for the client id.")
        }
        let (token, claims) = azure.token(for: principal, resource: resource, now: call.now)
        var answer = Answer(json: [
            "access_token": .string(token), "expires_in": .integer(claims.expires - claims.issuedAt),
            "expires_on": .integer(claims.expires), "resource": .string(resource), "token_type": "Bearer",
        ])
        answer.set("Content-Type", "application/json")
        return answer
    }

    private static func refusal(_ status: Int, _ code: String, _ message: String) -> Refusal {
        Refusal(Answer(status: status, json: ["error": ["code": .string(code), "message": .string(message)]]))
    }
}
