import Cryptography
import HTTPTransport
import Secrets

/// Service Fabric: TLS to a certificate that is known by its thumbprint alone.
struct ServiceFabricSource: IdentitySource {
    let kind = IdentityKind.serviceFabric
    let endpoint: EndpointURL
    let header: SharedSecret
    let thumbprint: [UInt8]

    static func look(_ setting: IdentitySetting, asked: Bool) throws(IdentityError) -> Look {
        let variable = "IDENTITY_SERVER_THUMBPRINT"
        guard let text = try setting.environment.text(variable) else {
            return .absent(because: "\(variable) is not set")
        }
        try setting.require(["IDENTITY_ENDPOINT", "IDENTITY_HEADER"], for: .serviceFabric, besides: variable)
        try setting.requireNoChoice(.serviceFabric)
        let digits = Array(text.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: ":") })
        guard digits.count == 40, let thumbprint = try? hexadecimalDecoded(digits.span) else {
            throw .invalidValue(variable: variable, problem: "it is no SHA-1 of 40 hexadecimal digits")
        }
        guard let endpoint = try setting.endpoint("IDENTITY_ENDPOINT", encrypted: true),
            let header = try setting.environment.header("IDENTITY_HEADER")
        else { return .absent(because: "IDENTITY_ENDPOINT is not set") }
        let source = ServiceFabricSource(
            endpoint: endpoint, header: header,
            thumbprint: thumbprint.withBytes { bytes in bytes.indices.map { bytes[$0] } })
        return .found(source, because: "\(variable) is set")
    }

    func token(_ ask: TokenAsk, through client: TokenClient) throws(IdentityError) -> AccessToken {
        do throws(IdentityError) {
            return try token(ask, version: "2020-05-01", through: client)
        } catch .refused(_, 400, _, _) {
            return try token(ask, version: "2019-07-01-preview", through: client)
        }
    }

    /// Clusters of before 2020 know the preview only.
    private func token(
        _ ask: TokenAsk, version: String, through client: TokenClient
    ) throws(IdentityError) -> AccessToken {
        var parameters = [("api-version", version), ("resource", ask.resource)]
        if let refused = ask.refused {
            // The service keeps tokens: it is told which of them was refused.
            let digest = refused.withBytes { sha256($0) }
            parameters.append(("token_sha256_to_refresh", hexadecimal(digest.span)))
        }
        let request = HTTPRequest(
            .get, endpoint.asking(parameters), headers: [("Secret", .secret(prefix: "", header))],
            peer: .pinned(sha1: thumbprint), endpoint: "identity")
        return try client.managedToken(
            request, kind, ask, hint: AssignmentHint.serviceFabric, identity: .system, missingMayPass: false)
    }
}
