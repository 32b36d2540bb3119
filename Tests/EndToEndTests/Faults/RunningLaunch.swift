import Foundation
import Testing

/// A run of a command that says which signals it gets and what it reads then; refreshes come on request only.
final class RunningLaunch {
    let scratch: Scratch
    let launch: Launch
    private let watch: DirectoryWatch
    private let before: RunningStatus
    private var tellings = 0

    static let signal = "USR1"

    /// `latchkey run` by a configuration of its own, with the row's files, variables, options and shell.
    static func start(_ harness: FaultHarness, _ fault: Fault, more: [String] = [], in scratch: Scratch) throws
        -> Launch
    {
        _ = try scratch.write(harness.authorities, to: "ca.pem")
        for (name, text) in fault.files { _ = try scratch.write(harness.filled(text, scratch), to: name) }
        let file = try scratch.write(configuration(harness.filled(fault.entry, scratch)), to: "latchkey.toml")
        let options = [
            "--vault", harness.azure.vault, "--ca-file", scratch.path + "/ca.pem", "--refresh", "off", "--config", file,
            "--signal", signal,
        ]
        let own = fault.options.map { harness.filled($0, scratch) }
        return try harness.azure.start(
            ["run"] + options + more + own + ["--", Programs.probe, "print-on", signal, "database"],
            identity: harness.environment, environment: fault.variables.mapValues { harness.filled($0, scratch) },
            in: scratch, shell: fault.shell)
    }

    private static func configuration(_ entry: String) -> String {
        "[files]\ndatabase = { secret = \"db-password\" }\n\(entry)\n"
    }

    init(_ harness: FaultHarness, _ fault: Fault, in place: Scratch? = nil) throws {
        let scratch = try place ?? Scratch()
        self.scratch = scratch
        launch = try Self.start(harness, fault, in: scratch)
        try launch.expect(line: "ready")
        watch = try DirectoryWatch(scratch.path + "/instance")
        before = try scratch.status()
    }

    /// Asks for a refresh while something is wrong, and looks at what is left then.
    func disturb(_ fault: Fault, on harness: FaultHarness, _ outcome: inout FaultOutcome) throws {
        for (name, text) in fault.files { _ = try scratch.write(harness.filled(text, scratch), to: name) }
        let entry = harness.filled(fault.entry, scratch)
        if !entry.isEmpty { _ = try scratch.write(Self.configuration(entry), to: "latchkey.toml") }
        if fault.refresh == .passes { return try recover(&outcome) }
        launch.send(SIGHUP)
        let status = try wait { $0.lastError != nil }
        outcome.refreshCode = status.lastError?.code
        outcome.wasKept =
            status.child == before.child && status.generation == before.generation && isServed && told == tellings
        outcome.note(status.state != "failing", "the state is '\(status.state)'")
        if !entry.isEmpty { _ = try scratch.write(Self.configuration(""), to: "latchkey.toml") }
    }

    /// A refresh succeeds, and the command, which is told of it, finds what it found before.
    func recover(_ outcome: inout FaultOutcome) throws {
        launch.send(SIGHUP)
        tellings += 1
        try launch.expect(line: "end", count: tellings)
        let status = try wait { $0.lastError == nil }
        outcome.note(status.state != "fresh" || !isServed, "it is '\(status.state)' after the fault")
        outcome.note(told != tellings, "the command was signalled \(told) times instead of \(tellings)")
    }

    func replaceAuthorities(by text: String) throws { _ = try scratch.write(text, to: "ca.pem") }

    private func wait(until isSo: (RunningStatus) -> Bool) throws -> RunningStatus {
        while true {
            let status = try scratch.status()
            if isSo(status) { return status }
            try #require(watch.wait(seconds: 180), "nothing happens any more: \(launch.errors.text.suffix(999))")
        }
    }

    /// The command can read what was delivered last.
    private var isServed: Bool {
        (try? String(contentsOfFile: scratch.path + "/instance/secrets/database", encoding: .utf8)) == "c4n4ry-database"
    }

    /// How often the command was signalled.
    private var told: Int { launch.output.lines.count { $0.hasPrefix("signal=") } }
}
