extension CompletionScript {
    var fish: String {
        let names = CommandName.allCases.map(\.rawValue).joined(separator: " ")
        return """
            # fish completion for latchkey; made by 'latchkey --generate-completion-script fish'

            # The names of secrets, as the options of the line so far lead to them.
            function __latchkey_secrets
                set -l words (commandline -opc)
                set -l options
                set -l index 1
                while test $index -le (count $words)
                    switch $words[$index]
                        case \(Self.sources.map { "'--\($0.name)=*'" }.joined(separator: " "))
                            set -a options $words[$index]
                        case \(Self.sources.map { "--\($0.name)" }.joined(separator: " "))
                            set index (math $index + 1)
                            if test $index -le (count $words)
                                set -a options $words[(math $index - 1)] $words[$index]
                            end
                    end
                    set index (math $index + 1)
                end
                timeout 3 latchkey list $options 2>/dev/null </dev/null | awk 'NR > 1 { print $1 }'
            end

            # NAME=SECRET or PATH=SECRET, for the NAME or PATH that was typed.
            function __latchkey_deliveries
                set -l start (string match -r '^(?:--\\w+=)?([^=]+=)' -- (commandline -ct))
                and for name in (__latchkey_secrets)
                    echo $start[2]$name
                end
            end

            function __latchkey_instances
                for directory in /run/latchkey/* $XDG_RUNTIME_DIR/latchkey/* /dev/shm/latchkey-(id -u){,.*}/*
                    test -e $directory/status.json; and basename $directory
                end
            end

            # What COMMAND itself would be completed with.
            function __latchkey_command
                set -l words (commandline -opc)
                set -l separator (contains -i -- -- $words)
                set -e words[1..$separator]
                complete -C (string join ' ' $words (commandline -ct))
            end

            # Whether the line's command is one of these, and COMMAND has not begun.
            function __latchkey_is
                set -l words (commandline -opc)
                test (count $words) -ge 2; and contains -- $words[2] $argv; and not contains -- -- $words
            end

            complete -c latchkey -f
            complete -c latchkey -n 'not __latchkey_is \(names)' -l help -s h -d 'what commands there are'
            complete -c latchkey -n 'not __latchkey_is \(names)' -l version -d 'the version'
            \(CommandName.allCases.map(fishCommand).joined(separator: "\n"))
            \(OptionTable.definitions.map(fishOption).joined(separator: "\n"))
            complete -c latchkey -n '__latchkey_is \(names)' -l help -s h -d 'what the options mean'
            complete -c latchkey -n '__latchkey_is get' -a '(__latchkey_secrets)'
            complete -c latchkey -n '__latchkey_is render' -F
            complete -c latchkey -n 'contains -- -- (commandline -opc)' -x -a '(__latchkey_command)'

            """
    }

    private func fishCommand(_ command: CommandName) -> String {
        "complete -c latchkey -n 'test (count (commandline -opc)) -eq 1' -a \(command.rawValue) "
            + "-d \(fishText(command.abstract))"
    }

    private func fishOption(_ option: OptionDefinition) -> String {
        let commands = option.commands.map(\.rawValue).joined(separator: " ")
        var line = "complete -c latchkey -n '__latchkey_is \(commands)' -l \(option.name)"
        if let short = option.short { line += " -s \(short)" }
        if option.takesValue {
            switch option.completion {
            case .nothing: line += " -x"
            case .words(let words): line += " -x -a '\(words.joined(separator: " "))'"
            case .file: line += " -r -F"
            case .directory: line += " -x -a '(__fish_complete_directories)'"
            case .user: line += " -x -a '(__fish_complete_users)'"
            case .group: line += " -x -a '(__fish_complete_groups)'"
            case .instance: line += " -x -a '(__latchkey_instances)'"
            case .delivery: line += " -x -a '(__latchkey_deliveries)'"
            }
        }
        return line + " -d \(fishText(option.summary))"
    }

    private func fishText(_ text: String) -> String {
        "'\(text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "\\'"))'"
    }
}
