# fish completion for latchkey; made by 'latchkey --generate-completion-script fish'

# The names of secrets, as the options of the line so far lead to them.
function __latchkey_secrets
    set -l words (commandline -opc)
    set -l options
    set -l index 1
    while test $index -le (count $words)
        switch $words[$index]
            case '--config=*' '--vault=*' '--vault-suffix=*' '--identity=*' '--client-id=*' '--object-id=*' '--resource-id=*' '--ca-file=*'
                set -a options $words[$index]
            case --config --vault --vault-suffix --identity --client-id --object-id --resource-id --ca-file
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
    set -l start (string match -r '^(?:--\w+=)?([^=]+=)' -- (commandline -ct))
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
complete -c latchkey -n 'not __latchkey_is run sync sidecar check list get status refresh export render credential init' -l help -s h -d 'what commands there are'
complete -c latchkey -n 'not __latchkey_is run sync sidecar check list get status refresh export render credential init' -l version -d 'the version'
complete -c latchkey -n 'test (count (commandline -opc)) -eq 1' -a run -d 'fetch secrets, deliver them, start COMMAND, and keep it supervised and its secrets fresh'
complete -c latchkey -n 'test (count (commandline -opc)) -eq 1' -a sync -d 'fetch secrets, deliver the files, and exit'
complete -c latchkey -n 'test (count (commandline -opc)) -eq 1' -a sidecar -d 'keep files fresh for a process that another supervises'
complete -c latchkey -n 'test (count (commandline -opc)) -eq 1' -a check -d 'say what \'run\' would do, and whether it would start; nothing is started or written'
complete -c latchkey -n 'test (count (commandline -opc)) -eq 1' -a list -d 'list the vault\'s secrets, without values'
complete -c latchkey -n 'test (count (commandline -opc)) -eq 1' -a get -d 'print one secret\'s value'
complete -c latchkey -n 'test (count (commandline -opc)) -eq 1' -a status -d 'say what the running instance delivers, and how fresh it is'
complete -c latchkey -n 'test (count (commandline -opc)) -eq 1' -a refresh -d 'ask the running instance to refresh now'
complete -c latchkey -n 'test (count (commandline -opc)) -eq 1' -a export -d 'print the variables that \'run\' would deliver'
complete -c latchkey -n 'test (count (commandline -opc)) -eq 1' -a render -d 'print a template with its values'
complete -c latchkey -n 'test (count (commandline -opc)) -eq 1' -a credential -d 'serve systemd\'s credential requests on its socket'
complete -c latchkey -n 'test (count (commandline -opc)) -eq 1' -a init -d 'write a commented latchkey.toml from what the vault holds, or from another tool\'s file'
complete -c latchkey -n '__latchkey_is run sync sidecar check list get status refresh export render credential init' -l config -r -F -d 'configuration file'
complete -c latchkey -n '__latchkey_is run sync sidecar check export list get render credential init' -l vault -x -d 'default vault: a name (contoso-web is https://contoso-web.vault.azure.net) or an https URL'
complete -c latchkey -n '__latchkey_is run sync sidecar check export list get render credential init' -l vault-suffix -x -d 'what follows a vault\'s name, also in akv:// and App Service references: another cloud\'s suffix, or an emulator\'s, with its port'
complete -c latchkey -n '__latchkey_is run sync sidecar check export list get render credential init' -l identity -x -a 'auto app-service imds arc service-fabric cloud-shell workload-identity client-secret client-certificate azure-cli' -d 'where tokens come from'
complete -c latchkey -n '__latchkey_is run sync sidecar check export list get render credential init' -l client-id -x -d 'client id of a user-assigned identity'
complete -c latchkey -n '__latchkey_is run sync sidecar check export list get render credential init' -l object-id -x -d 'object id of a user-assigned identity'
complete -c latchkey -n '__latchkey_is run sync sidecar check export list get render credential init' -l resource-id -x -d 'resource id of a user-assigned identity'
complete -c latchkey -n '__latchkey_is run sync sidecar check export list get render credential init' -l ca-file -r -F -d 'certificate authorities for vaults and Entra, instead of the system\'s'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l fallback -x -d 'ask the second vault while the first can\'t be reached, is throttled or fails (repeatable, in order)'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l start-timeout -x -d 'how long to go on retrying before the start'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l cache -x -a 'memory sealed off' -d 'keep the last delivered secrets, to start without the vault: in memory, or sealed with the machine\'s key over a reboot'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l max-stale -x -d 'how old the secrets of a start without the vault may be'
complete -c latchkey -n '__latchkey_is run sync sidecar check export' -l env -s e -x -a '(__latchkey_deliveries)' -d 'deliver a secret as an environment variable (repeatable)'
complete -c latchkey -n '__latchkey_is run sync sidecar check export' -l env-file -r -F -d 'file of lines NAME=value and NAME=reference: variables nearer than inherited ones, and less near than all others (repeatable)'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l file -s f -x -a '(__latchkey_deliveries)' -d 'deliver a secret as a file, PATH relative to the secrets directory (repeatable)'
complete -c latchkey -n '__latchkey_is run sync sidecar check export' -l all -d 'deliver every enabled secret (whose name starts with PREFIX) as environment variables'
complete -c latchkey -n '__latchkey_is run sync sidecar check export' -l tag -x -d 'narrow --all to secrets with this tag (repeatable)'
complete -c latchkey -n '__latchkey_is run sync sidecar check export' -l naming -x -a 'upper-snake dotnet verbatim' -d 'how bulk selection names what it delivers'
complete -c latchkey -n '__latchkey_is run sync sidecar check export' -l if-missing -x -a 'error warn ignore' -d 'what to do about a secret that does not exist'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l directory -x -a '(__fish_complete_directories)' -d 'the secrets directory'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l allow-disk -d 'let the secrets directory be on a file system that is not tmpfs or ramfs'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l group -x -a '(__fish_complete_groups)' -d 'let this group read: directories 0750, files 0440'
complete -c latchkey -n '__latchkey_is run sync sidecar check status refresh' -l instance -x -a '(__latchkey_instances)' -d 'names the run, for \'status\' and \'refresh\''
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l refresh -x -d 'refresh interval; off: only on request'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l jitter -x -d 'every interval is drawn from the interval ± PERCENT'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l on-change -x -a 'signal restart replace none exec reload-unit' -d 'what to do when secrets have changed'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l signal -x -a 'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS IOT CLD POLL' -d 'signal to send on a change; implies --on-change signal, unless it is replace: then it tells the running command that files have gone back'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l exec-on-change -x -d 'command to run on a change, without a shell; implies --on-change exec'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l on-gone -x -a 'keep stop' -d 'what to do when a required secret is definitely gone'
complete -c latchkey -n '__latchkey_is sidecar' -l signal-pid -x -d 'whom to signal: a PID, a pid file\'s path, or name:COMMAND'
complete -c latchkey -n '__latchkey_is sidecar' -l reload-unit -x -d 'unit of systemd\'s to reload on a change, or restart where it can\'t reload; implies --on-change reload-unit'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l once -d 'no supervision: fetch, deliver, then become COMMAND in the same process'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l user -x -a '(__fish_complete_users)' -d 'run COMMAND as this user, and deliver files as this user'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l stop-signal -x -a 'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS IOT CLD POLL' -d 'signal that stops the command on restart and shutdown'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l stop-timeout -x -d 'how long the command may take to stop, before KILL'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l ready -x -d 'when a command counts as ready to replace the running one: it says READY=1 (implies --notify child), it has run for so long, or COMMAND ends with 0'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l ready-timeout -x -d 'how long a command may take to become ready, before the running one stays'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l listen -x -d 'socket to open once and hand to every command, as systemd does: tcp:8080, tcp:127.0.0.1:8080, tcp:[::]:8080, unix:/run/web.sock[,mode=0660] (repeatable)'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l group-signal -d 'give the command its own process group, and signal all of it'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l pristine -d 'hand over only PATH, HOME, USER, LANG, LC_*, TERM, TZ, SHELL, systemd\'s variables and what is delivered'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l keep-identity -d 'leave the identity\'s endpoints and credentials in the command\'s environment'
complete -c latchkey -n '__latchkey_is run sync sidecar check' -l notify -x -a 'launcher child' -d 'who reports readiness to systemd'
complete -c latchkey -n '__latchkey_is run sync sidecar check list get status refresh export render credential init' -l log-format -x -a 'auto text json journal' -d 'how messages are written; auto is journal when stderr is the journal, text elsewhere'
complete -c latchkey -n '__latchkey_is run sync sidecar check list get status refresh export render credential init' -l log-level -x -a 'error warning info debug' -d 'the least severity that is logged'
complete -c latchkey -n '__latchkey_is check list status' -l json -d 'write JSON'
complete -c latchkey -n '__latchkey_is check' -l explain -d 'say why each choice was made'
complete -c latchkey -n '__latchkey_is status' -l prometheus -d 'write metrics for Prometheus'
complete -c latchkey -n '__latchkey_is refresh' -l wait -d 'return when the refresh has ended'
complete -c latchkey -n '__latchkey_is export' -l format -x -a 'dotenv env-file json shell' -d 'how the variables are written'
complete -c latchkey -n '__latchkey_is export render' -l reveal -d 'write to a terminal, too'
complete -c latchkey -n '__latchkey_is init' -l from -r -F -d 'make it from what another tool reads, not from the vault: JSON of a SecretProviderClass, of akv2k8s, of App Service settings or of a container app, or a .env file; - for standard input'
complete -c latchkey -n '__latchkey_is init' -l output -r -F -d 'file to write, which must not exist; - for standard output'
complete -c latchkey -n '__latchkey_is run sync sidecar check list get status refresh export render credential init' -l help -s h -d 'what the options mean'
complete -c latchkey -n '__latchkey_is get' -a '(__latchkey_secrets)'
complete -c latchkey -n '__latchkey_is render' -F
complete -c latchkey -n 'contains -- -- (commandline -opc)' -x -a '(__latchkey_command)'
