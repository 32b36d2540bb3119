import Messages

/// `--help`, made of the tables of commands and options.
enum HelpText {
    /// The help of a command, or of all, in lines of at most `columns`.
    static func help(for command: CommandName?, columns: Int) -> String {
        let width = min(max(columns, 40), 120)
        return if let command { help(for: command, width) } else { overview(width) }
    }

    private static func overview(_ width: Int) -> String {
        var text = wrapped("latchkey: secrets from Azure Key Vault for a command's environment and files", width)
        text += "\nUsage: latchkey COMMAND [options]\n\nCommands:\n"
        text += list(CommandName.allCases.map { ($0.rawValue, $0.abstract) }, width)
        text += "\nExample:\n  \(CommandName.run.example)\n\n"
        text += list(
            [
                ("--help, -h", "this text; behind a command, that command's options"),
                ("--version", "the version"),
                ("--generate-completion-script SHELL", "what bash, zsh or fish completes with"),
            ], width)
        return text + "\n"
            + wrapped("See 'latchkey COMMAND --help', and the manual: latchkey(1), latchkey.toml(5).", width)
    }

    private static func help(for command: CommandName, _ width: Int) -> String {
        var text = wrapped("latchkey \(command.rawValue): \(command.abstract)", width)
        text += "\nUsage: latchkey \(command.usage)\n\n"
        text += wrapped(command.discussion, width)
        text += "\nExample:\n  \(command.example)\n"
        let options = OptionTable.definitions(for: command)
        for section in OptionSection.allCases where options.contains(where: { $0.section == section }) {
            let rows = options.filter { $0.section == section }
                .map { (($0.short == nil ? "    " : "") + $0.synopsis, $0.explanation) }
            text += "\n\(section.rawValue):\n" + list(rows, indent: min(30, width / 2), width)
        }
        return text + "\n"
            + wrapped(
                "Most options can also be set by an environment variable (--log-level by LATCHKEY_LOG_LEVEL) and by a key "
                    + "of ./latchkey.toml; see latchkey-\(command.rawValue)(1) and latchkey.toml(5).", width)
    }

    /// Terms on the left, their meaning on the right. A long term has a line of its own.
    private static func list(
        _ rows: [(term: String, meaning: String)], indent: Int? = nil, _ width: Int
    ) -> String {
        let indent = indent ?? min(rows.map { $0.term.count + 4 }.max() ?? 0, min(30, width / 2))
        let margin = String(repeating: " ", count: indent)
        return rows.map { row in
            let start = "  " + row.term
            let lines = WrappedText.lines(row.meaning, width: width - indent).map { margin + $0 }
            guard start.count + 2 <= indent, let first = lines.first else {
                return ([start] + lines).joined(separator: "\n") + "\n"
            }
            return ([start + first.dropFirst(start.count)] + lines.dropFirst()).joined(separator: "\n") + "\n"
        }.joined()
    }

    private static func wrapped(_ text: String, _ width: Int) -> String {
        WrappedText.lines(text, width: width).joined(separator: "\n") + "\n"
    }
}

extension OptionDefinition {
    /// The option as it is written: `-e, --env NAME=REFERENCE`, `--all[=PREFIX]`, `--once`.
    package var synopsis: String {
        let names = (short.map { "-\($0), " } ?? "") + "--\(name)"
        return switch kind {
        case .switch: names
        case .prefix: "\(names)[=\(placeholder)]"
        default: "\(names) \(placeholder)"
        }
    }

    /// What it does, with the values it takes and its default.
    package var explanation: String {
        var text = summary
        if !values.isEmpty, placeholder != values.joined(separator: "|") {
            text += ": " + values.joined(separator: ", ")
        }
        return text + (defaultText.map { " (default: \($0))" } ?? "")
    }
}
