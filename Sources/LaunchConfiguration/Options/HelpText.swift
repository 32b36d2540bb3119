import ArgumentParser
import Messages

/// Help, completion scripts and the description of all options, as Argument Parser makes them of the declarations.
enum HelpText {
    /// The help of a command, or of all.
    static func help(for command: CommandName?, columns: Int) -> String {
        let width = min(max(columns, 40), 120)
        let text = LatchkeyDeclaration.helpMessage(
            for: command?.declaration ?? LatchkeyDeclaration.self, columns: width)
        // An optional value can't be declared; the two forms are of the same length.
        return text.split(separator: "--all <PREFIX>", omittingEmptySubsequences: false)
            .joined(separator: "--all[=PREFIX]") + "\n"
    }

    /// What Argument Parser answers by itself to `--generate-completion-script` and `--experimental-dump-help`.
    static func parserOutput(_ words: [String]) throws(ConfigurationError) -> String {
        do {
            _ = try LatchkeyDeclaration.parseAsRoot(words)
        } catch {
            let text = LatchkeyDeclaration.message(for: error)
            if LatchkeyDeclaration.exitCode(for: error) == .success { return text + "\n" }
        }
        throw .usage(
            .optionValue, "option '--generate-completion-script' takes the name of a shell",
            hint: "write bash, zsh or fish")
    }
}

extension NameSpecification {
    /// The names that the table gives an option.
    static func of(_ id: OptionID) -> NameSpecification {
        let definition = OptionTable.definition(id)
        let short = definition.short.map { [Element.customShort($0)] } ?? []
        return NameSpecification(short + [.customLong(definition.name)])
    }
}

extension ArgumentHelp {
    /// The help that the table gives an option.
    static func of(_ id: OptionID) -> ArgumentHelp {
        let definition = OptionTable.definition(id)
        var text = definition.summary
        if let first = definition.values.first, definition.placeholder != definition.values.joined(separator: "|") {
            text += " (" + definition.values.dropFirst().reduce(first) { "\($0), \($1)" } + ")"
        }
        if let standard = definition.defaultText { text += " (default: \(standard))" }
        return ArgumentHelp(stringLiteral: text).with(valueName: definition.placeholder)
    }

    private func with(valueName: String) -> ArgumentHelp {
        var copy = self
        if !valueName.isEmpty { copy.valueName = valueName }
        return copy
    }
}

extension CompletionKind {
    /// What shells complete an option's value with.
    static func of(_ id: OptionID) -> CompletionKind? {
        let definition = OptionTable.definition(id)
        switch definition.kind {
        case .choice(let values): return .list(values)
        case .path: return id == .directory ? .directory : .file()
        case .signal: return .list(SignalText.names.map(\.name))
        case .user: return .shellCommand("getent passwd | cut -d: -f1")
        case .group: return .shellCommand("getent group | cut -d: -f1")
        default: return nil
        }
    }
}
