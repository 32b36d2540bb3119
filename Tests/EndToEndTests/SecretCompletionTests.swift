import Foundation
import Testing

/// TAB in a real shell, with the program and a vault behind it: the names that the vault has are offered.
@Suite(.enabled(if: Programs.installed("python3") != nil, "python3 is not installed, for a terminal to type at"))
struct SecretCompletionTests {
    /// How a shell is started, and what is typed first in it.
    struct Shell: CustomTestStringConvertible, Sendable {
        var words: [String]
        var setup: String
        var script: String

        var testDescription: String { words[0] }
        var isInstalled: Bool { Programs.installed(words[0]) != nil }
    }

    private static let scripts = #filePath.replacing(/Tests\/EndToEndTests\/[^\/]*$/, with: "deploy/completions")
    private static let shells = [
        Shell(words: ["bash", "--norc", "--noprofile", "-i"], setup: "", script: "latchkey.bash"),
        Shell(words: ["zsh", "-f", "-i"], setup: "autoload -U compinit; compinit -u -D; ", script: "latchkey.zsh"),
    ].filter(\.isInstalled)

    /// Types at a terminal of its own, and waits for what must be shown then. Reads its task as JSON, and writes what
    /// the terminal showed after the keys.
    private static let typist = #"""
        import fcntl, json, os, pty, re, select, signal, struct, sys, termios, time

        task = json.load(sys.stdin)
        deadline = time.monotonic() + 60
        child, terminal = pty.fork()
        if child == 0:
            os.execvp(task["shell"][0], task["shell"])
        # Wide enough that no line is folded.
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 400, 0, 0))
        seen = b""

        def plain(shown):
            text = re.sub(rb"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[=>]|[\x07\r]", b"", shown).decode(errors="replace")
            while "\x08" in text:
                text = re.sub("[^\x08]?\x08", "", text, count=1)
            return text

        def wait(start, is_enough):
            global seen
            while time.monotonic() < deadline and not is_enough(plain(seen[start:])):
                if not select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
                    break
                try:
                    seen += os.read(terminal, 65536)
                except OSError:
                    break

        # The prompt is written in two parts, so that the echo of this line is not taken for it.
        os.write(terminal, (task["setup"] + " PS1='REA''DY> '\n").encode())
        wait(0, lambda text: "READY>" in text)
        start = len(seen)
        os.write(terminal, task["keys"].encode())
        wait(start, lambda text: all(part in text for part in task["shown"]))
        os.kill(child, signal.SIGKILL)
        print(plain(seen[start:]))
        """#

    private func variables(_ emulator: Emulator) throws -> [String: String] {
        var variables = try emulator.environment()
        let programs = URL(fileURLWithPath: Programs.latchkey).deletingLastPathComponent().path
        variables["PATH"] = programs + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
        variables["LATCHKEY_CA_FILE"] = emulator.authority
        variables["TERM"] = "xterm"
        return variables
    }

    /// What a terminal shows of a line of keys; `awaited` is what ends the waiting.
    private func type(
        _ keys: String, in shell: Shell, awaiting awaited: [String], _ variables: [String: String]
    ) throws -> String {
        struct Task: Encodable {
            var shell: [String]
            var setup: String
            var keys: String
            var shown: [String]
        }
        let scratch = try Scratch()
        let task = Task(
            shell: shell.words, setup: shell.setup + ". \(Self.scripts)/\(shell.script);", keys: keys, shown: awaited)
        let outcome = try Launch(
            try #require(Programs.installed("python3")), ["-c", Self.typist],
            environment: variables.merging(["HOME": scratch.path]) { $1 }, directory: scratch.path,
            input: String(decoding: try JSONEncoder().encode(task), as: UTF8.self), within: scratch
        ).end()
        #expect(outcome.ending == .code(0), "\(outcome.errors)")
        return outcome.output
    }

    @Test(arguments: shells)
    func `TAB completes the names of the vault's secrets`(shell: Shell) throws {
        try Emulator.serving { emulator in
            let variables = try variables(emulator)
            func expect(_ keys: String, shows parts: String...) throws {
                let shown = try type("latchkey \(keys)", in: shell, awaiting: parts, variables)
                #expect(parts.allSatisfy { shown.contains($0) }, "\(shown)")
            }
            try expect("get --vault \(emulator.vault) db-\t", shows: "db-password")
            try expect("run --vault=\(emulator.vault) -e NAME=sm\t", shows: "NAME=smtp")
            try expect("run --vault=\(emulator.vault) --file=a/b=li\t", shows: "a/b=license")
            try expect("get --vault \(emulator.vault) \t\t", shows: "db-password", "license", "pair", "smtp")
        }
    }

    @Test(arguments: shells)
    func `without an identity TAB offers nothing, and says nothing`(shell: Shell) throws {
        try Emulator.serving { emulator in
            let variables = try variables(emulator).filter { !$0.key.hasPrefix("IDENTITY") }
            let line = "latchkey get --identity app-service --vault \(emulator.vault) db-"
            let shown = try type(line + "\tand-on", in: shell, awaiting: ["and-on"], variables)
            #expect(shown == line + "and-on\n")
        }
    }

    @Test(.enabled(if: Programs.installed("fish") != nil, "fish is not installed"))
    func `fish is given the names of the vault's secrets, and nothing without an identity`() throws {
        try Emulator.serving { emulator in
            let variables = try variables(emulator)
            func offered(_ line: String, _ variables: [String: String]) throws -> [String] {
                let scratch = try Scratch()
                let outcome = try Launch(
                    try #require(Programs.installed("fish")),
                    ["--no-config", "-c", "source \(Self.scripts)/latchkey.fish; complete -C '\(line)'"],
                    environment: variables.merging(["HOME": scratch.path]) { $1 }, directory: scratch.path,
                    within: scratch
                ).end()
                #expect(outcome.ending == .code(0))
                #expect(outcome.errors.isEmpty)
                // Behind a tab stands what the option means.
                return outcome.output.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
            }
            let vault = "--vault \(emulator.vault)"
            #expect(
                try Set(offered("latchkey get \(vault) ", variables)).isSuperset(of: [
                    "db-password", "license", "pair", "smtp",
                ]))
            #expect(try offered("latchkey run \(vault) -e NAME=sm", variables) == ["NAME=smtp"])
            #expect(try offered("latchkey run \(vault) --file=a/b=li", variables) == ["--file=a/b=license"])
            let nobody = variables.filter { !$0.key.hasPrefix("IDENTITY") }
            #expect(try offered("latchkey get \(vault) --identity app-service db-", nobody).isEmpty)
        }
    }
}
