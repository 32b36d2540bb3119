#!/usr/bin/env bash
# Builds the two programs twice, from clean clones in directories of different names, and compares them byte for byte as
# they are packaged (stripped). Takes some minutes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT

build() {
    local directory=$1 program
    git clone -q . "$directory"
    for program in latchkey latchkey-worker; do
        # Names of directories stand in what a failed precondition would print.
        (cd "$directory" && swift build -c release --static-swift-stdlib --product "$program" \
            -Xswiftc -file-prefix-map -Xswiftc "$directory=." -Xcc "-ffile-prefix-map=$directory=.") >"$top/log" 2>&1 ||
            { tail -n 20 "$top/log" && exit 1; }
        strip -o "$directory.$program" "$directory/.build/release/$program"
    done
}
build "$top/one"
build "$top/another-one"
failed=0
for program in latchkey latchkey-worker; do
    if cmp -s "$top/one.$program" "$top/another-one.$program"; then
        echo "$program: the same bytes ($(sha256sum <"$top/one.$program" | cut -c1-16)…)"
    else
        echo "$program: differs at $(cmp "$top/one.$program" "$top/another-one.$program" 2>&1 | sed 's/.*differ: //')"
        failed=1
    fi
done
exit "$failed"
