#compdef latchkey
# zsh completion for latchkey; made by 'latchkey --generate-completion-script zsh'

# The names of secrets, as the options of the line so far lead to them.
_latchkey_secrets() {
    local -a options names
    local index
    for ((index = 1; index < ${#words}; index++)); do
        case $words[index] in
        --config=*|--vault=*|--vault-suffix=*|--identity=*|--client-id=*|--object-id=*|--resource-id=*|--ca-file=*)
            options+=("${(Q)words[index]}")
            ;;
        --config|--vault|--vault-suffix|--identity|--client-id|--object-id|--resource-id|--ca-file)
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
        'run:fetch secrets, deliver them, start COMMAND, and keep it supervised and its secrets fresh'
        'sync:fetch secrets, deliver the files, and exit'
        'sidecar:keep files fresh for a process that another supervises'
        'check:say what '\''run'\'' would do, and whether it would start; nothing is started or written'
        'list:list the vault'\''s secrets, without values'
        'get:print one secret'\''s value'
        'status:say what the running instance delivers, and how fresh it is'
        'refresh:ask the running instance to refresh now'
        'export:print the variables that '\''run'\'' would deliver'
        'render:print a template with its values'
        'credential:serve systemd'\''s credential requests on its socket'
        'init:write a commented latchkey.toml from what the vault holds, or from another tool'\''s file'
    )
    _arguments -C '(- *)--help[what commands there are]' '(- *)--version[the version]' \
        '1: :->command' '*:: :->argument'
    if [[ $state == command ]]; then
        _describe command commands
        return
    fi
    curcontext=${curcontext%:*}-$words[1]:
    case $words[1] in
    run)
        _arguments -S \
            --config'=[configuration file]:FILE:_files' \
            --vault'=[default vault\: a name (contoso-web is https\://contoso-web.vault.azure.net) or an https URL]:NAME|URL:' \
            --vault-suffix'=[what follows a vault'\''s name, also in akv\:// and App Service references\: another cloud'\''s suffix, or an emulator'\''s, with its port]:SUFFIX:' \
            --identity'=[where tokens come from]:SOURCE:(auto app-service imds arc service-fabric cloud-shell workload-identity client-secret client-certificate azure-cli)' \
            --client-id'=[client id of a user-assigned identity]:ID:' \
            --object-id'=[object id of a user-assigned identity]:ID:' \
            --resource-id'=[resource id of a user-assigned identity]:ID:' \
            --ca-file'=[certificate authorities for vaults and Entra, instead of the system'\''s]:FILE:_files' \
            '*'--fallback'=[ask the second vault while the first can'\''t be reached, is throttled or fails (repeatable, in order)]:VAULT=VAULT:' \
            --start-timeout'=[how long to go on retrying before the start]:DURATION:' \
            --cache'=[keep the last delivered secrets, to start without the vault\: in memory, or sealed with the machine'\''s key over a reboot]:memory|sealed|off:(memory sealed off)' \
            --max-stale'=[how old the secrets of a start without the vault may be]:DURATION:' \
            '*'{-e,--env=}'[deliver a secret as an environment variable (repeatable)]:NAME=REFERENCE:_latchkey_delivery' \
            '*'--env-file'=[file of lines NAME=value and NAME=reference\: variables nearer than inherited ones, and less near than all others (repeatable)]:FILE:_files' \
            '*'{-f,--file=}'[deliver a secret as a file, PATH relative to the secrets directory (repeatable)]:PATH=REFERENCE:_latchkey_delivery' \
            '*'--all'=-[deliver every enabled secret (whose name starts with PREFIX) as environment variables]::PREFIX:' \
            '*'--tag'=[narrow --all to secrets with this tag (repeatable)]:KEY=VALUE:' \
            --naming'=[how bulk selection names what it delivers]:STYLE:(upper-snake dotnet verbatim)' \
            --if-missing'=[what to do about a secret that does not exist]:POLICY:(error warn ignore)' \
            --directory'=[the secrets directory]:DIR:_directories' \
            --allow-disk'[let the secrets directory be on a file system that is not tmpfs or ramfs]' \
            --group'=[let this group read\: directories 0750, files 0440]:GROUP:_groups' \
            --instance'=[names the run, for '\''status'\'' and '\''refresh'\'']:NAME:_latchkey_instances' \
            --refresh'=[refresh interval; off\: only on request]:DURATION|off:' \
            --jitter'=[every interval is drawn from the interval ± PERCENT]:PERCENT:' \
            --on-change'=[what to do when secrets have changed]:ACTION:(signal restart replace none exec reload-unit)' \
            --signal'=[signal to send on a change; implies --on-change signal, unless it is replace\: then it tells the running command that files have gone back]:NAME:(HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS IOT CLD POLL)' \
            --exec-on-change'=[command to run on a change, without a shell; implies --on-change exec]:COMMAND:' \
            --on-gone'=[what to do when a required secret is definitely gone]:ACTION:(keep stop)' \
            --once'[no supervision\: fetch, deliver, then become COMMAND in the same process]' \
            --user'=[run COMMAND as this user, and deliver files as this user]:USER\[\:GROUP\]:_users' \
            --stop-signal'=[signal that stops the command on restart and shutdown]:NAME:(HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS IOT CLD POLL)' \
            --stop-timeout'=[how long the command may take to stop, before KILL]:DURATION:' \
            --ready'=[when a command counts as ready to replace the running one\: it says READY=1 (implies --notify child), it has run for so long, or COMMAND ends with 0]:notify|DURATION|exec\:COMMAND:' \
            --ready-timeout'=[how long a command may take to become ready, before the running one stays]:DURATION:' \
            '*'--listen'=[socket to open once and hand to every command, as systemd does\: tcp\:8080, tcp\:127.0.0.1\:8080, tcp\:\[\:\:\]\:8080, unix\:/run/web.sock\[,mode=0660\] (repeatable)]:\[NAME=\]ADDRESS:' \
            --group-signal'[give the command its own process group, and signal all of it]' \
            --pristine'[hand over only PATH, HOME, USER, LANG, LC_*, TERM, TZ, SHELL, systemd'\''s variables and what is delivered]' \
            --keep-identity'[leave the identity'\''s endpoints and credentials in the command'\''s environment]' \
            --notify'=[who reports readiness to systemd]:WHO:(launcher child)' \
            --log-format'=[how messages are written; auto is journal when stderr is the journal, text elsewhere]:FORMAT:(auto text json journal)' \
            --log-level'=[the least severity that is logged]:LEVEL:(error warning info debug)' \
            '(- *)'{-h,--help}'[what the options mean]' \
            '(-)*::command:_normal'
        ;;
    sync)
        _arguments -S \
            --config'=[configuration file]:FILE:_files' \
            --vault'=[default vault\: a name (contoso-web is https\://contoso-web.vault.azure.net) or an https URL]:NAME|URL:' \
            --vault-suffix'=[what follows a vault'\''s name, also in akv\:// and App Service references\: another cloud'\''s suffix, or an emulator'\''s, with its port]:SUFFIX:' \
            --identity'=[where tokens come from]:SOURCE:(auto app-service imds arc service-fabric cloud-shell workload-identity client-secret client-certificate azure-cli)' \
            --client-id'=[client id of a user-assigned identity]:ID:' \
            --object-id'=[object id of a user-assigned identity]:ID:' \
            --resource-id'=[resource id of a user-assigned identity]:ID:' \
            --ca-file'=[certificate authorities for vaults and Entra, instead of the system'\''s]:FILE:_files' \
            '*'--fallback'=[ask the second vault while the first can'\''t be reached, is throttled or fails (repeatable, in order)]:VAULT=VAULT:' \
            --start-timeout'=[how long to go on retrying before the start]:DURATION:' \
            --cache'=[keep the last delivered secrets, to start without the vault\: in memory, or sealed with the machine'\''s key over a reboot]:memory|sealed|off:(memory sealed off)' \
            --max-stale'=[how old the secrets of a start without the vault may be]:DURATION:' \
            '*'{-e,--env=}'[deliver a secret as an environment variable (repeatable)]:NAME=REFERENCE:_latchkey_delivery' \
            '*'--env-file'=[file of lines NAME=value and NAME=reference\: variables nearer than inherited ones, and less near than all others (repeatable)]:FILE:_files' \
            '*'{-f,--file=}'[deliver a secret as a file, PATH relative to the secrets directory (repeatable)]:PATH=REFERENCE:_latchkey_delivery' \
            '*'--all'=-[deliver every enabled secret (whose name starts with PREFIX) as environment variables]::PREFIX:' \
            '*'--tag'=[narrow --all to secrets with this tag (repeatable)]:KEY=VALUE:' \
            --naming'=[how bulk selection names what it delivers]:STYLE:(upper-snake dotnet verbatim)' \
            --if-missing'=[what to do about a secret that does not exist]:POLICY:(error warn ignore)' \
            --directory'=[the secrets directory]:DIR:_directories' \
            --allow-disk'[let the secrets directory be on a file system that is not tmpfs or ramfs]' \
            --group'=[let this group read\: directories 0750, files 0440]:GROUP:_groups' \
            --instance'=[names the run, for '\''status'\'' and '\''refresh'\'']:NAME:_latchkey_instances' \
            --refresh'=[refresh interval; off\: only on request]:DURATION|off:' \
            --jitter'=[every interval is drawn from the interval ± PERCENT]:PERCENT:' \
            --on-change'=[what to do when secrets have changed]:ACTION:(signal restart replace none exec reload-unit)' \
            --signal'=[signal to send on a change; implies --on-change signal, unless it is replace\: then it tells the running command that files have gone back]:NAME:(HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS IOT CLD POLL)' \
            --exec-on-change'=[command to run on a change, without a shell; implies --on-change exec]:COMMAND:' \
            --on-gone'=[what to do when a required secret is definitely gone]:ACTION:(keep stop)' \
            --once'[no supervision\: fetch, deliver, then become COMMAND in the same process]' \
            --user'=[run COMMAND as this user, and deliver files as this user]:USER\[\:GROUP\]:_users' \
            --stop-signal'=[signal that stops the command on restart and shutdown]:NAME:(HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS IOT CLD POLL)' \
            --stop-timeout'=[how long the command may take to stop, before KILL]:DURATION:' \
            --ready'=[when a command counts as ready to replace the running one\: it says READY=1 (implies --notify child), it has run for so long, or COMMAND ends with 0]:notify|DURATION|exec\:COMMAND:' \
            --ready-timeout'=[how long a command may take to become ready, before the running one stays]:DURATION:' \
            '*'--listen'=[socket to open once and hand to every command, as systemd does\: tcp\:8080, tcp\:127.0.0.1\:8080, tcp\:\[\:\:\]\:8080, unix\:/run/web.sock\[,mode=0660\] (repeatable)]:\[NAME=\]ADDRESS:' \
            --group-signal'[give the command its own process group, and signal all of it]' \
            --pristine'[hand over only PATH, HOME, USER, LANG, LC_*, TERM, TZ, SHELL, systemd'\''s variables and what is delivered]' \
            --keep-identity'[leave the identity'\''s endpoints and credentials in the command'\''s environment]' \
            --notify'=[who reports readiness to systemd]:WHO:(launcher child)' \
            --log-format'=[how messages are written; auto is journal when stderr is the journal, text elsewhere]:FORMAT:(auto text json journal)' \
            --log-level'=[the least severity that is logged]:LEVEL:(error warning info debug)' \
            '(- *)'{-h,--help}'[what the options mean]'
        ;;
    sidecar)
        _arguments -S \
            --config'=[configuration file]:FILE:_files' \
            --vault'=[default vault\: a name (contoso-web is https\://contoso-web.vault.azure.net) or an https URL]:NAME|URL:' \
            --vault-suffix'=[what follows a vault'\''s name, also in akv\:// and App Service references\: another cloud'\''s suffix, or an emulator'\''s, with its port]:SUFFIX:' \
            --identity'=[where tokens come from]:SOURCE:(auto app-service imds arc service-fabric cloud-shell workload-identity client-secret client-certificate azure-cli)' \
            --client-id'=[client id of a user-assigned identity]:ID:' \
            --object-id'=[object id of a user-assigned identity]:ID:' \
            --resource-id'=[resource id of a user-assigned identity]:ID:' \
            --ca-file'=[certificate authorities for vaults and Entra, instead of the system'\''s]:FILE:_files' \
            '*'--fallback'=[ask the second vault while the first can'\''t be reached, is throttled or fails (repeatable, in order)]:VAULT=VAULT:' \
            --start-timeout'=[how long to go on retrying before the start]:DURATION:' \
            --cache'=[keep the last delivered secrets, to start without the vault\: in memory, or sealed with the machine'\''s key over a reboot]:memory|sealed|off:(memory sealed off)' \
            --max-stale'=[how old the secrets of a start without the vault may be]:DURATION:' \
            '*'{-e,--env=}'[deliver a secret as an environment variable (repeatable)]:NAME=REFERENCE:_latchkey_delivery' \
            '*'--env-file'=[file of lines NAME=value and NAME=reference\: variables nearer than inherited ones, and less near than all others (repeatable)]:FILE:_files' \
            '*'{-f,--file=}'[deliver a secret as a file, PATH relative to the secrets directory (repeatable)]:PATH=REFERENCE:_latchkey_delivery' \
            '*'--all'=-[deliver every enabled secret (whose name starts with PREFIX) as environment variables]::PREFIX:' \
            '*'--tag'=[narrow --all to secrets with this tag (repeatable)]:KEY=VALUE:' \
            --naming'=[how bulk selection names what it delivers]:STYLE:(upper-snake dotnet verbatim)' \
            --if-missing'=[what to do about a secret that does not exist]:POLICY:(error warn ignore)' \
            --directory'=[the secrets directory]:DIR:_directories' \
            --allow-disk'[let the secrets directory be on a file system that is not tmpfs or ramfs]' \
            --group'=[let this group read\: directories 0750, files 0440]:GROUP:_groups' \
            --instance'=[names the run, for '\''status'\'' and '\''refresh'\'']:NAME:_latchkey_instances' \
            --refresh'=[refresh interval; off\: only on request]:DURATION|off:' \
            --jitter'=[every interval is drawn from the interval ± PERCENT]:PERCENT:' \
            --on-change'=[what to do when secrets have changed]:ACTION:(signal restart replace none exec reload-unit)' \
            --signal'=[signal to send on a change; implies --on-change signal, unless it is replace\: then it tells the running command that files have gone back]:NAME:(HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS IOT CLD POLL)' \
            --exec-on-change'=[command to run on a change, without a shell; implies --on-change exec]:COMMAND:' \
            --on-gone'=[what to do when a required secret is definitely gone]:ACTION:(keep stop)' \
            --signal-pid'=[whom to signal\: a PID, a pid file'\''s path, or name\:COMMAND]:TARGET:' \
            --reload-unit'=[unit of systemd'\''s to reload on a change, or restart where it can'\''t reload; implies --on-change reload-unit]:UNIT:' \
            --once'[no supervision\: fetch, deliver, then become COMMAND in the same process]' \
            --user'=[run COMMAND as this user, and deliver files as this user]:USER\[\:GROUP\]:_users' \
            --stop-signal'=[signal that stops the command on restart and shutdown]:NAME:(HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS IOT CLD POLL)' \
            --stop-timeout'=[how long the command may take to stop, before KILL]:DURATION:' \
            --ready'=[when a command counts as ready to replace the running one\: it says READY=1 (implies --notify child), it has run for so long, or COMMAND ends with 0]:notify|DURATION|exec\:COMMAND:' \
            --ready-timeout'=[how long a command may take to become ready, before the running one stays]:DURATION:' \
            '*'--listen'=[socket to open once and hand to every command, as systemd does\: tcp\:8080, tcp\:127.0.0.1\:8080, tcp\:\[\:\:\]\:8080, unix\:/run/web.sock\[,mode=0660\] (repeatable)]:\[NAME=\]ADDRESS:' \
            --group-signal'[give the command its own process group, and signal all of it]' \
            --pristine'[hand over only PATH, HOME, USER, LANG, LC_*, TERM, TZ, SHELL, systemd'\''s variables and what is delivered]' \
            --keep-identity'[leave the identity'\''s endpoints and credentials in the command'\''s environment]' \
            --notify'=[who reports readiness to systemd]:WHO:(launcher child)' \
            --log-format'=[how messages are written; auto is journal when stderr is the journal, text elsewhere]:FORMAT:(auto text json journal)' \
            --log-level'=[the least severity that is logged]:LEVEL:(error warning info debug)' \
            '(- *)'{-h,--help}'[what the options mean]'
        ;;
    check)
        _arguments -S \
            --config'=[configuration file]:FILE:_files' \
            --vault'=[default vault\: a name (contoso-web is https\://contoso-web.vault.azure.net) or an https URL]:NAME|URL:' \
            --vault-suffix'=[what follows a vault'\''s name, also in akv\:// and App Service references\: another cloud'\''s suffix, or an emulator'\''s, with its port]:SUFFIX:' \
            --identity'=[where tokens come from]:SOURCE:(auto app-service imds arc service-fabric cloud-shell workload-identity client-secret client-certificate azure-cli)' \
            --client-id'=[client id of a user-assigned identity]:ID:' \
            --object-id'=[object id of a user-assigned identity]:ID:' \
            --resource-id'=[resource id of a user-assigned identity]:ID:' \
            --ca-file'=[certificate authorities for vaults and Entra, instead of the system'\''s]:FILE:_files' \
            '*'--fallback'=[ask the second vault while the first can'\''t be reached, is throttled or fails (repeatable, in order)]:VAULT=VAULT:' \
            --start-timeout'=[how long to go on retrying before the start]:DURATION:' \
            --cache'=[keep the last delivered secrets, to start without the vault\: in memory, or sealed with the machine'\''s key over a reboot]:memory|sealed|off:(memory sealed off)' \
            --max-stale'=[how old the secrets of a start without the vault may be]:DURATION:' \
            '*'{-e,--env=}'[deliver a secret as an environment variable (repeatable)]:NAME=REFERENCE:_latchkey_delivery' \
            '*'--env-file'=[file of lines NAME=value and NAME=reference\: variables nearer than inherited ones, and less near than all others (repeatable)]:FILE:_files' \
            '*'{-f,--file=}'[deliver a secret as a file, PATH relative to the secrets directory (repeatable)]:PATH=REFERENCE:_latchkey_delivery' \
            '*'--all'=-[deliver every enabled secret (whose name starts with PREFIX) as environment variables]::PREFIX:' \
            '*'--tag'=[narrow --all to secrets with this tag (repeatable)]:KEY=VALUE:' \
            --naming'=[how bulk selection names what it delivers]:STYLE:(upper-snake dotnet verbatim)' \
            --if-missing'=[what to do about a secret that does not exist]:POLICY:(error warn ignore)' \
            --directory'=[the secrets directory]:DIR:_directories' \
            --allow-disk'[let the secrets directory be on a file system that is not tmpfs or ramfs]' \
            --group'=[let this group read\: directories 0750, files 0440]:GROUP:_groups' \
            --instance'=[names the run, for '\''status'\'' and '\''refresh'\'']:NAME:_latchkey_instances' \
            --refresh'=[refresh interval; off\: only on request]:DURATION|off:' \
            --jitter'=[every interval is drawn from the interval ± PERCENT]:PERCENT:' \
            --on-change'=[what to do when secrets have changed]:ACTION:(signal restart replace none exec reload-unit)' \
            --signal'=[signal to send on a change; implies --on-change signal, unless it is replace\: then it tells the running command that files have gone back]:NAME:(HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS IOT CLD POLL)' \
            --exec-on-change'=[command to run on a change, without a shell; implies --on-change exec]:COMMAND:' \
            --on-gone'=[what to do when a required secret is definitely gone]:ACTION:(keep stop)' \
            --once'[no supervision\: fetch, deliver, then become COMMAND in the same process]' \
            --user'=[run COMMAND as this user, and deliver files as this user]:USER\[\:GROUP\]:_users' \
            --stop-signal'=[signal that stops the command on restart and shutdown]:NAME:(HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS IOT CLD POLL)' \
            --stop-timeout'=[how long the command may take to stop, before KILL]:DURATION:' \
            --ready'=[when a command counts as ready to replace the running one\: it says READY=1 (implies --notify child), it has run for so long, or COMMAND ends with 0]:notify|DURATION|exec\:COMMAND:' \
            --ready-timeout'=[how long a command may take to become ready, before the running one stays]:DURATION:' \
            '*'--listen'=[socket to open once and hand to every command, as systemd does\: tcp\:8080, tcp\:127.0.0.1\:8080, tcp\:\[\:\:\]\:8080, unix\:/run/web.sock\[,mode=0660\] (repeatable)]:\[NAME=\]ADDRESS:' \
            --group-signal'[give the command its own process group, and signal all of it]' \
            --pristine'[hand over only PATH, HOME, USER, LANG, LC_*, TERM, TZ, SHELL, systemd'\''s variables and what is delivered]' \
            --keep-identity'[leave the identity'\''s endpoints and credentials in the command'\''s environment]' \
            --notify'=[who reports readiness to systemd]:WHO:(launcher child)' \
            --log-format'=[how messages are written; auto is journal when stderr is the journal, text elsewhere]:FORMAT:(auto text json journal)' \
            --log-level'=[the least severity that is logged]:LEVEL:(error warning info debug)' \
            --json'[write JSON]' \
            --explain'[say why each choice was made]' \
            '(- *)'{-h,--help}'[what the options mean]' \
            '(-)*::command:_normal'
        ;;
    list)
        _arguments -S \
            --config'=[configuration file]:FILE:_files' \
            --vault'=[default vault\: a name (contoso-web is https\://contoso-web.vault.azure.net) or an https URL]:NAME|URL:' \
            --vault-suffix'=[what follows a vault'\''s name, also in akv\:// and App Service references\: another cloud'\''s suffix, or an emulator'\''s, with its port]:SUFFIX:' \
            --identity'=[where tokens come from]:SOURCE:(auto app-service imds arc service-fabric cloud-shell workload-identity client-secret client-certificate azure-cli)' \
            --client-id'=[client id of a user-assigned identity]:ID:' \
            --object-id'=[object id of a user-assigned identity]:ID:' \
            --resource-id'=[resource id of a user-assigned identity]:ID:' \
            --ca-file'=[certificate authorities for vaults and Entra, instead of the system'\''s]:FILE:_files' \
            --log-format'=[how messages are written; auto is journal when stderr is the journal, text elsewhere]:FORMAT:(auto text json journal)' \
            --log-level'=[the least severity that is logged]:LEVEL:(error warning info debug)' \
            --json'[write JSON]' \
            '(- *)'{-h,--help}'[what the options mean]'
        ;;
    get)
        _arguments -S \
            --config'=[configuration file]:FILE:_files' \
            --vault'=[default vault\: a name (contoso-web is https\://contoso-web.vault.azure.net) or an https URL]:NAME|URL:' \
            --vault-suffix'=[what follows a vault'\''s name, also in akv\:// and App Service references\: another cloud'\''s suffix, or an emulator'\''s, with its port]:SUFFIX:' \
            --identity'=[where tokens come from]:SOURCE:(auto app-service imds arc service-fabric cloud-shell workload-identity client-secret client-certificate azure-cli)' \
            --client-id'=[client id of a user-assigned identity]:ID:' \
            --object-id'=[object id of a user-assigned identity]:ID:' \
            --resource-id'=[resource id of a user-assigned identity]:ID:' \
            --ca-file'=[certificate authorities for vaults and Entra, instead of the system'\''s]:FILE:_files' \
            --log-format'=[how messages are written; auto is journal when stderr is the journal, text elsewhere]:FORMAT:(auto text json journal)' \
            --log-level'=[the least severity that is logged]:LEVEL:(error warning info debug)' \
            '(- *)'{-h,--help}'[what the options mean]' \
            '1:reference:_latchkey_secrets'
        ;;
    status)
        _arguments -S \
            --config'=[configuration file]:FILE:_files' \
            --instance'=[names the run, for '\''status'\'' and '\''refresh'\'']:NAME:_latchkey_instances' \
            --log-format'=[how messages are written; auto is journal when stderr is the journal, text elsewhere]:FORMAT:(auto text json journal)' \
            --log-level'=[the least severity that is logged]:LEVEL:(error warning info debug)' \
            --json'[write JSON]' \
            --prometheus'[write metrics for Prometheus]' \
            '(- *)'{-h,--help}'[what the options mean]'
        ;;
    refresh)
        _arguments -S \
            --config'=[configuration file]:FILE:_files' \
            --instance'=[names the run, for '\''status'\'' and '\''refresh'\'']:NAME:_latchkey_instances' \
            --log-format'=[how messages are written; auto is journal when stderr is the journal, text elsewhere]:FORMAT:(auto text json journal)' \
            --log-level'=[the least severity that is logged]:LEVEL:(error warning info debug)' \
            --wait'[return when the refresh has ended]' \
            '(- *)'{-h,--help}'[what the options mean]'
        ;;
    export)
        _arguments -S \
            --config'=[configuration file]:FILE:_files' \
            --vault'=[default vault\: a name (contoso-web is https\://contoso-web.vault.azure.net) or an https URL]:NAME|URL:' \
            --vault-suffix'=[what follows a vault'\''s name, also in akv\:// and App Service references\: another cloud'\''s suffix, or an emulator'\''s, with its port]:SUFFIX:' \
            --identity'=[where tokens come from]:SOURCE:(auto app-service imds arc service-fabric cloud-shell workload-identity client-secret client-certificate azure-cli)' \
            --client-id'=[client id of a user-assigned identity]:ID:' \
            --object-id'=[object id of a user-assigned identity]:ID:' \
            --resource-id'=[resource id of a user-assigned identity]:ID:' \
            --ca-file'=[certificate authorities for vaults and Entra, instead of the system'\''s]:FILE:_files' \
            '*'{-e,--env=}'[deliver a secret as an environment variable (repeatable)]:NAME=REFERENCE:_latchkey_delivery' \
            '*'--env-file'=[file of lines NAME=value and NAME=reference\: variables nearer than inherited ones, and less near than all others (repeatable)]:FILE:_files' \
            '*'--all'=-[deliver every enabled secret (whose name starts with PREFIX) as environment variables]::PREFIX:' \
            '*'--tag'=[narrow --all to secrets with this tag (repeatable)]:KEY=VALUE:' \
            --naming'=[how bulk selection names what it delivers]:STYLE:(upper-snake dotnet verbatim)' \
            --if-missing'=[what to do about a secret that does not exist]:POLICY:(error warn ignore)' \
            --log-format'=[how messages are written; auto is journal when stderr is the journal, text elsewhere]:FORMAT:(auto text json journal)' \
            --log-level'=[the least severity that is logged]:LEVEL:(error warning info debug)' \
            --format'=[how the variables are written]:FORMAT:(dotenv env-file json shell)' \
            --reveal'[write to a terminal, too]' \
            '(- *)'{-h,--help}'[what the options mean]'
        ;;
    render)
        _arguments -S \
            --config'=[configuration file]:FILE:_files' \
            --vault'=[default vault\: a name (contoso-web is https\://contoso-web.vault.azure.net) or an https URL]:NAME|URL:' \
            --vault-suffix'=[what follows a vault'\''s name, also in akv\:// and App Service references\: another cloud'\''s suffix, or an emulator'\''s, with its port]:SUFFIX:' \
            --identity'=[where tokens come from]:SOURCE:(auto app-service imds arc service-fabric cloud-shell workload-identity client-secret client-certificate azure-cli)' \
            --client-id'=[client id of a user-assigned identity]:ID:' \
            --object-id'=[object id of a user-assigned identity]:ID:' \
            --resource-id'=[resource id of a user-assigned identity]:ID:' \
            --ca-file'=[certificate authorities for vaults and Entra, instead of the system'\''s]:FILE:_files' \
            --log-format'=[how messages are written; auto is journal when stderr is the journal, text elsewhere]:FORMAT:(auto text json journal)' \
            --log-level'=[the least severity that is logged]:LEVEL:(error warning info debug)' \
            --reveal'[write to a terminal, too]' \
            '(- *)'{-h,--help}'[what the options mean]' \
            '1:template:_files'
        ;;
    credential)
        _arguments -S \
            --config'=[configuration file]:FILE:_files' \
            --vault'=[default vault\: a name (contoso-web is https\://contoso-web.vault.azure.net) or an https URL]:NAME|URL:' \
            --vault-suffix'=[what follows a vault'\''s name, also in akv\:// and App Service references\: another cloud'\''s suffix, or an emulator'\''s, with its port]:SUFFIX:' \
            --identity'=[where tokens come from]:SOURCE:(auto app-service imds arc service-fabric cloud-shell workload-identity client-secret client-certificate azure-cli)' \
            --client-id'=[client id of a user-assigned identity]:ID:' \
            --object-id'=[object id of a user-assigned identity]:ID:' \
            --resource-id'=[resource id of a user-assigned identity]:ID:' \
            --ca-file'=[certificate authorities for vaults and Entra, instead of the system'\''s]:FILE:_files' \
            --log-format'=[how messages are written; auto is journal when stderr is the journal, text elsewhere]:FORMAT:(auto text json journal)' \
            --log-level'=[the least severity that is logged]:LEVEL:(error warning info debug)' \
            '(- *)'{-h,--help}'[what the options mean]'
        ;;
    init)
        _arguments -S \
            --config'=[configuration file]:FILE:_files' \
            --vault'=[default vault\: a name (contoso-web is https\://contoso-web.vault.azure.net) or an https URL]:NAME|URL:' \
            --vault-suffix'=[what follows a vault'\''s name, also in akv\:// and App Service references\: another cloud'\''s suffix, or an emulator'\''s, with its port]:SUFFIX:' \
            --identity'=[where tokens come from]:SOURCE:(auto app-service imds arc service-fabric cloud-shell workload-identity client-secret client-certificate azure-cli)' \
            --client-id'=[client id of a user-assigned identity]:ID:' \
            --object-id'=[object id of a user-assigned identity]:ID:' \
            --resource-id'=[resource id of a user-assigned identity]:ID:' \
            --ca-file'=[certificate authorities for vaults and Entra, instead of the system'\''s]:FILE:_files' \
            --log-format'=[how messages are written; auto is journal when stderr is the journal, text elsewhere]:FORMAT:(auto text json journal)' \
            --log-level'=[the least severity that is logged]:LEVEL:(error warning info debug)' \
            --from'=[make it from what another tool reads, not from the vault\: JSON of a SecretProviderClass, of akv2k8s, of App Service settings or of a container app, or a .env file; - for standard input]:FILE|-:_files' \
            --output'=[file to write, which must not exist; - for standard output]:FILE|-:_files' \
            '(- *)'{-h,--help}'[what the options mean]'
        ;;
    esac
}

if [[ $funcstack[1] == _latchkey ]]; then
    _latchkey "$@"
else
    compdef _latchkey latchkey
fi
