import Foundation
import LaunchConfiguration
import Messages

/// The manual's pages in man(7): those of the commands whole, the tables in the others.
enum ManualPage {
    static func command(_ command: CommandName) -> String {
        let name = "latchkey-\(command.rawValue)"
        var lines = head(name.uppercased(), 1)
        lines += [".SH NAME", "\(roff(name)) \\- \(roff(command.abstract))", ".SH SYNOPSIS"]
        lines += [".B latchkey \(command.rawValue)", roff(String(command.usage.dropFirst(command.rawValue.count + 1)))]
        lines += [".SH DESCRIPTION", roff(command.discussion), ".SH OPTIONS"]
        for section in OptionSection.allCases {
            let options = OptionTable.definitions(for: command).filter { $0.section == section }
            guard !options.isEmpty else { continue }
            lines.append(".SS \(section.rawValue)")
            lines += options.flatMap(option)
        }
        lines += [".SH EXAMPLE", ".nf", roff(command.example), ".fi"]
        lines += documents[command] ?? []
        if command == .status { lines += exitStatus([.success, .stale, .notRunning]) }
        if command == .refresh { lines += exitStatus([.success, .notRunning, .temporary, .denied]) }
        lines += [".SH SEE ALSO", seeAlso(except: command)]
        return lines.joined(separator: "\n") + "\n"
    }

    /// A page written by hand, with the tables in the places that name them: a line `@OPTIONS@`.
    static func filled(_ template: String) -> String {
        template.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            switch line {
            case "@HEAD latchkey 1@": head("LATCHKEY", 1).joined(separator: "\n")
            case "@HEAD latchkey.toml 5@": head("LATCHKEY.TOML", 5).joined(separator: "\n")
            case "@HEAD latchkey-emulator 1@": head("LATCHKEY-EMULATOR", 1).joined(separator: "\n")
            case "@COMMANDS@": commands.joined(separator: "\n")
            case "@EXIT STATUS@": exitStatus(ExitCode.allCases).dropFirst().joined(separator: "\n")
            case "@ENVIRONMENT@": environment.joined(separator: "\n")
            case "@TOP KEYS@": keys(of: nil).joined(separator: "\n")
            case "@TABLE KEYS@": tables.joined(separator: "\n")
            case "@ENTRY KEYS@": entries.joined(separator: "\n")
            default: String(line)
            }
        }.joined(separator: "\n")
    }

    /// The codes of all messages.
    static var messages: String {
        var lines = head("LATCHKEY-MESSAGES", 7)
        lines += [
            ".SH NAME", "latchkey\\-messages \\- the codes of latchkey's messages, and what to do about each",
            ".SH DESCRIPTION",
            "Every message has a stable code in brackets. An exit code belongs to those that end a command.",
        ]
        for code in MessageCode.allCases {
            let entry = code.entry
            let exit = entry.exitCode.map { ", exit code \($0.rawValue)" } ?? ""
            lines += [
                ".TP", ".B \(roff(code.rawValue))", roff("\(entry.severity.name)\(exit): \(entry.meaning)."), ".br",
            ]
            lines.append(roff("What to do: \(entry.remedy)."))
        }
        lines += [".SH SEE ALSO", "\\fBlatchkey\\fR(1)"]
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: parts

    private static func head(_ title: String, _ section: Int) -> [String] {
        [
            ".\\\" The tables of this page are made from the program's own, by the tests.",
            ".TH \(roff(title)) \(section) \"\" \"Latchkey \(Release.version)\" \"Latchkey\"", ".nh", ".ad l",
        ]
    }

    private static var commands: [String] {
        CommandName.allCases.flatMap { command in
            [".TP", "\\fBlatchkey\\-\(command.rawValue)\\fR(1)", roff(command.abstract)]
        }
    }

    private static func option(_ option: OptionDefinition) -> [String] {
        let names = ((option.short.map { ["-\($0)"] } ?? []) + ["--\(option.name)"])
            .map { "\\fB\(roff($0))\\fR" }.joined(separator: ", ")
        let value =
            switch option.kind {
            case .switch: ""
            case .prefix: "[=\\fI\(roff(option.placeholder))\\fR]"
            default: " \\fI\(roff(option.placeholder))\\fR"
            }
        var also: [String] = []
        if let name = option.environmentName { also.append("Environment: \(name)") }
        if let key = option.key { also.append("Key: \(key.description)") }
        let lines = [".TP", names + value, roff(sentence(option.explanation))]
        return also.isEmpty ? lines : lines + [".br", roff(also.joined(separator: ". ") + ".")]
    }

    private static func exitStatus(_ codes: [ExitCode]) -> [String] {
        [".SH EXIT STATUS"] + codes.flatMap { [".TP", ".B \($0.rawValue)", roff(sentence($0.meaning))] }
    }

    private static var environment: [String] {
        OptionTable.definitions.compactMap { option in
            option.environmentName.map { [".TP", ".B \(roff($0))", roff("As --\(option.name).")] }
        }.flatMap(\.self)
    }

    private static func keys(of table: String?) -> [String] {
        OptionTable.definitions.filter { $0.key != nil && $0.key?.table == table }.flatMap { option -> [String] in
            [
                ".TP", ".B \(roff(option.key?.name ?? ""))", roff("\(type(option)): \(sentence(option.explanation))"),
                ".br",
            ]
                + [roff("Option: --\(option.name)")]
        }
    }

    private static var tables: [String] {
        var names: [String] = []
        for name in OptionTable.definitions.compactMap({ $0.key?.table }) where !names.contains(name) {
            names.append(name)
        }
        return names.flatMap { [".SS [\(roff($0))]"] + keys(of: $0) }
    }

    private static var entries: [String] {
        EntryTable.allCases.flatMap { table in
            [".SS [\(table == .select ? "[select]" : roff(table.rawValue))]", roff(sentence(table.summary))]
                + table.keys.flatMap { key in [".TP", ".B \(roff(key.name))", roff("\(type(key)): \(key.summary)")] }
        }
    }

    private static func type(_ option: OptionDefinition) -> String {
        switch option.kind {
        case .switch: "boolean"
        case .percent: "whole number"
        case .signal, .signalTarget: "string or whole number"
        case .words: "string, or array of strings"
        case .list, .paths: "array of strings"
        default: "string"
        }
    }

    private static func type(_ key: EntryKey) -> String {
        switch key.kind {
        case .string: "string"
        case .integer: "whole number"
        case .strings: "array of strings"
        case .table: "table of strings"
        case .choice(let values): "string, one of " + values.joined(separator: ", ")
        }
    }

    private static func seeAlso(except command: CommandName) -> String {
        (["latchkey(1)", "latchkey.toml(5)", "latchkey-messages(7)"]
            + CommandName.allCases.filter { $0 != command }.map { "latchkey-\($0.rawValue)(1)" })
            .map { page in
                let parts = page.split(separator: "(")
                return "\\fB\(roff(String(parts[0])))\\fR(\(parts[1])"
            }.joined(separator: ", ")
    }

    private static func sentence(_ text: String) -> String {
        text.prefix(1).uppercased() + text.dropFirst() + (text.hasSuffix(".") ? "" : ".")
    }

    /// Text that man(7) shows as it is.
    static func roff(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case "…": result += "..."
            case "±": result += "\\(+-"
            default: result.append(character)
            }
        }
        return result.hasPrefix(".") || result.hasPrefix("'") ? "\\&" + result : result
    }
}
