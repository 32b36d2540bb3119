import Foundation
import Testing

/// A run of a command that says which signals it gets and what it reads then; refreshes come on request only.
final class RunningLaunch {
    private let azure: Emulator
    let scratch: Scratch
    let launch: Launch
    private let watch: DirectoryWatch
    private let before: RunningStatus
    private var recoveries = 0

    static let signal = "USR1"

    /// `latchkey run` by a configuration of its own, with the row's variables, options and shell.
    static func start(
        _ azure: Emulator, _ environment: [String: String], _ fault: Fault, entry: String, more: [String] = [],
        in scratch: Scratch
    ) throws -> Launch {
        let authority = try String(contentsOfFile: azure.authority, encoding: .utf8)
        _ = try scratch.write(authority, to: "ca.pem")
        let arguments =
            [
                "run", "--vault", azure.vault, "--ca-file", scratch.path + "/ca.pem", "--refresh", "off", "--config",
                try scratch.write(configuration(entry), to: "latchkey.toml"), "--signal", signal,
            ] + more + fault.options + ["--", Programs.probe, "print-on", signal, "database"]
        return try azure.start(arguments, identity: environment, environment: fault.variables, in: scratch)
    }

    private static func configuration(_ entry: String) -> String {
        "[files]\ndatabase = { secret = \"db-password\" }\n\(entry)\n"
    }

    init(_ azure: Emulator, _ environment: [String: String], _ fault: Fault) throws {
        self.azure = azure
        scratch = try Scratch()
        launch = try Self.start(azure, environment, fault, entry: "", in: scratch)
        try launch.expect(line: "ready")
        watch = try DirectoryWatch(scratch.path + "/instance")
        before = try scratch.status()
    }

    /// Asks for a refresh while something is wrong, and looks at what is left then.
    func disturb(_ entry: String, _ outcome: inout FaultOutcome) throws {
        if !entry.isEmpty { _ = try scratch.write(Self.configuration(entry), to: "latchkey.toml") }
        launch.send(SIGHUP)
        let status = try wait { $0.lastError != nil }
        outcome.refreshCode = status.lastError?.code
        outcome.wasKept =
            status.child == before.child && status.generation == before.generation
            && isServed && told == recoveries
        outcome.note(status.state != "failing", "the state is '\(status.state)'")
        if !entry.isEmpty { _ = try scratch.write(Self.configuration(""), to: "latchkey.toml") }
    }

    /// The fault is gone: the next refresh succeeds, and the command, which is told of it, finds what it found before.
    func recover(_ outcome: inout FaultOutcome) throws {
        launch.send(SIGHUP)
        recoveries += 1
        try launch.expect(line: "end", count: recoveries)
        let status = try wait { $0.lastError == nil }
        outcome.note(status.state != "fresh" || !isServed, "it is '\(status.state)' after the fault")
        outcome.note(told != recoveries, "the command was signalled \(told) times instead of \(recoveries)")
    }

    private func wait(until isSo: (RunningStatus) -> Bool) throws -> RunningStatus {
        while true {
            let status = try scratch.status()
            if isSo(status) { return status }
            try #require(watch.wait(seconds: 30), "nothing happens any more: \(launch.errors.text.suffix(999))")
        }
    }

    /// The command can read what was delivered last.
    private var isServed: Bool {
        (try? String(contentsOfFile: scratch.path + "/instance/secrets/database", encoding: .utf8)) == "c4n4ry-database"
    }

    /// How often the command was signalled.
    private var told: Int { launch.output.lines.count { $0.hasPrefix("signal=") } }
}
