import HTTPTransport
import LinuxSystem
import Secrets

/// AKS workload identity: a token of the cluster's, from a projected file, exchanged for one of Entra's.
struct WorkloadIdentitySource: IdentitySource {
    let kind = IdentityKind.workloadIdentity
    let application: EntraApplication
    let tokenPath: String
    let proxy: TokenProxy?

    private static let variable = "AZURE_FEDERATED_TOKEN_FILE"

    static func look(_ setting: IdentitySetting, asked: Bool) throws(IdentityError) -> Look {
        guard let path = try setting.environment.path(variable) else {
            return .absent(because: "\(variable) is not set")
        }
        let source = WorkloadIdentitySource(
            application: try setting.entra(.workloadIdentity, besides: variable), tokenPath: path,
            proxy: try TokenProxy(setting.environment))
        return .found(source, because: "\(variable) is set")
    }

    func token(_ ask: TokenAsk, through client: TokenClient) throws(IdentityError) -> AccessToken {
        let authorities = try proxy?.authorities(client.environment)
        let route = { (url: EndpointURL) in
            proxy.map { $0.route(url, authorities: authorities) } ?? (url: url.text, peer: .authorities)
        }
        return try application.token(ask, through: client, route: route) { (_) throws(IdentityError) in
            // The kubelet renews the file: it is read at every exchange, through the links that a projected volume has.
            .assertion(
                try client.environment.content(of: tokenPath, kind, role: Self.variable, limit: 1 << 16))
        }
    }
}

/// The cluster's proxy for token exchanges (AKS identity bindings), which is used where its variable is set.
struct TokenProxy {
    let endpoint: EndpointURL
    let serverName: String?
    let authorityFile: String?
    let authorityText: String?

    private static let address = "AZURE_KUBERNETES_TOKEN_PROXY"
    private static let name = "AZURE_KUBERNETES_SNI_NAME"
    private static let file = "AZURE_KUBERNETES_CA_FILE"
    private static let text = "AZURE_KUBERNETES_CA_DATA"

    /// nil where no proxy is configured.
    init?(_ environment: IdentityEnvironment) throws(IdentityError) {
        guard let address = try environment.text(Self.address) else {
            for variable in [Self.name, Self.file, Self.text] where environment.isSet(variable) {
                throw .halfSet(.workloadIdentity, present: variable, missing: Self.address)
            }
            return nil
        }
        guard let url = EndpointURL(address), url.scheme == "https", url.query == nil else {
            throw .invalidValue(variable: Self.address, problem: "it is no https URL without a query")
        }
        endpoint = url
        serverName = try environment.text(Self.name)
        if let serverName, EndpointURL("https://\(serverName)")?.host != serverName.lowercased() {
            throw .invalidValue(variable: Self.name, problem: "it is no host name")
        }
        authorityFile = try environment.path(Self.file)
        authorityText = environment.bytes(Self.text).map { String(decoding: $0, as: UTF8.self) }
        guard authorityFile == nil || authorityText == nil else {
            throw .invalidValue(variable: Self.text, problem: "\(Self.file) is set too, and one of them is enough")
        }
    }

    /// The authorities that the proxy's certificate is checked by; nil for the usual ones.
    func authorities(_ environment: IdentityEnvironment) throws(IdentityError) -> String? {
        guard let authorityFile else { return authorityText }
        return try environment.content(of: authorityFile, .workloadIdentity, role: Self.file, limit: 1 << 20)
            .withBytes { bytes in String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
    }

    /// The token endpoint's path behind the proxy's own; a server name takes the place of the host, so that it is
    /// what TLS asks for and checks.
    func route(_ url: EndpointURL, authorities: String?) -> (url: String, peer: HTTPRequest.Peer) {
        let target = EndpointURL(
            serverName.map { "https://\($0):\(endpoint.portNumber)\(endpoint.path)" } ?? endpoint.text)
        let text = target?.appending(String(url.path.dropFirst()))?.text ?? endpoint.text
        return (
            text,
            .tokenProxy(connect: endpoint.hostAndPort, serverName: serverName, authoritiesPEM: authorities)
        )
    }
}
