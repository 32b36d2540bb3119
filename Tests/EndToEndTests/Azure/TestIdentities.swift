import Foundation
import Testing

extension Emulator {
    /// The machine's own identity, and an application that proves itself in each of Entra's ways.
    static let testIdentities = """
        \(seed)

        [[identity]]
        name = "system"
        system-assigned = true

        [[identity]]
        name = "app"
        client-id = "\(TestIdentity.clientID)"
        object-id = "\(TestIdentity.objectID)"
        resource-id = "\(TestIdentity.resourceID)"
        secret = "c4n4ry-client-secret"
        make-certificate = true
        federated = [{ subject = "system:serviceaccount:default:app" }]
        """

    /// `latchkey run` of a command that prints the variable which one secret is delivered in.
    func printSecret(
        _ identity: [String: String], options: [String] = [], environment: [String: String] = [:], in scratch: Scratch
    ) throws -> Outcome {
        let arguments = ["run", "--vault", vault, "--ca-file", authority, "-e", "DB_PASSWORD=db-password"]
        return try start(
            arguments + options + ["--", "printenv", "DB_PASSWORD"], identity: identity, environment: environment,
            in: scratch, printsSecrets: true
        ).end()
    }

    /// The requests for a token, as the endpoints saw them.
    func tokenRequests() throws -> [TokenRequest] {
        let names = ["vault", "control", "unknown"]
        return try journal().filter { !names.contains($0.endpoint) }.map { request in
            var line = request.method + " " + request.path + (request.query.isEmpty ? "" : "?" + request.query)
            let unreserved = CharacterSet.alphanumerics.union(["."])
            let encoded = resource.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
            line = line.replacingOccurrences(of: encoded, with: "VAULT")
                .replacingOccurrences(of: tenant, with: "TENANT")
            let headers = request.headerNames.filter { !["host", "accept", "content-length"].contains($0) }
                .map { name in request.headers[name].map { "\(name): \($0)" } ?? name }
            let fields = request.formFields.map { name in
                request.form[name].map { "\(name)=\($0)" }?.replacingOccurrences(of: resource, with: "VAULT") ?? name
            }
            return TokenRequest(endpoint: request.endpoint, line: line, headers: headers, form: fields)
        }
    }
}

/// The ids of the application among the emulator's identities.
enum TestIdentity {
    static let clientID = "11111111-aaaa-4aaa-8aaa-0000000000ab"
    static let objectID = "22222222-bbbb-4bbb-8bbb-0000000000ab"
    static let resourceID =
        "/subscriptions/44444444-dddd-4ddd-8ddd-000000000001/resourcegroups/web/providers/"
        + "Microsoft.ManagedIdentity/userAssignedIdentities/app"
}

/// A whole request for a token, except for `Host`, `Accept` and `Content-Length`: the vaults' resource is `VAULT`, and
/// what carries a secret has its name only.
struct TokenRequest: Equatable {
    var endpoint: String
    var line: String
    var headers: [String] = []
    var form: [String] = []
}

/// Where Arc's agent keeps its keys. Tests can stand in for the agent where they may write there; what they find there
/// is what the agent makes when it is installed.
enum ArcAgent {
    static let directory = {
        let path = "/var/opt/azcmagent/tokens"
        if canBePlayed { try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        return path
    }()
    static let canBePlayed = geteuid() == 0
}
