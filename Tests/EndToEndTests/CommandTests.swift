import Foundation
import Testing

/// `list`, `get`, `init`, `status` and `refresh`.
struct CommandTests {
    private func start(
        _ emulator: Emulator, _ words: [String], environment: [String: String] = [:], in scratch: Scratch? = nil
    ) throws -> Outcome {
        let source = ["--vault", emulator.vault, "--ca-file", emulator.authority]
        let arguments = [words[0]] + source + words.dropFirst()
        return try emulator.start(
            arguments, environment: environment, in: scratch ?? Scratch(), printsSecrets: words[0] == "get"
        ).end()
    }

    @Test func `list names every secret with all members, and no value`() throws {
        struct Listing: Decodable {
            var schema: Int
            var secrets: [[String: Member]]
        }
        /// Any member: whether it is there is what counts.
        struct Member: Decodable {
            var text: String?

            init(from decoder: any Decoder) throws {
                text = try? decoder.singleValueContainer().decode(String.self)
            }
        }
        try Emulator.serving { emulator in
            let outcome = try start(emulator, ["list", "--json"])
            #expect(outcome.ending == .code(0))
            let listing = try JSONDecoder().decode(Listing.self, from: Data(outcome.output.utf8))
            #expect(listing.schema == 1)
            #expect(
                listing.secrets.compactMap { $0["name"]?.text } == [
                    "db-password", "license", "pair", "retired", "smtp",
                ])
            let members: Set = ["name", "enabled", "updated", "expires", "content_type", "tags"]
            #expect(listing.secrets.allSatisfy { Set($0.keys) == members })
        }
    }

    @Test func `get writes a value byte for byte, with a newline on a terminal only`() throws {
        try Emulator.serving { emulator in
            let outcome = try start(emulator, ["get", "db-password"])
            #expect(fingerprint(outcome.output) == fingerprint("c4n4ry-database"))
            let part = try start(emulator, ["get", "smtp#/user"])
            #expect(part.output == "web")
        }
    }

    @Test func `what get can't write is a failure`() throws {
        try Emulator.serving { emulator in
            let words = [Programs.latchkey, "get", "--vault", emulator.vault, "--ca-file", emulator.authority]
            let outcome = try Launch(
                "/bin/sh", ["-c", "exec \"$@\" >/dev/full", "sh"] + words + ["db-password"],
                environment: try emulator.environment()
            ).end()
            #expect(outcome.ending == .code(74))
            #expect(outcome.failures.first?.contains("error[output-failed]") == true)
        }
    }

    @Test func `what init writes is what check accepts, and it writes once`() throws {
        try Emulator.serving { emulator in
            let scratch = try Scratch()
            let first = try start(emulator, ["init"], in: scratch)
            #expect(first.ending == .code(0))
            #expect(first.errors.contains("info[file-written]"))
            let text = try String(contentsOfFile: scratch.path + "/latchkey.toml", encoding: .utf8)
            #expect(text.contains("\nDB_PASSWORD = \"db-password\"\n"))
            #expect(text.contains("\n# RETIRED = \"retired\"  # disabled\n"))
            let requests = try emulator.journal().count
            let second = try start(emulator, ["init"], in: scratch)
            #expect(second.ending == .code(73))
            #expect(second.failures.first?.contains("error[file-exists]: ") == true)
            #expect(try emulator.journal().count == requests)
            let nowhere = try start(emulator, ["init", "--output", "no/such/directory"], in: scratch)
            #expect(nowhere.ending == .code(73))
            #expect(nowhere.failures.first?.contains("error[output-failed]: ") == true)
            #expect(nowhere.failures.first?.contains("no/such/directory' can't be written") == true)
            let check = try emulator.start(
                ["check", "--ca-file", emulator.authority, "--", Programs.probe], in: scratch
            ).end()
            #expect(check.ending == .code(0), "\(check.output)\(check.errors)")
        }
    }

    private static let grownSeed = """
        [vaults.demo.secrets]
        plain = "c4n4ry-plain"
        license = { value = "AAEC", tags = { file-encoding = "base64" }, nbf = "2020-01-01", exp = "+90d" }
        digest = { value = "0001", tags = { file-encoding = "HEX" } }
        retired = { value = "c4n4ry-old", enabled = false }
        late = { value = "c4n4ry-late", exp = "2021-01-01" }
        early = { value = "c4n4ry-early", nbf = "2999-01-01" }
        both = { value = '{"c4n4ry":1}', content-type = "application/json", exp = "2998-01-01" }
        1st-key = "c4n4ry-first"
        ld-preload = "c4n4ry-loaded"

        [vaults.demo.certificates.web-tls]
        subject = "CN=web.example.org"
        """

    @Test func `init makes files of what no variable can hold, and says what to know of a secret`() throws {
        try Emulator.serving(Self.grownSeed) { emulator in
            let scratch = try Scratch()
            #expect(try start(emulator, ["init"], in: scratch).ending == .code(0))
            let text = try String(contentsOfFile: scratch.path + "/latchkey.toml", encoding: .utf8)
            let lines = text.split(separator: "\n").map(String.init)
            for line in [
                "PLAIN = \"plain\"", "# RETIRED = \"retired\"  # disabled",
                "LATE = \"late\"  # expired 2021-01-01T00:00:00Z",
                "EARLY = \"early\"  # not valid before 2999-01-01T00:00:00Z",
                "BOTH = \"both\"  # expires 2998-01-01T00:00:00Z; JSON; a part of it: "
                    + "{ secret = \"both\", json = \"/NAME\" }",
                "_1ST_KEY = \"1st-key\"", "# LD_PRELOAD = \"ld-preload\"",
            ] {
                #expect(lines.contains(line), "no '\(line)' in \(text)")
            }
            #expect(text.contains(/\n# expires 20\S+Z\n\[files."license"\]\nsecret = "license"\n/), "\(text)")
            #expect(text.contains("\n[files.\"digest\"]\nsecret = \"digest\"\n"), "\(text)")
            #expect(text.contains(/\n\[files."web-tls.pem"\]\ncertificate = "web-tls"\n/), "\(text)")
            #expect(!text.contains("LICENSE") && !text.contains("WEB_TLS"))
            let check = try emulator.start(
                ["check", "--ca-file", emulator.authority, "--", Programs.probe], in: scratch
            ).end()
            #expect(check.ending == .code(0), "\(check.output)\(check.errors)")
        }
    }

    /// The first Python that has prometheus_client; nil where none has.
    private static let python = [Programs.installed("python3"), "/usr/bin/python3"].compactMap(\.self).first { python in
        let words = ["-c", "import prometheus_client.parser, prometheus_client.openmetrics.parser"]
        return (try? Launch(python, words).end().ending) == .code(0)
    }

    @Test(.enabled(if: python != nil, "needs python3-prometheus-client"))
    func `both of Prometheus' parsers read the metrics, with all names and their labels`() throws {
        let script = """
            import sys
            from prometheus_client import parser
            from prometheus_client.openmetrics import parser as openmetrics
            text = sys.stdin.read()
            for module in parser, openmetrics:
                families = list(module.text_string_to_metric_families(text))
                for name in sorted({s.name + "{" + ",".join(sorted(s.labels)) + "}" for f in families for s in f.samples}):
                    print(name)
            print(sorted({f.type for f in families}))
            """
        let names = [
            "latchkey_child_restarts_total{}", "latchkey_generation{}", "latchkey_pending{}",
            "latchkey_refresh_failures_total{code}",
            "latchkey_refresh_success_timestamp_seconds{}", "latchkey_refresh_total{outcome}",
            "latchkey_requests_total{code,endpoint}", "latchkey_secret_expiry_timestamp_seconds{secret,vault}",
            "latchkey_stale{}",
        ]
        try Emulator.serving(Self.grownSeed) { emulator in
            let scratch = try Scratch()
            let run = try emulator.run(
                "-e", "A=late", "-e", "B=both", "--refresh", "off", command: [Programs.probe, "sleep"], in: scratch)
            try run.expect(line: "ready")
            try emulator.fault("{\"endpoint\":\"vault\",\"status\":503}")
            #expect(try emulator.start(["refresh", "--wait"], in: scratch).end().ending == .code(75))
            let metrics = try emulator.start(["status", "--prometheus"], in: scratch).end()
            let read = try Launch(try #require(Self.python), ["-c", script], input: metrics.output).end()
            #expect(read.ending == .code(0), "\(read.errors)")
            let known = read.output.split(separator: "\n").map(String.init).filter {
                !$0.hasPrefix("latchkey_next_refresh_timestamp_seconds")
            }
            #expect(known == names + names + ["['counter', 'gauge']"], "\(read.output)")
            try run.end(SIGTERM)
        }
    }

    @Test func `status and refresh say by their exit codes how an instance is`() throws {
        try Emulator.serving { emulator in
            let scratch = try Scratch()
            func ask(_ words: String...) throws -> Outcome { try emulator.start(words, in: scratch).end() }
            for words in [["status"], ["refresh", "--wait"]] {
                let outcome = try emulator.start(words, in: scratch).end()
                #expect(outcome.ending == .code(3))
                #expect(outcome.failures.first?.contains("error[not-running]: ") == true)
            }

            let run = try emulator.run("-e", "A=db-password", command: [Programs.probe, "sleep"], in: scratch)
            try run.expect(line: "ready")
            let fresh = try ask("status")
            #expect(fresh.ending == .code(0))
            #expect(fresh.output.contains("env:A"))
            #expect(try ask("status", "--prometheus").output.contains("\nlatchkey_stale 0\n"))
            #expect(try ask("refresh", "--wait").ending == .code(0))

            try emulator.fault("{\"endpoint\":\"vault\",\"status\":503}")
            #expect(try ask("refresh", "--wait").ending == .code(75))
            let failing = try ask("status")
            #expect(failing.ending == .code(1))
            #expect(failing.output.contains("[vault-failing]"))
            #expect(try ask("status", "--instance", "other").ending == .code(3))
            try run.end(SIGTERM)
        }
    }
}
