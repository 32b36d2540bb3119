import HTTPTransport
import Secrets

/// Azure Cloud Shell: a token of the person who is logged in there.
struct CloudShellSource: IdentitySource {
    let kind = IdentityKind.cloudShell
    let endpoint: EndpointURL

    static func look(_ setting: IdentitySetting, asked: Bool) throws(IdentityError) -> Look {
        guard let endpoint = try setting.endpoint("MSI_ENDPOINT") else {
            return .absent(because: "MSI_ENDPOINT is not set")
        }
        try setting.requireNoChoice(.cloudShell)
        return .found(CloudShellSource(endpoint: endpoint), because: "MSI_ENDPOINT is set")
    }

    func token(_ ask: TokenAsk, through client: TokenClient) throws(IdentityError) -> AccessToken {
        var form = FormBody()
        form.add("resource", ask.resource)
        let request = HTTPRequest(
            .post, endpoint.text,
            headers: [("Metadata", .plain("true")), ("Content-Type", .plain("application/x-www-form-urlencoded"))],
            body: form.encoded(), peer: endpoint.identityPeer, endpoint: "identity")
        return try client.managedToken(
            request, kind, ask, hint: "open a new Cloud Shell session", identity: .system)
    }
}
