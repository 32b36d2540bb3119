/// What a shell completes `latchkey` with, made of the tables of commands and options.
///
/// The scripts ask `latchkey list` for the names of secrets, with the options of the line so far, for three seconds at
/// most; where no identity is at hand they offer nothing.
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

    /// The options that lead to a vault: what `list` has to be asked with.
    static let sources = OptionTable.definitions(for: .list).filter { $0.section == .source }
}

/// What an option's value is completed with.
enum ValueCompletion: Equatable {
    case nothing
    case words([String])
    case file, directory, user, group, instance
    /// A secret's name behind `NAME=`.
    case delivery
}

extension OptionDefinition {
    /// As it is typed: `--env`, and `-e`.
    var spellings: [String] { ["--\(name)"] + (short.map { ["-\($0)"] } ?? []) }

    var takesValue: Bool { kind != .switch && kind != .prefix }

    var completion: ValueCompletion {
        switch kind {
        case .choice(let values): .words(values)
        case .path: id == .directory ? .directory : .file
        case .signal: .words(SignalText.names.map(\.name))
        case .user: .user
        case .group: .group
        case .instance: .instance
        case .pair: id == .tag ? .nothing : .delivery
        case .text where id == .output: .file
        default: .nothing
        }
    }
}
