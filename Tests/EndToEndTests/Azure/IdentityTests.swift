import Foundation
import Testing

/// Every identity, from its variables to a secret: the emulator refuses what Azure would refuse, and its journal shows
/// that nothing else was sent.
struct IdentityTests {
    /// A hosting environment of the emulator's, and all that may be sent to its token endpoint.
    struct Exchange: CustomTestStringConvertible, Sendable {
        var environment: String
        var requests: [TokenRequest]
        var testDescription: String { environment }
    }

    private static let form = "content-type: application/x-www-form-urlencoded"
    private static let jwt = "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    private static let application = [
        "client_id=\(TestIdentity.clientID)", "grant_type=client_credentials", "scope=VAULT/.default",
    ]
    private static let assertion = application + [jwt, "client_assertion"]

    private static let all = [
        Exchange(
            environment: "app-service",
            requests: [
                TokenRequest(
                    endpoint: "app-service", line: "GET /msi/token?api-version=2019-08-01&resource=VAULT",
                    headers: ["x-identity-header", "metadata: true"])
            ]),
        Exchange(
            environment: "app-service-2017",
            requests: [
                TokenRequest(
                    endpoint: "app-service-2017", line: "GET /msi/token?api-version=2017-09-01&resource=VAULT",
                    headers: ["secret"])
            ]),
        Exchange(
            environment: "azure-ml",
            requests: [
                TokenRequest(
                    endpoint: "azure-ml", line: "GET /azure-ml/token?api-version=2017-09-01&resource=VAULT",
                    headers: ["secret"])
            ]),
        Exchange(
            environment: "cloud-shell",
            requests: [
                TokenRequest(
                    endpoint: "cloud-shell", line: "POST /cloud-shell/oauth2/token",
                    headers: ["metadata: true", form], form: ["resource=VAULT"])
            ]),
        Exchange(
            environment: "imds",
            requests: [
                // The probe, which the service refuses at once.
                TokenRequest(endpoint: "imds", line: "GET /metadata/identity/oauth2/token"),
                TokenRequest(
                    endpoint: "imds",
                    line: "GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=VAULT",
                    headers: ["metadata: true"]),
            ]),
        Exchange(
            environment: "service-fabric",
            requests: [
                TokenRequest(
                    endpoint: "service-fabric",
                    line: "GET /metadata/identity/oauth2/token?api-version=2020-05-01&resource=VAULT",
                    headers: ["secret"])
            ]),
        Exchange(
            environment: "client-secret-app",
            requests: [
                TokenRequest(
                    endpoint: "entra", line: "POST /TENANT/oauth2/v2.0/token", headers: [form],
                    form: application + ["client_secret"])
            ]),
        Exchange(
            environment: "client-certificate-app",
            requests: [
                TokenRequest(
                    endpoint: "entra", line: "POST /TENANT/oauth2/v2.0/token", headers: [form], form: assertion)
            ]),
        Exchange(
            environment: "workload-identity-app",
            requests: [
                TokenRequest(
                    endpoint: "entra", line: "POST /TENANT/oauth2/v2.0/token", headers: [form], form: assertion)
            ]),
        Exchange(
            environment: "workload-identity-proxy-app",
            requests: [
                TokenRequest(
                    endpoint: "entra", line: "POST /token-proxy/TENANT/oauth2/v2.0/token", headers: [form],
                    form: assertion)
            ]),
    ]

    @Test(arguments: all)
    func `a token is asked for as the protocol has it, once, with`(identity: Exchange) throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            let outcome = try azure.printSecret(try azure.environment(identity.environment), in: scratch)
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            #expect(outcome.output == "c4n4ry-database\n")
            #expect(try azure.tokenRequests() == identity.requests)
            try expectOneBearer(azure, endpoint: "vault")
        }
    }

    /// The token went to the vault alone, valid, for the vault's resource, after a request that asked for the challenge.
    private func expectOneBearer(_ azure: Emulator, endpoint: String) throws {
        let journal = try azure.journal()
        let bearers = journal.filter { $0.token?.audience != nil }
        #expect(bearers.map(\.endpoint) == [endpoint])
        #expect(bearers.allSatisfy { $0.token?.audience == azure.resource && $0.token?.valid == true })
        #expect(journal.filter { $0.endpoint == "vault" }.map(\.status) == [401, 200])
    }

    @Test(.enabled(if: ArcAgent.canBePlayed, "only root can stand in for Arc's agent"))
    func `Arc's agent is answered with its key`() throws {
        try Emulator.serving(Emulator.testIdentities, arcKeys: ArcAgent.directory) { azure in
            let scratch = try Scratch()
            let outcome = try azure.printSecret(try azure.environment("arc"), in: scratch)
            #expect(outcome.output == "c4n4ry-database\n", "\(outcome.errors)")
            let line = "GET /arc/metadata/identity/oauth2/token?api-version=2020-06-01&resource=VAULT"
            #expect(
                try azure.tokenRequests() == [
                    TokenRequest(endpoint: "arc", line: line, headers: ["metadata: true"]),
                    TokenRequest(endpoint: "arc", line: line, headers: ["metadata: true", "authorization"]),
                ])
            try expectOneBearer(azure, endpoint: "vault")
        }
    }

    @Test(.enabled(if: ArcAgent.canBePlayed, "only root can stand in for Arc's agent"))
    func `a key elsewhere than in the agent's directory is not read`() throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            let outcome = try azure.printSecret(try azure.environment("arc"), in: scratch)
            #expect(outcome.ending == .code(76))
            #expect(outcome.failures.first?.contains(ArcAgent.directory) == true, "\(outcome.errors)")
            #expect(try azure.tokenRequests().allSatisfy { $0.headers == ["metadata: true"] })
        }
    }

    /// Milliseconds until each answer of the metadata service.
    private static let delays = [500, 900, 1200, 1500, 3000] + (runsFull ? [10_000] : [])

    @Test(arguments: delays)
    func `a metadata service that is slow is found`(milliseconds: Int) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            try azure.fault(#"{"endpoint":"imds","delay":"\#(milliseconds)ms"}"#)
            let outcome = try azure.printSecret(try azure.environment("imds"), in: scratch)
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            #expect(outcome.output == "c4n4ry-database\n")
        }
    }

    /// A user-assigned identity, named by an option or a variable.
    struct Choice: CustomTestStringConvertible, Sendable {
        var environment: String
        var options: [String] = []
        var variables: [String: String] = [:]
        var parameter: String
        var testDescription: String { "\(environment) \(parameter.prefix { $0 != "=" })" }
    }

    private static let choices =
        [("app-service", "mi_res_id"), ("imds", "msi_res_id")].flatMap { (environment, resourceID) in
            [
                Choice(
                    environment: environment, options: ["--client-id", TestIdentity.clientID],
                    parameter: "client_id=\(TestIdentity.clientID)"),
                Choice(
                    environment: environment, variables: ["AZURE_CLIENT_ID": TestIdentity.clientID],
                    parameter: "client_id=\(TestIdentity.clientID)"),
                Choice(
                    environment: environment, options: ["--object-id", TestIdentity.objectID],
                    parameter: "object_id=\(TestIdentity.objectID)"),
                Choice(
                    environment: environment, options: ["--resource-id", TestIdentity.resourceID],
                    parameter: resourceID + "="
                        + TestIdentity.resourceID.replacingOccurrences(of: "/", with: "%2F")),
            ]
        } + [
            Choice(
                environment: "app-service-2017", options: ["--client-id", TestIdentity.clientID],
                parameter: "clientid=\(TestIdentity.clientID)"),
            Choice(
                environment: "azure-ml", variables: ["DEFAULT_IDENTITY_CLIENT_ID": TestIdentity.clientID],
                parameter: "clientid=\(TestIdentity.clientID)"),
        ]

    @Test(arguments: choices)
    func `a user-assigned identity is named in the request:`(choice: Choice) throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            let outcome = try azure.printSecret(
                try azure.environment(choice.environment), options: choice.options, environment: choice.variables,
                in: scratch)
            #expect(outcome.output == "c4n4ry-database\n", "\(outcome.errors)")
            #expect(try azure.tokenRequests().last?.line.hasSuffix("&resource=VAULT&\(choice.parameter)") == true)
            #expect(try azure.journal().compactMap { $0.token?.owner } == [TestIdentity.objectID])
        }
    }

    @Test(.enabled(if: Programs.installed("openssl") != nil, "openssl is not installed"), arguments: [true, false])
    func `a client certificate can be a PFX, and its chain can go along`(sendsChain: Bool) throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            var identity = try azure.environment("client-certificate-app")
            let pem = try #require(identity["AZURE_CLIENT_CERTIFICATE_PATH"])
            let pfx = scratch.path + "/app.pfx"
            let made = try Launch(
                try #require(Programs.installed("openssl")),
                ["pkcs12", "-export", "-in", pem, "-out", pfx, "-passout", "env:PASSWORD"],
                environment: ["PASSWORD": "c4n4ry-pfx"]
            ).end()
            #expect(made.ending == .code(0), "\(made.errors)")
            identity["AZURE_CLIENT_CERTIFICATE_PATH"] = pfx
            identity["AZURE_CLIENT_CERTIFICATE_PASSWORD"] = "c4n4ry-pfx"
            identity["AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"] = sendsChain ? "true" : nil
            let outcome = try azure.printSecret(identity, in: scratch)
            #expect(outcome.output == "c4n4ry-database\n", "\(outcome.errors)")
            identity["AZURE_CLIENT_CERTIFICATE_PASSWORD"] = "c4n4ry-wrong"
            let refused = try azure.printSecret(identity, in: scratch)
            #expect(refused.ending == .code(78), "\(refused.errors)")
            #expect(refused.failures.first?.contains(pfx) == true)
        }
    }
}
