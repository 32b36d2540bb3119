#!/usr/bin/env bash
# Shows Latchkey at work on this machine: a local stand-in for Azure, an app under `latchkey run`, a secret that is
# rotated, and the app that has the new one a moment later. Needs the Swift toolchain, and Debian or Ubuntu if something
# has to be installed. Nothing leaves the machine but what apt-get and the Swift package manager fetch.
#
#   deploy/demo.sh           shows it, checks every claim, stops everything; not zero if a claim did not come true
#   deploy/demo.sh --keep    leaves it running, and says how to stop it
#
# LATCHKEY_DEMO_BIN=DIR takes the programs from there instead of building them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

keep=
while [ $# -gt 0 ]; do
    case "$1" in
    --keep) keep=1 ;;
    -h | --help)
        sed -n '2,9s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    *)
        echo "demo.sh: unknown option '$1'; there is only --keep" >&2
        exit 64
        ;;
    esac
    shift
done

# --- how it speaks ------------------------------------------------------------------------------------------------
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' dim=$'\e[2m' plain=$'\e[0m'
else
    bold='' green='' red='' dim='' plain=''
fi
number=0
step() { number=$((number + 1)) && printf '\n%s%d. %s%s\n' "$bold" "$number" "$*" "$plain"; }
say() { printf '   %s\n' "$*"; }
run_line() { printf '   %s$ %s%s\n' "$dim" "$*" "$plain"; }
held() { printf '   %s✓%s %s\n' "$green" "$plain" "$*"; }
fail() {
    printf '\n%sdemo.sh: error: %s%s\n' "$red" "$*" "$plain" >&2
    for log in "${work:-/nonexistent}"/*.err; do
        [ -s "$log" ] && printf '\n%s says:\n%s\n' "$(basename "$log" .err)" "$(tail -n 15 "$log")" >&2
    done
    exit 1
}
# claim WORDS COMMAND…: what is said is true, or the demo ends here.
claim() {
    local words=$1
    shift
    if "$@"; then held "$words"; else fail "this did not come true: $words"; fi
}
# await SECONDS WORDS COMMAND…: the same, for what takes a moment.
await() {
    local from=$SECONDS end=$((SECONDS + $1)) words=$2
    shift 2
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || fail "this did not come true in time: $words"
        sleep 0.1
    done
    held "$words ($((SECONDS - from)) s)"
}

# --- what it leaves behind: nothing, unless asked to --------------------------------------------------------------
emulator='' launcher='' builder='' work=''
alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }
clean_up() {
    for process in "$launcher" "$emulator" "$builder"; do
        alive "$process" && kill "$process" 2>/dev/null
    done
    for process in "$launcher" "$emulator"; do
        [ -n "$process" ] && wait "$process" 2>/dev/null
    done
    [ -n "$work" ] && rm -rf "$work"
}
trap 'code=$?; trap - EXIT; set +e; clean_up; exit $code' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

printf '%sLatchkey, shown on this machine%s\n' "$bold" "$plain"
say "An app gets its secrets from a vault, and the new one when a secret is rotated."

# --- what has to be there -----------------------------------------------------------------------------------------
is_there() {
    case "$1" in
    pkg-config | curl) command -v "$1" >/dev/null ;;
    libcurl4-openssl-dev) pkg-config --exists libcurl 2>/dev/null ;;
    libssl-dev) pkg-config --exists libcrypto 2>/dev/null ;;
    libsystemd-dev) pkg-config --exists libsystemd 2>/dev/null ;;
    libtomlplusplus-dev) [ -e /usr/include/toml++/toml.h ] ;;
    esac
}
look() {
    missing=()
    for package in pkg-config curl libcurl4-openssl-dev libssl-dev libsystemd-dev libtomlplusplus-dev; do
        is_there "$package" || missing+=("$package")
    done
}

step "What is needed"
look
if [ ${#missing[@]} -gt 0 ]; then
    command -v apt-get >/dev/null || fail "install what these are called here, and start again: ${missing[*]}"
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "not root, and no sudo: have these installed: ${missing[*]}"
        as_root=(sudo)
    fi
    say "Installing ${missing[*]}"
    run_line "${as_root[*]} apt-get install -y --no-install-recommends ${missing[*]}"
    log=$(mktemp)
    "${as_root[@]}" apt-get update -q >"$log" 2>&1 || true
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
        tail -n 5 "$log" >&2
        rm -f "$log"
        fail "apt-get could not install ${missing[*]}"
    fi
    rm -f "$log"
    look
    [ ${#missing[@]} -eq 0 ] || fail "installed, and still not found: ${missing[*]}"
fi
held "libraries: libcurl, libcrypto, libsystemd, toml++"

bin=${LATCHKEY_DEMO_BIN:-}
programs=(latchkey latchkey-worker latchkey-emulator latchkey-sample-app)
if [ -z "$bin" ]; then
    command -v swift >/dev/null || fail "no Swift toolchain: see https://www.swift.org/install/linux (6.2 or later)"
    toolchain=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
    case "${toolchain:-0}" in
    [0-5] | [0-5].* | 6.0 | 6.1) fail "Swift ${toolchain:-of an unknown version} is too old: 6.2 or later is needed" ;;
    esac
    held "Swift $toolchain"
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/latchkey-demo.XXXXXX")

# --- build --------------------------------------------------------------------------------------------------------
# build PROGRAM WHICH: with a line that moves on a terminal, and one every 20 s elsewhere.
build() {
    local from=$SECONDS next=$((SECONDS + 20)) place="   [$2/${#programs[@]}] $1" now code=0
    : >"$work/build.log"
    run_line "swift build ${flags[*]} --product $1"
    swift build "${flags[@]}" --product "$1" >>"$work/build.log" 2>&1 &
    builder=$!
    while alive "$builder"; do
        now=$(tr '\r' '\n' <"$work/build.log" | tail -n 3 | grep -o '^\[[0-9]*/[0-9]*\] .*' | tail -n 1 || true)
        if [ -t 1 ]; then
            printf '\r\e[K%.100s' "$place: $((SECONDS - from)) s  $now"
        elif [ "$SECONDS" -ge "$next" ]; then
            next=$((SECONDS + 20))
            printf '%.100s\n' "$place: $((SECONDS - from)) s  $now"
        fi
        sleep 0.5
    done
    wait "$builder" || code=$?
    builder=''
    [ ! -t 1 ] || printf '\r\e[K'
    if [ "$code" -ne 0 ]; then
        grep -A5 'error:' "$work/build.log" | head -n 30 >&2 || tail -n 30 "$work/build.log" >&2
        fail "$1 does not build"
    fi
    held "$1 ($((SECONDS - from)) s)"
}

if [ -z "$bin" ]; then
    step "Building what is run (the first time takes some minutes)"
    release=(-c release --static-swift-stdlib)
    which=0
    for program in "${programs[@]}"; do
        which=$((which + 1))
        case "$program" in
        # As they are shipped.
        latchkey | latchkey-worker) flags=("${release[@]}") ;;
        # What stands around them is built in the way that takes less time.
        *) flags=(-c debug) ;;
        esac
        build "$program" "$which"
    done
    bin=$(swift build "${release[@]}" --show-bin-path)
    stand_ins=$(swift build --show-bin-path)
fi
stand_ins=${stand_ins:-$bin}
for program in "$bin"/latchkey{,-worker} "$stand_ins"/latchkey-{emulator,sample-app}; do
    [ -x "$program" ] || fail "there is no program $program"
done

# --- Azure, here --------------------------------------------------------------------------------------------------
fresh_value() { head -c 18 /dev/urandom | base64 | tr '+/' '-_'; }
http() { curl -sS --fail --noproxy '*' --max-time 10 "$@"; }

step "Starting a local stand-in for Azure: a managed identity and a vault named 'demo'"
password=$(fresh_value) api_key=$(fresh_value)
(
    umask 077
    cat >"$work/seed.toml" <<-SEED
		[vaults.demo.secrets]
		db-password = "$password"
		api-key = "$api_key"

		[vaults.demo.certificates.web-tls]
		subject = "CN=demo.example.org"
		format = "pem"

		[[identity]]
		name = "system"
		system-assigned = true
		permissions = ["get", "list"]
	SEED
)
setsid "$stand_ins/latchkey-emulator" --seed "$work/seed.toml" --state-directory "$work/azure" \
    >"$work/emulator.out" 2>"$work/emulator.err" </dev/null &
emulator=$!
emulator_is_ready() { alive "$emulator" || fail "the emulator ended"; [ -s "$work/emulator.out" ]; }
await 30 "the emulator answers" emulator_is_ready
# The line of JSON that it prints is flat enough for sed.
endpoint() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$work/emulator.out"; }
vault=$(endpoint demo) control=$(endpoint control) ca=$(endpoint ca_file)
say "The vault: $vault"
say "The identity endpoint, as on App Service: $(endpoint identity_endpoint)"

# --- the app under latchkey ---------------------------------------------------------------------------------------
step "Starting an app under latchkey: a small web page that shows what it was given"
instance=demo-$$
arguments=(run --vault "$vault" --ca-file "$ca" --instance "$instance" --refresh 5s --signal HUP
    -e API_KEY=api-key -f db-password=db-password -f "tls/server.pem=$vault/certificates/web-tls")
run_line "latchkey run --vault $vault --ca-file ca.pem --instance $instance \\"
say "${dim}    --refresh 5s --signal HUP -e API_KEY=api-key -f db-password=db-password \\"
say "    -f tls/server.pem=$vault/certificates/web-tls \\"
say "    -- latchkey-sample-app --port 0$plain"
(
    # What this machine may have set for the real Azure, or for a way out of it, is not meant.
    unset "${!AZURE_@}" "${!LATCHKEY_@}" "${!MSI_@}" "${!IDENTITY_@}" "${!IMDS_@}" \
        https_proxy HTTPS_PROXY all_proxy ALL_PROXY RUNTIME_DIRECTORY NOTIFY_SOCKET
    set -a
    # shellcheck disable=SC1091 # made by the emulator
    . "$work/azure/environment"
    set +a
    cd "$work"
    exec setsid "$bin/latchkey" "${arguments[@]}" -- "$stand_ins/latchkey-sample-app" --port 0
) >"$work/app.out" 2>"$work/latchkey.err" </dev/null &
launcher=$!
app_is_ready() { alive "$launcher" || fail "latchkey ended"; grep -qs '^http' "$work/app.out"; }
await 30 "the app runs, and has opened its page" app_is_ready
page=$(sed -n 's|^\(http.*\)/$|\1|p' "$work/app.out")

facts() { http "$page/api/secrets"; }
# fact NAME MEMBER: of one secret; the app writes its JSON without spaces.
fact() { facts | tr '{' '\n' | grep -F "\"name\":\"$1\"" | sed -n "s/.*\"$2\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }
signals() { facts | sed -n 's/.*"hangUps":\([0-9]*\).*/\1/p'; }
app=$(facts | sed -n 's/.*"pid":\([0-9]*\).*/\1/p')

has_length() { [ "$(fact "$1" length)" = "$2" ]; }
claim "the file db-password has all its ${#password} bytes" has_length db-password "${#password}"
claim "the variable API_KEY has all its ${#api_key} bytes" has_length API_KEY "${#api_key}"
has_no_header() {
    local variables
    variables=$(tr '\0' '\n' <"/proc/$app/environ") && ! grep -q '^IDENTITY_HEADER=' <<<"$variables"
}
claim "the key to the identity endpoint is not in the app's environment" has_no_header
one_thread() { [ "$(sed -n 's/^Threads:\t//p' "/proc/$launcher/status")" = 1 ]; }
size=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$launcher/status")
claim "latchkey itself stays with one thread and ${size:-?} kB" one_thread
printf '\n   %sThe page: %s/%s\n' "$bold" "$page" "$plain"

# --- a rotation ---------------------------------------------------------------------------------------------------
step "Rotating db-password in the vault; nobody tells the app, and nobody restarts it"
before=$(fact db-password fingerprint) others=$(fact API_KEY fingerprint)$(fact tls/server.pem fingerprint)
signals_before=$(signals)
new_password=$(fresh_value)-$(fresh_value)
run_line "curl -X PUT -d '{\"value\":\"...\"}' $control/vaults/demo/secrets/db-password"
printf '{"value":"%s"}' "$new_password" |
    http -X PUT --data-binary @- "$control/vaults/demo/secrets/db-password" >/dev/null || fail "the vault refused"
say "latchkey looks every 5 s, give or take 10 %"
was_signalled() { [ "$(signals)" -gt "$signals_before" ]; }
await 30 "the app was signalled with HUP" was_signalled
claim "it has the new value: ${#new_password} bytes where there were ${#password}" \
    has_length db-password "${#new_password}"
say "its fingerprint: $before before, $(fact db-password fingerprint) now"
is_another() { [ "$(fact db-password fingerprint)" != "$before" ]; }
claim "the fingerprint is another one" is_another
others_stay() { [ "$(fact API_KEY fingerprint)$(fact tls/server.pem fingerprint)" = "$others" ]; }
claim "the other secrets are what they were" others_stay
same_process() { [ "$(facts | sed -n 's/.*"pid":\([0-9]*\).*/\1/p')" = "$app" ]; }
claim "the app is the same process as before (PID $app)" same_process

# --- no change, and no vault --------------------------------------------------------------------------------------
# The status file is beside the secrets directory, which the app's page names.
status_file=$(facts | sed -n 's/.*"directory":"\([^"]*\)".*/\1/p')
status_file=$(dirname "$status_file")/status.json
attempt() { sed -n 's/.*"attempt": *\([0-9]*\).*/\1/p' "$status_file"; }
state() { sed -n 's/.*"state": *"\([a-z]*\)".*/\1/p' "$status_file"; }

step "Letting another refresh pass, with nothing new in the vault"
attempts=$(attempt) signals_before=$(signals)
passed() { [ "$(attempt)" -gt "$attempts" ]; }
await 30 "latchkey has looked again" passed
not_signalled() { [ "$(signals)" = "$signals_before" ]; }
claim "the app was not disturbed: no signal" not_signalled

step "Taking the vault away for a while"
present=$(fact db-password fingerprint)
run_line "curl -X POST -d '{\"endpoint\":\"vault\",\"status\":503}' $control/faults"
http -X POST -d '{"endpoint":"vault","status":503}' "$control/faults" >/dev/null || fail "the emulator refused"
is_not_fresh() { case "$(state)" in stale | failing) true ;; *) false ;; esac }
await 60 "latchkey notices, and says so in its status" is_not_fresh
keeps() { [ "$(fact db-password fingerprint)" = "$present" ] && same_process; }
claim "the app runs on with what it has" keeps
http -X DELETE "$control/faults" >/dev/null || fail "the emulator refused"
run_line "latchkey refresh --wait --instance $instance"
comes_back() { "$bin/latchkey" refresh --wait --instance "$instance" && [ "$(state)" = fresh ]; }
claim "the vault is back, and latchkey is fresh at once" comes_back

# --- what is nowhere ----------------------------------------------------------------------------------------------
step "Looking for the values where they must not be"
printf '%s\n' "$password" "$new_password" "$api_key" >"$work/values"
facts >"$work/facts.out"
http "$page/" >"$work/page.out"
# The kernel shows latchkey's own memory to root only; what it shows must not hold them either.
where="on the page, in the interface, in a log or in the status"
if tr '\0' '\n' 2>/dev/null <"/proc/$launcher/environ" >"$work/environment.out"; then
    where="$where, or in latchkey's environment"
fi 2>/dev/null
nowhere() { ! grep -qF -f "$work/values" "$work"/*.out "$work"/*.err "$status_file"; }
claim "no value is $where" nowhere
rm -f "$work/values"

# --- the end ------------------------------------------------------------------------------------------------------
if [ -n "$keep" ]; then
    step "Leaving it running"
    say "The page:   $page/"
    say "Rotate:     curl -X PUT -d '{\"value\":\"a new one\"}' $control/vaults/demo/secrets/db-password"
    say "Status:     $bin/latchkey status --instance $instance"
    say "Stop:       kill $launcher $emulator && sleep 2 && rm -rf $work"
    trap - EXIT
    exit 0
fi

step "Stopping everything"
kill "$launcher"
code=0
wait "$launcher" || code=$?
launcher=''
ended_well() { [ "$code" -eq 0 ] && ! alive "$app"; }
claim "the app was stopped, and latchkey ended with its exit code, 0" ended_well
claim "the directory with the secrets is gone" test ! -e "$(dirname "$status_file")/secrets"
kill "$emulator"
wait "$emulator" || true
emulator=''
printf '\n%sEverything that was claimed came true.%s To look at the page: deploy/demo.sh --keep\n' "$bold" "$plain"
