import HTTPTransport
import Secrets

/// App Service, Functions, Container Apps and Automation: the endpoint of version 2019-08-01.
struct AppServiceSource: IdentitySource {
    let kind = IdentityKind.appService
    let endpoint: EndpointURL
    let header: SharedSecret
    let identity: AssignedIdentity
    let hint: String

    static func look(_ setting: IdentitySetting, asked: Bool) throws(IdentityError) -> Look {
        let environment = setting.environment
        guard let header = try environment.header("IDENTITY_HEADER") else {
            return .absent(because: "IDENTITY_HEADER is not set")
        }
        guard let endpoint = try setting.endpoint("IDENTITY_ENDPOINT") else {
            throw .halfSet(.appService, present: "IDENTITY_HEADER", missing: "IDENTITY_ENDPOINT")
        }
        let source = AppServiceSource(
            endpoint: endpoint, header: header, identity: setting.assigned,
            hint: AssignmentHint.appService(setting.assigned, environment))
        return .found(source, because: "IDENTITY_ENDPOINT and IDENTITY_HEADER are set")
    }

    func token(_ ask: TokenAsk, through client: TokenClient) throws(IdentityError) -> AccessToken {
        let parameters =
            [("api-version", "2019-08-01"), ("resource", ask.resource)] + identity.parameters(resourceID: "mi_res_id")
        // Automation, which has the same variables, wants the Metadata header.
        let request = HTTPRequest(
            .get, endpoint.asking(parameters),
            headers: [("X-IDENTITY-HEADER", .secret(prefix: "", header)), ("Metadata", .plain("true"))],
            peer: endpoint.identityPeer, endpoint: "identity")
        return try client.managedToken(request, kind, ask, hint: hint, identity: identity)
    }
}
