import Foundation
import Testing

/// `init --from`: what another tool reads becomes a configuration that `check` accepts.
struct ImportTests {
    private static let settings = """
        [
          {"name": "DB_PASSWORD", "slotSetting": false, "value": "@Microsoft.KeyVault(VaultName=demo;SecretName=db-password)"},
          {"name": "ELSEWHERE", "value": "@Microsoft.KeyVault(VaultName=other;SecretName=api-key)"},
          {"name": "LOG_LEVEL", "value": "c4n4ry-info"}
        ]
        """

    @Test func `a written file is accepted, nothing is asked for it, and an existing one stays`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let environment = try azure.environment(leadingNames: true)
            func start(_ words: String...) throws -> Outcome {
                try azure.start(words, identity: environment, in: scratch).end()
            }
            _ = try scratch.write(Self.settings, to: "settings.json")
            let written = try start("init", "--from", "settings.json")
            #expect(written.ending == .code(0), "\(written.errors)")
            #expect(written.errors.contains("info[file-written]"))
            #expect(try azure.journal().isEmpty)
            let check = try start("check", "--", Programs.probe)
            #expect(check.ending == .code(0), "\(check.output)")
            #expect(
                check.output.contains("env:DB_PASSWORD") && check.output.contains("env:ELSEWHERE"), "\(check.output)")
            let again = try start("init", "--from", "settings.json")
            #expect(again.ending == .code(73))
            #expect(again.failures.first?.contains("error[file-exists]: ") == true)
        }
    }

    @Test func `standard input and output are as good as files`() throws {
        let words = ["init", "--from", "-", "--output", "-"]
        let piped = try Launch(Programs.latchkey, words, input: Self.settings).end()
        #expect(piped.ending == .code(0), "\(piped.errors)")
        #expect(piped.output.contains("\nDB_PASSWORD = \"db-password\"\n"), "\(piped.output)")
        let broken = try Launch(Programs.latchkey, words, input: "[{\"name\": \"c4n4ry\"").end()
        #expect(broken.ending == .code(65) && broken.output.isEmpty)
        #expect(
            broken.failures.first?.contains("error[source-syntax]: standard input:1:19: ") == true, "\(broken.errors)")
    }
}
