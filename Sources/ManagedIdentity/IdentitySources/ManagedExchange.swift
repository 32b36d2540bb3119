import HTTPTransport

extension TokenClient {
    /// One request to an identity endpoint of the machine until there is a token: what most of them have in common.
    ///
    /// `missingMayPass`: whether a 404 or 410 is tried again.
    func managedToken(
        _ request: HTTPRequest, _ kind: IdentityKind, _ ask: TokenAsk, plan: RetryPlan = .general, hint: String,
        identity: AssignedIdentity, missingMayPass: Bool = true
    ) throws(IdentityError) -> AccessToken {
        try retrying(plan, ask.patience) { () throws(IdentityError) -> AccessToken in
            let response = try send(request, kind, until: ask.patience.deadline, missingMayPass: missingMayPass)
            guard response.status == 200 else {
                throw managedRefusal(response, kind, hint: hint, identity: identity)
            }
            return try TokenAnswer.token(
                response.body, kind: kind, resource: ask.resource, now: environment.wallClock()
            ).token
        }
    }

    /// What a status that does not pass means.
    func managedRefusal(
        _ response: borrowing HTTPResponse, _ kind: IdentityKind, hint: String, identity: AssignedIdentity
    ) -> IdentityError {
        let answer = ErrorAnswer(response.body)
        switch response.status {
        case 403 where answer.mentions("unreachable"):
            // Docker Desktop answers so for every address that it cannot reach.
            return .absent(kind, reason: "a proxy answers that the endpoint is unreachable")
        case 404 where answer.word == "SecretHeaderNotFound", 401, 403:
            return .denied(kind, status: response.status, hint: nil)
        case 400, 404, 410:
            let unassigned =
                answer.mentions("identity not found") || answer.mentions("managedidentitynotfound")
                || (answer.mentions("identity") && answer.mentions("found"))
            return unassigned
                ? .unassigned(kind, identity, hint: hint)
                : .refused(kind, status: response.status, code: answer.word)
        default:
            return .refused(kind, status: response.status, code: answer.word)
        }
    }
}

/// The commands that assign an identity, with the names that the surroundings know.
enum AssignmentHint {
    static let serviceFabric = "assign a managed identity to this application in the cluster's resource"
    static let arc = "check the agent with 'azcmagent show', and the machine's identity in its Azure resource"

    static func machine(_ identity: AssignedIdentity) -> String {
        "assign it with 'az vm identity assign --name NAME --resource-group GROUP\(identities(identity))'"
    }

    static func appService(_ identity: AssignedIdentity, _ environment: IdentityEnvironment) -> String {
        if let app = name("CONTAINER_APP_NAME", environment) {
            let which = identity == .system ? "--system-assigned" : "--user-assigned \(resource(identity))"
            return "assign it with 'az containerapp identity assign --name \(app) --resource-group GROUP \(which)'"
        }
        let site = name("WEBSITE_SITE_NAME", environment) ?? "NAME"
        let group = name("WEBSITE_RESOURCE_GROUP", environment) ?? "GROUP"
        let command = environment.isSet("FUNCTIONS_WORKER_RUNTIME") ? "functionapp" : "webapp"
        return "assign it with 'az \(command) identity assign --name \(site) --resource-group \(group)"
            + "\(identities(identity))'"
    }

    private static func identities(_ identity: AssignedIdentity) -> String {
        identity == .system ? "" : " --identities \(resource(identity))"
    }

    /// The commands take resource ids; for another id its place is shown.
    private static func resource(_ identity: AssignedIdentity) -> String {
        if case .resourceID(let id) = identity { return id }
        return "RESOURCE-ID"
    }

    /// A name of Azure's that can be pasted into a shell.
    private static func name(_ variable: String, _ environment: IdentityEnvironment) -> String? {
        guard let text = try? environment.text(variable), text.utf8.count <= 64,
            text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) })
        else { return nil }
        return text
    }
}
