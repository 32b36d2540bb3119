import Foundation
import LatchkeyTestSupport
import Testing

/// `latchkey check`: what a run would do, and nothing done.
struct CheckTests {
    /// What a program reads of the report.
    private struct Report: Decodable {
        struct Step: Decodable {
            var name: String
            var ok: Bool
            var detail: String
            var code: String?
            var hint: String?
        }

        struct Identity: Decodable {
            var source: String
            var client_id: String?
            var tenant_id: String?
            var expires: String?
        }

        struct Secret: Decodable {
            struct Target: Decodable {
                var target: String
                var mode: String?
            }

            var name: String
            var ok: Bool
            var version: String?
            var targets: [Target]
            var code: String?
        }

        struct Command: Decodable {
            var path: String?
        }

        var schema: Int
        var ok: Bool
        var command: Command?
        var exit_code: Int32
        var steps: [Step]
        var identity: Identity?
        var secrets: [Secret]
    }

    private func check(
        _ emulator: Emulator, _ options: [String], command: [String] = [Programs.probe, "report"],
        environment: [String: String] = [:]
    ) throws -> (report: Report, code: Ending) {
        let scratch = try Scratch()
        let arguments = ["check", "--json", "--vault", emulator.vault, "--ca-file", emulator.authority] + options
        let outcome = try emulator.start(arguments + ["--"] + command, environment: environment, in: scratch).end()
        let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
        #expect(outcome.ending == .code(report.exit_code))
        #expect(report.schema == 1)
        #expect(report.ok == (report.exit_code == 0))
        // Nothing was made where the instance would be.
        #expect(!FileManager.default.fileExists(atPath: scratch.path + "/instance"))
        return (report, outcome.ending)
    }

    @Test func `it says who answered, what can be read and where it goes`() throws {
        try Emulator.serving { emulator in
            let (report, code) = try check(emulator, ["-e", "A=db-password", "-f", "tls/key=smtp#/password"])
            #expect(code == .code(0))
            #expect(report.identity?.source == "app-service")
            #expect(report.identity?.client_id?.isEmpty == false)
            #expect(report.identity?.tenant_id?.isEmpty == false)
            #expect(report.identity?.expires?.hasSuffix("Z") == true)
            #expect(report.secrets.map(\.name) == ["db-password", "smtp"])
            #expect(report.secrets.allSatisfy { $0.ok && $0.version?.count == 32 })
            #expect(report.secrets.map(\.targets).map { $0.map(\.target) } == [["env:A"], ["file:tls/key"]])
            #expect(report.secrets.last?.targets.first?.mode == "0400")
        }
    }

    @Test(arguments: [
        (["-e", "A=db-pasword"], "secret-missing"), (["-e", "A=retired"], "secret-disabled"),
        (["-e", "A=nothing", "-e", "B=retired"], "secret-disabled"),
        (["-e", "A=smtp#/nothing"], "json-member"), (["-e", "A=db-password#/x"], "value-json"),
        (["--all", "--directory", "/nowhere/at/all"], "directory-refused"),
        (["-e", "A=db-password", "--ca-file", "/dev/null"], "vault-untrusted"),
    ])
    func `it ends as a run would`(options: [String], code: String) throws {
        try Emulator.serving { emulator in
            let (report, ending) = try check(emulator, options)
            let failed = report.steps.filter { !$0.ok }
            #expect(failed.map(\.code).contains(code), "\(failed)")
            #expect(failed.allSatisfy { $0.hint?.isEmpty == false }, "\(failed)")
            let scratch = try Scratch()
            let arguments = ["run", "--vault", emulator.vault, "--ca-file", emulator.authority] + options
            let run = try emulator.start(arguments + ["--", Programs.probe, "report"], in: scratch).end()
            #expect(run.ending == ending)
        }
    }

    @Test func `the remedy of a missing permission names the identity that lacks it`() throws {
        try Emulator.serving { emulator in
            try emulator.fault("{\"endpoint\":\"vault\",\"token\":true,\"error\":\"forbidden-by-rbac\"}")
            let (report, code) = try check(emulator, ["-e", "A=db-password"])
            #expect(code == .code(77))
            let id = try #require(report.identity?.client_id)
            #expect(report.steps.compactMap(\.hint).contains { $0.contains("--assignee \(id) ") })
        }
    }

    @Test func `a value that no variable can hold is found before anything starts`() throws {
        try Emulator.serving { emulator in
            for value in [String(repeating: "c4n4ry", count: 25_000), "c4n4ry\u{0}"] {
                try emulator.rotate("db-password", to: value)
                let (report, code) = try check(emulator, ["-e", "A=db-password"])
                #expect(code == .code(65))
                #expect(report.steps.contains { $0.code == "value-size" || $0.code == "value-null" })
                let (_, asFile) = try check(emulator, ["-f", "a=db-password"])
                #expect(asFile == .code(0))
            }
        }
    }

    @Test func `a mistyped name is recognised`() throws {
        try Emulator.serving { emulator in
            let (report, _) = try check(emulator, ["-e", "A=db-pasword"])
            #expect(report.steps.compactMap(\.hint).contains { $0.hasPrefix("did you mean 'db-password'?") })
            for command in ["run", "sync"] {
                let options = ["--vault", emulator.vault, "--ca-file", emulator.authority, "-f", "a=db-pasword"]
                let end = command == "run" ? ["--", Programs.probe] : []
                let outcome = try emulator.start([command] + options + end, in: Scratch()).end()
                #expect(outcome.ending == .code(66))
                #expect(outcome.hints.first?.contains("did you mean 'db-password'?") == true)
            }
        }
    }

    @Test func `a command that is not there is said, and its exit code is`() throws {
        try Emulator.serving { emulator in
            let missing = try check(emulator, ["-e", "A=db-password"], command: ["no-such-command"])
            #expect(missing.code == .code(127))
            let unusable = try check(emulator, ["-e", "A=db-password"], command: ["/etc/passwd"])
            #expect(unusable.code == .code(126))
        }
    }

    @Test func `a command on change is looked up like the command`() throws {
        try Emulator.serving { emulator in
            for (words, code) in [("nosuch foo", Int32(127)), ("/etc/passwd", 126)] {
                let (report, ending) = try check(emulator, ["-e", "A=db-password", "--exec-on-change", words])
                #expect(ending == .code(code))
                let failed = report.steps.filter { !$0.ok }
                #expect(failed.count == 1 && failed[0].name == "command", "\(failed)")
                #expect(failed[0].detail.hasPrefix("command on change '\(words.prefix { $0 != " " })': "))
                #expect(failed[0].hint?.isEmpty == false)
            }
            let replacing = ["-e", "A=db-password", "--on-change", "replace", "--ready", "exec:nosuch foo"]
            let (report, ending) = try check(emulator, replacing)
            #expect(ending == .code(127))
            #expect(report.steps.contains { $0.detail.hasPrefix("command of --ready 'nosuch': ") })
            let options = ["--vault", emulator.vault, "--ca-file", emulator.authority, "-e", "A=db-password"]
            let said = try emulator.start(
                ["check", "--exec-on-change", "nosuch foo"] + options + ["--", Programs.probe], in: Scratch()
            ).end()
            #expect(
                said.output.hasSuffix("\n'latchkey run' would start, and fail at the first change: exit code 127\n"))
            // What a run would end with goes first.
            let both = try check(
                emulator, ["-e", "A=db-password", "--exec-on-change", "nosuch"], command: ["/etc/passwd"])
            #expect(both.code == .code(126))
            let (_, found) = try check(emulator, ["-e", "A=db-password", "--exec-on-change", "true"])
            #expect(found == .code(0))
        }
    }

    @Test func `an interpreter that is not there is named, by a check and by a run`() throws {
        try Emulator.serving { emulator in
            let scratch = try Scratch()
            let script = try scratch.write("#!/nowhere/interpreter -x\n", to: "script")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
            let checked = try check(emulator, ["-e", "A=db-password"], command: [script])
            #expect(checked.code == .code(127))
            let step = checked.report.steps.first { $0.code == "child-not-found" }
            #expect(
                step?.detail
                    == "command '\(script)': '\(script)' is run by '/nowhere/interpreter', which does not exist")
            let run = try emulator.run("-e", "A=db-password", command: [script], in: scratch).end()
            #expect(run.ending == .code(127))
            #expect(run.failures.first?.contains("the interpreter that its first line names") == true)
            #expect(run.hints.first == "latchkey: hint: see which with 'latchkey check -- \(script)'")
        }
    }

    @Test func `a program for another machine is not executable, and not the shell's`() throws {
        try Emulator.serving { emulator in
            let scratch = try Scratch()
            var bytes = try Data(contentsOf: URL(fileURLWithPath: "/bin/true"))
            // s390x, by `e_machine` of elf(5).
            bytes.replaceSubrange(18..<20, with: [22, 0])
            let program = try scratch.write("", to: "program")
            try bytes.write(to: URL(fileURLWithPath: program))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
            let checked = try check(emulator, ["-e", "A=db-password"], command: [program])
            #expect(checked.code == .code(126))
            let step = try #require(checked.report.steps.first { $0.code == "child-not-executable" })
            #expect(step.detail.contains("'\(program)' is compiled for s390x, and this machine is "))
            for options in [[], ["--once"]] {
                let source = ["run", "--vault", emulator.vault, "--ca-file", emulator.authority]
                let run = try emulator.start(source + options + ["--", program], in: scratch).end()
                #expect(run.ending == .code(126))
                #expect(run.hints.last == "latchkey: hint: see what keeps it back with 'latchkey check -- \(program)'")
            }
        }
    }

    @Test(
        .enabled(
            if: PrivateMounts.areThere && Programs.installed("unshare") != nil, "needs root: a file system of its own"))
    func `a file system that nothing may be executed on is named`() throws {
        try Emulator.serving { emulator in
            let scratch = try Scratch()
            let mount = "mkdir m && mount -t tmpfs -o noexec none m && cp /bin/true m && exec \"$@\" -- $PWD/m/true"
            let source = ["--vault", emulator.vault, "--ca-file", emulator.authority, "-e", "A=db-password"]
            let outcome = try Launch(
                try #require(Programs.installed("unshare")),
                ["-m", "--propagation", "private", "sh", "-ec", mount, "sh", Programs.latchkey, "check"] + source,
                environment: try emulator.environment(), directory: scratch.path, within: scratch
            ).end()
            #expect(outcome.ending == .code(126))
            #expect(outcome.output.contains("/m/true' lies on a file system that is mounted noexec"))
            #expect(outcome.output.contains("'findmnt -T "))
        }
    }

    @Test func `a script whose program env does not find starts, and a check warns of it`() throws {
        try Emulator.serving { emulator in
            let scratch = try Scratch()
            let script = try scratch.write("#!/usr/bin/env no-such-language\n", to: "script")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
            let checked = try check(emulator, ["-e", "A=db-password"], command: [script])
            #expect(checked.code == .code(0))
            let step = try #require(checked.report.steps.first { $0.code == "child-not-found" })
            #expect(step.ok && step.detail.contains("PATH leads to no 'no-such-language'"))
        }
    }

    @Test func `a check without a command says that it was given none`() throws {
        try Emulator.serving { emulator in
            let arguments = ["check", "--vault", emulator.vault, "--ca-file", emulator.authority, "-e", "A=smtp"]
            let outcome = try emulator.start(arguments, in: Scratch()).end()
            #expect(outcome.ending == .code(0))
            #expect(outcome.output.contains("no COMMAND was given"))
            #expect(outcome.output.hasSuffix("\ngiven a COMMAND, 'latchkey run' would start\n"))
            // Names below localhost are this machine's.
            #expect(outcome.output.contains(".localhost is 127.0.0.1 (private), ::1 (private)"))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root: another user's rights"))
    func `a command is looked for with the rights of the user that is to run it`() throws {
        try Emulator.serving { emulator in
            // 0700, and root's.
            let scratch = try Scratch()
            let program = scratch.path + "/true"
            try FileManager.default.copyItem(atPath: "/bin/true", toPath: program)
            let options = ["-e", "A=db-password", "--user", "65534:65534"]
            let named = try check(emulator, options, command: [program])
            let found = try check(
                emulator, options, command: ["true"], environment: ["PATH": "\(scratch.path):/usr/bin:/bin"])
            #expect(named.code == .code(126))
            #expect(named.report.steps.compactMap(\.hint).contains { $0.hasPrefix("'namei -l \(program)' shows") })
            #expect(found.code == .code(0))
            #expect(found.report.command?.path == "/usr/bin/true")
            let vault = ["run", "--vault", emulator.vault, "--ca-file", emulator.authority] + options
            let run = try emulator.start(vault + ["--", program], in: Scratch()).end()
            #expect(run.ending == named.code)
        }
    }

    @Test func `a directory that a running instance has is refused as a run refuses it`() throws {
        try Emulator.serving { emulator in
            let scratch = try Scratch()
            let options = ["--vault", emulator.vault, "--ca-file", emulator.authority, "-f", "a=db-password"]
            let named = options + ["--directory", scratch.path + "/secrets"]
            let first = try emulator.start(["run"] + named + ["--", Programs.probe, "sleep"], in: scratch)
            try first.expect(line: "ready")
            for arguments in [options, named] {
                let check = try emulator.start(["check"] + arguments + ["--", Programs.probe], in: scratch).end()
                #expect(check.ending == .code(73))
                #expect(check.output.contains("[directory-busy]"))
            }
            let other = try emulator.start(
                ["check"] + named + ["--", Programs.probe], environment: ["RUNTIME_DIRECTORY": scratch.path + "/other"],
                in: scratch
            ).end()
            #expect(other.ending == .code(73))
            try first.end(SIGTERM)
        }
    }

    private static let hasStrace = Programs.installed("strace") != nil

    /// What changes the file system, takes a lock, starts a program or signals one.
    private static let writes =
        "creat,mkdir,mkdirat,mknod,mknodat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,"
        + "rmdir,truncate,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,flock,kill,tgkill,open,openat,openat2,"
        + "fcntl,execve,execveat"

    /// `/run` in memory and on a disk, where the tests may make it so.
    private static let mounts =
        PrivateMounts.areThere ? ["mount -t tmpfs -o mode=0755 none /run", "mount --bind /var/tmp /run"] : []

    @Test(.enabled(if: hasStrace, "strace is not installed"), arguments: [nil] + mounts)
    func `it writes nothing, takes nothing and starts nothing but the worker`(mount: String?) throws {
        try Emulator.serving { emulator in
            let scratch = try Scratch()
            let strace = try #require(Programs.installed("strace"))
            let shell = ["-m", "--propagation", "private", "sh", "-ec", "\(mount ?? ""); exec \"$@\"", "sh", strace]
            let arguments = [
                "check", "--vault", emulator.vault, "--ca-file", emulator.authority, "-e", "A=db-password",
            ]
            let outcome = try Launch(
                mount == nil ? strace : try #require(Programs.installed("unshare")),
                (mount == nil ? [] : shell)
                    + ["-f", "-qq", "-o", scratch.path + "/calls", "-e", "trace=\(Self.writes)", Programs.latchkey]
                    + arguments + ["-f", "a=db-password", "--", Programs.probe, "report"],
                environment: try emulator.environment(), directory: scratch.path
            ).end()
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            let calls = try String(contentsOfFile: scratch.path + "/calls", encoding: .utf8).split(separator: "\n")
            #expect(calls.count > 10)
            let harmless = calls.filter { call in
                let isReading =
                    call.contains("open")
                    && ["O_CREAT", "O_WRONLY", "O_RDWR", "O_TRUNC"].allSatisfy { !call.contains($0) }
                // The mode of the copy in memory that the worker is started from.
                let isCopy = call.contains(" fchmod(") && call.contains(", 0111)")
                return isReading || isCopy || (call.contains(" fcntl(") && !call.contains("SETLK"))
            }
            let writes = calls.filter { !harmless.contains($0) }
            // `latchkey` itself, and the worker that it becomes.
            #expect(writes.count == 2, "\(writes)")
            #expect(writes.allSatisfy { $0.contains("exec") })
        }
    }

    @Test func `what is missing and may be is a warning`() throws {
        try Emulator.serving { emulator in
            let (report, code) = try check(emulator, ["-e", "A=nothing", "--if-missing", "warn"])
            #expect(code == .code(0))
            #expect(report.secrets.first?.code == "secret-missing")
        }
    }

    @Test func `the text names steps, marks and the end, and no value`() throws {
        try Emulator.serving { emulator in
            let scratch = try Scratch()
            let arguments = ["check", "--explain", "--vault", emulator.vault, "--ca-file", emulator.authority]
            let outcome = try emulator.start(
                arguments + ["-e", "A=db-password", "--", Programs.probe, "report"], in: scratch
            ).end()
            #expect(outcome.ending == .code(0))
            #expect(outcome.output.contains("\nidentity\n"))
            #expect(outcome.output.contains("passed over client-secret: AZURE_CLIENT_SECRET is not set"))
            #expect(outcome.output.contains("goes to env:A by '-e A=…'"))
            #expect(outcome.output.hasSuffix("\n'latchkey run' would start\n"))
            #expect(!outcome.output.contains("\u{1b}"))
        }
    }
}
