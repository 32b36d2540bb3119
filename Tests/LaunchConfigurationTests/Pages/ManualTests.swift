import LaunchConfiguration
import Messages
import Testing

@Suite struct ManualTests {
    @Test(arguments: CommandName.allCases)
    func `a command's page is what the tables say`(command: CommandName) throws {
        try Repository.check("deploy/man/latchkey-\(command.rawValue).1", is: ManualPage.command(command))
    }

    @Test(arguments: ["latchkey.1", "latchkey.toml.5", "latchkey-emulator.1"])
    func `the tables of a page written by hand are the program's`(page: String) throws {
        let template = try Repository.text("deploy/man/\(page).in")
        try Repository.check("deploy/man/\(page)", is: ManualPage.filled(template))
    }

    @Test func `the page of messages is the catalogue`() throws {
        try Repository.check("deploy/man/latchkey-messages.7", is: ManualPage.messages)
    }

    @Test(
        .enabled(if: ToolResult.isInstalled("groff"), "groff is not installed"),
        arguments: Repository.manual)
    func `a page has no warnings`(page: String) throws {
        let result = try #require(
            try ToolResult.of("groff", ["-man", "-ww", "-z", "-Tutf8", "-Kutf8", Repository.root + "/" + page]))
        #expect(result.text.isEmpty)
        #expect(result.code == 0)
    }

    /// An example's lines are not filled, and what a terminal folds can't be read.
    @Test(
        .enabled(if: ToolResult.isInstalled("man") && ToolResult.isInstalled("env"), "man is not installed"),
        arguments: Repository.manual)
    func `a page fits a terminal of 80 columns`(page: String) throws {
        let words = ["MANWIDTH=80", "LC_ALL=C.UTF-8", "man", "-P", "cat", "-l", Repository.root + "/" + page]
        let result = try #require(try ToolResult.of("env", words))
        #expect(result.code == 0)
        // Bold and underlined letters are letters struck over.
        let lines = result.text.replacing(/.\u{8}/, with: "").split(separator: "\n")
        #expect(lines.count > 10)
        let wide = lines.filter { $0.count > 80 }
        #expect(wide.isEmpty, "\(wide)")
    }

    @Test func `the emulator's page names its options`() throws {
        let source = try Repository.text("Sources/latchkey-emulator/EmulatorCommand.swift")
        let page = try Repository.text("deploy/man/latchkey-emulator.1")
        let names = source.matches(of: /@(?:Option|Flag)\(.*\)\n\s*var (\w+)/).map { match in
            match.1.map { $0.isUppercase ? "-" + $0.lowercased() : String($0) }.joined()
        }
        #expect(names.count > 10)
        for name in names {
            let isNamed = page.contains(ManualPage.roff("--" + name))
            #expect(isNamed, "--\(name) is not in the page")
        }
    }
}
