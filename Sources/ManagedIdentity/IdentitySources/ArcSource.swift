import HTTPTransport
import LinuxSystem
import Secrets

/// Azure Arc: the agent's endpoint, which wants the content of a file that only its group may read.
struct ArcSource: IdentitySource {
    let kind = IdentityKind.arc
    let endpoint: EndpointURL
    let identity: AssignedIdentity

    static let keyDirectory = "/var/opt/azcmagent/tokens"
    private static let agent = "/opt/azcmagent/bin/himds"
    private static let defaultEndpoint = "http://127.0.0.1:40342/metadata/identity/oauth2/token"

    static func look(_ setting: IdentitySetting, asked: Bool) throws(IdentityError) -> Look {
        let environment = setting.environment
        if environment.isSet("IMDS_ENDPOINT"), let endpoint = try setting.endpoint("IDENTITY_ENDPOINT") {
            return .found(
                ArcSource(endpoint: endpoint, identity: setting.assigned),
                because: "IDENTITY_ENDPOINT and IMDS_ENDPOINT are set")
        }
        let installed = environment.files.exists(agent)
        if installed || asked, let endpoint = EndpointURL(defaultEndpoint) {
            return .found(
                ArcSource(endpoint: endpoint, identity: setting.assigned),
                because: installed ? "\(agent) is installed" : "asked for")
        }
        return .absent(
            because: environment.isSet("IDENTITY_ENDPOINT")
                ? "IDENTITY_ENDPOINT alone says nothing" : "IDENTITY_ENDPOINT is not set, no agent is installed")
    }

    func token(_ ask: TokenAsk, through client: TokenClient) throws(IdentityError) -> AccessToken {
        let parameters =
            [("api-version", "2020-06-01"), ("resource", ask.resource)] + identity.parameters(resourceID: "msi_res_id")
        let request = HTTPRequest(
            .get, endpoint.asking(parameters), headers: [("Metadata", .plain("true"))], peer: endpoint.identityPeer,
            endpoint: "identity")
        return try client.retrying(.general, ask.retryPolicy) { () throws(IdentityError) -> AccessToken in
            let key = try challenged(request, ask, client)
            var answering = request
            answering.headers.append(("Authorization", .secret(prefix: "Basic ", key)))
            let response = try client.send(answering, kind, until: ask.retryPolicy.deadline)
            guard response.status == 200 else {
                throw client.managedRefusal(response, kind, hint: AssignmentHint.arc, identity: identity)
            }
            let (token, echo) = try TokenAnswer.token(
                response.body, kind: kind, resource: ask.resource, now: client.environment.wallClock())
            guard confirms(echo) else { throw .unassigned(kind, identity, hint: AssignmentHint.arc) }
            return token
        }
    }

    /// An agent that knows no user-assigned identities ignores the id and answers for the machine's own.
    private func confirms(_ echo: TokenAnswer.Echo) -> Bool {
        let (wanted, given): (String, String?)
        switch identity {
        case .system: return true
        case .clientID(let id): (wanted, given) = (id, echo.clientID)
        case .objectID(let id): (wanted, given) = (id, echo.objectID)
        case .resourceID(let id): (wanted, given) = (id, echo.resourceID)
        }
        return given?.lowercased() == wanted.lowercased()
    }

    /// Asks once without the key, and reads the key from the file that the challenge names.
    private func challenged(
        _ request: HTTPRequest, _ ask: TokenAsk, _ client: TokenClient
    ) throws(IdentityError) -> SharedSecret {
        let response = try client.send(request, kind, until: ask.retryPolicy.deadline)
        guard response.status == 401 else {
            guard response.status != 200 else { throw .answer(kind, problem: "the agent gave no challenge") }
            throw client.managedRefusal(response, kind, hint: AssignmentHint.arc, identity: identity)
        }
        guard let name = Self.keyName(challenge: response.headers["www-authenticate"]) else {
            throw .answer(kind, problem: "the agent's challenge names no key file in \(Self.keyDirectory)")
        }
        return try Self.key(try content(named: name, client.environment.files), kind)
    }

    private func content(named name: String, _ files: any IdentityFiles) throws(IdentityError) -> SecretBytes {
        do throws(SystemError) {
            return try files.readKey(named: name, in: Self.keyDirectory, limit: 4096)
        } catch {
            switch error.code {
            case SystemError.accessDenied:
                throw .denied(kind, status: 401, hint: "let this user read the key: 'sudo usermod -a -G himds USER'")
            case SystemError.notPermitted, SystemError.tooManyLinks, SystemError.fileTooLarge,
                SystemError.isDirectory, SystemError.invalidArgument:
                throw .answer(kind, problem: "the agent's key is a link, no file, too large, or in reach of others")
            default:
                throw .file(kind, role: "the agent's key", error)
            }
        }
    }

    /// The file's name from `Basic realm=/var/opt/azcmagent/tokens/NAME.key`; nil for every other place or form.
    static func keyName(challenge: String?) -> String? {
        guard let challenge, let mark = challenge.firstIndex(of: "="),
            challenge[..<mark].lowercased() == "basic realm"
        else { return nil }
        var path = challenge[challenge.index(after: mark)...]
        if path.count >= 2, path.first == "\"", path.last == "\"" { path = path.dropFirst().dropLast() }
        guard path.hasPrefix(keyDirectory + "/") else { return nil }
        let name = path.dropFirst(keyDirectory.count + 1)
        let plain = name.utf8.allSatisfy { (0x21..<0x7F).contains($0) && $0 != UInt8(ascii: "/") }
        return name.hasSuffix(".key") && name.count > 4 && name.utf8.count <= 255 && plain ? String(name) : nil
    }

    private static func key(
        _ content: borrowing SecretBytes, _ kind: IdentityKind
    ) throws(IdentityError) -> SharedSecret {
        let key = content.withoutFinalNewline()
        let fits = key.withBytes { bytes in
            !bytes.isEmpty && bytes.indices.allSatisfy { (0x21..<0x7F).contains(bytes[$0]) }
        }
        guard fits else { throw .answer(kind, problem: "the agent's key can't stand in a header") }
        return key
    }
}

extension SecretBytes {
    /// The bytes without one line end at their end: files are often written with one.
    borrowing func withoutFinalNewline() -> SharedSecret {
        withBytes { bytes in
            var count = bytes.count
            if count > 0, bytes[count - 1] == UInt8(ascii: "\n") { count -= 1 }
            if count > 0, count < bytes.count, bytes[count - 1] == UInt8(ascii: "\r") { count -= 1 }
            return SharedSecret(SecretBytes(copying: bytes.extracting(0..<count)))
        }
    }
}
