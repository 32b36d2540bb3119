import Cryptography
import HTTPTransport
import LatchkeyTestSupport
import ManagedIdentity
import Messages
import Secrets
import Testing

private let encodedVault = "https%3A%2F%2Fvault.azure.net"
private let resourceID = "/subscriptions/s/resourceGroups/g/providers/p/userAssignedIdentities/i"
private let encodedResourceID =
    "%2Fsubscriptions%2Fs%2FresourceGroups%2Fg%2Fproviders%2Fp%2FuserAssignedIdentities%2Fi"

/// One source with the one request that it must send.
private struct Expected: Sendable, CustomTestStringConvertible {
    var name: String
    var variables: [String: String]
    var options = IdentityOptions()
    var method = HTTPRequest.Method.get
    var url: String
    var headers: [String: String]
    var form: [String: String] = [:]
    var peer = HTTPRequest.Peer.machine
    var testDescription: String { name }
}

private let appService = [
    "IDENTITY_ENDPOINT": "http://127.0.0.1:42356/msi/token", "IDENTITY_HEADER": "synthetic-header",
]
private let legacy = ["MSI_ENDPOINT": "http://127.0.0.1:41741/MSI/token/", "MSI_SECRET": "synthetic-header"]
private let fabric = [
    "IDENTITY_ENDPOINT": "https://localhost:2377/metadata/identity/oauth2/token", "IDENTITY_HEADER": "synthetic-header",
    "IDENTITY_SERVER_THUMBPRINT": "00:11:22:33:44:55:66:77:88:99 AA BB CC DD EE FF 00 11 22 33",
]
private let thumbprint: [UInt8] = [
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0x00, 0x11, 0x22,
    0x33,
]

private func appServiceRequest(_ name: String, _ options: IdentityOptions, _ parameter: String) -> Expected {
    Expected(
        name: name, variables: appService, options: options,
        url: "http://127.0.0.1:42356/msi/token?api-version=2019-08-01&resource=\(encodedVault)\(parameter)",
        headers: ["X-IDENTITY-HEADER": "synthetic-header", "Metadata": "true"])
}

private func metadataRequest(_ name: String, _ options: IdentityOptions, _ parameter: String) -> Expected {
    var options = options
    options.source = .imds
    return Expected(
        name: name, variables: [:], options: options,
        url: "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=\(encodedVault)"
            + parameter,
        headers: ["Metadata": "true"])
}

private func legacyRequest(_ name: String, _ more: [String: String], _ parameter: String) -> Expected {
    Expected(
        name: name, variables: legacy.merging(more) { $1 },
        url: "http://127.0.0.1:41741/MSI/token/?api-version=2017-09-01&resource=\(encodedVault)\(parameter)",
        headers: ["secret": "synthetic-header"])
}

private let sources = [
    appServiceRequest("app service", IdentityOptions(), ""),
    appServiceRequest("app service, client id", IdentityOptions(clientID: "c"), "&client_id=c"),
    appServiceRequest("app service, object id", IdentityOptions(objectID: "o"), "&object_id=o"),
    appServiceRequest(
        "app service, resource id", IdentityOptions(resourceID: resourceID), "&mi_res_id=\(encodedResourceID)"),
    Expected(
        name: "app service over https, without a path, never by a proxy",
        variables: ["IDENTITY_ENDPOINT": "https://Identity.internal:8443", "IDENTITY_HEADER": "h"],
        url: "https://identity.internal:8443/?api-version=2019-08-01&resource=\(encodedVault)",
        headers: ["X-IDENTITY-HEADER": "h", "Metadata": "true"],
        peer: .tokenProxy(connect: "identity.internal:8443", serverName: nil, authoritiesPEM: nil)),
    legacyRequest("app service 2017", [:], ""),
    legacyRequest("app service 2017, client id", ["AZURE_CLIENT_ID": "c"], "&clientid=c"),
    legacyRequest("machine learning", ["DEFAULT_IDENTITY_CLIENT_ID": "d"], "&clientid=d"),
    legacyRequest(
        "machine learning, client id", ["DEFAULT_IDENTITY_CLIENT_ID": "d", "AZURE_CLIENT_ID": "c"], "&clientid=c"),
    metadataRequest("metadata service", IdentityOptions(), ""),
    metadataRequest("metadata service, client id", IdentityOptions(clientID: "c"), "&client_id=c"),
    metadataRequest("metadata service, object id", IdentityOptions(objectID: "o"), "&object_id=o"),
    metadataRequest(
        "metadata service, resource id", IdentityOptions(resourceID: resourceID), "&msi_res_id=\(encodedResourceID)"),
    Expected(
        name: "metadata service at another host",
        variables: ["AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:9/"],
        options: IdentityOptions(source: .imds),
        url: "http://127.0.0.1:9/metadata/identity/oauth2/token?api-version=2018-02-01&resource=\(encodedVault)",
        headers: ["Metadata": "true"]),
    Expected(
        name: "service fabric", variables: fabric,
        url: "https://localhost:2377/metadata/identity/oauth2/token?api-version=2020-05-01"
            + "&resource=\(encodedVault)",
        headers: ["Secret": "synthetic-header"], peer: .pinned(sha1: thumbprint)),
    Expected(
        name: "service fabric with a client id in the environment",
        variables: fabric.merging(["AZURE_CLIENT_ID": "c"]) { $1 },
        url: "https://localhost:2377/metadata/identity/oauth2/token?api-version=2020-05-01"
            + "&resource=\(encodedVault)",
        headers: ["Secret": "synthetic-header"], peer: .pinned(sha1: thumbprint)),
    Expected(
        name: "cloud shell",
        variables: ["MSI_ENDPOINT": "http://localhost:50342/oauth2/token", "AZURE_CLIENT_ID": "c"],
        method: .post, url: "http://localhost:50342/oauth2/token",
        headers: ["Metadata": "true", "Content-Type": "application/x-www-form-urlencoded"], form: ["resource": vault]),
]

@Test(arguments: sources)
private func `a source sends exactly its one request`(expected: Expected) throws {
    let harness = IdentityHarness(.response(200, body: tokenBody))
    let session = try session(environment(expected.variables), expected.options, harness)
    let token = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    #expect(text(token.secret) == "synthetic-token")
    #expect(token.expiresOn == 4_102_444_800)
    #expect(token.resource == vault)
    let request = try #require(harness.requests.first)
    #expect(harness.requests.count == 1)
    #expect(request.method == expected.method)
    #expect(request.url == expected.url)
    #expect(headers(request) == expected.headers)
    #expect(form(request) == expected.form)
    #expect(request.peer == expected.peer)
    #expect(request.endpoint == "identity")
}

@Test(arguments: [
    (IdentityOptions(source: .cloudShell, clientID: "c"), "cloud-shell"),
    (IdentityOptions(source: .cloudShell, objectID: "o"), "cloud-shell"),
    (IdentityOptions(source: .serviceFabric, clientID: "c"), "service-fabric"),
    (IdentityOptions(source: .serviceFabric, resourceID: "/subscriptions/s"), "service-fabric"),
    (IdentityOptions(source: .azureCLI, clientID: "c"), "azure-cli"),
])
func `a source with one identity refuses to be asked for another`(options: IdentityOptions, name: String) throws {
    let variables = fabric.merging(["MSI_ENDPOINT": "http://localhost:50342/oauth2/token"]) { $1 }
    let found = try diagnosis { _ = try detectIdentity(options, in: environment(variables)) }
    #expect(found.exitCode == .configuration)
    #expect(found.text.hasPrefix("identity '\(name)' can't be chosen by "))
    #expect(found.hint?.contains("has one identity only") == true)
}

@Test(arguments: [IdentityOptions(objectID: "o"), IdentityOptions(resourceID: "/subscriptions/s")])
func `the older app service knows client ids only`(options: IdentityOptions) throws {
    let found = try diagnosis { _ = try detectIdentity(options, in: environment(legacy)) }
    #expect(found.hint == "name the identity with --client-id")
}

@Test(arguments: ["http://localhost:2377/t", "localhost"])
func `service fabric wants https`(endpoint: String) throws {
    let variables = fabric.merging(["IDENTITY_ENDPOINT": endpoint]) { $1 }
    let found = try diagnosis { _ = try detectIdentity(IdentityOptions(), in: environment(variables)) }
    #expect(found.code == .environmentValue)
    #expect(found.text.contains("IDENTITY_ENDPOINT"))
}

@Test(arguments: ["", "00112233", String(repeating: "g", count: 40), String(repeating: "0", count: 42)])
func `a thumbprint is 40 hexadecimal digits`(text: String) throws {
    let variables = fabric.merging(["IDENTITY_SERVER_THUMBPRINT": text]) { $1 }
    let found = try diagnosis {
        _ = try detectIdentity(IdentityOptions(source: .serviceFabric), in: environment(variables))
    }
    #expect(found.text.contains("IDENTITY_SERVER_THUMBPRINT"))
    #expect(found.exitCode == .configuration)
}

@Test func `service fabric does not try a 404 again`() throws {
    let body =
        #"{"error":{"correlationId":"x","code":"ManagedIdentityNotFound","message":"Managed identity not found"}}"#
    let harness = IdentityHarness(.response(404, body: body))
    let session = try session(environment(fabric), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect(harness.requests.count == 1)
    #expect(found.code == .identityUnknown)
    #expect(found.exitCode == .denied)
}

@Test func `service fabric is told which token was refused`() throws {
    let harness = IdentityHarness(.response(200, body: tokenBody))
    let session = try session(environment(fabric), IdentityOptions(), harness)
    let token = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    _ = try session.token(for: vault, claims: "{}", retryPolicy: harness.retryPolicy())
    _ = try session.token(for: vault, isRefused: true, retryPolicy: harness.retryPolicy())
    let digest = token.secret.withBytes { sha256($0) }
    let suffix = "&token_sha256_to_refresh=" + hexadecimal(digest.span)
    #expect(harness.requests.count == 3 && harness.requests.dropFirst().allSatisfy { $0.url.hasSuffix(suffix) })
}

@Test(arguments: [
    (
        400,
        #"{"statusCode":400,"message":"No User Assigned or Delegated Managed Identity found for specified ClientId"}"#
    ),
    (400, #"{"StatusCode":400,"Message":"No Managed Identity found for specified ClientId/ResourceId/PrincipalId."}"#),
    (400, #"{"StatusCode":400,"Message":"No MSI found for specified ClientId/ResourceId.","CorrelationId":"x"}"#),
    (400, #"{"statusCode":400,"message":"No MSI found for specified ClientId/ResourceId.","correlationId":"x"}"#),
    (400, #"{"statusCode":400,"message":"Unable to load the proper Managed Identity.","correlationId":"x"}"#),
])
func `an identity that is not assigned comes with the command that assigns it`(status: Int, body: String) throws {
    let variables = appService.merging([
        "WEBSITE_SITE_NAME": "contoso", "WEBSITE_RESOURCE_GROUP": "web", "AZURE_CLIENT_ID": "c",
    ]) { $1 }
    let harness = IdentityHarness(.response(status, body: body))
    let session = try session(environment(variables), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect(found.code == .identityUnknown)
    #expect(found.exitCode == .denied)
    #expect(found.text == "identity 'app-service': no identity with the client id 'c' is assigned")
    #expect(
        found.hint == "assign it with 'az webapp identity assign --name contoso --resource-group web"
            + " --identities RESOURCE-ID'; see which there are with "
            + "'az webapp identity show --name contoso --resource-group web'")
    #expect(harness.requests.count == 1)
}

@Test(arguments: [
    (
        ["CONTAINER_APP_NAME": "jobs"],
        "az containerapp identity assign --name jobs --resource-group GROUP --system-assigned"
    ),
    (["FUNCTIONS_WORKER_RUNTIME": "custom"], "az functionapp identity assign --name NAME --resource-group GROUP"),
    (["WEBSITE_SITE_NAME": "a'; rm -rf"], "az webapp identity assign --name NAME --resource-group GROUP"),
])
func `the command fits the service, with no name that a shell could misread`(
    more: [String: String], command: String
) throws {
    let harness = IdentityHarness(.response(400, body: #"{"message":"No Managed Identity found"}"#))
    let session = try session(environment(appService.merging(more) { $1 }), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect(found.hint?.hasPrefix("assign it with '\(command)'; see which there are with 'az ") == true)
}

@Test(arguments: [
    (#"{"error":"invalid_resource","error_description":"AADSTS500011: not found in the tenant"}"#, "in another cloud"),
    (
        #"{"error":{"code":"AudienceNotSupported","message":"Audience x is not a supported MSI token audience"}}"#,
        "in another cloud"
    ),
    (#"{"statusCode":400,"message":"AADSTS50001: The application named x was not found"}"#, "in another cloud"),
    (#"{"error":"bad_request_102","error_description":"Required metadata header not specified"}"#, "'Metadata'"),
    (#"{"error":{"code":"InvalidApiVersion","message":"The api-version 'x' is not supported"}}"#, "is older"),
])
func `a request that is refused for a documented reason comes with a remedy`(body: String, hint: String) throws {
    let harness = IdentityHarness(.response(400, body: body))
    let session = try session(environment(appService), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect((found.code, found.exitCode) == (.identityRefused, .protocolFailure))
    #expect(found.hint?.contains(hint) == true)
}

@Test func `an identity of machine learning's is one of its compute`() throws {
    let harness = IdentityHarness(.response(400, body: #"{"message":"Identity not found"}"#))
    let variables = legacy.merging(["DEFAULT_IDENTITY_CLIENT_ID": "d"]) { $1 }
    let session = try session(environment(variables), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect(found.code == .identityUnknown && found.hint?.contains("az ml compute show") == true)
}

@Test func `several identities without a choice come with the way to choose one`() throws {
    let body =
        #"{"error":"invalid_request","error_description":"Multiple user assigned identities exist, please specify "#
        + #"the clientId / resourceId of the identity in the token request"}"#
    let harness = IdentityHarness(.response(400, body: body))
    let session = try session(environment(), IdentityOptions(source: .imds), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect((found.code, found.exitCode) == (.identityUnknown, .denied))
    #expect(
        found.hint == "choose one with --client-id; see which there are with "
            + "'az vm identity show --name NAME --resource-group GROUP'")
}

@Test(arguments: [(401, MessageCode.identityDenied, ExitCode.denied), (403, .identityDenied, .denied)])
func `a denied header ends at once`(status: Int, code: MessageCode, exit: ExitCode) throws {
    let harness = IdentityHarness(.response(status, body: #"{"statusCode":401,"message":"synthetic"}"#))
    let session = try session(environment(appService), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect((found.code, found.exitCode) == (code, exit))
    #expect(harness.requests.count == 1)
}

@Test func `an identity header goes to its own endpoint only`() throws {
    let harness = IdentityHarness(
        .response(302, [("Location", "http://127.0.0.1:1/other")]), .response(200, body: tokenBody))
    let session = try session(environment(appService), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy()) }
    #expect((found.code, found.exitCode) == (.identityAnswer, .protocolFailure))
    #expect(harness.requests.map(\.url) == harness.requests.prefix(1).map(\.url))
}

@Test func `a try that the deadline cuts off does not hide what the endpoint answered before`() throws {
    let harness = IdentityHarness(.response(500), .silence)
    let session = try session(environment(appService), IdentityOptions(), harness)
    let found = try diagnosis { _ = try session.token(for: vault, retryPolicy: harness.retryPolicy(.seconds(5))) }
    #expect((found.code, found.exitCode) == (.identityFailing, .temporary))
    #expect(harness.requests.count == 2 && harness.elapsed == .seconds(5))
}

@Test func `an older cluster of service fabric is asked in its own version`() throws {
    let harness = IdentityHarness(
        .response(400, body: #"{"error":{"code":"InvalidApiVersion","message":"synthetic"}}"#),
        .response(200, body: tokenBody))
    let session = try session(environment(fabric), IdentityOptions(), harness)
    _ = try session.token(for: vault, retryPolicy: harness.retryPolicy())
    #expect(
        harness.requests.map { $0.url.contains("2020-05-01") ? "new" : $0.url.contains("2019-07-01") ? "old" : "" }
            == ["new", "old"])
}
