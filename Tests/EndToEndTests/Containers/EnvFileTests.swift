import Foundation
import Testing

/// What an env-file of several secrets holds, as a container engine reads it.
@Suite(.enabled(if: Podman.obstacle == nil, "\(Podman.obstacle ?? "")"))
struct EnvFileTests {
    private static let values = [
        "plain": "plain", "empty": "", "quotes": "it's \"quoted\"", "blanks": "  two  ",
        "shell": "$HOME `id` # no comment",
        "backslash": "a\\nb\\", "unicode": "grüße",
    ]

    private static func seed(_ values: [String: String]) throws -> String {
        try "[vaults.demo.secrets]\n"
            + values.sorted { $0.key < $1.key }.map { name, value in
                "\(name) = \(String(decoding: try JSONEncoder().encode(value), as: UTF8.self))\n"
            }.joined()
    }

    private func configuration(_ names: some Sequence<String>, in scratch: Scratch) throws -> String {
        let set = names.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
        return try scratch.write(
            "[files.\"app.env\"]\nset = [\(set)]\nformat = \"env-file\"\n", to: "latchkey.toml")
    }

    @Test func `podman reads the exact values`() throws {
        try Emulator.serving(try Self.seed(Self.values)) { azure in
            let (scratch, podman) = (try Scratch(), try Podman())
            let launch = try azure.run(
                "--config", try configuration(Self.values.keys, in: scratch),
                command: [Programs.probe, "signals", "--until", "TERM"], in: scratch)
            try launch.expect(line: "ready")
            let container = try podman.run([
                "create", "--env-file", scratch.path + "/instance/secrets/app.env", "--rootfs",
                try podman.directory("root"), "true",
            ]).trimmingCharacters(in: .whitespacesAndNewlines)
            let shown = try podman.run(["inspect", container, "--format", "{{json .Config.Env}}"])
            try podman.run(["rm", container])
            try launch.end(SIGTERM)
            let entries = try JSONDecoder().decode([String].self, from: Data(shown.utf8))
            for (name, value) in Self.values {
                #expect(entries.contains("\(name.uppercased())=\(value)"), "\(name)")
            }
        }
    }

    @Test func `a value of several lines is refused`() throws {
        try Emulator.serving(try Self.seed(["key": "one\ntwo"])) { azure in
            let scratch = try Scratch()
            let outcome = try azure.run(
                "--config", try configuration(["key"], in: scratch), command: ["true"], in: scratch
            ).end()
            #expect(outcome.ending == .code(65), "\(outcome.errors)")
            #expect(
                outcome.failures.joined().contains("secret 'key' can't be written as env-file"), "\(outcome.errors)")
        }
    }
}
