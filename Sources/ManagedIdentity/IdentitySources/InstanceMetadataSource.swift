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
            request, kind, ask, plan: .metadata, hint: AssignmentHint.machine(identity), identity: identity,
            check: requireAzure)
    }

    /// Asks without the header, which the service refuses at once with 400. A connection that is accepted shows that
    /// something is there: a slow service is no absent one. Throws where nothing is, or where what answers is not Azure's.
    private func probe(_ client: TokenClient, until deadline: BootInstant) throws(IdentityError) {
        let transport = client.transport
        let limit = min(deadline, transport.now + Self.probing)
        var pause = Duration.milliseconds(250)
        while true {
            let request = HTTPRequest(
                .get, endpoint.text, peer: endpoint.identityPeer, endpoint: "identity", timeout: Self.probing,
                connectTimeout: .seconds(1), bodyLimit: 1 << 16)
            do throws(IdentityError) {
                return try requireAzure(try client.exchange(request, kind, until: limit))
            } catch .unreachable(_, _, TokenClient.silence) {
                return
            } catch .unreachable {
                guard transport.now + pause < limit else {
                    throw .absent(kind, reason: "no answer from \(endpoint.host) within 5 s\(Self.ofPod)")
                }
                _ = transport.wait(forAnyOf: [], until: transport.now + pause)
                pause = min(pause * 2, .seconds(1))
            } catch .answer {
                throw .absent(kind, reason: "what answers at \(endpoint.host) is no metadata service")
            }
        }
    }

    /// The metadata security protocol of virtual machines (Azure/GuestProxyAgent): rules of the machine name the programs
    /// that may ask. A bundle's program is its loader, which would let in whatever it loads.
    private static var protection: String {
        let program = (try? ProcessFiles.ownProgram()) ?? "latchkey-worker"
        let whose = "the machine's metadata security protocol denies this program"
        guard ProcessFiles.bundleDirectory == nil else {
            return "\(whose): install the package, and allow its '/usr/libexec/latchkey/latchkey-worker'; "
                + "a bundle's loader must not be allowed"
        }
        return "\(whose): allow '\(program)' in the rules for the metadata service of the virtual machine "
            + "(securityProfile.proxyAgentSettings)"
    }

    /// In a pod whose cluster closes the metadata service to pods (AKS).
    private static var ofPod: String {
        ProcessFiles.exists("/var/run/secrets/kubernetes.io/serviceaccount/token")
            ? "; pods have no machine identity here: use workload identity, with the label azure.workload.identity/use "
                + "on the pod and the annotation azure.workload.identity/client-id on its service account" : ""
    }

    /// Throws for the answer of something else at the service's address: Docker Desktop's proxy answers 403 for addresses
    /// that it cannot reach; the metadata service of another cloud answers 401, 403 with words of its own, or a page.
    /// Azure's own 403 is empty (its metadata security protocol), and all else that it says is JSON.
    private func requireAzure(_ response: borrowing HTTPResponse) throws(IdentityError) {
        let answer = ErrorAnswer(response.body)
        switch response.status {
        case 403 where answer.mentions("unreachable"):
            throw .absent(kind, reason: "a proxy answers that \(endpoint.host) is unreachable")
        case 403 where response.body.count == 0:
            throw .denied(kind, status: 403, hint: Self.protection)
        case 421, 502: throw .failing(kind, status: response.status, retryAfter: nil)
        case 401 where !answer.isJSON, 403 where response.body.count > 0 && !answer.isJSON, 200 where answer.isPage,
            300..<400:
            throw .absent(
                kind,
                reason: "what answers at \(endpoint.host) is not Azure's metadata service (HTTP \(response.status))")
        default: return
        }
    }
}
