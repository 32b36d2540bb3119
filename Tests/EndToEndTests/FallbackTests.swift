import Foundation
import Testing

/// Another vault stands in for one that does not answer.
///
/// One emulator has the vaults 'demo' and 'other'; faults take the first away.
struct FallbackTests {
    private static let seed = """
        [vaults.demo.secrets]
        db-password = "c4n4ry-same"
        api-key = "c4n4ry-demo"
        only-here = "c4n4ry-only"

        [vaults.other.secrets]
        db-password = "c4n4ry-same"
        api-key = "c4n4ry-other"
        """

    /// What takes the first vault away, for good.
    private static let outages = [
        #"{"vault":"demo","status":503}"#, #"{"vault":"demo","status":429,"retry-after":1}"#,
        #"{"vault":"demo","status":500}"#, #"{"vault":"demo","drop":true}"#,
    ]

    private func options(_ azure: Emulator, _ deliver: String...) -> [String] {
        [
            "--vault", azure.vault, "--ca-file", azure.authority, "--fallback",
            "\(azure.vault)=\(azure.vault("other"))",
            "--start-timeout", "20s",
        ] + deliver
    }

    @Test(arguments: outages)
    func `a start takes the fallback while the vault does not answer`(fault: String) throws {
        try Emulator.serving(Self.seed) { azure in
            try azure.fault(fault)
            let scratch = try Scratch()
            let launch = try azure.start(
                ["run"] + options(azure, "-f", "db=db-password", "-e", "KEY=api-key") + [
                    "--", Programs.probe, "print-on", "HUP", "db", "--env", "KEY",
                ], in: scratch)
            try launch.expect(line: "ready")
            #expect(launch.output.lines.contains("env=KEY \(fingerprint("c4n4ry-other"))"))
            #expect(launch.errors.lines.count { $0.contains("warning[vault-fallback]") } == 1, "\(launch.errors.text)")
            let status = try String(contentsOfFile: scratch.path + "/instance/status.json", encoding: .utf8)
            #expect(status.contains("\"fallback\":\"\(azure.vault("other"))\""), "\(status)")
            let metrics = try String(contentsOfFile: scratch.path + "/instance/metrics.prom", encoding: .utf8)
            #expect(metrics.contains("latchkey_fallback{vault=\"demo\"} 1\n"), "\(metrics)")
            try launch.end(SIGTERM)
        }
    }

    @Test func `a refresh takes the fallback, the same value is no change, and the vault is asked again`() throws {
        try Emulator.serving(Self.seed) { azure in
            let scratch = try Scratch()
            let launch = try azure.start(
                ["run"] + options(azure, "-f", "db=db-password", "--signal", "HUP", "--refresh", "1s", "--jitter", "0")
                    + ["--", Programs.probe, "print-on", "HUP", "db"], in: scratch)
            try launch.expect(line: "ready")
            try azure.control("POST", "faults", #"{"name":"away","vault":"demo","status":503}"#)
            let took = launch.errors.wait { $0.contains("warning[vault-fallback]") }
            #expect(took, "\(launch.errors.text)")
            #expect(!launch.output.text.contains("end"))
            try azure.control("DELETE", "faults/away")
            let back = launch.errors.wait { $0.contains("answers again") }
            #expect(back, "\(launch.errors.text)")
            // Neither way was a change.
            #expect(!launch.output.text.contains("end"))
            try azure.rotate("db-password", to: "c4n4ry-new")
            try launch.expect(line: "end")
            #expect(launch.output.lines.contains { $0.contains(fingerprint("c4n4ry-new")) })
            let metrics = try String(contentsOfFile: scratch.path + "/instance/metrics.prom", encoding: .utf8)
            #expect(metrics.contains("latchkey_fallback{vault=\"demo\"} 0\n"), "\(metrics)")
            try launch.end(SIGTERM)
        }
    }

    @Test(arguments: [
        (#"{"vault":"demo","token":true,"error":"not-found"}"#, 66),
        (#"{"vault":"demo","token":true,"error":"forbidden-by-rbac"}"#, 77),
    ])
    func `the fallback is not asked after an answer that will not change`(fault: String, code: Int32) throws {
        try Emulator.serving(Self.seed) { azure in
            try azure.fault(fault)
            let scratch = try Scratch()
            let launch = try azure.start(
                ["run"] + options(azure, "-f", "db=db-password") + ["--", "true"], in: scratch)
            let outcome = try launch.end()
            #expect(outcome.ending == .code(code), "\(outcome.errors)")
            #expect(try !azure.journal().contains { $0.vault == "other" })
        }
    }

    @Test func `a secret that only the vault itself has is named`() throws {
        try Emulator.serving(Self.seed) { azure in
            try azure.fault(Self.outages[0])
            let scratch = try Scratch()
            let launch = try azure.start(
                ["run"] + options(azure, "-f", "db=only-here") + ["--", "true"], in: scratch)
            let outcome = try launch.end()
            #expect(outcome.ending == .code(75), "\(outcome.errors)")
            #expect(outcome.failures.count == 1)
            #expect(outcome.errors.contains("its fallback does not help: vault 'other': secret 'only-here'"))
        }
    }

    @Test func `check says what the fallback lacks and has differently`() throws {
        try Emulator.serving(Self.seed) { azure in
            let scratch = try Scratch()
            let launch = try azure.start(
                ["check"] + options(azure, "-f", "a=db-password", "-f", "b=api-key", "-f", "c=only-here"), in: scratch)
            let outcome = try launch.end()
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            #expect(
                outcome.output.contains(
                    "fallback 'other' of 'demo' lacks 'only-here', and has another value for 'api-key'"),
                "\(outcome.output)")
        }
    }

    @Test func `check tells that a run would start with the fallback`() throws {
        try Emulator.serving(Self.seed) { azure in
            try azure.fault(Self.outages[0])
            let scratch = try Scratch()
            let launch = try azure.start(["check"] + options(azure, "-f", "a=db-password"), in: scratch)
            let outcome = try launch.end()
            #expect(outcome.ending == .code(0), "\(outcome.output)\(outcome.errors)")
            #expect(outcome.output.contains("'other' stands in for it"), "\(outcome.output)")
        }
    }

    @Test func `the configuration names fallbacks in order`() throws {
        try Emulator.serving(Self.seed + "\n[vaults.third.secrets]\nonly-here = \"c4n4ry-third\"\n") { azure in
            try azure.fault(Self.outages[0])
            try azure.fault(#"{"vault":"other","status":503}"#)
            let scratch = try Scratch()
            let file = try scratch.write(
                """
                vault = "\(azure.vault)"
                [files]
                x = "only-here"
                [fallback]
                "\(azure.vault)" = ["\(azure.vault("other"))", "\(azure.vault("third"))"]
                """, to: "latchkey.toml")
            let launch = try azure.start(
                ["sync", "--config", file, "--ca-file", azure.authority, "--start-timeout", "20s"], in: scratch)
            let outcome = try launch.end()
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            let text = try String(contentsOfFile: scratch.path + "/instance/secrets/x", encoding: .utf8)
            #expect(text == "c4n4ry-third")
        }
    }
}
