import Foundation
import LatchkeyTestSupport
import Testing

/// What surrounds a start: descriptors, the working directory, the user, and what others have put into variables.
struct SurroundingsTests {
    @Test func `az reads nothing of the command's standard input, and has no terminal`() throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            let folder = scratch.path + "/bin"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            let script = """
                #!/bin/sh
                cat >\(scratch.path)/read
                ps -o tty= -p $$ >\(scratch.path)/terminal
                exit 1
                """
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: try scratch.write(script, to: "bin/az"))
            let outcome = try azure.start(
                [
                    "run", "--vault", azure.vault, "--ca-file", azure.authority, "--identity", "azure-cli", "-e",
                    "A=db-password", "--", "true",
                ], environment: ["PATH": folder + ":/usr/bin:/bin"], in: scratch,
                shell: "printf 'SELECT 1;\\n' >input; exec \"$@\" <input"
            ).end()
            #expect(outcome.ending == .code(77), "\(outcome.errors)")
            #expect(try String(contentsOfFile: scratch.path + "/read", encoding: .utf8) == "")
            let terminal = try String(contentsOfFile: scratch.path + "/terminal", encoding: .utf8)
            #expect(terminal.trimmingCharacters(in: .whitespacesAndNewlines) == "?")
        }
    }

    @Test(arguments: [["--config", "/dev/fd/9"], ["--ca-file", "/proc/self/fd/9"], ["--ca-file", "/dev/stdin"]])
    func `what can be read once only is refused, where it is read again at every refresh`(option: [String]) throws {
        let scratch = try Scratch()
        _ = try scratch.write("", to: "file")
        let outcome = try Launch(
            "/bin/sh",
            ["-c", "exec 9<\(scratch.path)/file; exec \"$@\"", "sh", Programs.latchkey, "run"] + option + [
                "--", "true",
            ],
            directory: scratch.path, within: scratch
        ).end()
        #expect(outcome.ending == .code(64), "\(outcome.errors)")
        #expect(outcome.failures.joined().contains("'\(option[1])' can be read once only"), "\(outcome.errors)")
        #expect(outcome.hints.joined().contains("write it to a file"), "\(outcome.errors)")
    }

    @Test(.enabled(if: ForeignUser.obstacle == nil, "\(ForeignUser.obstacle ?? "")"))
    func `a working directory that can't be searched has no configuration`() throws {
        try Emulator.serving { azure in
            let foreign = try ForeignUser(65534, azure)
            let closed = foreign.scratch.path + "/closed"
            try FileManager.default.createDirectory(
                atPath: closed, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            let words = ForeignUser.becoming(65534) + [foreign.scratch.path + "/latchkey", "run"]
            let outcome = try Launch(
                try #require(Programs.installed("setpriv")),
                words + [
                    "--vault", azure.vault, "--ca-file", foreign.scratch.path + "/authority.pem", "-e", "A=db-password",
                    "--", "true",
                ], environment: try azure.environment().merging(["RUNTIME_DIRECTORY": foreign.instance]) { $1 },
                directory: closed, within: foreign.scratch
            ).end()
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can start a command as another user"))
    func `another user's command finds that user's variables, and one that is delivered wins`() throws {
        try Emulator.serving { azure in
            let vault = ["run", "--vault", azure.vault, "--ca-file", azure.authority, "--user", "nobody"]
            let shown = ["sh", "-c", "echo $HOME $USER $LOGNAME $SHELL"]
            let inherited = ["HOME": "/root", "USER": "root", "LOGNAME": "root", "SHELL": "/bin/bash"]
            let plain = try azure.printed(vault, command: shown, environment: inherited)
            let record = try ChildProcess.run("/usr/bin/getent", ["passwd", "nobody"]).output
            let fields = record.trimmingCharacters(in: .newlines).split(
                separator: ":", omittingEmptySubsequences: false)
            let (home, shell) = (fields[5], fields[6])
            #expect(plain == "\(home) nobody nobody \(shell)\n")
            let chosen = try azure.printed(
                vault + ["-e", "LOGNAME=db-password"], command: shown, environment: inherited)
            #expect(chosen == "\(home) nobody c4n4ry-database \(shell)\n")
        }
    }

    @Test(arguments: ["\n", " \n", "\r\n"])
    func `blanks around an inherited reference don't hide it`(blanks: String) throws {
        try Emulator.serving { azure in
            let reference = "\(blanks)@Microsoft.KeyVault(SecretUri=\(azure.vault)/secrets/db-password)\(blanks)"
            let output = try azure.printed(
                ["run", "--ca-file", azure.authority], command: ["sh", "-c", "echo \"$DB\""],
                environment: ["DB": reference])
            #expect(output == "c4n4ry-database\n")
        }
    }
}
