import LaunchConfiguration
import Testing

@Suite struct HelpTests {
    private func help(_ arguments: [String], columns: Int = 80) throws -> String {
        var invocation = Directory().invocation(arguments)
        invocation.columns = columns
        guard case .help(let text) = try LaunchConfiguration.CommandLine.parse(invocation) else { return "" }
        return text
    }

    @Test(arguments: CommandName.allCases)
    func `a command's help has its usage, an example and every option`(command: CommandName) throws {
        let text = try help([command.rawValue, "--help"])
        #expect(text.contains("Usage: latchkey \(command.usage)\n"))
        #expect(text.contains("Example:\n  \(command.example)\n"))
        for option in OptionTable.definitions(for: command) { #expect(text.contains(option.synopsis)) }
        #expect(try help(["help", command.rawValue]) == text)
        #expect(try help([command.rawValue, "--bogus", "-h"]) == text)
    }

    @Test(arguments: CommandName.allCases)
    func `a command's example is one that it takes`(command: CommandName) throws {
        let words = command.example.split(separator: " ").dropFirst().map(String.init)
        let mistake = Directory().mistake(words)
        // The files that examples name are not here.
        #expect(mistake.code == 0 || mistake.lines[0].contains("[config-missing]"), "\(mistake)")
    }

    @Test(arguments: [40, 60, 80, 120])
    func `the width is respected`(columns: Int) throws {
        for command in CommandName.allCases {
            let text = try help([command.rawValue, "--help"], columns: columns)
            let fixed = ["Usage: ", "  latchkey "]
            let long = text.split(separator: "\n").filter { line in
                line.count > columns && !fixed.contains { line.hasPrefix($0) } && line.contains(" ")
                    && line.trimmingPrefix(while: { $0 == " " }).contains(" ")
            }
            // A synopsis stands in one line, however narrow the terminal is.
            #expect(long.allSatisfy { $0.hasPrefix("  ") && $0.contains("--") }, "\(long)")
        }
    }

    @Test func `the help of refresh says that it signals also when nothing changed`() throws {
        let text = try help(["refresh", "--help"]).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(text.contains("The command is signalled also when nothing changed"))
    }

    @Test func `help without a command lists all of them`() throws {
        let text = try help(["--help"])
        for command in CommandName.allCases { #expect(text.contains("\n  \(command.rawValue) ")) }
        #expect(try help(["help"]) == text)
        #expect(try help(["-h"]) == text)
    }

    @Test func `the version is one line`() throws {
        let version = try Directory().parse(["--version"])
        #expect(try Directory().parse(["run", "--version"]) == version)
        guard case .version(let text) = version else {
            Issue.record("no version")
            return
        }
        #expect(text.contains(/^latchkey \d+\.\d+\.\d+\n$/))
    }
}
