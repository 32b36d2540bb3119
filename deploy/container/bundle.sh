#!/usr/bin/env bash
# Makes a directory that brings Latchkey into any Linux image of this architecture, whatever that image has or lacks:
#
#   latchkey          static; COPY the directory to any place and start this one
#   latchkey-worker   found beside it
#   lib/              the libraries of the worker, with the loader that it is started by (lib/ld.so)
#   certs/            certificate authorities with hash links, for an image that has none
#
#   deploy/container/bundle.sh [--programs DIR] [--whole-closure] OUT
#
# --programs DIR     where latchkey and latchkey-worker were built (default: they are built now, as they are shipped)
# --whole-closure    leave out nothing of what libcurl is linked with
#
# Needs what the programs are built with, binutils, a C compiler, and Debian's or Ubuntu's ca-certificates.
set -euo pipefail
umask 022
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

fail() {
    echo "bundle.sh: $*" >&2
    exit 1
}

programs='' out='' whole=''
while [ $# -gt 0 ]; do
    case $1 in
    --programs) programs=${2:?--programs needs a directory} && shift ;;
    --whole-closure) whole=1 ;;
    -h | --help) sed -n '2,14s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
    -*) fail "unknown option '$1'" ;;
    *) out=$1 ;;
    esac
    shift
done
[ -n "$out" ] || fail "usage: bundle.sh [--programs DIR] [--whole-closure] OUT"
[ ! -e "$out" ] || [ -z "$(ls -A "$out")" ] || fail "'$out' is there and not empty"
authorities=/usr/share/ca-certificates/mozilla
[ -d "$authorities" ] || fail "there is no $authorities: install ca-certificates"

if [ -z "$programs" ]; then
    built=$(mktemp -d)
    programs=$built
    "$here/../release.sh" "$built"
fi

mkdir -p "$out/lib" "$out/certs"
work=$(mktemp -d)
trap 'rm -rf "$work" "${built:-$work}"' EXIT

# --- programs -----------------------------------------------------------------------------------------------------
# Everybody may read them: the loader opens the worker's program as the user that it runs as.
for program in latchkey latchkey-worker; do
    strip -o "$out/$program" "$programs/$program"
    chmod 0755 "$out/$program"
done

# --- what the worker never calls ----------------------------------------------------------------------------------
# Distributions link libcurl with everything; the worker speaks HTTPS and nothing else. In place of each library that
# only other protocols, log-ins, cookies and encodings need stands one with the same symbols, each of which ends the
# process (the supervisor survives that and reports it). Three are called all the same: libssh2_init, when libcurl is
# initialised, says "done", and so does libssh2_exit; idn2_check_version says that there is no libidn2, so that a host's
# name is ASCII or refused.
stand_in() {
    local name=$1 real=$2 user=$3
    # Name and version of what the user takes from it: the file's own view of its symbols, cut down to those.
    readelf -W --dyn-syms "$user" | awk '$7 == "UND" && $8 != "" { sub(/@.*/, "", $8); print $8 }' | sort -u >"$work/wanted"
    nm -D --defined-only --with-symbol-versions "$real" |
        awk '{ split($3, part, /@+/); print part[1], $2, part[2] }' | sort -u >"$work/given"
    join "$work/wanted" "$work/given" >"$work/taken"
    awk '
        $1 ~ /^(libssh2_init|libssh2_exit|idn2_check_version)$/ { printf "void *%s(void) { return 0; }\n", $1; next }
        $2 ~ /^[TtWi]$/ { printf "void %s(void) { __builtin_trap(); }\n", $1; next }
        $2 ~ /^[BDRV]$/ { printf "void *%s[8];\n", $1 }
    ' "$work/taken" >"$work/stand-in.c"
    # One version node for each that the user asks for; those without a version need none.
    awk '$3 != "" { nodes[$3] = nodes[$3] " " $1 ";" }
        END { for (node in nodes) printf "%s { global:%s };\n", node, nodes[node] }' "$work/taken" >"$work/versions"
    local script=()
    [ ! -s "$work/versions" ] || script=("-Wl,--version-script=$work/versions")
    cc -shared -fPIC -O1 -s -nostdlib -fno-builtin -Wl,-soname,"$name" -Wl,--build-id=none "${script[@]}" \
        -Wl,-z,noseparate-code -o "$out/lib/$name" "$work/stand-in.c"
    echo "$name: a stand-in for $(wc -l <"$work/taken") symbols"
}
left_out='^lib(rtmp|ssh2|gssapi_krb5|ldap-2\.[0-9]|ldap|lber-2\.[0-9]|lber|psl|idn2|zstd|brotlidec)\.so\.'

# --- libraries ----------------------------------------------------------------------------------------------------
# Where the loader finds each library of the worker, name by name.
ldd "$programs/latchkey-worker" | awk '$2 == "=>" && $3 ~ /^\// { print $1, $3 }' >"$work/found"
declare -A place
while read -r name path; do place[$name]=$path; done <"$work/found"
needed_by() { readelf -W -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }

declare -A seen
queue=("$programs/latchkey-worker")
while [ ${#queue[@]} -gt 0 ]; do
    file=${queue[0]}
    queue=("${queue[@]:1}")
    for name in $(needed_by "$file"); do
        case $name in ld-linux*) continue ;; esac
        [ -z "${seen[$name]:-}" ] || continue
        seen[$name]=1
        real=${place[$name]:-}
        [ -n "$real" ] || fail "$name, which $(basename "$file") needs, is not found"
        if [ -z "$whole" ] && [[ $(basename "$file") == libcurl* ]] && [[ $name =~ $left_out ]]; then
            stand_in "$name" "$real" "$file"
        else
            strip --strip-unneeded -o "$out/lib/$name" "$real"
            queue+=("$real")
        fi
    done
done
loader=$(readelf -W -l "$programs/latchkey-worker" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
cp -L "$loader" "$out/lib/ld.so"
# Libraries ask for the loader by its own name as well.
ln -s ld.so "$out/lib/$(basename "$loader")"
chmod 0755 "$out/lib/"*

# What vaults hand out as PFX can be encrypted with RC2, which libcrypto has in a module of its own.
modules=$(dirname "${place[libcrypto.so.3]}")/ossl-modules
mkdir "$out/lib/ossl-modules"
strip --strip-unneeded -o "$out/lib/ossl-modules/legacy.so" "$modules/legacy.so"
chmod 0755 "$out/lib/ossl-modules/legacy.so"

# --- certificate authorities --------------------------------------------------------------------------------------
# As the distribution ships them, not as this machine's administrator has changed them. A file has the name that
# OpenSSL looks for, so that no link is left behind by tools that copy none.
for certificate in "$authorities"/*.crt; do
    hash=$(openssl x509 -in "$certificate" -noout -hash)
    number=0
    while [ -e "$out/certs/$hash.$number" ]; do number=$((number + 1)); done
    openssl x509 -in "$certificate" -out "$out/certs/$hash.$number"
    chmod 0644 "$out/certs/$hash.$number"
done

# --- what it came to ----------------------------------------------------------------------------------------------
# It starts, with nothing of this machine's but the kernel, and the loader finds all.
"$out/lib/ld.so" --inhibit-cache --library-path "$out/lib" --list "$out/latchkey-worker" >"$work/list" ||
    fail "the loader does not load the worker"
if grep -q 'not found' "$work/list"; then fail "$(grep 'not found' "$work/list")"; fi
outside=$(awk '$2 == "=>" { print $3 }' "$work/list" | grep -v "^$out/" || true)
[ -z "$outside" ] || fail "taken from this machine: $outside"
"$out/latchkey" --version

size() { find "$@" -type f -print0 | du -cb --files0-from=- | awk 'END { printf "%.1f MB\n", $1 / 1e6 }'; }
files() { find "$1" -type f | wc -l; }
printf '%-18s%s\n' latchkey "$(size "$out/latchkey")" latchkey-worker "$(size "$out/latchkey-worker")" \
    "lib ($(files "$out/lib") files)" "$(size "$out/lib")" "certs ($(files "$out/certs"))" "$(size "$out/certs")" \
    "the bundle" "$(size "$out")"
