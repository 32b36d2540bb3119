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
    func `what the parser would abort at is a mistake with its place`(text: String, line: Int, column: Int) {
        let directory = Directory(text)
        let error = #expect(throws: ConfigurationError.self) {
            try CommandLine.parse(directory.invocation(["run", "--", "app"]))
        }
        #expect(error?.diagnosis.code == .configurationSyntax)
        #expect(error?.diagnosis.exitCode == .configuration)
        #expect(error?.diagnosis.text.contains("latchkey.toml:\(line):\(column): ") == true)
    }
}
