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
            #expect(!text.contains("retired"))
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
