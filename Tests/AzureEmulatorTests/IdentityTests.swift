import AzureEmulator
import Foundation
import Testing

struct IdentityTests {
    private static let seed = """
        token-lifetime = "1h"
        [vaults.demo.secrets]
        a = "1"
        [[identity]]
        name = "system"
        system-assigned = true
        [[identity]]
        name = "user"
        client-id = "11111111-0000-4000-8000-000000000001"
        object-id = "22222222-0000-4000-8000-000000000001"
        resource-id = "/subscriptions/x/userAssignedIdentities/user"
        """
    private static let client = "11111111-0000-4000-8000-000000000001"
    private static let stranger = "99999999-0000-4000-8000-000000000001"

    /// A request as a client sends it: HEADER in a value stands for the identity header.
    struct Ask: Sendable, CustomTestStringConvertible {
        var endpoint: String
        var target: String
        var headers: [String: String]
        var method = "GET"
        var body = ""
        var testDescription: String { "\(endpoint) \(method) \(target) \(headers.keys.sorted())" }

        static func appService(_ query: String, _ headers: [String: String] = ["X-IDENTITY-HEADER": "HEADER"]) -> Ask {
            Ask(endpoint: "app-service", target: "/msi/token?\(query)", headers: headers)
        }

        static func machineLearning(_ query: String, _ headers: [String: String] = ["secret": "HEADER"]) -> Ask {
            Ask(endpoint: "azure-ml", target: "/azure-ml/token?\(query)", headers: headers)
        }

        static func imds(_ query: String, _ headers: [String: String] = ["Metadata": "true"]) -> Ask {
            Ask(endpoint: "imds", target: "/metadata/identity/oauth2/token?\(query)", headers: headers)
        }

        static func arc(_ query: String, _ headers: [String: String] = ["Metadata": "true"]) -> Ask {
            Ask(endpoint: "arc", target: "/arc/metadata/identity/oauth2/token?\(query)", headers: headers)
        }

        static func fabric(_ query: String, _ headers: [String: String] = ["Secret": "HEADER"]) -> Ask {
            Ask(endpoint: "service-fabric", target: "/metadata/identity/oauth2/token?\(query)", headers: headers)
        }

        static func cloudShell(_ body: String, _ headers: [String: String] = ["Metadata": "true"]) -> Ask {
            let form = ["Content-Type": "application/x-www-form-urlencoded"].merging(headers) { $1 }
            return Ask(
                endpoint: "cloud-shell", target: "/cloud-shell/oauth2/token", headers: form, method: "POST", body: body)
        }

        func send(_ test: TestEmulator) async throws -> WireReply {
            let headers = self.headers.mapValues { $0 == "HEADER" ? test.identityHeader : $0 }
            let wire = endpoint == "service-fabric" ? test.secure : test.plain
            let host = endpoint == "service-fabric" ? "localhost" : "127.0.0.1"
            return try await wire.send(method, target, host: host, headers: headers, body: body)
        }
    }

    @Test(arguments: [
        (Ask.appService("api-version=2019-08-01&resource=R"), "access_token expires_on resource token_type client_id"),
        (
            .appService("api-version=2019-08-01&resource=R&client_id=\(client)"),
            "access_token expires_on resource token_type client_id"
        ),
        (
            .appService("api-version=2019-08-01&resource=R&object_id=22222222-0000-4000-8000-000000000001"),
            "access_token expires_on resource token_type client_id"
        ),
        (
            .appService("api-version=2019-08-01&resource=R&mi_res_id=/subscriptions/x/userAssignedIdentities/USER"),
            "access_token expires_on resource token_type client_id"
        ),
        (
            .appService("api-version=2017-09-01&resource=R", ["secret": "HEADER"]),
            "access_token expires_on resource token_type"
        ),
        (
            .machineLearning("api-version=2017-09-01&resource=R&clientid=\(client)"),
            "access_token expires_in expires_on resource token_type"
        ),
        (
            .imds("api-version=2018-02-01&resource=R"),
            "access_token client_id expires_in expires_on ext_expires_in not_before resource token_type"
        ),
        (
            .imds("api-version=2018-02-01&resource=R&msi_res_id=/subscriptions/x/userAssignedIdentities/user"),
            "access_token client_id expires_in expires_on ext_expires_in not_before resource token_type"
        ),
        (.fabric("api-version=2019-07-01-preview&resource=R"), "token_type access_token expires_on resource"),
        (.cloudShell("resource=R"), "access_token refresh_token expires_in expires_on not_before resource token_type"),
    ])
    func `a right request gets a token for its resource`(ask: Ask, members: String) async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let reply = try await ask.send(test)
            #expect(reply.status == 200)
            let json = try reply.json
            #expect(json.members?.map(\.name).joined(separator: " ") == members)
            let claims = try test.emulator.azure.issuer.claims(of: try #require(json["access_token"]?.string))
            #expect(claims.audience == "R")
            #expect(claims.expires - claims.issuedAt == 3_600)
            let isUser =
                ask.target.contains("user") || ask.target.contains(Self.client) || ask.target.contains("USER")
                || ask.target.contains("object_id")
            #expect((claims.clientID == Self.client) == isUser)
        }
    }

    @Test func `each endpoint has its own types`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let imds = try await Ask.imds("api-version=2018-02-01&resource=R").send(test).json
            for member in try #require(imds.members) { #expect(member.value.string != nil, "\(member.name)") }
            let learning = try await Ask.machineLearning("api-version=2017-09-01&resource=R").send(test).json
            #expect(learning["expires_in"]?.integer == 3_600 && learning["expires_on"]?.integer != nil)
            let fabric = try await Ask.fabric("api-version=2019-07-01-preview&resource=R").send(test).json
            #expect(fabric["expires_on"]?.integer != nil)
            let first = try await Ask.appService("api-version=2017-09-01&resource=R", ["secret": "HEADER"]).send(test)
            #expect(try first.json["expires_on"]?.string?.hasSuffix(" +00:00") == true)
        }
    }

    @Test(arguments: [
        (
            Ask.imds("", [:]), 400,
            #"{"error":"invalid_request","error_description":"Required metadata header not specified"}"#
        ),
        (
            .imds("resource=R"), 400,
            #"{"error":"invalid_request","error_description":"Required query variable 'api-version' is missing"}"#
        ),
        (
            .imds("api-version=2018-02-01"), 400,
            #"{"error":"invalid_request","error_description":"Required query variable 'resource' is missing"}"#
        ),
        (
            .imds("api-version=2018-02-01&resource=R&client_id=\(stranger)"), 400,
            #"{"error":"invalid_request","error_description":"Identity not found"}"#
        ),
        (
            .imds("api-version=2018-02-01&resource=R", ["Metadata": "true", "X-Forwarded-For": "1.2.3.4"]), 400,
            #""error":"invalid_request""#
        ),
        (.appService("api-version=2019-08-01&resource=R", [:]), 401, #"{"statusCode":401,"#),
        (.appService("api-version=2019-08-01&resource=R", ["X-IDENTITY-HEADER": "wrong"]), 401, #"{"statusCode":401,"#),
        (.appService("resource=R"), 400, #"{"statusCode":400,"#),
        (.appService("api-version=2019-08-01"), 400, #"{"statusCode":400,"#),
        (.appService("api-version=2099-01-01&resource=R"), 400, #"{"statusCode":400,"#),
        (
            .appService("api-version=2019-08-01&resource=R&client_id=\(stranger)"), 400,
            "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."
        ),
        (
            .appService("api-version=2017-09-01&resource=R", ["X-IDENTITY-HEADER": "HEADER"]), 401,
            #"{"StatusCode":401,"#
        ),
        (
            .appService("api-version=2017-09-01&resource=R&clientid=\(stranger)", ["secret": "HEADER"]), 400,
            #""Message":"No MSI found for specified ClientId/ResourceId."#
        ),
        (.machineLearning("api-version=2017-09-01&resource=R", [:]), 401, "secret header"),
        (.fabric("api-version=2019-07-01-preview&resource=R", [:]), 404, #""code":"SecretHeaderNotFound""#),
        (
            .fabric("api-version=2019-07-01-preview&resource=R", ["Secret": "wrong"]), 404,
            #""code":"ManagedIdentityNotFound""#
        ),
        (.fabric("api-version=2019-07-01-preview"), 400, #""code":"ArgumentNullOrEmpty""#),
        (.fabric("api-version=2020-01-01&resource=R"), 400, #""code":"InvalidApiVersion""#),
        (.cloudShell("resource=R", [:]), 400, "metadata header"), (.cloudShell(""), 400, "'resource'"),
        (.arc("api-version=2020-06-01&resource=R", [:]), 400, "metadata header"),
        (
            .arc("api-version=2020-06-01&resource=R", ["Metadata": "true", "Authorization": "Basic guess"]), 401,
            "no valid key"
        ),
    ])
    func `a wrong request is refused in Azure's shape`(ask: Ask, status: Int, text: String) async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let reply = try await ask.send(test)
            #expect(reply.status == status)
            #expect(reply.bodyText.contains(text), "\(reply.bodyText)")
        }
    }

    @Test func `Arc wants the content of a file, once`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let challenge = try await Ask.arc("api-version=2020-06-01&resource=R").send(test)
            #expect(challenge.status == 401)
            let realm = try #require(challenge.header("WWW-Authenticate"))
            #expect(realm.hasPrefix("Basic realm=\(test.emulator.azure.settings.arcTokenDirectory)/"))
            let path = String(realm.dropFirst("Basic realm=".count))
            #expect(path.hasSuffix(".key"))
            let key = try String(contentsOfFile: path, encoding: .utf8)
            let headers = ["Metadata": "true", "Authorization": "Basic \(key)"]
            let query = "api-version=2020-06-01&resource=R&client_id=\(Self.client)"
            let json = try await Ask.arc(query, headers).send(test).json
            #expect(json["client_id"] == .string(Self.client))
            #expect(!FileManager.default.fileExists(atPath: path))
            #expect(try await Ask.arc(query, headers).send(test).status == 401)
        }
    }

    @Test func `Arc has a port of its own if one is asked for`() async throws {
        try await TestEmulator.serving(Self.seed, options: { $0.ports.arc = 0 }) { test async throws in
            let arc = WireClient(port: test.emulator.azure.ports.arc)
            let target = "/metadata/identity/oauth2/token?api-version=2020-06-01&resource=R"
            let reply = try await arc.send("GET", target, host: "127.0.0.1", headers: ["Metadata": "true"])
            #expect(reply.header("WWW-Authenticate")?.hasPrefix("Basic realm=") == true)
        }
    }

    @Test func `an endpoint can be taken away and comes back`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let imds = Ask.imds("api-version=2018-02-01&resource=R")
            try await test.control("POST", "identity", #"{"available":false,"endpoint":"imds"}"#)
            #expect(try await imds.send(test).status == 0)
            #expect(try await Ask.cloudShell("resource=R").send(test).status == 200)
            try await test.control("POST", "identity", #"{"available":true}"#)
            #expect(try await imds.send(test).status == 200)
        }
    }

    @Test(arguments: [
        ("identity-not-found", 400), ("identity-unchosen", 400), ("identity-resource-unknown", 400),
        ("identity-missing", 404), ("identity-gone", 410), ("identity-throttled", 429),
        ("identity-failed", 500), ("identity-plain-failure", 500), ("identity-unreachable", 403),
    ])
    func `failures of the endpoints come on demand`(error: String, status: Int) async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            try await test.control("POST", "faults", #"{"endpoint":"identity","error":"\#(error)","times":2}"#)
            let imds = Ask.imds("api-version=2018-02-01&resource=R")
            #expect(try await imds.send(test).status == status)
            #expect(try await Ask.appService("api-version=2019-08-01&resource=R").send(test).status == status)
            #expect(try await imds.send(test).status == 200)
        }
    }

    @Test func `each hosting environment's variables are in a file that only its owner reads`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let files = try #require(test.emulator.endpoints["environments"]?.members)
            #expect(
                Set(files.map(\.name))
                    == ["app-service", "app-service-2017", "azure-ml", "cloud-shell", "imds", "arc", "service-fabric"])
            for file in files {
                let path = try #require(file.value.string)
                let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
                #expect(mode == 0o600)
            }
            let text = try String(contentsOfFile: test.emulator.state.file("environment"), encoding: .utf8)
            #expect(text.hasPrefix("IDENTITY_ENDPOINT=http://127.0.0.1:\(test.plain.port)/msi/token\nIDENTITY_HEADER="))
            let leading = [
                "LATCHKEY_VAULT_SUFFIX=vault.localhost:\(test.secure.port)",
                "LATCHKEY_CA_FILE=\(test.emulator.state.file("ca.pem"))",
            ]
            #expect(text.split(separator: "\n").suffix(2).elementsEqual(leading) { $0 == $1 })
        }
    }
}
