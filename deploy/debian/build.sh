#!/usr/bin/env bash
# Builds the Debian package with the distribution's own tools (dpkg-dev, debhelper), and has lintian judge it.
#
#   build.sh [--programs DIRECTORY] [--version VERSION] OUTPUT
#
# OUTPUT        the directory that gets latchkey_VERSION_ARCHITECTURE.deb; its path is printed
# --programs    where latchkey and latchkey-worker are; without it they are built as they are shipped
# --version     the package's version; without it the program's own
set -euo pipefail
umask 022
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

fail() {
    echo "build.sh: $*" >&2
    exit 1
}

programs='' version='' output=''
while [ $# -gt 0 ]; do
    case $1 in
    --programs) programs=${2:?} && shift ;;
    --version) version=${2:?} && shift ;;
    -*) fail "unknown option '$1'" ;;
    *) output=$1 ;;
    esac
    shift
done
[ -n "$output" ] || fail "where is the package to go?"
for tool in dpkg-buildpackage dh; do
    command -v "$tool" >/dev/null || fail "$tool is missing: install dpkg-dev and debhelper"
done
if [ -z "$version" ]; then
    version=$(sed -n 's/.*version = "\(.*\)".*/\1/p' Sources/Messages/Release.swift)
fi
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
if [ -z "$programs" ]; then
    programs=$stage/built
    deploy/release.sh "$programs"
fi
tree=$stage/latchkey
mkdir -p "$tree/programs" "$tree/vendor" "$tree/debian/source"
cp "$programs/latchkey" "$programs/latchkey-worker" "$tree/programs"
cp -r deploy/systemd deploy/man deploy/latchkey.schema.json "$tree"
cp deploy/completions/latchkey.bash "$tree/vendor/latchkey"
cp deploy/completions/latchkey.zsh "$tree/vendor/_latchkey"
cp deploy/completions/latchkey.fish "$tree/vendor"
cp deploy/debian/{control,rules,copyright} deploy/debian/latchkey.* "$tree/debian"
cp deploy/systemd/latchkey.tmpfiles "$tree/debian"
# The emulator is not in the package, and its page is not either.
(cd "$tree" && find man -name '*.[0-9]' ! -name 'latchkey-emulator.*') >"$tree/debian/latchkey.manpages"
echo "3.0 (native)" >"$tree/debian/source/format"
{
    printf 'latchkey (%s) unstable; urgency=medium\n\n' "$version"
    printf '  * What has changed stands in the history of the sources.\n\n'
    printf ' -- %s  %s\n' "$(sed -n 's/^Maintainer: //p' deploy/debian/control)" \
        "$(date --rfc-email --date="@${SOURCE_DATE_EPOCH:-$(date +%s)}")"
} >"$tree/debian/changelog"
chmod +x "$tree/debian/rules"

log=$stage/log
(cd "$tree" && dpkg-buildpackage --build=binary --no-sign) >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    fail "dpkg-buildpackage failed"
}
package=$(find "$stage" -maxdepth 1 -name 'latchkey_*.deb')
if command -v lintian >/dev/null; then
    as=()
    [ "$(id -u)" -ne 0 ] || as=(--allow-root)
    lintian "${as[@]}" --fail-on error "$package" >&2 || fail "lintian found an error"
else
    echo "build.sh: without lintian the package is not judged" >&2
fi
mkdir -p "$output"
cp "$package" "$output"
echo "$output/$(basename "$package")"
