import Foundation
import Testing

/// Many launchers at one vault that does not let all of them through at once.
///
/// `FleetTests` of the vault's client has the same in virtual time, with many seeds; here are real processes.
struct FleetTests {
    private static let launchers = 30
    private static let secrets = 20
    private static let ceiling = 60

    private static let seed: String = {
        let values = (1...secrets).map { "secret-\($0) = \"c4n4ry-\($0)\"" }.joined(separator: "\n")
        return "[vaults.demo]\nceiling = \(ceiling)\nceiling-window = \"1s\"\n[vaults.demo.secrets]\n\(values)\n"
    }()

    @Test(.enabled(if: runsFull, "takes a quarter of a minute of the whole machine: LATCHKEY_FULL=1"))
    func `thirty launchers started at once are all ready within 1.3 times what the ceiling allows`() throws {
        try Emulator.serving(Self.seed) { azure in
            let options = (1...Self.secrets).flatMap { ["-e", "SECRET_\($0)=secret-\($0)"] }
            let scratches = try (0..<Self.launchers).map { _ in try Scratch() }
            let start = ContinuousClock.now
            let fleet = try scratches.map { scratch in
                try azure.start(
                    ["run", "--vault", azure.vault, "--ca-file", azure.authority, "--refresh", "off"] + options
                        + ["--", Programs.probe, "sleep"], in: scratch)
            }
            for launch in fleet { try launch.expect(line: "ready") }
            let taken = ContinuousClock.now - start
            let requests = try azure.journal().filter { $0.endpoint == "vault" }
            for launch in fleet { #expect(try launch.end(SIGTERM).failures.isEmpty) }

            // All that pass count against the ceiling, those that ask for the challenge too.
            let passed = requests.filter { $0.status == 200 || $0.status == 401 }
            let allowed = Duration.seconds(Double(passed.count) / Double(Self.ceiling) - 1)
            let refused = requests.count - passed.count
            print("ready after \(taken) of \(allowed); \(passed.count) requests passed, \(refused) were refused")
            #expect(passed.count { $0.status == 200 } == Self.launchers * Self.secrets)
            #expect(taken <= allowed * 1.3, "\(taken) of \(allowed)")
        }
    }
}
