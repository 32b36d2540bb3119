extension CompletionScript {
    var zsh: String {
        let commands = CommandName.allCases.map { "        '\($0.rawValue):\(zshText($0.abstract))'" }
        return """
            #compdef latchkey
            # zsh completion for latchkey; made by 'latchkey --generate-completion-script zsh'

            # The names of secrets, as the options of the line so far lead to them.
            _latchkey_secrets() {
                local -a options names
                local index
                for ((index = 1; index < ${#words}; index++)); do
                    case $words[index] in
                    \(Self.sources.map { "--\($0.name)=*" }.joined(separator: "|")))
                        options+=("${(Q)words[index]}")
                        ;;
                    \(Self.sources.map { "--\($0.name)" }.joined(separator: "|")))
                        options+=("${(Q)words[index]}" "${(Q)words[index+1]}")
                        ;;
                    esac
                done
                names=(${(f)"$(timeout 3 latchkey list $options 2>/dev/null </dev/null | awk 'NR > 1 { print $1 }')"})
                compadd -a names
            }

            # A secret's name behind NAME= or PATH=.
            _latchkey_delivery() {
                if compset -P 1 '*='; then
                    _latchkey_secrets
                else
                    _message 'NAME=REFERENCE or PATH=REFERENCE'
                fi
            }

            _latchkey_instances() {
                local -a names
                names=(/run/latchkey/*/status.json(N:h:t) ${XDG_RUNTIME_DIR:-/nonexistent}/latchkey/*/status.json(N:h:t)
                    /dev/shm/latchkey-$UID{,.*}/*/status.json(N:h:t))
                compadd -a names
            }

            _latchkey() {
                local curcontext=$curcontext state line
                local -A opt_args
                local -a commands=(
            \(commands.joined(separator: "\n"))
                )
                _arguments -C '(- *)--help[what commands there are]' '(- *)--version[the version]' \\
                    '1: :->command' '*:: :->argument'
                if [[ $state == command ]]; then
                    _describe command commands
                    return
                fi
                curcontext=${curcontext%:*}-$words[1]:
                case $words[1] in
            \(CommandName.allCases.map(zshBranch).joined(separator: "\n"))
                esac
            }

            if [[ $funcstack[1] == _latchkey ]]; then
                _latchkey "$@"
            else
                compdef _latchkey latchkey
            fi

            """
    }

    private func zshBranch(_ command: CommandName) -> String {
        var lines = OptionTable.definitions(for: command).map(zshOption)
        lines.append("'(- *)'{-h,--help}'[what the options mean]'")
        if command == .get { lines.append("'1:reference:_latchkey_secrets'") }
        if command == .render { lines.append("'1:template:_files'") }
        if command.takesCommand { lines.append("'(-)*::command:_normal'") }
        let body = lines.map { "            \($0)" }.joined(separator: " \\\n")
        return "    \(command.rawValue))\n        _arguments -S \\\n\(body)\n        ;;"
    }

    private func zshOption(_ option: OptionDefinition) -> String {
        let help = "[\(zshText(option.summary))]"
        let names = option.short.map { "{-\($0),--\(option.name)=}" } ?? "--\(option.name)"
        let star = option.isRepeatable ? "'*'" : ""
        if option.kind == .switch { return "\(star)\(names)'\(help)'" }
        let action = zshAction(option.completion)
        let value = ":\(zshText(option.placeholder)):\(action)"
        if option.kind == .prefix { return "\(star)\(names)'=-\(help):\(value)'" }
        return "\(star)\(names)\(option.short == nil ? "'=" : "'")\(help)\(value)'"
    }

    private func zshAction(_ completion: ValueCompletion) -> String {
        switch completion {
        case .nothing: ""
        case .words(let words): "(\(words.joined(separator: " ")))"
        case .file: "_files"
        case .directory: "_directories"
        case .user: "_users"
        case .group: "_groups"
        case .instance: "_latchkey_instances"
        case .delivery: "_latchkey_delivery"
        }
    }

    /// The text without characters that would end a quoted specification.
    private func zshText(_ text: String) -> String {
        var quoted = ""
        for character in text {
            if "[]:".contains(character) { quoted += "\\" }
            quoted += character == "'" ? "'\\''" : String(character)
        }
        return quoted
    }
}
