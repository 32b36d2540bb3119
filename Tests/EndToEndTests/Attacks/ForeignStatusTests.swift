import Foundation
import Testing

/// Who may write an instance's directory tries to lead `latchkey status` and `latchkey refresh`, which may be root's.
struct ForeignStatusTests {
    private static func run(_ azure: Emulator, _ scratch: Scratch) throws -> Launch {
        let launch = try azure.run(
            "-e", "DB_PASSWORD=db-password", "--refresh", "off", command: [Programs.probe, "sleep"], in: scratch)
        try launch.expect(line: "ready")
        #expect(try eventually { try scratch.state() == "fresh" })
        return launch
    }

    /// Puts another text in the place of one of the instance's files.
    private static func replace(
        _ name: String, in scratch: Scratch, _ change: (String) -> String
    ) throws {
        let path = scratch.path + "/instance/" + name
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let changed = change(text)
        #expect(changed != text)
        try FileManager.default.removeItem(atPath: path)
        try changed.write(toFile: path, atomically: false, encoding: .utf8)
    }

    @Test(
        .enabled(if: geteuid() == 0, "needs root, to look at the files of another process"))
    func `refresh signals nobody but who runs the instance, whatever its status says`() throws {
        try Emulator.serving { azure in
            let (scratch, other) = (try Scratch(), try Scratch())
            let (lure, victim) = (try Self.run(azure, scratch), try Self.run(azure, other))
            try Self.replace("status.json", in: scratch) {
                $0.replacing("\"pid\": \(lure.pid),", with: "\"pid\": \(victim.pid),")
            }
            let outcome = try azure.start(["refresh"], in: scratch).end()
            #expect(outcome.ending == .code(71), "\(outcome.errors)")
            // Its own is found as before.
            #expect(try azure.start(["refresh", "--wait"], in: other).end().ending == .code(0))
            try lure.end(SIGTERM)
            try victim.end(SIGTERM)
        }
    }

    @Test(arguments: ["9223372036854775807-01-01T00:00:00Z", "0000-01-01T9223372036854775807:00:00Z"])
    func `a time that no clock reaches ends no command by a signal`(time: String) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try Self.run(azure, scratch)
            try Self.replace("status.json", in: scratch) {
                $0.replacing(/"refreshed_at": "[^"]*"/, with: "\"refreshed_at\": \"\(time)\"")
            }
            let outcome = try azure.start(["status"], in: scratch).end()
            #expect(outcome.ending == .code(0) && outcome.output.contains(time), "\(outcome)")
            try launch.end(SIGTERM)
        }
    }

    @Test(arguments: ["--json", "--prometheus"])
    func `what a terminal would act on is written out`(form: String) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try Self.run(azure, scratch)
            let file = form == "--json" ? "status.json" : "metrics.prom"
            // CSI in one character, and the order of text turned around.
            try Self.replace(file, in: scratch) {
                $0.replacing("\"state\": \"", with: "\"note\": \"\u{9B}2J\u{202E}\u{7F}\",\"state\": \"")
                    + (form == "--json" ? "" : "# \u{1B}]0;taken\u{7} \u{9B}2J\r\n")
            }
            let outcome = try azure.start(["status", form], in: scratch).end()
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            let isHarmless = outcome.output.unicodeScalars.allSatisfy { scalar in
                scalar == "\n" || (0x20...0x7E).contains(scalar.value) || scalar == "\u{FFFD}"
            }
            #expect(isHarmless, "\(outcome.output.debugDescription)")
            if form == "--json" { #expect(outcome.output.contains("\\u009b2J\\u202e\\u007f")) }
            try launch.end(SIGTERM)
        }
    }
}
