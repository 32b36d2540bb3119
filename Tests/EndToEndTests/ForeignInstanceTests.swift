import Foundation
import LatchkeyTestSupport
import Testing

/// What the tests start has nothing to do with what else runs on the machine.
@Suite(.enabled(if: PrivateMounts.areThere, "needs root: mounts of its own"))
struct ForeignInstanceTests {
    @Test func `an instance of the machine's with the same name is neither found nor in the way`() throws {
        let machine = ["--mount=\(try #require(PrivateMounts.machine))", Programs.latchkey]
        let nsenter = try #require(Programs.installed("nsenter"), "nsenter is not installed")
        let command = ["run", "--", Programs.probe, "sleep"]
        // In the usual places: of root's instances, those are named by no variable.
        let none = ["XDG_RUNTIME_DIR": ""]
        let foreign = try Launch(nsenter, machine + command, environment: none)
        try foreign.expect(line: "ready")
        let seen = try Launch(nsenter, machine + ["status", "--instance", "latchkey-probe"], environment: none).end()
        #expect(seen.ending == .code(0), "\(seen.errors)")

        let directory = try RuntimeDirectory()
        func ask(_ words: String...) throws -> Launch {
            try Launch(Programs.latchkey, words, environment: ["XDG_RUNTIME_DIR": directory.path])
        }
        #expect(try ask("status").end().ending == .code(3))
        #expect(try ask("status", "--instance", "latchkey-probe").end().ending == .code(3))
        #expect(try ask("refresh", "--wait").end().ending == .code(3))
        let own = try Launch(Programs.latchkey, command, environment: ["XDG_RUNTIME_DIR": directory.path])
        try own.expect(line: "ready")
        #expect(FileManager.default.fileExists(atPath: directory.path + "/latchkey/latchkey-probe/status.json"))
        let status = try ask("status").end()
        #expect(status.ending == .code(0), "\(status.errors)")
        try own.end(SIGTERM)
        #expect(try ask("status").end().ending == .code(3))
        try foreign.end(SIGTERM)
    }
}
