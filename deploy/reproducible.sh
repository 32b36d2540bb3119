#!/usr/bin/env bash
# Builds the two programs twice as they are packaged, from clean clones in directories of different names, and compares
# them byte for byte. Takes some minutes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT

for directory in one another-one; do
    git clone -q . "$top/$directory"
    "$top/$directory/deploy/release.sh" "$top/$directory.programs" 2>"$top/log" || { tail -n 20 "$top/log" && exit 1; }
done
failed=0
for program in latchkey latchkey-worker; do
    if cmp -s "$top/one.programs/$program" "$top/another-one.programs/$program"; then
        echo "$program: the same bytes ($(sha256sum <"$top/one.programs/$program" | cut -c1-16)…)"
    else
        echo "$program: $(cmp -l "$top/one.programs/$program" "$top/another-one.programs/$program" | wc -l) bytes differ"
        failed=1
    fi
done
exit "$failed"
