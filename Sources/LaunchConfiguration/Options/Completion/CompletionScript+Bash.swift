extension CompletionScript {
    var bash: String {
        let commands = CommandName.allCases.map(\.rawValue).joined(separator: " ")
        return """
            # bash completion for latchkey; made by 'latchkey --generate-completion-script bash'
            # shellcheck shell=bash

            # The names of secrets, as the options of the line so far lead to them.
            _latchkey_secrets() {
                local options=() index
                for ((index = 2; index < ${#words[@]} - 1; index++)); do
                    case ${words[index]} in
                    \(Self.sources.map { "--\($0.name)=*" }.joined(separator: " | ")))
                        options+=("${words[index]}")
                        ;;
                    \(Self.sources.map { "--\($0.name)" }.joined(separator: " | ")))
                        options+=("${words[index]}" "${words[index + 1]}")
                        ;;
                    esac
                done
                timeout 3 latchkey list "${options[@]}" 2>/dev/null </dev/null | awk 'NR > 1 { print $1 }'
            }

            _latchkey_instances() {
                local directory
                for directory in /run/latchkey/*/ "${XDG_RUNTIME_DIR:-/nonexistent}"/latchkey/*/ \\
                    /dev/shm/latchkey-"$UID"{,.*}/*/; do
                    [[ -e ${directory}status.json ]] && basename "$directory"
                done
            }

            _latchkey() {
                # Taken apart at spaces only: bash's own words end at '=' and ':' as well.
                local line=${COMP_LINE:0:COMP_POINT} words=() word choices=''
                read -ra words <<<"$line"
                [[ $line == *[[:space:]] ]] && words+=('')
                local last=$((${#words[@]} - 1))
                local current=${words[last]} option=${words[last - 1]}
                COMPREPLY=()
                for word in "${words[@]:1:last-1}"; do
                    [[ $word == -- ]] || continue
                    if [[ $option == -- ]]; then
                        mapfile -t COMPREPLY < <(compgen -c -- "$current")
                    else
                        mapfile -t COMPREPLY < <(compgen -f -- "$current")
                        compopt -o filenames 2>/dev/null
                    fi
                    return
                done
                if ((last == 1)); then
                    mapfile -t COMPREPLY < <(compgen -W '\(commands) --help --version' -- "$current")
                    return
                fi
                if [[ $current == --*=* ]]; then
                    option=${current%%=*} current=${current#*=}
                fi
                case $option in
            \(bashValues)
                *)
                    case ${words[1]} in
            \(bashOptions)
                    esac
                    ;;
                esac
                mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$current")
            }

            complete -F _latchkey latchkey

            """
    }

    /// The branches for values; equal ones are merged.
    private var bashValues: String {
        var branches: [(action: String, spellings: [String])] = []
        for option in OptionTable.definitions where option.takesValue {
            let action = bashAction(option.completion)
            if let index = branches.firstIndex(where: { $0.action == action }) {
                branches[index].spellings += option.spellings
            } else {
                branches.append((action, option.spellings))
            }
        }
        return branches.map { "    \($0.spellings.joined(separator: " | ")))\n\($0.action)\n        ;;" }
            .joined(separator: "\n")
    }

    private func bashAction(_ completion: ValueCompletion) -> String {
        func reply(_ generator: String) -> String {
            "        mapfile -t COMPREPLY < <(compgen \(generator) -- \"$current\")\n"
        }
        let lines =
            switch completion {
            case .nothing: "        return"
            case .words(let words): "        choices='\(words.joined(separator: " "))'"
            case .file: reply("-f") + "        compopt -o filenames 2>/dev/null\n        return"
            case .directory: reply("-d") + "        compopt -o filenames 2>/dev/null\n        return"
            case .user: reply("-u") + "        return"
            case .group: reply("-g") + "        return"
            case .instance: "        choices=$(_latchkey_instances)"
            case .delivery:
                "        [[ $current == *=* ]] || return\n"
                    + "        current=${current#*=} choices=$(_latchkey_secrets)"
            }
        return lines
    }

    private var bashOptions: String {
        CommandName.allCases.map { command in
            var options = OptionTable.definitions(for: command).flatMap(\.spellings) + ["--help"]
            if command.takesCommand { options.append("--") }
            let branch = "        \(command.rawValue))\n            choices='\(options.joined(separator: " "))'\n"
            let secrets = "            [[ $current == -* ]] || choices=$(_latchkey_secrets)\n"
            let files =
                "            if [[ $current != -* ]]; then\n    "
                + bashAction(.file).replacing("\n", with: "\n        ") + "\n            fi\n"
            let positional = command == .get ? secrets : command == .render ? files : ""
            return branch + positional + "            ;;"
        }.joined(separator: "\n")
    }
}
