import Foundation
import LatchkeyTestSupport
import Testing

/// Messages as somebody reads them who has only them: one line each, with a code, and where there is a next step one
/// that says it. Rows whose like stands in no other suite.
struct MessageTests {
    struct Row: Sendable {
        var code: String
        var ending: Int32
        /// Behind `run` and the vault's options.
        var options: [String] = []
        /// `latchkey.toml` of the working directory.
        var configuration: String?
        var environment: [String: String] = [:]
        /// A part of the message, and of its hint.
        var says: String
        var hint: String?
    }

    private static let rows = [
        Row(code: "config-syntax", ending: 78, configuration: "[env\n", says: "latchkey.toml:1:"),
        Row(
            code: "config-key", ending: 78, configuration: "[refersh]\nevery = \"1m\"\n", says: "latchkey.toml:1:2",
            hint: "did you mean 'refresh'?"),
        Row(
            code: "config-value", ending: 78, configuration: "[refresh]\nevery = \"often\"\n",
            says: "latchkey.toml:2:9",
            hint: "30s, 5m"),
        Row(
            code: "config-duplicate", ending: 78, options: ["-e", "A=db-password", "-e", "A=smtp"],
            says: "'db-password' by '-e A=…' and 'smtp' by", hint: "keep one of them"),
        Row(
            code: "reference-syntax", ending: 64, options: ["-e", "A=x y"], says: "'-e A=…'", hint: "akv://VAULT/NAME"),
        Row(code: "nothing-to-deliver", ending: 0, says: "there is no ./latchkey.toml", hint: "-e, -f, --all"),
        Row(
            code: "nothing-to-deliver", ending: 0, options: ["--all=none--", "--tag", "app=web"],
            says: "no enabled secret whose name begins with 'none--' with the tag 'app=web'", hint: "latchkey list"),
        Row(
            code: "option-unused", ending: 0, options: ["-e", "A=db-password"],
            environment: ["LATCHKEY_STRAT_TIMEOUT": "5s"], says: "'LATCHKEY_STRAT_TIMEOUT'",
            hint: "did you mean 'LATCHKEY_START_TIMEOUT'?"),
        Row(
            code: "variable-name", ending: 0, options: ["-e", "1FOO=db-password"],
            says: "'-e 1FOO=…': no shell can read a variable of the name '1FOO'", hint: "no digit first"),
        Row(
            code: "variable-name", ending: 0, options: ["--all=1st"], says: "'1ST_KEY', made of secret '1st-key'",
            hint: "'-e _1ST_KEY=1st-key'"),
        Row(
            code: "option-value", ending: 64, options: ["-e", "A B=db-password"],
            says: "'-e A B=…': a variable's name holds no blanks"),
        Row(
            code: "option-value", ending: 64, options: ["-e", "A=db-password", "--refresh", "5"],
            says: "'--refresh': '5' is no duration", hint: "a number with a unit, such as 30s"),
        Row(
            code: "child-not-found", ending: 0, options: ["-e", "A=db-password", "--exec-on-change", "nosuch foo"],
            says: "command on change 'nosuch': no such file", hint: "PATH"),
        Row(
            code: "file-form", ending: 0, options: ["-f", "tls/server.pem=bundle"],
            says: "'bundle' is delivered as PKCS #12 (PFX) in base64, and a program takes 'tls/server.pem' for PEM",
            hint: "as a certificate"),
        Row(
            code: "secret-left-out", ending: 0, options: ["-e", "A=nothing", "--if-missing", "warn"],
            says: "left out: env:A"),
        Row(
            code: "secret-not-yet-valid", ending: 0, options: ["-e", "A=early"], says: "'early' is not valid before 2"),
        Row(code: "secret-expired", ending: 0, options: ["-e", "A=late"], says: "'late' expired 2"),
        Row(code: "secret-expires", ending: 0, options: ["-e", "A=soon"], says: "'soon' expires 2"),
        Row(
            code: "environment-size", ending: 65, options: (1...20).flatMap { ["-e", "A\($0)=large"] },
            says: "of secret 'large' with 120000 bytes", hint: "as files with '-f'"),
        Row(code: "value-size", ending: 65, options: ["-e", "A=larger"], says: "'larger'", hint: "-f larger=larger"),
        Row(code: "name-refused", ending: 65, options: ["--all=ld-"], says: "'LD_PRELOAD'", hint: "'-e'"),
        Row(
            code: "template-missing", ending: 66, configuration: "[files]\na = { template = \"/nowhere/a\" }\n",
            says: "'/nowhere/a'"),
        Row(
            code: "template-syntax", ending: 65, configuration: "[files]\na = { template = \"open.mustache\" }\n",
            says: "open.mustache"),
        Row(code: "json-member", ending: 66, options: ["-e", "A=smtp#/nothing"], says: "'/nothing'", hint: "pointer"),
        Row(code: "value-json", ending: 65, options: ["-e", "A=db-password#/a"], says: "not JSON", hint: "behind '#'"),
        Row(
            code: "value-encoding", ending: 65,
            configuration: "[env]\nA = { secret = \"smtp\", encoding = \"base64\" }\n",
            says: "'smtp'"),
        Row(
            code: "vault-unreachable", ending: 75,
            options: ["-e", "A=https://127.0.0.1:1/secrets/a", "--start-timeout", "3s"], says: "could not connect"),
    ]

    @Test func `what is wrong is said in one line, with its code and the way on`() throws {
        try Emulator.serving { azure in
            func put(_ name: String, _ value: String, _ members: [String: String] = [:]) throws {
                let body = try JSONEncoder().encode(members.merging(["value": value]) { $1 })
                try azure.control("PUT", "vaults/demo/secrets/\(name)", String(decoding: body, as: UTF8.self))
            }
            try put("early", "c4n4ry-early", ["nbf": "+2d"])
            try put("late", "c4n4ry-late", ["exp": "-2d"])
            try put("soon", "c4n4ry-soon", ["exp": "+2d"])
            try put("large", String(repeating: "c4n4ry", count: 20_000))
            try put("larger", String(repeating: "c4n4ry", count: 25_000))
            try put("ld-preload", "c4n4ry-loaded")
            try put("1st-key", "c4n4ry-first")
            try put("bundle", "c4n4ry-bundle", ["content-type": "application/x-pkcs12"])
            for row in Self.rows {
                let scratch = try Scratch()
                _ = try scratch.write("{{db-password", to: "open.mustache")
                if let text = row.configuration { _ = try scratch.write(text, to: "latchkey.toml") }
                let outcome = try azure.start(
                    ["run", "--vault", azure.vault, "--ca-file", azure.authority] + row.options
                        + ["--", Programs.probe, "exit", "0"], environment: row.environment, in: scratch
                ).end()
                #expect(outcome.ending == .code(row.ending), "\(row.code): \(outcome.errors)")
                let lines = outcome.errors.split(separator: "\n").map(String.init)
                let severity = row.ending == 0 ? "warning" : "error"
                let said = lines.filter { $0.hasPrefix("latchkey: \(severity)[\(row.code)]: ") }
                #expect(said.count == 1 && said[0].contains(row.says), "\(row.code): \(outcome.errors)")
                if let hint = row.hint {
                    #expect(outcome.hints.contains { $0.contains(hint) }, "\(row.code): \(outcome.errors)")
                }
                #expect(lines.allSatisfy { $0.hasPrefix("latchkey: ") && $0.utf8.count < 1024 && !$0.hasSuffix(".") })
            }
        }
    }

    // MARK: a running instance

    /// Runs with refreshes on request only, changes something, and waits for what is said of it.
    private func expect(
        _ message: String, of azure: Emulator, _ options: [String], command: [String] = ["sleep"],
        configuration: String = "", after change: (Scratch) throws -> Void, status words: String? = nil
    ) throws {
        let scratch = try Scratch()
        _ = try scratch.write(configuration, to: "latchkey.toml")
        let launch = try azure.start(
            ["run", "--vault", azure.vault, "--ca-file", azure.authority, "--refresh", "off", "--instance", "told"]
                + options + ["--", Programs.probe] + command, in: scratch)
        try launch.expect(line: "ready")
        try change(scratch)
        try azure.start(["refresh", "--wait", "--instance", "told"], in: scratch).end()
        try launch.expect(error: message)
        if let words {
            let status = try azure.start(["status", "--instance", "told"], in: scratch).end().output
            #expect(status.contains(words), "\(status)")
        }
        try launch.end(SIGTERM)
    }

    @Test func `a change that does not reach the command is said`() throws {
        try Emulator.serving { azure in
            var turn = 0
            func rotate(_ scratch: Scratch) throws {
                turn += 1
                try azure.rotate("db-password", to: "c4n4ry-\(turn)")
            }
            try expect(
                "warning[environment-stale]: changed environment variables can't reach a running process: A, C\n",
                of: azure, ["-e", "A=db-password", "-e", "B=smtp", "-e", "C=db-password", "--on-change", "none"],
                after: rotate, status: "A, C have changed since the command was started")
            try expect("warning[change-unannounced]: ", of: azure, ["-f", "a=db-password"], after: rotate)
            try expect(
                "warning[signal-unhandled]: ", of: azure, ["-f", "a=db-password", "--signal", "USR1"], after: rotate)
            try expect(
                "warning[action-failed]: ", of: azure, ["-f", "a=db-password", "--exec-on-change", "false"],
                after: rotate)
            try expect(
                "info[child-restarting]: ", of: azure, ["-e", "A=db-password", "--on-change", "restart"], after: rotate)
            try expect("debug[child-started]: ", of: azure, ["--log-level", "debug"]) { _ in }
        }
    }

    private func sidecar(_ azure: Emulator, _ options: [String], in scratch: Scratch) throws -> Launch {
        try azure.start(
            [
                "sidecar", "--vault", azure.vault, "--ca-file", azure.authority, "--refresh", "off", "-f",
                "a=db-password", "--instance", "told",
            ] + options, in: scratch)
    }

    @Test func `a sidecar whose variables nobody would see says so, and goes on`() throws {
        try Emulator.serving { azure in
            let sidecar = try sidecar(azure, ["-e", "A=db-password"], in: Scratch())
            try sidecar.expect(
                error: "warning[option-unused]: '-e A=…': 'sidecar' starts no command that could get variables")
            let outcome = try sidecar.end(SIGTERM)
            #expect(outcome.hints.first?.contains("--exec-on-change") == true, "\(outcome.errors)")
        }
    }

    @Test func `a sidecar's command on change gets its variables`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let sidecar = try sidecar(
                azure, ["-e", "A=db-password", "--exec-on-change", "sh -c 'printenv A >A.new && mv A.new A'"],
                in: scratch)
            #expect(eventually { (try? scratch.status().state) == "fresh" })
            try azure.rotate("db-password", to: "c4n4ry-next")
            try azure.start(["refresh", "--wait", "--instance", "told"], in: scratch).end()
            #expect(
                eventually {
                    (try? String(contentsOfFile: scratch.path + "/A", encoding: .utf8)) == "c4n4ry-next\n"
                })
            #expect(!(try sidecar.end(SIGTERM).errors.contains("option-unused")))
        }
    }

    @Test func `a sidecar whose neighbour is not there says so at the start, and at every change`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let sidecar = try sidecar(azure, ["--signal-pid", "name:nobody-here"], in: scratch)
            try sidecar.expect(
                error: "warning[signal-target]: there is no process to signal yet: a process named 'nobody-here'")
            #expect(eventually { (try? scratch.status().state) == "fresh" })
            try azure.rotate("db-password", to: "c4n4ry-next")
            try azure.start(["refresh", "--wait", "--instance", "told"], in: scratch).end()
            try sidecar.expect(error: "warning[signal-target]: no process to signal: ")
            try sidecar.end(SIGTERM)
        }
    }

    @Test func `a configuration that needs a restart, and one that can't be used, are told apart`() throws {
        try Emulator.serving { azure in
            let before = "[files]\na = \"db-password\"\n"
            try expect(
                "warning[config-restart]: a change of child.stop-timeout needs a restart", of: azure, [],
                configuration: before
            ) { scratch in
                _ = try scratch.write(before + "[child]\nstop-timeout = \"3s\"\n", to: "latchkey.toml")
            }
            try expect("error[config-kept]: latchkey.toml:3:", of: azure, [], configuration: before) { scratch in
                _ = try scratch.write(before + "b = \n", to: "latchkey.toml")
            }
        }
    }

    @Test func `a secret that is gone is said as an error while its value is kept`() throws {
        try Emulator.serving { azure in
            try expect("error[secret-gone]: vault 'demo': ", of: azure, ["-f", "a=db-password"]) { _ in
                try azure.control("DELETE", "vaults/demo/secrets/db-password")
            }
        }
    }

    @Test func `a refresh that works again is said`() throws {
        try Emulator.serving { azure in
            try expect("info[refresh-recovered]: refreshed again: ", of: azure, ["-f", "a=db-password"]) { scratch in
                try azure.fault("{\"endpoint\":\"vault\",\"token\":true,\"error\":\"forbidden-by-rbac\"}")
                let failed = try azure.start(["refresh", "--wait", "--instance", "told"], in: scratch).end()
                #expect(failed.ending == .code(77))
                try azure.control("DELETE", "faults")
            }
        }
    }

    // MARK: the worker

    /// What is said where another program stands in the worker's place; nil for none.
    private func said(worker: String?, _ environment: [String: String] = [:]) throws -> Outcome {
        let scratch = try Scratch()
        try FileManager.default.copyItem(atPath: Programs.latchkey, toPath: scratch.path + "/latchkey")
        if let worker { try FileManager.default.copyItem(atPath: worker, toPath: scratch.path + "/latchkey-worker") }
        return try Launch(
            scratch.path + "/latchkey", ["run", "--", "true"],
            environment: environment.merging(["RUNTIME_DIRECTORY": scratch.path + "/instance"]) { $1 }, within: scratch
        ).end()
    }

    @Test(arguments: [
        ("garbage", "worker-report", "the worker's report can't be read: ", "of one version"),
        ("hang", "worker-hung", "the worker did not answer in time and was killed", "'latchkey check'"),
        ("crash", "worker-crashed", "the worker ended without a report (", "the kernel's log"),
    ])
    func `a worker that fails at the start is said with the way on`(
        way: String, code: String, words: String, hint: String
    ) throws {
        let outcome = try said(
            worker: Programs.stubWorker, ["STUB_FIRST": way, "STUB_ATTEMPT_TIMEOUT": "100"])
        #expect(outcome.ending == .code(70))
        #expect(outcome.failures.count == 1)
        #expect(outcome.failures.first?.hasPrefix("latchkey: error[\(code)]: \(words)") == true, "\(outcome.errors)")
        #expect(outcome.hints.first?.contains(hint) == true, "\(outcome.errors)")
    }

    @Test func `a worker that is not there, or is none, ends the start`() throws {
        let missing = try said(worker: nil)
        #expect(missing.ending == .code(71))
        #expect(missing.failures.first?.contains("error[worker-missing]: ") == true, "\(missing.errors)")
        #expect(missing.hints.first?.contains("install latchkey-worker beside latchkey") == true)
        let other = try said(worker: Programs.probe)
        #expect(other.ending == .code(70))
        #expect(other.failures.first?.contains("error[worker-crashed]: ") == true, "\(other.errors)")
    }

    @Test(.enabled(if: Programs.installed("strace") != nil, "strace is not installed"))
    func `a kernel that can't confine the worker is said to who asks for details`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let strace = ["-f", "-qq", "-o", "/dev/null", "-e", "inject=landlock_create_ruleset:error=ENOSYS"]
            let words = [Programs.latchkey, "run", "--vault", azure.vault, "--ca-file", azure.authority]
            let variables = try azure.environment().merging(["RUNTIME_DIRECTORY": scratch.path + "/instance"]) { $1 }
            let outcome = try Launch(
                try #require(Programs.installed("strace")),
                strace + words + ["--log-level", "debug", "-e", "A=db-password", "--", "true"], environment: variables,
                directory: scratch.path, within: scratch
            ).end()
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            #expect(outcome.errors.contains("debug[confinement-missing]: "), "\(outcome.errors)")
        }
    }

    // MARK: the directory

    private static let canMount = PrivateMounts.areThere && Programs.installed("unshare") != nil

    /// `sync` with the secrets directory on a file system of its own, mounted in a name space of its own.
    private func sync(_ azure: Emulator, _ value: String, mount options: String) throws -> Outcome {
        try azure.rotate("db-password", to: value)
        let scratch = try Scratch()
        let mount = "mkdir m && mount -t tmpfs -o \(options) none m && exec \"$@\" --directory $PWD/m"
        let words = [Programs.latchkey, "sync", "--vault", azure.vault, "--ca-file", azure.authority]
        return try Launch(
            try #require(Programs.installed("unshare")),
            ["-m", "--propagation", "private", "sh", "-ec", mount, "sh"] + words + ["-f", "a=db-password"],
            environment: try azure.environment(), directory: scratch.path, within: scratch
        ).end()
    }

    @Test(.enabled(if: canMount, "needs root: a file system of its own"))
    func `a full file system is an error, and one that others can write a warning`() throws {
        try Emulator.serving { azure in
            let full = try sync(azure, String(repeating: "c4n4ry", count: 4000), mount: "size=16k,mode=0700")
            #expect(full.ending == .code(74))
            #expect(full.failures.first?.contains("error[directory-write]: ") == true, "\(full.errors)")
            let shared = try sync(azure, "c4n4ry", mount: "mode=0777")
            #expect(shared.ending == .code(0))
            #expect(shared.errors.contains("warning[directory-shared]: "), "\(shared.errors)")
        }
    }

    @Test(.enabled(if: canMount, "needs root: another user's rights"))
    func `a run that delivers no files goes on without a directory, and says so`() throws {
        let user = "\(UInt32.random(in: 1_000_000...2_000_000))"
        let place = NSTemporaryDirectory() + "latchkey-e2e-" + user
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: place) }
        // The worker takes another user's place in this test only where that user may execute it.
        for name in ["latchkey", "latchkey-worker"] {
            let from = URL(fileURLWithPath: Programs.latchkey).deletingLastPathComponent().path
            try FileManager.default.copyItem(atPath: "\(from)/\(name)", toPath: "\(place)/\(name)")
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place)
        let line = "mount -t tmpfs -o ro none /dev/shm && exec setpriv --reuid=$0 --regid=$0 --clear-groups \"$@\""
        let outcome = try Launch(
            try #require(Programs.installed("unshare")),
            ["--mount", "--propagation", "private", "sh", "-c", line, user, place + "/latchkey", "run", "--", "true"]
        ).end()
        #expect(outcome.ending == .code(0))
        #expect(outcome.errors.contains("warning[directory-unavailable]: "), "\(outcome.errors)")
    }
}
