import Foundation
import Testing

/// What of its starter's rights a program has that Latchkey starts as somebody else.
@Suite(.enabled(if: ForeignUser.obstacle == nil, "\(ForeignUser.obstacle ?? "")"))
struct CapabilityTests {
    private static let sets = ["CapInh", "CapPrm", "CapEff", "CapAmb"]
    private static let rights = ["setuid", "setgid", "chown", "kill", "setpcap", "dac_override"]

    /// Shows whose the process is, and what it may; the environment, with secrets in it, is not shown.
    private static let report = ["/bin/grep", "-E", "^(Uid|Cap...):", "/proc/self/status"]

    private func capabilities(_ report: String) -> [String: UInt64] {
        let lines = report.split(separator: "\n").filter { $0.hasPrefix("Cap") }.map { $0.split(separator: ":\t") }
        return Dictionary(lines.map { (String($0[0]), UInt64($0[1], radix: 16) ?? .max) }) { $1 }
    }

    private func expectNone(_ report: String, bounding: Bool, _ location: SourceLocation = #_sourceLocation) {
        let found = capabilities(report)
        for name in Self.sets + (bounding ? ["CapBnd"] : []) {
            #expect(found[name] == 0, "\(name): \(found)", sourceLocation: location)
        }
    }

    @Test(arguments: [[], ["setpcap"]])
    func `a launcher's ambient capabilities do not come along to another user`(more: [String]) throws {
        try Emulator.serving { azure in
            let stage = try ForeignUser(1000, azure)
            let launch = try stage.start(
                "run", ["-e", "A=db-password", "--user", "65534:65534", "--"] + Self.report,
                capabilities: ["setuid", "setgid", "chown", "kill", "dac_override"] + more)
            let outcome = try launch.end()
            #expect(outcome.output.contains("Uid:\t65534\t65534\t65534\t65534"), "\(outcome.errors)")
            expectNone(outcome.output, bounding: !more.isEmpty)
        }
    }

    @Test func `root's do not either, and no file brings them back`() throws {
        try Emulator.serving { azure in
            let stage = try ForeignUser(0, azure)
            let launch = try stage.start(
                "run", ["-e", "A=db-password", "--user", "65534:65534", "--"] + Self.report,
                capabilities: ["net_admin"])
            expectNone(try launch.end().output, bounding: true)
        }
    }

    @Test func `root stays root where it is asked for, or nobody is`() throws {
        try Emulator.serving { azure in
            for user in [[], ["--user", "0:0"]] {
                let stage = try ForeignUser(0, azure)
                let launch = try stage.start("run", ["-e", "A=db-password"] + user + ["--"] + Self.report)
                let found = capabilities(try launch.end().output)
                #expect(found["CapEff"] == found["CapBnd"] && found["CapEff"] != 0)
            }
        }
    }

    @Test(arguments: ["run", "sidecar"])
    func `a command that is told of a change has none of them`(verb: String) throws {
        try Emulator.serving { azure in
            let stage = try ForeignUser(1000, azure)
            let user = verb == "run" ? ["--user", "65534:65534"] : []
            let child = verb == "run" ? ["-e", "A=db-password", "--", stage.probe, "sleep"] : ["-f", "a=db-password"]
            let launch = try stage.start(
                verb, user + ["--exec-on-change", "/bin/grep Cap /proc/self/status"] + child, capabilities: Self.rights
            )
            #expect(try eventually { try stage.scratch.hasDelivered(launch) })
            if verb == "run" { try launch.expect(line: "ready") }
            try azure.rotate("db-password", to: "c4n4ry-second")
            launch.send(SIGHUP)
            try launch.expect(error: "CapAmb:")
            expectNone(launch.errors.text, bounding: true)
            try launch.end(SIGTERM)
        }
    }

    @Test func `a user who keeps other groups than the one who is asked for is no substitute`() throws {
        try Emulator.serving { azure in
            let stage = try ForeignUser(1000, azure)
            // A session of the same user with a group that the user's own list does not have.
            let setpriv = try #require(Programs.installed("setpriv"))
            func start(_ groups: String) throws -> Outcome {
                try Launch(
                    setpriv,
                    ["--reuid=1000", "--regid=1000", groups, stage.scratch.path + "/latchkey", "run", "--vault"]
                        + [azure.vault, "--ca-file", stage.scratch.path + "/authority.pem", "-e", "A=db-password"]
                        + ["--user", "1000:1000", "--"] + Self.report,
                    environment: try azure.environment().merging(["RUNTIME_DIRECTORY": stage.instance]) { $1 },
                    within: stage.scratch
                ).end()
            }
            let kept = try start("--groups=4711")
            #expect(kept.ending == .code(71) && kept.output.isEmpty)
            #expect(kept.errors.contains("could not be started (groups): "))
            #expect(try start("--clear-groups").output.contains("Uid:\t1000\t1000\t1000\t1000"))
        }
    }
}
