import HTTPTransport
import Secrets

/// An application at Entra's token endpoint: what client secret, client certificate and workload identity have in
/// common.
struct EntraApplication {
    let kind: IdentityKind
    let tenant: String
    let clientID: String
    /// `AZURE_AUTHORITY_HOST`; nil: that of the vault's cloud.
    let authority: EndpointURL?

    /// What proves the application, and how it gets there.
    enum Proof {
        case secret(SharedSecret)
        case assertion(SharedSecret)
    }

    /// The URL of the token endpoint, which is an assertion's audience too.
    func tokenURL(for resource: String) -> EndpointURL? {
        let path = isFederationService ? "\(tenant)/oauth2/token" : "\(tenant)/oauth2/v2.0/token"
        return (authority ?? Authority.known(for: resource))?.appending(path)
    }

    /// Whether the authority is an AD FS of a company's own (Azure Stack), where `adfs` stands for the tenant.
    var isFederationService: Bool { tenant.lowercased() == "adfs" }

    /// Fetches a token; `proof` is made anew for every try. `route` replaces the way to the endpoint.
    func token(
        _ ask: TokenAsk, through client: TokenClient,
        route: (EndpointURL) -> (url: String, peer: HTTPRequest.Peer) = {
            ($0.text, .authorities)
        }, proof: (EndpointURL) throws(IdentityError) -> Proof
    ) throws(IdentityError) -> AccessToken {
        guard let tokenURL = tokenURL(for: ask.resource) else {
            throw .invalidValue(variable: "AZURE_AUTHORITY_HOST", problem: "it is no https URL")
        }
        let (url, peer) = route(tokenURL)
        return try client.retrying(.general, ask.retryPolicy) { () throws(IdentityError) -> AccessToken in
            let request = HTTPRequest(
                .post, url, headers: [("Content-Type", .plain("application/x-www-form-urlencoded"))],
                body: form(ask, try proof(tokenURL)), peer: peer, endpoint: "entra")
            let response = try client.send(request, kind, until: ask.retryPolicy.deadline, missingMayPass: false)
            guard response.status == 200 else {
                let answer = ErrorAnswer(response.body)
                throw .entra(
                    EntraRefusal(
                        kind: kind, status: response.status, code: answer.entraCode, word: answer.word, tenant: tenant,
                        clientID: clientID))
            }
            return try TokenAnswer.token(
                response.body, kind: kind, resource: ask.resource, now: client.environment.wallClock()
            ).token
        }
    }

    private func form(_ ask: TokenAsk, _ proof: Proof) -> SharedSecret {
        var form = FormBody()
        form.add("client_id", clientID)
        form.add("grant_type", "client_credentials")
        form.add("scope", "\(ask.resource)/.default")
        switch proof {
        case .secret(let secret):
            form.add("client_secret", secret)
        case .assertion(let assertion):
            form.add("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            form.add("client_assertion", assertion)
        }
        if let claims = ask.claims { form.add("claims", claims) }
        return form.encoded()
    }
}

/// Where a cloud's tokens come from.
enum Authority {
    /// `AZURE_AUTHORITY_HOST`: a host name or an https URL.
    static func configured(_ environment: IdentityEnvironment) throws(IdentityError) -> EndpointURL? {
        let variable = "AZURE_AUTHORITY_HOST"
        guard let text = try environment.text(variable) else { return nil }
        guard let url = EndpointURL(text.contains("://") ? text : "https://\(text)"), url.scheme == "https",
            url.query == nil
        else { throw .invalidValue(variable: variable, problem: "it is no https URL") }
        return url
    }

    /// The authority of the cloud that a resource belongs to.
    static func known(for resource: String) -> EndpointURL? {
        let host = EndpointURL(resource)?.host ?? ""
        if host.hasSuffix(".azure.cn") || host.hasSuffix(".chinacloudapi.cn") {
            return EndpointURL("https://login.chinacloudapi.cn")
        }
        if host.hasSuffix(".usgovcloudapi.net") { return EndpointURL("https://login.microsoftonline.us") }
        return EndpointURL("https://login.microsoftonline.com")
    }
}
