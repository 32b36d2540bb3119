#!/usr/bin/env bash
# Builds latchkey and latchkey-worker as they are packaged: stripped, and with nothing in them of where and when they were
# built, so that whoever builds the same sources with the same toolchain gets the same bytes (deploy/reproducible.sh).
#
#   deploy/release.sh OUT
#
# OUT    the directory that gets the two programs
set -euo pipefail
umask 022
[ $# -eq 1 ] || { sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2 && exit 64; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/.."

options=(
    # Apart from other builds, whose flags are others.
    --scratch-path .build-release -c release --static-swift-stdlib
    # Names of directories stand in what a failed precondition prints.
    -Xswiftc -file-prefix-map -Xswiftc "$PWD=." -Xcc "-ffile-prefix-map=$PWD=."
    # The compiler's own notes on what it has compiled would stay in the program.
    -Xswiftc -Xfrontend -Xswiftc -disable-incremental-llvm-codegen
)
for program in latchkey latchkey-worker; do
    swift build "${options[@]}" --product "$program" >&2
    # The id is one of the debugging information, too, which knows the directory.
    strip --remove-section=.note.gnu.build-id -o "$out/$program" ".build-release/release/$program"
done
