# bash completion for latchkey; made by 'latchkey --generate-completion-script bash'
# shellcheck shell=bash

# The names of secrets, as the options of the line so far lead to them.
_latchkey_secrets() {
    local options=() index
    for ((index = 2; index < ${#words[@]} - 1; index++)); do
        case ${words[index]} in
        --config=* | --vault=* | --vault-suffix=* | --identity=* | --client-id=* | --object-id=* | --resource-id=* | --ca-file=*)
            options+=("${words[index]}")
            ;;
        --config | --vault | --vault-suffix | --identity | --client-id | --object-id | --resource-id | --ca-file)
            options+=("${words[index]}" "${words[index + 1]}")
            ;;
        esac
    done
    timeout 3 latchkey list "${options[@]}" 2>/dev/null </dev/null | awk 'NR > 1 { print $1 }'
}

_latchkey_instances() {
    local directory
    for directory in /run/latchkey/*/ "${XDG_RUNTIME_DIR:-/nonexistent}"/latchkey/*/ \
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
        mapfile -t COMPREPLY < <(compgen -W 'run sync sidecar check list get status refresh export render credential init --help --version' -- "$current")
        return
    fi
    if [[ $current == --*=* ]]; then
        option=${current%%=*} current=${current#*=}
    fi
    case $option in
    --config | --ca-file | --env-file | --from | --output)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        compopt -o filenames 2>/dev/null
        return
        ;;
    --vault | --vault-suffix | --client-id | --object-id | --resource-id | --fallback | --start-timeout | --max-stale | --tag | --refresh | --jitter | --exec-on-change | --signal-pid | --reload-unit | --stop-timeout | --ready | --ready-timeout | --listen)
        return
        ;;
    --identity)
        choices='auto app-service imds arc service-fabric cloud-shell workload-identity client-secret client-certificate azure-cli'
        ;;
    --cache)
        choices='memory sealed off'
        ;;
    --env | -e | --file | -f)
        [[ $current == *=* ]] || return
        current=${current#*=} choices=$(_latchkey_secrets)
        ;;
    --naming)
        choices='upper-snake dotnet verbatim'
        ;;
    --if-missing)
        choices='error warn ignore'
        ;;
    --directory)
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        compopt -o filenames 2>/dev/null
        return
        ;;
    --group)
        mapfile -t COMPREPLY < <(compgen -g -- "$current")
        return
        ;;
    --instance)
        choices=$(_latchkey_instances)
        ;;
    --on-change)
        choices='signal restart replace none exec reload-unit'
        ;;
    --signal | --stop-signal)
        choices='HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS IOT CLD POLL'
        ;;
    --on-gone)
        choices='keep stop'
        ;;
    --user)
        mapfile -t COMPREPLY < <(compgen -u -- "$current")
        return
        ;;
    --notify)
        choices='launcher child'
        ;;
    --log-format)
        choices='auto text json journal'
        ;;
    --log-level)
        choices='error warning info debug'
        ;;
    --format)
        choices='dotenv env-file json shell'
        ;;
    *)
        case ${words[1]} in
        run)
            choices='--config --vault --vault-suffix --identity --client-id --object-id --resource-id --ca-file --fallback --start-timeout --cache --max-stale --env -e --env-file --file -f --all --tag --naming --if-missing --directory --allow-disk --group --instance --refresh --jitter --on-change --signal --exec-on-change --on-gone --once --user --stop-signal --stop-timeout --ready --ready-timeout --listen --group-signal --pristine --keep-identity --notify --log-format --log-level --help --'
            ;;
        sync)
            choices='--config --vault --vault-suffix --identity --client-id --object-id --resource-id --ca-file --fallback --start-timeout --cache --max-stale --env -e --env-file --file -f --all --tag --naming --if-missing --directory --allow-disk --group --instance --refresh --jitter --on-change --signal --exec-on-change --on-gone --once --user --stop-signal --stop-timeout --ready --ready-timeout --listen --group-signal --pristine --keep-identity --notify --log-format --log-level --help'
            ;;
        sidecar)
            choices='--config --vault --vault-suffix --identity --client-id --object-id --resource-id --ca-file --fallback --start-timeout --cache --max-stale --env -e --env-file --file -f --all --tag --naming --if-missing --directory --allow-disk --group --instance --refresh --jitter --on-change --signal --exec-on-change --on-gone --signal-pid --reload-unit --once --user --stop-signal --stop-timeout --ready --ready-timeout --listen --group-signal --pristine --keep-identity --notify --log-format --log-level --help'
            ;;
        check)
            choices='--config --vault --vault-suffix --identity --client-id --object-id --resource-id --ca-file --fallback --start-timeout --cache --max-stale --env -e --env-file --file -f --all --tag --naming --if-missing --directory --allow-disk --group --instance --refresh --jitter --on-change --signal --exec-on-change --on-gone --once --user --stop-signal --stop-timeout --ready --ready-timeout --listen --group-signal --pristine --keep-identity --notify --log-format --log-level --json --explain --help --'
            ;;
        list)
            choices='--config --vault --vault-suffix --identity --client-id --object-id --resource-id --ca-file --log-format --log-level --json --help'
            ;;
        get)
            choices='--config --vault --vault-suffix --identity --client-id --object-id --resource-id --ca-file --log-format --log-level --help'
            [[ $current == -* ]] || choices=$(_latchkey_secrets)
            ;;
        status)
            choices='--config --instance --log-format --log-level --json --prometheus --help'
            ;;
        refresh)
            choices='--config --instance --log-format --log-level --wait --help'
            ;;
        export)
            choices='--config --vault --vault-suffix --identity --client-id --object-id --resource-id --ca-file --env -e --env-file --all --tag --naming --if-missing --log-format --log-level --format --reveal --help'
            ;;
        render)
            choices='--config --vault --vault-suffix --identity --client-id --object-id --resource-id --ca-file --log-format --log-level --reveal --help'
            if [[ $current != -* ]]; then
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
                compopt -o filenames 2>/dev/null
                return
            fi
            ;;
        credential)
            choices='--config --vault --vault-suffix --identity --client-id --object-id --resource-id --ca-file --log-format --log-level --help'
            ;;
        init)
            choices='--config --vault --vault-suffix --identity --client-id --object-id --resource-id --ca-file --log-format --log-level --from --output --help'
            ;;
        esac
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$current")
}

complete -F _latchkey latchkey
