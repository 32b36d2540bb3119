import HTTPTransport

extension TokenClient {
    /// One request to an identity endpoint of the machine until there is a token: what most of them have in common.
    ///
    /// `missingMayPass`: whether a 404 or 410 is tried again. `check` throws for an answer that is somebody else's.
    func managedToken(
        _ request: HTTPRequest, _ kind: IdentityKind, _ ask: TokenAsk, plan: RetryPlan = .general, hint: String,
        identity: AssignedIdentity, missingMayPass: Bool = true,
        check: (borrowing HTTPResponse) throws(IdentityError) -> Void = { _ in }
    ) throws(IdentityError) -> AccessToken {
        try retrying(plan, ask.retryPolicy) { () throws(IdentityError) -> AccessToken in
            let response = try send(request, kind, until: ask.retryPolicy.deadline, missingMayPass: missingMayPass)
            try check(response)
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
            if answer.saysUnassigned { return .unassigned(kind, identity, hint: hint) }
            if answer.mentions("multiple user assigned identities") {
                return .unchosen(kind, hint: "choose one with --client-id; \(AssignmentHint.listing(hint))")
            }
            return .refused(kind, status: response.status, code: answer.word, hint: answer.remedy)
        default:
            return .refused(kind, status: response.status, code: answer.word)
        }
    }
}

/// What the documented refusals of identity endpoints say (400 where nothing else is named).
extension ErrorAnswer {
    /// The endpoint has no such identity: "Identity not found" (metadata service, Arc), "No MSI found for specified
    /// ClientId/ResourceId.", "No User Assigned or Delegated Managed Identity found …", "Unable to load the proper Managed
    /// Identity." (App Service, Container Apps), "ManagedIdentityNotFound" (Service Fabric).
    fileprivate var saysUnassigned: Bool {
        guard !isOfResource else { return false }
        return mentions("managedidentitynotfound") || mentions("no msi found")
            || mentions("identity") && (mentions("found") || mentions("unable to load"))
    }

    /// The resource is unknown, and not the identity.
    private var isOfResource: Bool {
        ["invalid_resource", "audiencenotsupported"].contains(word?.lowercased())
            || [50001, 500_011].contains(entraCode)
    }

    /// The next step for a request that is refused for another documented reason.
    fileprivate var remedy: String? {
        if isOfResource {
            return "the identity's tenant does not know the vault's resource: the vault is in another cloud or tenant"
        }
        if word?.lowercased() == "invalidapiversion" || mentions("api-version") {
            return "the endpoint is older than this version of its protocol: update the agent or cluster"
        }
        if mentions("bad_request_102") || mentions("metadata header") {
            return "something between here and the endpoint removes the header 'Metadata': let it be reached directly"
        }
        return nil
    }
}

/// The commands that assign an identity, with the names that the surroundings know.
enum AssignmentHint {
    static let serviceFabric = "assign a managed identity to this application in the cluster's resource"
    static let arc = "check the agent with 'azcmagent show', and the machine's identity in its Azure resource"

    static let machineLearning =
        "assign it to the workspace's compute; see which there are with "
        + "'az ml compute show --name NAME --resource-group GROUP --workspace-name WORKSPACE'"

    static func machine(_ identity: AssignedIdentity) -> String {
        hint("vm", "NAME", "GROUP", identities(identity))
    }

    /// The part of a hint that says how to see which identities there are.
    static func listing(_ hint: String) -> String {
        hint.firstRange(of: "see which").map { String(hint[$0.lowerBound...]) } ?? hint
    }

    private static func hint(_ service: String, _ name: String, _ group: String, _ which: String) -> String {
        "assign it with 'az \(service) identity assign --name \(name) --resource-group \(group)\(which)'; see which there "
            + "are with 'az \(service) identity show --name \(name) --resource-group \(group)'"
    }

    static func appService(_ identity: AssignedIdentity, _ environment: IdentityEnvironment) -> String {
        if let app = name("CONTAINER_APP_NAME", environment) {
            let which = identity == .system ? " --system-assigned" : " --user-assigned \(resource(identity))"
            return hint("containerapp", app, "GROUP", which)
        }
        let site = name("WEBSITE_SITE_NAME", environment) ?? "NAME"
        let group = name("WEBSITE_RESOURCE_GROUP", environment) ?? "GROUP"
        let command = environment.isSet("FUNCTIONS_WORKER_RUNTIME") ? "functionapp" : "webapp"
        return hint(command, site, group, identities(identity))
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
