#!/usr/bin/env bash
# Runs the tests with the address sanitizer (with that of undefined behaviour in C) and with the thread sanitizer: those
# of the rooms, and those end to end with programs that are built so too. A report of any process is a failure.
#
#   Tests/Sanitizers/run.sh            both
#   Tests/Sanitizers/run.sh thread     one of them: address or thread
#
# The emulator and the children of tests are those of the debug build, LATCHKEY_DEBUG_BIN, or are built for it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

case "${1:-}" in
-h | --help)
    sed -n '2,8s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac
# What takes minutes by itself takes too long with a sanitizer.
unset LATCHKEY_FULL
sanitizers=("$@")
[ $# -gt 0 ] || sanitizers=(address thread)

shipped="sees how the programs are linked, or what they cost, as they are shipped"
# What is left out, by a pattern of `suite/test`, and why.
left_out=(
    "LoadTests=compares what the program's own allocator holds, and takes minutes with the sanitizer's"
    "InjectionTests|CallFaultTests=a refused mmap(2) ends the sanitizer's allocator, which is not the program's"
    "OverheadTests=$shipped" "IdleTests=$shipped" "FlatnessTests=$shipped" "LinkageTests=$shipped"
    "SoakTests=$shipped"
    "ProcessTests/.*one.thread.and.no.library=$shipped" "FleetTests=measures time"
    "HardeningTests/.*denied.system.calls=there is no limit on memory: the sanitizer's map is 16 TiB of addresses"
    "PrivacyTests=the sanitizer's handler tells of a crash, as it should"
    "ResidenceTests=the sanitizer keeps what was freed, to find what uses it"
    "InheritedVariableTests=counts what the programs load, the sanitizer's runtime with it"
    "CheckTests/.*writes.nothing=counts system calls, those of the sanitizer's runtime with them"
    "BundleTests|ImageTests|PodTests=images hold no sanitizer's runtime"
    "ServiceTests|UnitTests|PackageTests|CredentialServiceTests|EnvironmentFileTests=units start what is installed"
)
skips=()
for entry in "${left_out[@]}"; do skips+=(--skip "${entry%%=*}"); done

if [ -z "${LATCHKEY_DEBUG_BIN:-}" ]; then
    for product in latchkey-emulator latchkey-probe latchkey-stub-worker; do
        swift build --product "$product" >/dev/null || { echo "$product does not build" >&2 && exit 1; }
    done
    LATCHKEY_DEBUG_BIN=$(swift build --show-bin-path)
    export LATCHKEY_DEBUG_BIN
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=()
run() {
    local sanitizer=$1 started=$SECONDS code closing reports
    local options=(--scratch-path ".build-$sanitizer" --sanitize "$sanitizer")
    local findings=".build-$sanitizer/findings"
    # Every process adds to it, those of other users too.
    mkdir -p ".build-$sanitizer" && : >"$findings" && chmod 666 "$findings"
    export LATCHKEY_SANITIZER=$sanitizer
    swift build --build-tests "${options[@]}" >"$log" 2>&1 || { tail -n 20 "$log" && return 1; }
    local built=$((SECONDS - started))
    LATCHKEY_BIN=$(swift build "${options[@]}" --show-bin-path)
    export LATCHKEY_BIN
    # The limit is for a run that hangs; no test is decided by it.
    timeout --kill-after=30s 20m swift test --skip-build --disable-xctest "${options[@]}" "${skips[@]}" >"$log" 2>&1
    code=$?
    closing=$(grep -oE 'Test run with [0-9]+ tests? in [0-9]+ suites? (passed|failed)' "$log" | tail -n 1)
    reports=$(grep -cE '(ERROR: Address|WARNING: Thread)Sanitizer|runtime error:' "$findings")
    echo "$sanitizer sanitizer: ${closing:-the runner did not come to its closing line}, $reports findings," \
        "$((SECONDS - started)) s, $built of them for the build"
    [ -s "$findings" ] || [ "$code" -ne 0 ] || [ -z "$closing" ] || return 0
    head -n 100 "$findings"
    grep -E -A3 '✘ .* recorded an issue|^(error|Fatal error|.*: Fatal error):|Sanitizer' "$log" |
        cut -c 1-600 | head -n 60
    return 1
}
for entry in "${left_out[@]}"; do echo "left out: ${entry%%=*}: ${entry#*=}"; done
echo "left out: rows of FaultMatrixTests that limit a process: a sanitizer's runtime needs what they take"
for sanitizer in "${sanitizers[@]}"; do run "$sanitizer" || failed+=("$sanitizer"); done
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}" && exit 1; }
