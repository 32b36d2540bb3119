import ManagedIdentity
import Messages
import Secrets
import Testing

private let application = ["AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "app"]

private struct Surroundings: Sendable, CustomTestStringConvertible {
    let kind: IdentityKind
    let variables: [String: String]
    var testDescription: String { kind.rawValue }
}

private let ways = [
    Surroundings(
        kind: .clientSecret,
        variables: application.merging(["AZURE_CLIENT_SECRET": "s", "AZURE_CLIENT_CERTIFICATE_PATH": "/c"]) { $1 }),
    Surroundings(
        kind: .clientCertificate,
        variables: application.merging(["AZURE_CLIENT_CERTIFICATE_PATH": "/c", "AZURE_FEDERATED_TOKEN_FILE": "/t"]) {
            $1
        }),
    Surroundings(
        kind: .workloadIdentity,
        variables: application.merging([
            "AZURE_FEDERATED_TOKEN_FILE": "/t", "IDENTITY_ENDPOINT": "http://127.0.0.1/", "IDENTITY_HEADER": "h",
        ]) { $1 }),
    Surroundings(
        kind: .serviceFabric,
        variables: [
            "IDENTITY_SERVER_THUMBPRINT": String(repeating: "a1", count: 20),
            "IDENTITY_ENDPOINT": "https://localhost:2377/t", "IDENTITY_HEADER": "h",
        ]),
    Surroundings(
        kind: .appService,
        variables: [
            "IDENTITY_ENDPOINT": "http://127.0.0.1:42356/msi/token", "IDENTITY_HEADER": "h",
            "MSI_ENDPOINT": "http://127.0.0.1:42356/msi/token", "MSI_SECRET": "h", "IMDS_ENDPOINT": "http://127.0.0.1",
        ]),
    Surroundings(
        kind: .appService2017,
        variables: ["MSI_ENDPOINT": "http://127.0.0.1:41741/MSI/token/", "MSI_SECRET": "h"]),
    Surroundings(
        kind: .azureML,
        variables: [
            "MSI_ENDPOINT": "http://127.0.0.1:46808/MSI/auth", "MSI_SECRET": "h", "DEFAULT_IDENTITY_CLIENT_ID": "ml",
        ]),
    Surroundings(
        kind: .arc,
        variables: [
            "IDENTITY_ENDPOINT": "http://localhost:40342/metadata/identity/oauth2/token",
            "IMDS_ENDPOINT": "http://localhost:40342", "MSI_ENDPOINT": "http://localhost:50342/oauth2/token",
        ]),
    Surroundings(kind: .cloudShell, variables: ["MSI_ENDPOINT": "http://localhost:50342/oauth2/token"]),
    Surroundings(kind: .imds, variables: [:]),
    Surroundings(kind: .imds, variables: application),
    Surroundings(kind: .imds, variables: ["IDENTITY_ENDPOINT": "http://127.0.0.1:42356/msi/token"]),
    Surroundings(kind: .imds, variables: ["AZURE_CLIENT_SECRET": "", "IDENTITY_HEADER": "", "MSI_SECRET": ""]),
]

@Test(arguments: ways)
private func `the first configured source is taken`(way: Surroundings) throws {
    let decision = try detectIdentity(IdentityOptions(), in: environment(way.variables))
    #expect(decision.kind == way.kind)
    #expect(decision.record.last?.taken == true)
    #expect(decision.record.dropLast().allSatisfy { !$0.taken && !$0.reason.isEmpty })
}

@Test func `everything that was passed over is on record with its reason`() throws {
    let decision = try detectIdentity(
        IdentityOptions(), in: environment(["IDENTITY_ENDPOINT": "http://127.0.0.1:42356/msi/token"]))
    #expect(
        decision.record.map { "\($0.source): \($0.reason)" } == [
            "client-secret: AZURE_CLIENT_SECRET is not set",
            "client-certificate: AZURE_CLIENT_CERTIFICATE_PATH is not set",
            "workload-identity: AZURE_FEDERATED_TOKEN_FILE is not set",
            "service-fabric: IDENTITY_SERVER_THUMBPRINT is not set",
            "app-service: IDENTITY_HEADER is not set",
            "app-service-2017: MSI_SECRET is not set",
            "arc: IDENTITY_ENDPOINT alone says nothing",
            "cloud-shell: MSI_ENDPOINT is not set",
            "imds: nothing else is configured",
        ])
}

private struct Half: Sendable, CustomTestStringConvertible {
    let variables: [String: String]
    let present: String
    let missing: String
    var testDescription: String { "\(present) without \(missing)" }
}

private let halves = [
    Half(
        variables: ["AZURE_CLIENT_SECRET": "s", "AZURE_CLIENT_ID": "app"], present: "AZURE_CLIENT_SECRET",
        missing: "AZURE_TENANT_ID"),
    Half(
        variables: ["AZURE_CLIENT_SECRET": "s", "AZURE_TENANT_ID": "t"], present: "AZURE_CLIENT_SECRET",
        missing: "AZURE_CLIENT_ID"),
    Half(
        variables: ["AZURE_CLIENT_CERTIFICATE_PATH": "/c", "AZURE_CLIENT_ID": "app"],
        present: "AZURE_CLIENT_CERTIFICATE_PATH", missing: "AZURE_TENANT_ID"),
    Half(
        variables: ["AZURE_FEDERATED_TOKEN_FILE": "/t", "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": ""],
        present: "AZURE_FEDERATED_TOKEN_FILE", missing: "AZURE_CLIENT_ID"),
    Half(variables: ["IDENTITY_HEADER": "h"], present: "IDENTITY_HEADER", missing: "IDENTITY_ENDPOINT"),
    Half(variables: ["MSI_SECRET": "h"], present: "MSI_SECRET", missing: "MSI_ENDPOINT"),
    Half(
        variables: ["IDENTITY_SERVER_THUMBPRINT": "x", "IDENTITY_ENDPOINT": "https://localhost/"],
        present: "IDENTITY_SERVER_THUMBPRINT", missing: "IDENTITY_HEADER"),
    Half(
        variables: application.merging(["AZURE_FEDERATED_TOKEN_FILE": "/t", "AZURE_KUBERNETES_SNI_NAME": "x"]) { $1 },
        present: "AZURE_KUBERNETES_SNI_NAME", missing: "AZURE_KUBERNETES_TOKEN_PROXY"),
]

@Test(arguments: halves)
private func `a half-set group names the missing variable and is never passed over`(half: Half) throws {
    let found = try diagnosis { _ = try detectIdentity(IdentityOptions(), in: environment(half.variables)) }
    #expect(found.code == .identityHalfSet)
    #expect(found.exitCode == .configuration)
    #expect(found.text.contains("\(half.present) is set, but \(half.missing) is not"))
}

@Test func `a client id among the options completes a group`() throws {
    let variables = ["AZURE_CLIENT_SECRET": "s", "AZURE_TENANT_ID": "t"]
    #expect(try detectIdentity(IdentityOptions(clientID: "app"), in: environment(variables)).kind == .clientSecret)
}

@Test(arguments: [
    IdentityOptions.Source.appService, .serviceFabric, .cloudShell, .workloadIdentity, .clientSecret,
    .clientCertificate,
])
func `a named source that is not configured is an error of configuration`(source: IdentityOptions.Source) throws {
    let found = try diagnosis { _ = try detectIdentity(IdentityOptions(source: source), in: environment()) }
    #expect(found.exitCode == .configuration)
    #expect(found.text.hasPrefix("identity '\(source.rawValue)' is asked for, but "))
    #expect(found.text.contains("is not set"))
}

@Test(arguments: [(IdentityOptions.Source.imds, IdentityKind.imds), (.arc, .arc), (.azureCLI, .azureCLI)])
func `a named source with a default needs no variables`(source: IdentityOptions.Source, kind: IdentityKind) throws {
    let decision = try detectIdentity(IdentityOptions(source: source), in: environment())
    #expect(decision.kind == kind)
    #expect(!decision.isAutomatic)
    #expect(decision.record == [Consideration(source: kind.rawValue, taken: true, reason: "asked for")])
}

@Test func `a named source passes over all others`() throws {
    let variables = ["IDENTITY_HEADER": "h", "AZURE_CLIENT_SECRET": "s"]
    #expect(try detectIdentity(IdentityOptions(source: .imds), in: environment(variables)).kind == .imds)
}

@Test func `an installed agent means Arc`() throws {
    let files = FakeFiles(["/opt/azcmagent/bin/himds": ""])
    #expect(try detectIdentity(IdentityOptions(), in: environment(files: files)).kind == .arc)
}

@Test(arguments: [
    ("IDENTITY_HEADER", "two\nlines"), ("IDENTITY_HEADER", " blank"), ("IDENTITY_HEADER", "caf\u{e9}"),
    ("IDENTITY_ENDPOINT", "not a url"), ("IDENTITY_ENDPOINT", "ftp://127.0.0.1/"),
    ("IDENTITY_ENDPOINT", "http://user@127.0.0.1/"), ("IDENTITY_ENDPOINT", "http://127.0.0.1:99999/"),
    ("IDENTITY_ENDPOINT", "http://127.0.0.1/#x"), ("IDENTITY_ENDPOINT", "http:///path"),
    ("IDENTITY_ENDPOINT", "http://127.0.0.1/\u{7}"), ("IDENTITY_ENDPOINT", "http://20.31.4.9/msi/token"),
    ("IDENTITY_ENDPOINT", "http://[2603:1030::5]/msi/token"), ("IDENTITY_ENDPOINT", "http://134744072/"),
    ("IDENTITY_ENDPOINT", "http://0x8.010.8.8/"), ("IDENTITY_ENDPOINT", "http://8.526344/"),
    ("IDENTITY_ENDPOINT", "http://[::ffff:8.8.8.8]/"), ("IDENTITY_ENDPOINT", "http://[::ffff:808:808]/"),
    ("IDENTITY_ENDPOINT", "http://%31347%34%34072/"), ("IDENTITY_ENDPOINT", "http://8.8.8.8./"),
    ("IDENTITY_ENDPOINT", "http://[fc::1]/"), ("AZURE_CLIENT_ID", "a&b=c"),
])
func `a value that can be no header, URL or id is refused by its variable's name`(name: String, value: String) throws {
    var variables = ["IDENTITY_ENDPOINT": "http://127.0.0.1:42356/msi/token", "IDENTITY_HEADER": "h"]
    variables[name] = value
    let found = try diagnosis { _ = try detectIdentity(IdentityOptions(), in: environment(variables)) }
    #expect(found.code == .environmentValue)
    #expect(found.exitCode == .configuration)
    #expect(found.text.contains(" \(name) "))
    #expect(!found.text.contains(value))
}

@Test(arguments: ["..", "a/b", "tenant?", "tenant id"])
func `a tenant that could change the URL is refused`(tenant: String) throws {
    let variables = ["AZURE_CLIENT_SECRET": "s", "AZURE_CLIENT_ID": "app", "AZURE_TENANT_ID": tenant]
    let found = try diagnosis { _ = try detectIdentity(IdentityOptions(), in: environment(variables)) }
    #expect(found.text.contains("AZURE_TENANT_ID"))
    #expect(found.exitCode == .configuration)
}

@Test(arguments: ["http://login.example", "https://login.example/?x=1", "ftp://x"])
func `an authority must be https without a query`(authority: String) throws {
    let variables = application.merging(["AZURE_CLIENT_SECRET": "s", "AZURE_AUTHORITY_HOST": authority]) { $1 }
    let found = try diagnosis { _ = try detectIdentity(IdentityOptions(), in: environment(variables)) }
    #expect(found.text.contains("AZURE_AUTHORITY_HOST"))
}

@Test(arguments: [
    IdentityOptions(clientID: "a", objectID: "b"), IdentityOptions(objectID: "b", resourceID: "/subscriptions/s"),
    IdentityOptions(resourceID: "name"), IdentityOptions(clientID: "a b"), IdentityOptions(objectID: "a/b"),
])
func `ids that contradict each other or are none are refused`(options: IdentityOptions) throws {
    let found = try diagnosis { _ = try detectIdentity(options, in: environment()) }
    #expect(found.exitCode == .configuration)
}

@Test(arguments: [nil, "env"])
func `an object id wins over the client id of the environment`(client: String?) throws {
    let options = IdentityOptions(clientID: client, objectID: "object")
    #expect(try detectIdentity(options, in: environment(["AZURE_CLIENT_ID": "env"])).kind == .imds)
}

@Test(arguments: [IdentityOptions(objectID: "o"), IdentityOptions(resourceID: "/subscriptions/s")])
func `an application is named by its client id only`(options: IdentityOptions) throws {
    let variables = application.merging(["AZURE_CLIENT_SECRET": "s"]) { $1 }
    let found = try diagnosis { _ = try detectIdentity(options, in: environment(variables)) }
    #expect(found.text.hasPrefix("identity 'client-secret' can't be chosen by "))
}

@Test(arguments: [
    ("ManagedIdentityCredential", ["AZURE_CLIENT_SECRET": "s"], "imds"),
    ("managedidentitycredential", ["IDENTITY_ENDPOINT": "http://127.0.0.1/", "IDENTITY_HEADER": "h"], "app-service"),
    ("EnvironmentCredential", ["AZURE_FEDERATED_TOKEN_FILE": "/t", "AZURE_CLIENT_SECRET": "s"], "client-secret"),
    (
        "WorkloadIdentityCredential", ["AZURE_FEDERATED_TOKEN_FILE": "/t", "AZURE_CLIENT_SECRET": "s"],
        "workload-identity"
    ),
    ("AzureCliCredential", [:], "azure-cli"), ("prod", ["AZURE_CLIENT_SECRET": "s"], "client-secret"),
    ("AzureDeveloperCliCredential", ["AZURE_CLIENT_SECRET": "s"], "client-secret"),
])
func `auto takes the credential that AZURE_TOKEN_CREDENTIALS names`(
    name: String, variables: [String: String], source: String
) throws {
    let all = application.merging(variables) { $1 }.merging(["AZURE_TOKEN_CREDENTIALS": name]) { $1 }
    let decision = try detectIdentity(IdentityOptions(), in: environment(all))
    #expect(decision.kind.rawValue == source)
}

@Test func `an option is nearer than AZURE_TOKEN_CREDENTIALS`() throws {
    let variables = application.merging([
        "AZURE_CLIENT_SECRET": "s", "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
    ]) { $1 }
    let decision = try detectIdentity(IdentityOptions(source: .clientSecret), in: environment(variables))
    #expect(decision.kind == .clientSecret)
}
