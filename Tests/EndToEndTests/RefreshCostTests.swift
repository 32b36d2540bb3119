import Foundation
import Testing

/// What a cycle of refreshing asks of the vault, as the vault counts it.
struct RefreshCostTests {
    private static func name(_ number: Int) -> String { "s-\(number)" }

    private static func seed(_ count: Int) -> String {
        "[vaults.demo.secrets]\n"
            + (0..<count).map { "\(name($0)) = { value = \"c4n4ry-\($0)\", created = \"2026-01-01\" }\n" }.joined()
    }

    /// Every other secret as a variable, the rest as files.
    private static func configuration(_ numbers: [Int]) -> String {
        let variables = numbers.filter { $0 % 2 == 0 }.map { "S\($0) = \"\(name($0))\"" }
        let files = numbers.filter { $0 % 2 == 1 }.map { "\"f\($0)\" = { secret = \"\(name($0))\" }" }
        return (["[env]"] + variables + ["[files]"] + files + ["[refresh]", "every = \"off\"", "signal = \"HUP\"", ""])
            .joined(separator: "\n")
    }

    /// The second of the change is over when it is found.
    private static func rotateAnHourAgo(_ name: String, _ azure: Emulator) throws {
        try azure.control("POST", "clock", #"{"offset":"-1h"}"#)
        try azure.rotate(name, to: "c4n4ry-new")
        try azure.control("POST", "clock", #"{"offset":0}"#)
    }

    /// Requests of one kind, by what they asked for.
    private struct Cost: Equatable {
        var lists = 0
        var gets = 0
        var tokens = 0
        var others = 0

        init(lists: Int = 0, gets: Int = 0, tokens: Int = 1) {
            (self.lists, self.gets, self.tokens) = (lists, gets, tokens)
        }

        init(_ requests: [Emulator.Request]) {
            tokens = 0
            for request in requests {
                if request.endpoint != "vault" {
                    tokens += 1
                } else if request.path.hasPrefix("/secrets/"), request.status == 200 {
                    gets += 1
                } else if request.path == "/secrets" || request.path.hasPrefix("/secrets?") {
                    lists += 1
                } else {
                    others += 1
                }
            }
        }
    }

    /// A run whose refreshes are asked for one by one.
    private struct Harness {
        let azure: Emulator
        let scratch: Scratch
        let launch: Launch

        init(_ azure: Emulator, _ numbers: [Int], _ options: String...) throws {
            self.azure = azure
            scratch = try Scratch()
            let file = try scratch.write(RefreshCostTests.configuration(numbers), to: "latchkey.toml")
            launch = try azure.start(
                ["run", "--vault", azure.vault, "--ca-file", azure.authority, "--config", file, "--instance", "cost"]
                    + options + ["--", Programs.probe, "print-on", "HUP"],
                in: scratch)
            try launch.expect(line: "ready")
        }

        /// What one refresh costs.
        func cycle(_ code: Int32 = 0) throws -> Cost {
            let before = try azure.journal().count
            let refresh = try azure.start(["refresh", "--wait", "--instance", "cost"], in: scratch).end()
            #expect(refresh.ending == .code(code), "\(refresh.errors)")
            return Cost(Array(try azure.journal().dropFirst(before)))
        }

        func file(_ number: Int) throws -> String {
            try String(contentsOfFile: "\(scratch.path)/instance/secrets/f\(number)", encoding: .utf8)
        }

        func end() throws {
            let outcome = try launch.end(SIGTERM)
            #expect(outcome.failures.isEmpty, "\(outcome.errors)")
        }
    }

    @Test func `a hundred unchanged secrets are four requests and a token, with one changed five`() throws {
        try Emulator.serving(Self.seed(100)) { azure in
            let harness = try Harness(azure, Array(0..<100))
            for _ in 0..<3 { #expect(try harness.cycle() == Cost(lists: 4)) }

            try Self.rotateAnHourAgo("s-7", azure)
            #expect(try harness.cycle() == Cost(lists: 4, gets: 1))
            #expect(try harness.file(7) == "c4n4ry-new")
            for number in stride(from: 1, to: 100, by: 2) where number != 7 {
                #expect(try harness.file(number) == "c4n4ry-\(number)")
            }
            #expect(try harness.cycle() == Cost(lists: 4))
            try harness.end()
        }
    }

    @Test func `two changes in one second are both found`() throws {
        try Emulator.serving(Self.seed(30)) { azure in
            let harness = try Harness(azure, Array(0..<30))
            // In a second that is never over.
            try azure.control("POST", "clock", #"{"stopped":true,"offset":"1h"}"#)
            try azure.rotate("s-3", to: "c4n4ry-first")
            _ = try harness.cycle()
            #expect(try harness.file(3) == "c4n4ry-first")
            try azure.rotate("s-3", to: "c4n4ry-second")
            _ = try harness.cycle()
            #expect(try harness.file(3) == "c4n4ry-second")
            try harness.end()
        }
    }

    @Test func `without permission to list each secret is asked for, and the refused list is remembered`() throws {
        try Emulator.serving(Self.seed(100)) { azure in
            try azure.control("PUT", "identities/system/permissions", #"["get"]"#)
            let harness = try Harness(azure, Array(0..<100))
            #expect(try harness.cycle() == Cost(lists: 1, gets: 100))
            for _ in 0..<3 { #expect(try harness.cycle() == Cost(gets: 100)) }
            try harness.end()
        }
    }

    @Test func `a list that is longer than what is wanted is given up once`() throws {
        try Emulator.serving(Self.seed(100)) { azure in
            let harness = try Harness(azure, [0, 1, 2])
            #expect(try harness.cycle() == Cost(lists: 2, gets: 3))
            for _ in 0..<3 { #expect(try harness.cycle() == Cost(gets: 3)) }
            try harness.end()
        }
    }

    @Test func `a changed tag is no change of what is delivered`() throws {
        try Emulator.serving(Self.seed(30)) { azure in
            let harness = try Harness(azure, Array(0..<30))
            let data = harness.scratch.path + "/instance/secrets/..data"
            let before = try FileManager.default.destinationOfSymbolicLink(atPath: data)
            try azure.control("PATCH", "vaults/demo/secrets/s-3", #"{"tags":{"owner":"ops"}}"#)
            #expect(try harness.cycle() == Cost(lists: 2, gets: 1))
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: data) == before)
            try harness.end()
        }
    }

    @Test func `bulk selection takes up what is new, and gives up what is gone`() throws {
        try Emulator.serving(Self.seed(30)) { azure in
            let scratch = try Scratch()
            let file = try scratch.write(
                """
                [[select]]
                prefix = "s-"
                as = "files"
                naming = "verbatim"
                [refresh]
                every = "off"
                signal = "HUP"
                """,
                to: "latchkey.toml")
            let launch = try azure.start(
                ["run", "--vault", azure.vault, "--ca-file", azure.authority, "--config", file, "--instance", "bulk"]
                    + ["--", Programs.probe, "print-on", "HUP"], in: scratch)
            try launch.expect(line: "ready")
            func cycle() throws -> Cost {
                let before = try azure.journal().count
                let refresh = try azure.start(["refresh", "--wait", "--instance", "bulk"], in: scratch).end()
                #expect(refresh.ending == .code(0), "\(refresh.errors)")
                return Cost(Array(try azure.journal().dropFirst(before)))
            }
            #expect(try cycle() == Cost(lists: 2))
            try Self.rotateAnHourAgo("s-new", azure)
            #expect(try cycle() == Cost(lists: 2, gets: 1))
            let secrets = scratch.path + "/instance/secrets/"
            #expect(try String(contentsOfFile: secrets + "s-new", encoding: .utf8) == "c4n4ry-new")
            try azure.control("PATCH", "vaults/demo/secrets/s-5", #"{"enabled":false}"#)
            _ = try cycle()
            #expect(!FileManager.default.fileExists(atPath: secrets + "s-5"))
            #expect(try String(contentsOfFile: secrets + "s-6", encoding: .utf8) == "c4n4ry-6")
            try launch.end(SIGTERM)
        }
    }
}
