import LaunchConfiguration
import Messages
import Testing

/// Texts that are nearly TOML, some of them found by fuzzing: each one line with its place, and nothing worse.
struct HostileTextTests {
    @Test(
        arguments: [
            ("[.a]", 1, 2), ("[=]", 1, 2), ("\n[ ='x']", 2, 3), ("[\n", 1, 2), ("[é]", 1, 2), ("[[\t#]]", 1, 4),
            ("jitter = 1979-05-27Tx", 1, 10), ("[refresh]\njitter = [07:32:00]", 2, 11), ("a = 1-1", 1, 5),
            ("a = inf", 1, 5), ("a = [1, {b = 0x}]", 1, 14), ("a = -nan", 1, 5), ("a = 1979-05-27 07:3x", 1, 5),
            ("a = yes", 1, 5),
        ])
    func `what the parser would abort at is a mistake with its location`(text: String, line: Int, column: Int) {
        let directory = Directory(text)
        let error = #expect(throws: ConfigurationError.self) {
            try CommandLine.parse(directory.invocation(["run", "--", "app"]))
        }
        #expect(error?.diagnosis.code == .configurationSyntax)
        #expect(error?.diagnosis.exitCode == .configuration)
        #expect(error?.diagnosis.text.contains("latchkey.toml:\(line):\(column): ") == true)
    }

    @Test(
        arguments: [
            // A dotted key makes a table of each part, which would be freed by recursion.
            String(repeating: "a.", count: 500_000) + "a = 1",
            "x = 1\n[" + String(repeating: "\"=\".", count: 100_000) + "a]",
            // Seven times 255 tables.
            nested(dots: 255, values: 7),
            nested(dots: 4, values: 7),
            "other = " + String(repeating: "[", count: 500_000),
            "other = " + String(repeating: "{a=", count: 200_000),
            // The parser goes back by more characters than it remembers.
            "a = 1111-11-1" + String(repeating: "_", count: 117) + "1 1:00",
            // More values than anybody writes.
            "a = [" + String(repeating: "1,", count: 70_000) + "]",
        ])
    func `what would take the parser's stack or memory is a mistake`(text: String) {
        let mistake = Directory(text).mistake(["run", "--", "app"])
        #expect(mistake.code == 78)
        #expect(mistake.lines[0].contains("error[config-syntax]: latchkey.toml:"), "\(mistake)")
    }

    /// Inline tables in arrays, each on a line of its own with a key of many parts.
    private static func nested(dots: Int, values: Int) -> String {
        let key = String(repeating: "a.", count: dots) + "a"
        let start = String(repeating: "\(key) = [\n{", count: values)
        return "[\(key)]\n\(start)a = 1" + String(repeating: "}]", count: values) + "\n"
    }

    @Test(arguments: ["é", "Ж", "\u{A1}", "\u{499}", "\u{2E80}", "\u{FD00}", "\u{A0}", "\u{3000}", "\u{FEFF}", "😀"])
    func `any character has a mistake's location or is part of a text`(character: String) {
        let texts = ["a = 1\(character)", "a \(character)= 1", "[\(character)]", "[a]\(character)", "a = \(character)"]
        for text in texts { #expect(Directory(text).mistake(["run", "--", "app"]).code == 78) }
        let string = Directory("vault = \"contoso-web\"\n[files]\na = \"x\" # \(character)").mistake([
            "run", "--", "app",
        ])
        #expect(string.code == 0, "\(string)")
    }
}
