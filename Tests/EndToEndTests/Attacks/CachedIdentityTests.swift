import Foundation
import Testing

/// A start with another identity, or with none, tries to get what an earlier one was allowed to read
/// (`--cache memory`).
struct CachedIdentityTests {
    private static func start(
        _ azure: Emulator, _ identity: [String: String], _ options: [String] = [], _ scratch: Scratch
    ) throws -> Launch {
        try azure.start(
            ["run", "--vault", azure.vault, "--ca-file", azure.authority, "--cache", "memory"]
                + ["-e", "DB_PASSWORD=db-password", "-f", "database=db-password", "--start-timeout", "3s"] + options
                + ["--", Programs.probe, "sleep"], identity: identity, in: scratch)
    }

    enum Other: CaseIterable {
        case anotherID, anotherSource, anotherTenant

        func environments(_ azure: Emulator) throws -> ([String: String], [String: String], [String]) {
            let machine = try azure.environment()
            let application = try azure.environment("client-secret-app")
            return switch self {
            case .anotherID: (machine, machine, ["--client-id", TestIdentity.clientID])
            case .anotherSource: (machine, application, [])
            case .anotherTenant:
                (
                    application,
                    application.merging(["AZURE_TENANT_ID": "99999999-9999-4999-8999-999999999999"]) { $1 }, []
                )
            }
        }
    }

    @Test(arguments: Other.allCases)
    func `what one identity was allowed is not served to another while the vault is away`(other: Other) throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            let (first, second, options) = try other.environments(azure)
            let earlier = try Self.start(azure, first, [], scratch)
            try earlier.expect(line: "ready")
            try earlier.end(SIGTERM)
            try azure.fault(#"{"name":"out","endpoint":"vault","status":503}"#)
            try azure.fault(#"{"name":"quiet","endpoint":"entra","status":503}"#)
            let outcome = try Self.start(azure, second, options, scratch).end()
            #expect(outcome.ending == .code(75) && !outcome.output.contains("ready"), "\(outcome.errors)")
            #expect(!outcome.errors.contains("start-cached"), "\(outcome.errors)")
            // It is still there for the one who was allowed to.
            let own = try Self.start(azure, first, [], scratch)
            try own.expect(line: "ready")
            try own.expect(error: "warning[start-cached]")
            try own.end(SIGTERM)
        }
    }

    @Test func `a machine without an identity is served nothing`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            var identity = try azure.environment("imds")
            let earlier = try Self.start(azure, identity, [], scratch)
            try earlier.expect(line: "ready")
            try earlier.end(SIGTERM)
            // Nothing answers there: none of the sources is this machine's.
            identity["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = "http://127.0.0.1:1"
            let outcome = try Self.start(azure, identity, [], scratch).end()
            #expect(outcome.ending == .code(77), "\(outcome.errors)")
            #expect(outcome.failures.first?.contains("error[identity-none]") == true, "\(outcome.errors)")
            #expect(!outcome.errors.contains("start-cached") && !outcome.output.contains("ready"))
        }
    }
}
