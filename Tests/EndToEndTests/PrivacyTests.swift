import Foundation
import LatchkeyTestSupport
import LinuxSystem
import Testing

/// What of Latchkey's processes is in reach of others, while they run and when they crash.
@Suite(
    .enabled(if: geteuid() == 0, "only root can be two users"),
    .enabled(if: Programs.installed("setpriv") != nil, "setpriv is not installed"))
struct PrivacyTests {
    private static let user = 65_534

    /// A launcher and its first worker, which tries again and again, of a user who is not root.
    private func launch(_ azure: Emulator, _ scratch: Scratch, _ command: [String]) throws -> Launch {
        // Where that user can come to them: programs and authority.
        try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: scratch.path)
        for (from, name, mode) in [
            (Programs.latchkey, "latchkey", 0o755), (Programs.latchkey + "-worker", "latchkey-worker", 0o755),
            (Programs.probe, "probe", 0o755), (azure.authority, "authority.pem", 0o644),
        ] {
            try FileManager.default.copyItem(atPath: from, toPath: "\(scratch.path)/\(name)")
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(scratch.path)/\(name)")
        }
        // Where it works, and where a core would be.
        let place = scratch.path + "/place"
        try FileManager.default.createDirectory(
            atPath: place, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700, .ownerAccountID: Self.user, .groupOwnerAccountID: Self.user])
        try FileManager.default.createDirectory(
            atPath: place + "/instance", withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700, .ownerAccountID: Self.user, .groupOwnerAccountID: Self.user])
        return try Launch(
            try #require(Programs.installed("setpriv")),
            Self.becoming(Self.user) + [
                scratch.path + "/latchkey", "run", "--vault", azure.vault, "--ca-file",
                scratch.path + "/authority.pem", "-e", "DB_PASSWORD=db-password", "-f", "database=db-password",
                "--on-change", "none", "--", scratch.path + "/probe",
            ] + command,
            environment: try azure.environment().merging(["RUNTIME_DIRECTORY": place + "/instance"]) { $1 },
            directory: place, within: scratch)
    }

    private static func becoming(_ user: Int) -> [String] { ["--reuid=\(user)", "--regid=\(user)", "--clear-groups"] }

    /// What a user can read of a process.
    private func readable(_ process: Int32, by user: Int) throws -> String {
        let script = """
            for name in environ mem maps smaps stack auxv; do head -c 1 /proc/$0/$name >/dev/null 2>&1 && echo $name; done
            ls /proc/$0/fd /proc/$0/map_files >/dev/null 2>&1 && echo fd
            readlink /proc/$0/exe /proc/$0/cwd >/dev/null 2>&1 && echo links
            test -d /proc/$0 && echo looked
            """
        return try ChildProcess.run(
            try #require(Programs.installed("setpriv")), Self.becoming(user) + ["sh", "-c", script, "\(process)"]
        ).output
    }

    @Test func `neither another user nor the same one can read a supervisor or a worker`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            try azure.fault(#"{"name":"ill","endpoint":"vault","status":503}"#)
            let launch = try launch(azure, scratch, ["sleep"])
            let worker = try launch.worker()
            for process in [launch.pid, worker] {
                for user in [Self.user, Self.user - 1] { #expect(try readable(process, by: user) == "looked\n") }
            }
            try azure.control("DELETE", "faults/ill")
            try launch.expect(line: "ready")
            for user in [Self.user, Self.user - 1] { #expect(try readable(launch.pid, by: user) == "looked\n") }
            // That it would be seen: the app's own processes are an open book to their user.
            let child = try #require(ProcessTree.descendants(of: launch.pid).first)
            #expect(try readable(child, by: Self.user).contains("environ\n"))
            #expect(try launch.end(SIGTERM).ending == .signal(SIGTERM))
        }
    }

    /// The files where a core would be, and what is said: lines of ours, and nothing that is a secret (`Launch` looks).
    private func expectNoTrace(of outcome: Outcome, _ scratch: Scratch, _ location: SourceLocation = #_sourceLocation) {
        let lines = outcome.errors.split(separator: "\n")
        #expect(lines.allSatisfy { $0.hasPrefix("latchkey: ") }, "\(outcome.errors)", sourceLocation: location)
        let left = (try? FileManager.default.contentsOfDirectory(atPath: scratch.path + "/place")) ?? []
        #expect(left.allSatisfy { $0 == "instance" }, "\(left)", sourceLocation: location)
    }

    @Test(arguments: [SIGSEGV, SIGABRT, SIGBUS, SIGILL])
    func `a worker that crashes prints no memory and leaves no core`(signal: Int32) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            try azure.fault(#"{"name":"ill","endpoint":"vault","status":503}"#)
            let launch = try launch(azure, scratch, ["sleep"])
            kill(try launch.worker(), signal)
            let outcome = try launch.end()
            #expect(outcome.ending == .code(70))
            #expect(outcome.failures.first?.contains("error[worker-crashed]: ") == true, "\(outcome.errors)")
            expectNoTrace(of: outcome, scratch)
        }
    }

    @Test(arguments: [SIGSEGV, SIGABRT])
    func `a supervisor that crashes prints nothing, leaves no core, and its app is stopped`(signal: Int32) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try launch(azure, scratch, ["signals", "--until", "TERM"])
            try launch.expect(line: "ready")
            // All signals are blocked in the loop; one of a fault is not to be held back.
            let outcome = try launch.end(signal)
            #expect(outcome.output.contains("signal=15"), "\(outcome.output)")
            expectNoTrace(of: outcome, scratch)
        }
    }
}
