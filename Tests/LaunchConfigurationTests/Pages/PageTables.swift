import LaunchConfiguration
import Messages
import Testing

/// The tables in pages written by hand, between `<!-- begin NAME -->` and `<!-- end NAME -->`.
enum PageTables {
    static func filled(_ page: String) -> String {
        var text = page
        for (name, rows) in tables {
            let (begin, end) = ("<!-- begin \(name) -->", "<!-- end \(name) -->")
            guard let start = text.firstRange(of: begin), let stop = text.firstRange(of: end) else { continue }
            text.replaceSubrange(start.upperBound..<stop.lowerBound, with: "\n" + rows.joined(separator: "\n") + "\n")
        }
        return text
    }

    private static var tables: [(String, [String])] {
        [
            ("codes", codes), ("exit codes", exitCodes), ("settings", settings), ("entries", entries),
        ]
    }

    private static var codes: [String] {
        ["| code | | exit code | what has happened | what to do |", "|---|---|---|---|---|"]
            + MessageCode.allCases.map { code in
                let entry = code.entry
                let exit = entry.exitCode.map { String($0.rawValue) } ?? ""
                return row(["`\(code.rawValue)`", entry.severity.name, exit, entry.meaning, entry.remedy])
            }
    }

    private static var exitCodes: [String] {
        ["| code | meaning |", "|---|---|"] + ExitCode.allCases.map { row([String($0.rawValue), $0.meaning]) }
    }

    private static var settings: [String] {
        ["| option | variable | key | |", "|---|---|---|---|"]
            + OptionTable.definitions.filter { $0.environmentName != nil || $0.isRepeatable }.map { option in
                row([
                    "`\(option.synopsis)`", option.environmentName.map { "`\($0)`" } ?? "",
                    option.key.map { "`\($0.description)`" } ?? "", option.explanation,
                ])
            }
    }

    private static var entries: [String] {
        EntryTable.allCases.filter { !$0.keys.isEmpty }.flatMap { table in
            let name = table == .select ? "[[select]]" : "[\(table.rawValue)]"
            return ["`\(name)`: \(table.summary)", "", "| key | |", "|---|---|"]
                + table.keys.map { row(["`\($0.name)`", $0.summary]) } + [""]
        }
    }

    private static func row(_ cells: [String]) -> String {
        "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }
}

@Suite struct PageTableTests {
    @Test(arguments: ["Troubleshooting", "Configuration"])
    func `the tables of a page are the program's`(page: String) throws {
        let path = "Sources/latchkey-worker/Documentation.docc/\(page).md"
        try Repository.check(path, is: PageTables.filled(try Repository.text(path)))
    }
}
