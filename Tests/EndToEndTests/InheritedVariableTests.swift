import Foundation
import Testing

/// Variables that programs are led by, where Latchkey was started with them.
struct InheritedVariableTests {
    /// Variables by which others choose what a program loads, trusts or writes down.
    private static let treacherous = [
        "LD_PRELOAD": "trap.so", "LD_AUDIT": "trap.so", "LD_LIBRARY_PATH": "", "OPENSSL_CONF": "trap.cnf",
        "OPENSSL_MODULES": "", "OPENSSL_ENGINES": "", "SSLKEYLOGFILE": "keys", "CURL_CA_BUNDLE": "trap.pem",
        "CURL_HOME": "", "GCONV_PATH": "", "HOSTALIASES": "aliases", "NETRC": "netrc",
    ]

    /// Files that the program opened below the folder that the variables name; `probe` needs no library.
    private func opened(_ arguments: [String], _ azure: Emulator) throws -> (Outcome, [Substring]) {
        let scratch = try Scratch()
        let trap = scratch.path + "/trap"
        try FileManager.default.createDirectory(atPath: trap, withIntermediateDirectories: false)
        for name in Set(Self.treacherous.values) where !name.isEmpty { _ = try scratch.write("", to: "trap/\(name)") }
        var variables = try azure.environment()
        variables["RUNTIME_DIRECTORY"] = scratch.path + "/instance"
        // For the programs under test only: strace has a loader too.
        let set = Self.treacherous.sorted { $0.key < $1.key }.flatMap { ["-E", "\($0.key)=\(trap)/\($0.value)"] }
        let outcome = try Launch(
            try #require(Programs.installed("strace")),
            ["-D", "-f", "-qq", "-o", scratch.path + "/trace", "-e", "trace=%file"] + set + [Programs.latchkey]
                + arguments, environment: variables, directory: scratch.path, printsSecrets: true
        ).end()
        #expect(try FileManager.default.attributesOfItem(atPath: trap + "/keys")[.size] as? Int == 0)
        let lines = try String(contentsOfFile: scratch.path + "/trace", encoding: .utf8).split(separator: "\n")
        #expect(lines.contains { $0.contains("latchkey-worker") || $0.contains("ld.so") }, "strace saw too little")
        return (outcome, lines.filter { $0.contains(trap) && !$0.contains("exec") })
    }

    @Test(
        .enabled(if: Programs.installed("strace") != nil, "strace is not installed"),
        arguments: ["run", "get", "list", "check", "sync"])
    func `variables change neither what is loaded nor what is trusted`(command: String) throws {
        try Emulator.serving { azure in
            let options = ["--vault", azure.vault, "--ca-file", azure.authority]
            var arguments = [command] + options
            switch command {
            case "run": arguments += ["-e", "DB_PASSWORD=db-password", "--", Programs.probe, "exit", "0"]
            case "get": arguments.append("db-password")
            case "list": break
            default: arguments += ["-f", "database=db-password"]
            }
            let (outcome, lines) = try opened(arguments, azure)
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            #expect(lines.isEmpty, "\(lines)")
        }
    }

    @Test(.enabled(if: Programs.installed("strace") != nil, "strace is not installed"))
    func `the command gets the same variables as they were`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let names = Self.treacherous.keys.sorted()
            var variables = Self.treacherous.mapValues { "\(scratch.path)/trap/\($0)" }
            // Begins as an entry does that is hidden from the worker's loader.
            variables["\u{1}LD_AUDIT"] = "as it was"
            let set = variables.sorted { $0.key < $1.key }.flatMap { ["-E", "\($0.key)=\($0.value)"] }
            let launch = try Launch(
                try #require(Programs.installed("strace")),
                ["-D", "-qq", "-o", "/dev/null", "-e", "trace=none"] + set
                    + [Programs.latchkey, "run", "--vault", azure.vault, "--ca-file", azure.authority]
                    + ["-f", "database=db-password", "--signal", "USR1"]
                    + ["--", Programs.probe, "print-on", "USR1"] + names.flatMap { ["--env", $0] }
                    + ["--env", "\u{1}LD_AUDIT"],
                environment: try azure.environment().merging(["RUNTIME_DIRECTORY": scratch.path + "/instance"]) { $1 },
                directory: scratch.path)
            try launch.expect(line: "ready")
            for (name, value) in variables {
                #expect(launch.output.lines.contains("env=\(name) \(fingerprint(value))"), "\(name)")
            }
            try launch.end(SIGTERM)
        }
    }
}
