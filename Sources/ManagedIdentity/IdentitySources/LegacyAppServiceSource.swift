import HTTPTransport
import Secrets

/// App Service's endpoint of version 2017-09-01, and Azure Machine Learning, which has the same variables and shape.
struct LegacyAppServiceSource: IdentitySource {
    let kind: IdentityKind
    let endpoint: EndpointURL
    let header: SharedSecret
    let clientID: String?
    let hint: String

    static func look(_ setting: IdentitySetting, asked: Bool) throws(IdentityError) -> Look {
        let environment = setting.environment
        guard let header = try environment.header("MSI_SECRET") else {
            return .absent(because: "MSI_SECRET is not set")
        }
        guard let endpoint = try setting.endpoint("MSI_ENDPOINT") else {
            throw .halfSet(.appService2017, present: "MSI_SECRET", missing: "MSI_ENDPOINT")
        }
        // Machine Learning names the identity of its compute there.
        let fallback = try environment.text("DEFAULT_IDENTITY_CLIENT_ID")
        let kind = fallback == nil ? IdentityKind.appService2017 : .azureML
        let clientID: String?
        switch setting.assigned {
        case .system: clientID = fallback
        case .clientID(let id): clientID = id
        case let other: throw .unsupportedIdentity(kind, other)
        }
        let source = LegacyAppServiceSource(
            kind: kind, endpoint: endpoint, header: header, clientID: clientID,
            hint: kind == .azureML
                ? AssignmentHint.machineLearning : AssignmentHint.appService(setting.assigned, environment))
        return .found(source, because: "MSI_ENDPOINT and MSI_SECRET are set")
    }

    func token(_ ask: TokenAsk, through client: TokenClient) throws(IdentityError) -> AccessToken {
        var parameters = [("api-version", "2017-09-01"), ("resource", ask.resource)]
        if let clientID { parameters.append(("clientid", clientID)) }
        let request = HTTPRequest(
            .get, endpoint.asking(parameters), headers: [("secret", .secret(prefix: "", header))],
            peer: endpoint.identityPeer, endpoint: "identity")
        return try client.managedToken(
            request, kind, ask, hint: hint, identity: clientID.map { .clientID($0) } ?? .system)
    }
}
