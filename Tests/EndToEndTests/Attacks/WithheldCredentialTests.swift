import Foundation
import Testing

/// COMMAND looks for Latchkey's own credential among those of its unit.
struct WithheldCredentialTests {
    private static let name = "azure-client-secret"

    /// The path that COMMAND finds the credential under, empty where it finds none.
    private static func found(
        _ azure: Emulator, _ scratch: Scratch, holding names: [String], _ options: String...
    ) throws -> (String, Outcome) {
        var identity = try azure.environment("client-secret-app")
        let secret = try #require(identity["AZURE_CLIENT_SECRET"])
        identity["AZURE_CLIENT_SECRET"] = nil
        let directory = scratch.path + "/credentials"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for name in names { _ = try scratch.write(name == Self.name ? secret : "mine", to: "credentials/\(name)") }
        if !names.contains(Self.name) { identity["AZURE_CLIENT_SECRET"] = secret }
        identity["CREDENTIALS_DIRECTORY"] = directory
        let look = "ls \"${CREDENTIALS_DIRECTORY:-/nowhere}\" 2>&-; :"
        let launch = try azure.start(
            ["run", "--vault", azure.vault, "--ca-file", azure.authority, "-e", "DB_PASSWORD=db-password"] + options
                + ["--", "/bin/sh", "-c", look], identity: identity, in: scratch)
        let outcome = try launch.end()
        #expect(outcome.ending == .code(0), "\(outcome.errors)")
        return (outcome.output, outcome)
    }

    @Test func `the way to Latchkey's own credential is left out, which is said`() throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            let (names, outcome) = try Self.found(azure, scratch, holding: [Self.name, "app-key"])
            #expect(names.isEmpty, "\(names)")
            let warning = outcome.errors.split(separator: "\n").filter { $0.contains("warning[credentials-withheld]") }
            #expect(warning.count == 1 && warning[0].contains("'\(Self.name)'"), "\(outcome.errors)")
            #expect(outcome.errors.contains("--keep-identity") && outcome.errors.contains("--user"))
        }
    }

    @Test func `it is kept where that is asked for`() throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            let (names, outcome) = try Self.found(azure, scratch, holding: [Self.name, "app-key"], "--keep-identity")
            #expect(names == "app-key\n\(Self.name)\n" && !outcome.errors.contains("credentials-withheld"))
        }
    }

    @Test func `credentials of COMMAND's own alone reach it`() throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            let (names, outcome) = try Self.found(azure, scratch, holding: ["app-key"])
            #expect(names == "app-key\n" && !outcome.errors.contains("credentials-withheld"), "\(outcome.errors)")
        }
    }
}
