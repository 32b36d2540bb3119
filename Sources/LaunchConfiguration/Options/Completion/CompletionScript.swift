/// The completion script of a shell, made from the tables of commands and options.
///
/// The scripts call `latchkey list` for the names of secrets, with the options of the line so far, for at most three
/// seconds. Without an identity they offer no names.
package struct CompletionScript {
    package enum Shell: String, CaseIterable, Sendable {
        case bash, zsh, fish
    }

    let shell: Shell

    package init(_ shell: Shell) {
        self.shell = shell
    }

    package var text: String {
        switch shell {
        case .bash: bash
        case .zsh: zsh
        case .fish: fish
        }
    }

    /// The options that `list` needs to reach the vault.
    static let sources = OptionTable.definitions(for: .list).filter { $0.section == .source }
}

/// How an option's value is completed.
enum ValueCompletion: Equatable {
    case nothing
    case words([String])
    case file, directory, user, group, instance
    /// A secret's name after `NAME=`.
    case delivery
}

extension OptionDefinition {
    /// As it is typed: `--env`, and `-e`.
    var spellings: [String] { ["--\(name)"] + (short.map { ["-\($0)"] } ?? []) }

    var takesValue: Bool { kind != .switch && kind != .prefix }

    var completion: ValueCompletion {
        switch kind {
        case .choice(let values): .words(values)
        case .paths: .file
        case .path: id == .directory ? .directory : .file
        case .signal: .words(SignalText.names.map(\.name))
        case .user: .user
        case .group: .group
        case .instance: .instance
        case .pair: id == .tag || id == .fallback ? .nothing : .delivery
        case .text where id == .output || id == .from: .file
        default: .nothing
        }
    }
}
