import Foundation
import Testing

/// The page for newcomers: its commands as they are printed there, one after the other.
struct GettingStartedTests {
    @Test func `a newcomer's commands work, in their order`() throws {
        let bench = try RecipeBench(PagePart.parts(of: PagePart.gettingStarted))
        try bench.install("server", in: ".", script: #"echo "server: ${#DB_PASSWORD} characters"; exec sleep 1d"#)
        func words(_ heading: String) -> String { bench.commands(heading).joined(separator: "\n") }
        let session = """
            set -e
            trap 'kill $!' EXIT
            \(words("Without Azure"))
            (
            RUNTIME_DIRECTORY=$PWD/script
            \(words("A script, or a cron job"))
            echo "script: ${#password} characters"
            )
            \(words("With Azure"))
            \(words("The configuration"))
            """
        let first = try bench.shell(session)
        try first.expect(line: "13 characters")
        try first.expect(line: "script: 13 characters")
        try first.expect(line: "server: 13 characters")
        #expect(first.output.lines.count { $0 == "'latchkey run' would start" } == 2)
        #expect(FileManager.default.fileExists(atPath: bench.scratch.path + "/script/secrets/db-password"))

        let second = try bench.shell("set -e\n" + words("While it runs")).end()
        #expect(second.ending == .code(0), "\(second.errors)")
        #expect(second.output.contains("state         fresh"))
        #expect(second.output.contains("\nlatchkey_refresh_total{"))

        let run = try #require(ProcessTree.descendants(of: first.pid).first { ProcessTree.name(of: $0) == "latchkey" })
        kill(run, SIGTERM)
        let outcome = try first.end()
        #expect(outcome.ending == .code(143))
        #expect(outcome.failures.isEmpty, "\(outcome.errors)")
    }
}
