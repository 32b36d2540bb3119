import HTTPTypes

/// Cloud Shell's endpoint: a form is posted, and the only identity is the user's own.
package struct CloudShell: Sendable {
    let azure: Azure

    package var routes: [Route] { [Route(.post, "cloud-shell/oauth2/token", token)] }

    private func token(_ call: Call) throws(Refusal) -> Answer {
        guard call.header("Metadata")?.lowercased() == "true" else {
            throw Self.refusal(400, "BadRequest", "Required metadata header not specified")
        }
        guard call.header("content-type")?.hasPrefix("application/x-www-form-urlencoded") == true else {
            throw Self.refusal(415, "UnsupportedMediaType", "The body must be a form.")
        }
        guard let resource = call.field("resource"), !resource.isEmpty else {
            throw Self.refusal(400, "BadRequest", "Required field 'resource' is missing")
        }
        guard let principal = azure.locked({ $0.systemAssigned ?? $0.identities.first }) else {
            throw Self.refusal(400, "BadRequest", "There is no identity")
        }
        let (token, claims) = azure.token(for: principal, resource: resource, now: call.now)
        return Answer(json: [
            "access_token": .string(token), "refresh_token": "",
            "expires_in": .string(String(claims.expires - claims.issuedAt)),
            "expires_on": .string(String(claims.expires)), "not_before": .string(String(claims.issuedAt)),
            "resource": .string(resource), "token_type": "Bearer",
        ])
    }

    private static func refusal(_ status: Int, _ code: String, _ message: String) -> Refusal {
        Refusal(Answer(status: status, json: ["error": ["code": .string(code), "message": .string(message)]]))
    }
}
