#!/usr/bin/env bash
# Fuzzes the parsers of everything that somebody else wrote, with libFuzzer and the address sanitizer.
#
#   Tests/Fuzzing/run.sh                            a minute each
#   Tests/Fuzzing/run.sh --seconds 3600 toml json   an hour each of these
#   Tests/Fuzzing/run.sh --keep                     what is new and reached new code is added to the corpus
#
# A finding is left in the directory that is named at the end; give its file as the only argument to the program to see
# it again:  LATCHKEY_FUZZ=NAME .build-fuzzing/debug/latchkey-fuzz FILE
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

seconds=60 keep='' parsers=()
while [ $# -gt 0 ]; do
    case "$1" in
    --seconds) seconds=$2 && shift ;;
    --keep) keep=1 ;;
    -h | --help)
        sed -n '2,9s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    *) parsers+=("$1") ;;
    esac
    shift
done
corpora=Tests/Fuzzing/Corpus
[ ${#parsers[@]} -gt 0 ] || mapfile -t parsers < <(find "$corpora" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)

build=(--scratch-path .build-fuzzing --product latchkey-fuzz
    -Xswiftc '-sanitize=fuzzer,address' -Xcc '-fsanitize=fuzzer-no-link,address'
    # C++ has no traps of its own for what is undefined.
    -Xcxx '-fsanitize=undefined' -Xcxx '-fno-sanitize=vptr' -Xcxx '-fno-sanitize-recover=undefined')
LATCHKEY_FUZZING=1 swift build "${build[@]}" >/dev/null || { LATCHKEY_FUZZING=1 swift build "${build[@]}" | tail -n 20; exit 1; }

findings=$(mktemp -d) failed=0
# Swift's own crash handler would hide the sanitizer's.
export SWIFT_BACKTRACE=enable=no
fuzz() {
    local parser=$1 new
    new=$(mktemp -d)
    LATCHKEY_FUZZ=$parser .build-fuzzing/debug/latchkey-fuzz -max_total_time="$seconds" -max_len=4096 -timeout=10 \
        -rss_limit_mb=2048 -use_value_profile=1 -print_final_stats=1 -artifact_prefix="$findings/$parser-" \
        "$new" "$corpora/$parser" >"$findings/$parser.log" 2>&1
    local code=$?
    if [ -n "$keep" ]; then
        LATCHKEY_FUZZ=$parser .build-fuzzing/debug/latchkey-fuzz -merge=1 "$corpora/$parser" "$new" >/dev/null 2>&1
    fi
    rm -rf "$new"
    return "$code"
}
# One for each processor at a time.
for parser in "${parsers[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
    { fuzz "$parser" && : >"$findings/$parser.passed"; } &
done
wait
for parser in "${parsers[@]}"; do
    if [ -e "$findings/$parser.passed" ]; then
        printf '%-10s %s inputs, no finding\n' "$parser" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$findings/$parser.log")"
        rm -f "$findings/$parser.log" "$findings/$parser.passed"
    else
        failed=$((failed + 1))
        printf '%-10s FAILED: %s\n' "$parser" "$(grep -m1 -E 'ERROR|Fatal error|SUMMARY' "$findings/$parser.log")"
    fi
done
echo "$((${#parsers[@]} - failed)) passed, $failed failed"
[ "$failed" -eq 0 ] || { echo "see $findings" && exit 1; }
rm -rf "$findings"
