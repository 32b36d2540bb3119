import Foundation
import Testing

/// No token: which variable is missing, what was looked for, and what a token endpoint's answer means.
struct IdentityRefusalTests {
    /// Variables that are half of a group, and the one that is missing.
    struct Half: CustomTestStringConvertible, Sendable {
        var variables: [String: String]
        var missing: String
        var testDescription: String { "\(variables.keys.sorted().joined(separator: " ")) without \(missing)" }
    }

    private static let application = ["AZURE_TENANT_ID": "contoso.example", "AZURE_CLIENT_ID": TestIdentity.clientID]

    private static func halves(_ name: String, _ value: String) -> [Half] {
        [
            Half(variables: [name: value], missing: "AZURE_TENANT_ID"),
            Half(
                variables: [name: value].merging(application.filter { $0.key == "AZURE_TENANT_ID" }) { $1 },
                missing: "AZURE_CLIENT_ID"),
            Half(
                variables: [name: value].merging(application.filter { $0.key == "AZURE_CLIENT_ID" }) { $1 },
                missing: "AZURE_TENANT_ID"),
        ]
    }

    private static let all =
        halves("AZURE_CLIENT_SECRET", "c4n4ry-secret") + halves("AZURE_CLIENT_CERTIFICATE_PATH", "/nowhere/app.pem")
        + halves("AZURE_FEDERATED_TOKEN_FILE", "/nowhere/token") + [
            Half(variables: ["IDENTITY_HEADER": "c4n4ry-header"], missing: "IDENTITY_ENDPOINT"),
            Half(variables: ["MSI_SECRET": "c4n4ry-header"], missing: "MSI_ENDPOINT"),
            Half(
                variables: ["IDENTITY_SERVER_THUMBPRINT": "00", "IDENTITY_HEADER": "c4n4ry-header"],
                missing: "IDENTITY_ENDPOINT"),
        ]

    @Test(arguments: all)
    func `half of a group is an error, even where another identity is whole:`(half: Half) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let identity = try azure.environment("imds").merging(half.variables) { $1 }
            let outcome = try azure.printSecret(identity, in: scratch)
            #expect(outcome.ending == .code(78), "\(outcome.errors)")
            #expect(
                outcome.failures.first?.hasSuffix("but \(half.missing) is not") == true, "\(outcome.errors)")
            #expect(try azure.tokenRequests().isEmpty)
        }
    }

    @Test(arguments: [
        ["AZURE_CLIENT_ID": TestIdentity.clientID], ["AZURE_TENANT_ID": "contoso.example"],
        ["IDENTITY_ENDPOINT": "http://127.0.0.1:1/"],
    ])
    func `what is no half is passed over:`(variables: [String: String]) throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            let identity = try azure.environment("imds").merging(variables) { $1 }
            #expect(try azure.printSecret(identity, in: scratch).output == "c4n4ry-database\n")
        }
    }

    @Test func `where nothing is found it says what was looked for`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            // A port where nothing listens, in place of the address that is the same on every machine.
            let identity = ["AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:1"]
            let outcome = try azure.printSecret(identity, in: scratch)
            #expect(outcome.ending == .code(77), "\(outcome.errors)")
            let line = try #require(outcome.failures.first)
            for name in [
                "identity-none", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE",
                "IDENTITY_SERVER_THUMBPRINT", "IDENTITY_HEADER", "MSI_SECRET", "arc", "MSI_ENDPOINT", "imds",
                "127.0.0.1",
            ] { #expect(line.contains(name), "\(line)") }
            #expect(line.utf8.count <= 1024)
        }
    }

    @Test func `a source that is named is waited for until the start timeout`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let identity = ["AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:1"]
            let outcome = try azure.printSecret(
                identity, options: ["--identity", "imds", "--start-timeout", "1s"], in: scratch)
            #expect(outcome.ending == .code(75), "\(outcome.errors)")
        }
    }

    @Test(arguments: ["app-service", "service-fabric", "workload-identity", "client-secret", "client-certificate"])
    func `a source that is named and not configured is said to be:`(source: String) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let outcome = try azure.printSecret(
                try azure.environment("imds"), options: ["--identity", source], in: scratch)
            #expect(outcome.ending == .code(78), "\(outcome.errors)")
            #expect(outcome.failures.first?.contains("'\(source)'") == true, "\(outcome.errors)")
        }
    }

    @Test(arguments: [
        ("IDENTITY_HEADER", "a\u{7F}b"), ("IDENTITY_HEADER", " a"), ("IDENTITY_ENDPOINT", "ftp://127.0.0.1/"),
        ("IDENTITY_ENDPOINT", "no url"), ("IDENTITY_ENDPOINT", "http://user@127.0.0.1/"),
        ("AZURE_CLIENT_ID", "a b"),
    ])
    func `a value that can be no header and no URL is refused by its name`(name: String, value: String) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let identity = try azure.environment().merging([name: value]) { $1 }
            let outcome = try azure.printSecret(identity, in: scratch)
            #expect(outcome.ending == .code(78), "\(outcome.errors)")
            #expect(outcome.failures.first?.contains(name) == true, "\(outcome.errors)")
        }
    }

    /// What a documented answer of a token endpoint ends in.
    struct Answer: CustomTestStringConvertible, Sendable {
        var environment: String
        var error: String
        var code: Int32
        var message: String
        var hint: String?
        var testDescription: String { "\(environment): \(error)" }
    }

    private static let answers =
        ["app-service", "app-service-2017", "imds", "cloud-shell", "service-fabric"].flatMap { environment in
            [
                Answer(
                    environment: environment, error: "identity-throttled", code: 75, message: "identity-throttled"),
                Answer(environment: environment, error: "identity-failed", code: 75, message: "identity-failing"),
                Answer(
                    environment: environment, error: "identity-plain-failure", code: 75, message: "identity-failing"),
            ]
        } + [
            Answer(
                environment: "imds", error: "identity-not-found", code: 77, message: "identity-unknown",
                hint: "az vm identity assign"),
            Answer(
                environment: "app-service", error: "identity-not-found", code: 77, message: "identity-unknown",
                hint: "az webapp identity assign"),
            Answer(
                environment: "app-service-2017", error: "identity-not-found", code: 77, message: "identity-unknown",
                hint: "az webapp identity show"),
            Answer(
                environment: "imds", error: "identity-unchosen", code: 77, message: "identity-unknown",
                hint: "az vm identity show"),
            Answer(
                environment: "imds", error: "identity-resource-unknown", code: 76, message: "identity-refused",
                hint: "in another cloud"),
            Answer(environment: "imds", error: "identity-missing", code: 75, message: "identity-failing"),
            Answer(environment: "imds", error: "identity-gone", code: 75, message: "identity-failing"),
            Answer(environment: "imds", error: "identity-unreachable", code: 77, message: "identity-none"),
            Answer(
                environment: "client-secret-app", error: "invalid-secret", code: 77, message: "identity-denied",
                hint: "az ad app credential reset --id \(TestIdentity.clientID)"),
            Answer(
                environment: "client-secret-app", error: "expired-secret", code: 77, message: "identity-denied",
                hint: "az ad app credential reset --id \(TestIdentity.clientID)"),
            Answer(
                environment: "client-certificate-app", error: "unknown-certificate", code: 77,
                message: "identity-denied", hint: "az ad app credential reset --id \(TestIdentity.clientID)"),
            Answer(
                environment: "workload-identity-app", error: "assertion-expired", code: 77, message: "identity-denied",
                hint: "timedatectl"),
            Answer(
                environment: "workload-identity-app", error: "assertion-audience", code: 77,
                message: "identity-denied"),
            Answer(
                environment: "workload-identity-app", error: "no-federation", code: 77, message: "identity-denied",
                hint: "az identity federated-credential list"),
            Answer(
                environment: "client-secret-app", error: "application-not-found", code: 77,
                message: "identity-unknown", hint: "AZURE_CLIENT_ID"),
            Answer(
                environment: "client-secret-app", error: "tenant-not-found", code: 77, message: "identity-unknown",
                hint: "AZURE_TENANT_ID"),
            Answer(
                environment: "client-secret-app", error: "resource-not-found", code: 77, message: "identity-refused"),
            Answer(
                environment: "client-secret-app", error: "conditional-access", code: 77, message: "identity-denied"),
            Answer(environment: "client-secret-app", error: "entra-unavailable", code: 75, message: "identity-failing"),
            Answer(
                environment: "client-secret-app", error: "entra-throttled", code: 75, message: "identity-throttled"),
        ]

    /// What may pass is tried until the start timeout, which nothing else waits for.
    static func options(_ code: Int32) -> [String] { code == 75 ? ["--start-timeout", "3s"] : [] }

    @Test(arguments: answers)
    func `each documented error has its code, and a way out`(answer: Answer) throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            try azure.fault(#"{"endpoint":["identity","entra"],"error":"\#(answer.error)"}"#)
            let outcome = try azure.printSecret(
                try azure.environment(answer.environment), options: Self.options(answer.code), in: scratch)
            #expect(outcome.ending == .code(answer.code), "\(outcome.errors)")
            #expect(outcome.failures.count == 1)
            #expect(outcome.failures.first?.contains("error[\(answer.message)]") == true, "\(outcome.errors)")
            if let hint = answer.hint { #expect(outcome.hints.last?.contains(hint) == true, "\(outcome.errors)") }
        }
    }
}
