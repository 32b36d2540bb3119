import Foundation
import Testing

/// A secret changes in the vault while the app runs.
struct RotationTests {
    private static func watching(_ names: String...) -> [String] { [Programs.probe, "print-on", "HUP"] + names }

    @Test func `the app is signalled for a change, and only for a change`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try azure.run(
                "-f", "database=db-password", "--signal", "HUP", "--refresh", "1s", "--jitter", "0",
                command: Self.watching("database"), in: scratch)
            try launch.expect(line: "ready")
            let data = scratch.path + "/instance/secrets/..data"
            let first = try FileManager.default.destinationOfSymbolicLink(atPath: data)

            // Whole refreshes that find nothing new.
            try azure.waitForVaultRequests(3)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: data) == first)
            try azure.rotate("db-password", to: "c4n4ry-rotated")
            try launch.expect(line: "end")
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: data) != first)
            let old = scratch.path + "/instance/secrets/\(first)/database"
            #expect(try String(contentsOfFile: old, encoding: .utf8) == "c4n4ry-database")

            try azure.waitForVaultRequests(3)
            try azure.rotate("db-password", to: "c4n4ry-again")
            try launch.expect(line: "end", count: 2)
            let outcome = try launch.end(SIGTERM)
            // The first look, and one for each change: a signal without a change would have shown a value twice.
            let seen = outcome.output.split(separator: "\n").filter { $0.hasPrefix("file=") }
            let values = ["c4n4ry-database", "c4n4ry-rotated", "c4n4ry-again"]
            #expect(seen.count == values.count)
            for (line, value) in zip(seen, values) { #expect(line.contains(fingerprint(value))) }
            #expect(outcome.failures.isEmpty, "\(outcome.errors)")
        }
    }

    @Test func `HUP asks for a refresh, and is passed on though nothing changed`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try azure.run(
                "-f", "database=db-password", "--signal", "HUP", "--refresh", "off",
                command: Self.watching("database"), in: scratch)
            try launch.expect(line: "ready")
            try azure.rotate("db-password", to: "c4n4ry-rotated")
            launch.send(SIGHUP)
            try launch.expect(line: "end")
            #expect(launch.output.lines.contains { $0.contains(fingerprint("c4n4ry-rotated")) })
            launch.send(SIGHUP)
            try launch.expect(line: "end", count: 2)
            try launch.end(SIGTERM)
        }
    }

    @Test func `a reader sees one whole generation, whenever it looks`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try azure.run(
                "-f", "left=pair#/left", "-f", "right=pair#/right", "--signal", "HUP", "--refresh", "off",
                command: Self.watching("left", "right"), in: scratch)
            try launch.expect(line: "ready")
            let secrets = scratch.path + "/instance/secrets"
            let reader = Reader(secrets: secrets, "left", "right")
            for number in 1...10 {
                try azure.rotate("pair", to: #"{"left":"c4n4ry-\#(number)","right":"c4n4ry-\#(number)"}"#)
                launch.send(SIGHUP)
                try launch.expect(line: "end", count: number)
            }
            let (looks, torn) = reader.stop()
            #expect(looks > 0 && torn == 0, "\(torn) of \(looks)")
            #expect(try String(contentsOfFile: secrets + "/right", encoding: .utf8) == "c4n4ry-10")
            try launch.end(SIGTERM)
        }
    }

    @Test(.enabled(if: Programs.installed("strace") != nil, "strace is not installed"))
    func `a generation is swapped by one rename`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let trace = scratch.path + "/trace"
            var variables = try azure.environment()
            variables["RUNTIME_DIRECTORY"] = scratch.path + "/instance"
            let strace = try #require(Programs.installed("strace"))
            // -D: latchkey stays the process that was started, and gets the signals.
            let launch = try Launch(
                strace,
                [
                    "-D", "-f", "-qq", "-s", "64", "-o", trace, "-e", "trace=rename,renameat,renameat2",
                    Programs.latchkey, "run", "--vault", azure.vault, "--ca-file", azure.authority, "-f",
                    "database=db-password", "--signal", "HUP", "--refresh", "off", "--",
                ] + Self.watching("database"), environment: variables, directory: scratch.path)
            try launch.expect(line: "ready")
            try azure.rotate("db-password", to: "c4n4ry-rotated")
            launch.send(SIGHUP)
            try launch.expect(line: "end")
            try launch.end(SIGTERM)
            // The tracer writes in order, so that the swaps are there once it has ended with what it traced.
            let calls = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
            let swaps = calls.filter { $0.contains(#""..data""#) && $0.contains("= 0") }
            #expect(swaps.count == 2, "\(calls)")
        }
    }

    @Test func `a failing vault changes nothing, and the next refresh heals it`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try azure.run(
                "-f", "database=db-password", "--signal", "HUP", "--refresh", "1s",
                command: Self.watching("database"), in: scratch)
            try launch.expect(line: "ready")
            try azure.fault(#"{"name":"down","endpoint":"vault","status":503}"#)
            try azure.rotate("db-password", to: "c4n4ry-rotated")
            try launch.expect(error: "warning[refresh-failed]")
            let path = scratch.path + "/instance/secrets/database"
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "c4n4ry-database")
            try azure.control("DELETE", "faults/down")
            try launch.expect(line: "end")
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "c4n4ry-rotated")
            try launch.end(SIGTERM)
        }
    }

    @Test func `a sidecar that starts again tells of what changed meanwhile, and of nothing else`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let told = scratch.path + "/told"
            let configuration =
                "[refresh]\nevery = \"off\"\nexec-on-change = 'sh -c \"echo $LATCHKEY_CHANGED >>\(told)\"'\n"
            let file = try scratch.write(configuration, to: "latchkey.toml")
            func start() throws -> Launch {
                let sidecar = try azure.start(
                    ["sidecar", "--vault", azure.vault, "--ca-file", azure.authority, "--config", file]
                        + ["-f", "database=db-password", "-f", "license=license"], in: scratch)
                #expect(try eventually { try scratch.hasDelivered(sidecar) })
                return sidecar
            }
            // A pod whose container was killed: the files stay.
            try start().end(SIGKILL)
            try start().end(SIGKILL)
            try azure.rotate("db-password", to: "c4n4ry-rotated")
            let last = try start()
            #expect(eventually { FileManager.default.fileExists(atPath: told) })
            #expect(eventually { (try? String(contentsOfFile: told, encoding: .utf8)) == "db-password\n" })
            #expect(try last.end(SIGTERM).ending == .code(0))
        }
    }
}
