import Foundation
import LinuxSystem
import Testing

/// Every launch of these tests is searched for secrets; here it is shown that the search finds them, and looked where
/// the others do not look.
struct CanaryTests {
    @Test(arguments: [
        "password=c4n4ry-database", "YzRuNHJ5LWRhdGFiYXNl", "eHg6YzRuNHJ5", "63346e3472792d", "Bearer eyJ0eXAiOiJKV1Qi",
    ])
    func `the search finds`(leak: String) { #expect(!Canary.found(in: "before \(leak) after").isEmpty) }

    @Test(arguments: 0..<4)
    func `the search finds base64 wherever the word begins`(shift: Int) {
        let text = String(repeating: "x", count: shift) + "c4n4ry-value"
        #expect(!Canary.found(in: Data(text.utf8).base64EncodedString()).isEmpty)
    }

    @Test func `the search finds nothing in what is harmless`() {
        #expect(Canary.found(in: "latchkey: error[secret-missing]: vault 'demo': no secret 'canary'").isEmpty)
    }

    /// A token, and values that are made of others.
    private static let composed = """
        [env]
        TOKEN = "token:https://database.windows.net"
        [env.URL]
        template = "postgres://app:{{url(db-password)}}@{{base64(db-password)}}/{{token:https://redis.azure.com}}"
        """

    @Test(arguments: ["text", "json"])
    func `nothing leaks at the finest log level, over refreshes and failures`(format: String) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let file = try scratch.write(Self.composed, to: "latchkey.toml")
            let launch = try azure.run(
                "--config", file, "--log-level", "debug", "--log-format", format, "--refresh", "1s", "--on-change",
                "signal", "-e", "DB_PASSWORD=db-password", "-f", "database=db-password", "-f", "mail=smtp#/password",
                command: [Programs.probe, "print-on", "HUP", "--env", "DB_PASSWORD", "database", "mail"], in: scratch)
            try launch.expect(line: "ready")
            for name in ["status.json", "metrics.prom"] {
                let text = try String(contentsOfFile: "\(scratch.path)/instance/\(name)", encoding: .utf8)
                Canary.check(text, in: name)
            }
            try azure.rotate("db-password", to: "c4n4ry-rotated")
            try launch.expect(line: "end")
            // Answers that hold a value and can't be understood are where messages like to quote.
            try azure.fault(#"{"name":"torn","endpoint":"vault","truncate":150}"#)
            launch.send(SIGHUP)
            try launch.expect(error: "refresh-failed")
            let status = try String(contentsOfFile: "\(scratch.path)/instance/status.json", encoding: .utf8)
            Canary.check(status, in: "status.json after a failure")
            try launch.end(SIGTERM)
        }
    }

    @Test(.enabled(if: Programs.installed("strace") != nil, "strace is not installed"))
    func `no program is ever started with a secret in its arguments`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let trace = scratch.path + "/trace"
            let strace = try #require(Programs.installed("strace"))
            var variables = try azure.environment()
            variables["RUNTIME_DIRECTORY"] = scratch.path + "/instance"
            let file = try scratch.write(Self.composed, to: "latchkey.toml")
            let outcome = try Launch(
                strace,
                [
                    "-D", "-f", "-qq", "-s", "65536", "-o", trace, "-e", "trace=execve,execveat", Programs.latchkey,
                    "run", "--config", file, "--vault", azure.vault, "--ca-file", azure.authority, "-e",
                    "DB_PASSWORD=db-password", "--",
                    Programs.probe, "exit", "0",
                ], environment: variables, directory: scratch.path
            ).end()
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            let calls = try String(contentsOfFile: trace, encoding: .utf8)
            #expect(calls.split(separator: "\n").count { $0.contains("exec") } >= 3, "strace saw too little")
            Canary.check(calls, in: "the arguments of a program")
        }
    }
}
