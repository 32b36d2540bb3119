import Foundation
import Testing

/// A start without identity or vault after a reboot, with what was delivered before it (`--cache sealed`).
struct SealedStartTests {
    private static let obstacle: String? = {
        if getuid() != 0 { return "only root has the machine's key" }
        return Programs.installed("systemd-creds") == nil ? "systemd-creds is not installed" : nil
    }()

    /// A machine with a key of its own. Each boot has another id and nothing in memory.
    private final class Machine {
        let azure: Emulator
        let scratch: Scratch

        init(_ azure: Emulator) throws {
            self.azure = azure
            scratch = try Scratch()
            try FileManager.default.createDirectory(
                atPath: scratch.path + "/cache", withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700])
        }

        /// The machine's keys: systemd-creds takes none that is in memory.
        private let keys = "/var/tmp/latchkey-e2e-\(UInt64.random(in: .min ... .max))"

        deinit { try? FileManager.default.removeItem(atPath: keys) }

        var file: String { scratch.path + "/cache/app.sealed" }

        /// Starts `latchkey run` in a boot of the machine.
        func start(_ options: String..., key: String = "key", before: String = "") throws -> Launch {
            try FileManager.default.createDirectory(
                atPath: "\(keys)/\(key)", withIntermediateDirectories: true)
            try? FileManager.default.removeItem(atPath: scratch.path + "/instance")
            _ = try scratch.write("\(UUID().uuidString.lowercased())\n", to: "boot_id")
            let arguments =
                [
                    "run", "--vault", azure.vault, "--ca-file", azure.authority, "--cache", "sealed", "--instance",
                    "app", "-e", "DB=db-password", "-f", "smtp=smtp", "--refresh", "off", "--start-timeout", "4s",
                ] + options + ["--", Programs.probe, "print-on", "USR1", "--env", "DB", "smtp"]
            let script = """
                mount --bind '\(keys)/\(key)' /var/lib/systemd &&
                mount --bind '\(scratch.path)/boot_id' /proc/sys/kernel/random/boot_id && \(before) exec "$@"
                """
            var variables = try azure.environment()
            variables["RUNTIME_DIRECTORY"] = scratch.path + "/instance"
            variables["CACHE_DIRECTORY"] = scratch.path + "/cache"
            return try Launch(
                Programs.installed("unshare") ?? "",
                ["-m", "/bin/sh", "-c", script, "sh", Programs.latchkey] + arguments, environment: variables,
                directory: scratch.path)
        }

        /// A boot in which the vault answers.
        func boot() throws {
            let launch = try start()
            try launch.expect(line: "ready")
            let outcome = try launch.end(SIGTERM)
            #expect(!outcome.errors.contains("cache-sealed"), "\(outcome.errors)")
        }

        func takeAway() throws { try azure.fault(#"{"name":"out","endpoint":"vault","status":503}"#) }

        func expectRefusal(_ launch: Launch) throws {
            let outcome = try launch.end()
            #expect(outcome.ending == .code(75), "\(outcome.errors)")
            #expect(outcome.errors.contains("warning[cache-sealed]"), "\(outcome.errors)")
            #expect(!FileManager.default.fileExists(atPath: file))
        }
    }

    @Test(.enabled(if: obstacle == nil, "\(obstacle ?? "")"))
    func `a reboot without the vault starts the app with what was delivered before it`() throws {
        try Emulator.serving { azure in
            let machine = try Machine(azure)
            try machine.boot()
            let attributes = try FileManager.default.attributesOfItem(atPath: machine.file)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            let sealed = try Data(contentsOf: URL(fileURLWithPath: machine.file))
            Canary.check(String(decoding: sealed, as: UTF8.self), in: "the sealed file")
            try machine.takeAway()
            let launch = try machine.start()
            try launch.expect(line: "ready")
            #expect(launch.output.lines.contains("env=DB \(fingerprint("c4n4ry-database"))"))
            #expect(launch.errors.text.contains("warning[start-cached]"), "\(launch.errors.text)")
            #expect(try machine.scratch.status().state == "stale")
            try azure.control("DELETE", "faults/out")
            let isFresh = try eventually { try machine.scratch.status().state == "fresh" }
            #expect(isFresh)
            try launch.end(SIGTERM)
        }
    }

    @Test(.enabled(if: obstacle == nil, "\(obstacle ?? "")"))
    func `another machine's key opens nothing`() throws {
        try Emulator.serving { azure in
            let machine = try Machine(azure)
            try machine.boot()
            try machine.takeAway()
            try machine.expectRefusal(try machine.start(key: "other"))
        }
    }

    @Test(.enabled(if: obstacle == nil, "\(obstacle ?? "")"), arguments: [0, 1, 2, 3, 4, 5, 6, 7])
    func `a file that was altered anywhere is not used`(eighth: Int) throws {
        try Emulator.serving { azure in
            let machine = try Machine(azure)
            try machine.boot()
            var sealed = try Data(contentsOf: URL(fileURLWithPath: machine.file))
            let index = sealed.count * eighth / 8 + 3
            sealed[index] = sealed[index] == UInt8(ascii: "B") ? UInt8(ascii: "C") : UInt8(ascii: "B")
            try sealed.write(to: URL(fileURLWithPath: machine.file))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: machine.file)
            try machine.takeAway()
            try machine.expectRefusal(try machine.start())
        }
    }

    @Test(.enabled(if: obstacle == nil, "\(obstacle ?? "")"))
    func `what is older than max-stale, of another configuration or of another instance is not used`() throws {
        try Emulator.serving { azure in
            let machine = try Machine(azure)
            for options in [["--max-stale", "1s"], ["-e", "OTHER=pair"]] {
                try machine.boot()
                try machine.takeAway()
                // Of another boot: its age is that of the calendar.
                let launch = try machine.start(
                    options[0], options[1], before: options[0] == "--max-stale" ? "sleep 2;" : "")
                try machine.expectRefusal(launch)
                try azure.control("DELETE", "faults/out")
            }
            try machine.boot()
            try FileManager.default.moveItem(
                atPath: machine.file, toPath: machine.scratch.path + "/cache/stranger.sealed")
            try machine.takeAway()
            let launch = try machine.start("--instance", "stranger")
            let outcome = try launch.end()
            #expect(outcome.ending == .code(75), "\(outcome.errors)")
            #expect(outcome.errors.contains("warning[cache-sealed]"), "\(outcome.errors)")
        }
    }

    @Test(.enabled(if: obstacle == nil, "\(obstacle ?? "")"))
    func `a refusal by the vault removes what was sealed`() throws {
        try Emulator.serving { azure in
            let machine = try Machine(azure)
            try machine.boot()
            try azure.fault(#"{"endpoint":"vault","token":true,"error":"forbidden-by-rbac"}"#)
            let outcome = try machine.start().end()
            #expect(outcome.ending == .code(77), "\(outcome.errors)")
            #expect(!FileManager.default.fileExists(atPath: machine.file))
        }
    }

    @Test(.enabled(if: obstacle == nil, "\(obstacle ?? "")"), arguments: ["off", "memory"])
    func `a start that seals nothing removes what was sealed`(cache: String) throws {
        try Emulator.serving { azure in
            let machine = try Machine(azure)
            try machine.boot()
            let launch = try machine.start("--cache", cache)
            try launch.expect(line: "ready")
            #expect(!FileManager.default.fileExists(atPath: machine.file))
            try launch.end(SIGTERM)
        }
    }

    @Test(.enabled(if: obstacle == nil, "\(obstacle ?? "")"))
    func `without systemd-creds one line says what is missing, and the app starts`() throws {
        try Emulator.serving { azure in
            let machine = try Machine(azure)
            let launch = try machine.start(before: "PATH=/nowhere;")
            try launch.expect(line: "ready")
            let outcome = try launch.end(SIGTERM)
            let said = outcome.errors.split(separator: "\n").filter { $0.contains("warning[cache-sealed]") }
            #expect(said.count == 1 && said[0].contains("systemd-creds"), "\(outcome.errors)")
        }
    }
}
