import Foundation
import Testing

/// What somebody sees at a terminal, and nobody elsewhere: newlines, colours, and a line that says what is waited for.
@Suite(.enabled(if: Programs.installed("script") != nil, "script is not installed, for a terminal"))
struct TerminalViewTests {
    private static let erase = "\r\u{1b}[K"

    /// Starts a command with a terminal as its standard output and error, which `script` gives it; `shell` is what its
    /// shell does with the command.
    private func start(
        _ emulator: Emulator, _ words: [String], shell: String = "exec COMMAND", environment: [String: String] = [:],
        in scratch: Scratch
    ) throws -> Launch {
        let source = ["--vault", emulator.vault, "--ca-file", emulator.authority]
        let line = ([Programs.latchkey, words[0]] + source + words.dropFirst()).joined(separator: " ")
        var variables = try emulator.environment().merging(environment) { $1 }
        variables["TERM"] = variables["TERM"] ?? "xterm"
        variables["SHELL"] = "/bin/sh"
        variables["RUNTIME_DIRECTORY"] = scratch.path + "/instance"
        return try Launch(
            try #require(Programs.installed("script")), ["-qec", shell.replacing("COMMAND", with: line), "/dev/null"],
            environment: variables, directory: scratch.path, printsSecrets: words[0] == "get", within: scratch)
    }

    private func shown(
        _ emulator: Emulator, _ words: [String], shell: String = "exec COMMAND", environment: [String: String] = [:]
    ) throws -> String {
        try start(emulator, words, shell: shell, environment: environment, in: Scratch()).end().output
    }

    @Test func `a value gets a newline behind it`() throws {
        try Emulator.serving { emulator in
            let output = try shown(emulator, ["get", "smtp#/user"])
            #expect(output == "web\r\n")
        }
    }

    @Test(arguments: [["export", "-e", "A=smtp#/user", "--format", "env-file"], ["render", "template"]])
    func `values are shown only if that is asked for`(words: [String]) throws {
        try Emulator.serving { emulator in
            let scratch = try Scratch()
            _ = try scratch.write("A={{smtp#/user}}", to: "template")
            let refused = try start(emulator, words, in: scratch).end()
            #expect(refused.ending == .code(64))
            #expect(refused.output.contains("error[terminal-refused]:"))
            #expect(refused.output.contains(" standard output is a terminal, which keeps what it shows"))
            #expect(refused.output.contains("add --reveal"))
            #expect(try emulator.journal().isEmpty)
            let shown = try start(emulator, words + ["--reveal"], in: scratch).end()
            #expect(shown.ending == .code(0) && shown.output == "A=web\r\n")
        }
    }

    @Test func `there are colours unless NO_COLOR says something or the terminal is dumb`() throws {
        try Emulator.serving { emulator in
            for environment in [[:], ["NO_COLOR": ""]] {
                let failure = try shown(emulator, ["get", "nothing"], environment: environment)
                #expect(failure.contains("\u{1b}[1;31merror[secret-missing]:"))
                let report = try shown(emulator, ["check", "-e", "A=smtp"], environment: environment)
                #expect(report.contains("\u{1b}[1m"))
                let start = try shown(emulator, ["run", "--", "/nowhere/app"], environment: environment)
                #expect(start.contains("\u{1b}[1;31merror[child-not-found]:"))
            }
            for environment in [["NO_COLOR": "1"], ["TERM": "dumb"]] {
                for words in [["get", "nothing"], ["check", "-e", "A=smtp"], ["run", "--", "/nowhere/app"]] {
                    let plain = try shown(emulator, words, environment: environment)
                    #expect(!plain.contains("\u{1b}["))
                }
            }
        }
    }

    // MARK: progress

    /// A command, and the last of what it writes.
    private static let commands: [(words: [String], end: String)] = [
        (["get", "smtp#/user"], "web"), (["list"], "\r\n"), (["check", "-e", "A=smtp"], "start"),
        (["sync", "--log-level", "error", "-f", "a=smtp"], ""),
        (["run", "-e", "A=smtp", "--", "echo", "begun"], "begun"),
        (["run", "--once", "-e", "A=smtp", "--", "echo", "begun"], "begun"), (["init", "--output", "-"], "\r\n"),
    ]

    private func slow(_ emulator: Emulator) throws {
        try emulator.fault("{\"endpoint\":\"identity\",\"delay\":\"2s\",\"times\":8}")
        try emulator.fault("{\"endpoint\":\"vault\",\"method\":\"GET\",\"delay\":\"2s\",\"times\":8}")
    }

    @Test(arguments: commands)
    func `a terminal is shown what is waited for, and the line is taken away`(
        command: (words: [String], end: String)
    ) throws {
        try Emulator.serving { emulator in
            try slow(emulator)
            let output = try shown(emulator, command.words)
            #expect(output.contains("\(Self.erase)latchkey: waiting for a token of identity 'app-service'"))
            #expect(output.contains("\(Self.erase)latchkey: waiting for vault 'demo'"))
            let lists = ["list", "init"].contains(command.words[0])
            #expect(output.contains("waiting for vault 'demo': 0 of 1 secret") != lists)
            let end = try #require(output.split(separator: Self.erase, omittingEmptySubsequences: false).last)
            #expect(!end.contains("waiting for") && (command.end.isEmpty || end.contains(command.end)))
        }
    }

    @Test(arguments: commands)
    func `where no terminal is, not a byte of it is written`(command: (words: [String], end: String)) throws {
        try Emulator.serving { emulator in
            try slow(emulator)
            let source = ["--vault", emulator.vault, "--ca-file", emulator.authority]
            let outcome = try emulator.start(
                [command.words[0]] + source + command.words.dropFirst(), in: Scratch(),
                printsSecrets: command.words[0] == "get"
            ).end()
            #expect(outcome.ending == .code(0))
            #expect(outcome.errors.isEmpty)
        }
    }

    @Test func `the seconds to the next try are counted, and a message stands in a line of its own`() throws {
        try Emulator.serving { emulator in
            try emulator.fault(#"{"endpoint":"vault","method":"GET","status":503,"retry-after":2,"times":2}"#)
            let output = try shown(emulator, ["list"])
            #expect(output.contains("\(Self.erase)latchkey: retry in 2s: vault 'demo': "), "\(output)")
            #expect(output.contains("\(Self.erase)latchkey: retry in 1s: vault 'demo': "), "\(output)")
            for line in output.split(separator: "\r\n") where line.contains("[start-retrying]") {
                let said = line.split(separator: Self.erase).last ?? ""
                #expect(said.hasPrefix("latchkey: \u{1b}[1;33mwarning[start-retrying]:"), "\(line)")
            }
        }
    }

    @Test func `the line is no wider than the terminal, and is not drawn in the background`() throws {
        try Emulator.serving { emulator in
            try slow(emulator)
            let narrow = try shown(emulator, ["get", "smtp#/user"], shell: "stty cols 30; exec COMMAND")
            #expect(narrow.contains("\(Self.erase)latchkey: waiting for a toke…"))
            try slow(emulator)
            let background = try shown(emulator, ["get", "smtp#/user"], shell: "set -m; COMMAND & wait")
            #expect(!background.contains("waiting for"))
        }
    }

    @Test func `a terminal that keeps the background from writing does not stop the worker`() throws {
        try Emulator.serving { emulator in
            try emulator.fault("{\"endpoint\":\"vault\",\"status\":503,\"times\":2}")
            let output = try shown(
                emulator, ["run", "-e", "A=smtp", "--", "echo", "begun"], shell: "stty tostop; exec COMMAND")
            #expect(output.contains("[start-retrying]"))
            #expect(output.hasSuffix("begun\r\n"))
        }
    }

    @Test func `a run that is ended while it waits leaves no line behind`() throws {
        try Emulator.serving { emulator in
            try emulator.fault("{\"endpoint\":\"vault\",\"method\":\"GET\",\"delay\":\"60s\",\"times\":8}")
            let launch = try start(emulator, ["run", "-e", "A=smtp", "--", "echo", "begun"], in: Scratch())
            #expect(launch.output.wait { $0.contains("waiting for vault 'demo'") })
            let processes = ProcessTree.descendants(of: launch.pid)
            let supervisor = processes.filter { ProcessTree.name(of: $0) == "latchkey" }
            #expect(supervisor.count == 1)
            for process in supervisor { kill(process, SIGTERM) }
            let output = try launch.end().output
            #expect(output.hasSuffix(Self.erase))
        }
    }

    @Test func `who waits for a refresh is shown whose`() throws {
        try Emulator.serving { emulator in
            let scratch = try Scratch()
            let run = try emulator.run("-f", "a=smtp", command: [Programs.probe, "sleep"], in: scratch)
            try run.expect(line: "ready")
            try slow(emulator)
            let refresh = try Launch(
                try #require(Programs.installed("script")),
                ["-qec", "exec \(Programs.latchkey) refresh --wait", "/dev/null"],
                environment: ["RUNTIME_DIRECTORY": scratch.path + "/instance", "TERM": "xterm", "SHELL": "/bin/sh"]
            ).end()
            let line = "latchkey: waiting for instance 'latchkey-probe' to refresh"
            #expect(refresh.output == Self.erase + line + Self.erase)
            try run.end(SIGTERM)
        }
    }
}
