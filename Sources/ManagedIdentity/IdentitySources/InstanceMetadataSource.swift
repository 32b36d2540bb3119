import HTTPTransport
import LinuxSystem
import Secrets

/// The instance metadata service of virtual machines, scale sets, AKS nodes and Container Instances.
struct InstanceMetadataSource: IdentitySource {
    let kind = IdentityKind.imds
    let endpoint: EndpointURL
    let identity: AssignedIdentity
    /// Whether it is asked first if it is there at all.
    let probes: Bool

    /// How long the probes go on before there is none.
    static let probing = Duration.seconds(5)

    static func look(_ setting: IdentitySetting, asked: Bool) throws(IdentityError) -> Look {
        let variable = "AZURE_POD_IDENTITY_AUTHORITY_HOST"
        var base = EndpointURL("http://169.254.169.254")
        if let host = try setting.endpoint(variable) {
            guard host.query == nil else { throw .invalidValue(variable: variable, problem: "it has a query") }
            base = host
        }
        guard let base, let endpoint = base.appending("metadata/identity/oauth2/token") else {
            throw .invalidValue(variable: variable, problem: "it is no URL")
        }
        let source = InstanceMetadataSource(endpoint: endpoint, identity: setting.assigned, probes: !asked)
        return .found(source, because: asked ? "asked for" : "nothing else is configured")
    }

    func token(_ ask: TokenAsk, through client: TokenClient) throws(IdentityError) -> AccessToken {
        if probes && !client.metadataServiceAnswered {
            try probe(client, until: ask.retryPolicy.deadline)
            client.metadataServiceAnswered = true
        }
        let parameters =
            [("api-version", "2018-02-01"), ("resource", ask.resource)] + identity.parameters(resourceID: "msi_res_id")
        let request = HTTPRequest(
            .get, endpoint.asking(parameters), headers: [("Metadata", .plain("true"))], peer: endpoint.identityPeer,
            endpoint: "identity", connectTimeout: .seconds(2))
        return try client.managedToken(
            request, kind, ask, plan: .metadata, hint: AssignmentHint.machine(identity), identity: identity)
    }

    /// Asks without the header, which the service refuses at once with 400. Any answer shows that it is there, but for
    /// that of Docker Desktop's proxy, which answers for addresses that it cannot reach.
    private func probe(_ client: TokenClient, until deadline: BootInstant) throws(IdentityError) {
        let transport = client.transport
        let limit = min(deadline, transport.now + Self.probing)
        var pause = Duration.milliseconds(250)
        while true {
            let request = HTTPRequest(
                .get, endpoint.text, peer: endpoint.identityPeer, endpoint: "identity", timeout: .seconds(1),
                connectTimeout: .seconds(1), bodyLimit: 1 << 16)
            do throws(IdentityError) {
                let response = try client.exchange(request, kind, until: limit)
                guard response.status == 403, ErrorAnswer(response.body).mentions("unreachable") else { return }
                throw .absent(kind, reason: "a proxy answers that \(endpoint.host) is unreachable")
            } catch .unreachable {
                guard transport.now + pause < limit else {
                    throw .absent(kind, reason: "no answer from \(endpoint.host) within 5 s")
                }
                _ = transport.wait(forAnyOf: [], until: transport.now + pause)
                pause = min(pause * 2, .seconds(1))
            } catch .answer {
                throw .absent(kind, reason: "what answers at \(endpoint.host) is no metadata service")
            }
        }
    }
}
