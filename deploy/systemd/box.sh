#!/usr/bin/env bash
# Boots a systemd of its own, to try units in: over a copy-on-write view of a root directory, in a container of
# systemd-nspawn's, on this machine's network. Nothing that happens in it stays. Needs root.
#
#   box.sh start NAME ROOT [OPTION…]   boots it over the directory ROOT (/ for this system's own), with more options
#                                      for systemd-nspawn, and waits until it is up
#   box.sh run NAME COMMAND [ARG…]     runs a command in it
#   box.sh stop NAME                   ends it and removes what it wrote
set -euo pipefail
umask 022

fail() {
    echo "box.sh: $*" >&2
    exit 1
}

[ $# -ge 2 ] || fail "usage: box.sh start|run|stop NAME …"
verb=$1 name=$2
shift 2
case $name in
*[!a-z0-9-]* | '') fail "'$name' is no name for a box" ;;
esac
place=/run/latchkey-boxes/$name

# The first process of the box: a grandchild of systemd-nspawn's that calls itself 1.
first_process() {
    local child
    for child in $(pgrep -P "$1"); do
        if [ "$(awk '/^NSpid:/ { print $NF }' "/proc/$child/status" 2>/dev/null)" = 1 ]; then
            echo "$child"
            return
        fi
        first_process "$child"
    done
}

# A manager that answers is one whose private socket is there.
await_manager() {
    local process
    for _ in $(seq 600); do
        kill -0 "$1" 2>/dev/null || return 1
        process=$(first_process "$1")
        if [ -n "$process" ] && [ -S "/proc/$process/root/run/systemd/private" ]; then
            echo "$process"
            return
        fi
        sleep 0.05
    done
    return 1
}

# Becomes systemd-nspawn. Who started this script may wait for the end of a descriptor that it passed on.
boot() {
    local name=$1 place=$2 descriptor
    shift 2
    for descriptor in /proc/"$BASHPID"/fd/*; do
        descriptor=${descriptor##*/}
        [ "$descriptor" -le 2 ] || eval "exec $descriptor>&-"
    done
    # Sockets, timers and services that this system starts at its boot have no place here.
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec setsid systemd-nspawn --quiet --directory="$place/root" --boot \
        --register=no --keep-unit --console=pipe --hostname="$name" "$@" -- --unit=sysinit.target
}

start() {
    local root=$1 container process
    shift
    [ ! -e "$place" ] || fail "there is a box '$name' already"
    mkdir -p "$place"
    # Overlays can't lie on overlays: what is written goes to memory.
    mount -t tmpfs -o mode=0755 latchkey-box "$place"
    mkdir "$place"/{upper,work,root}
    mount -t overlay -o "lowerdir=$root,upperdir=$place/upper,workdir=$place/work" latchkey-box "$place/root"
    : >"$place/root/etc/machine-id"
    boot "$name" "$place" "$@" </dev/null >"$place/log" 2>&1 &
    container=$!
    echo "$container" >"$place/container"
    if ! process=$(await_manager "$container"); then
        cat "$place/log" >&2
        stop
        fail "systemd does not come up"
    fi
    echo "$process" >"$place/process"
    run systemctl is-system-running --wait >/dev/null || true
}

run() {
    [ -r "$place/process" ] || fail "there is no box '$name'"
    nsenter --target "$(cat "$place/process")" --all --wdns=/ "$@"
}

stop() {
    local container process
    container=$(cat "$place/container" 2>/dev/null || true)
    process=$(cat "$place/process" 2>/dev/null || true)
    # Nothing in it is worth an orderly end. With its first process all others go, and systemd-nspawn follows.
    [ -z "$process" ] || kill -KILL "$process" 2>/dev/null || true
    for _ in $(seq 200); do
        kill -0 "${container:-none}" 2>/dev/null || break
        sleep 0.05
    done
    kill -KILL "${container:-none}" 2>/dev/null || true
    ! mountpoint -q "$place/root" || umount -R "$place/root"
    ! mountpoint -q "$place" || umount "$place"
    # The directory above stays: another box may be about to be made or removed in it.
    rmdir "$place"
}

case $verb in
start) start "$@" ;;
run) run "$@" ;;
stop) stop ;;
*) fail "unknown verb '$verb'" ;;
esac
