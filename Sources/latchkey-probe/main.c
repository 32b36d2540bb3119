// latchkey-probe: a child that says what it was given, for tests that compare it with what was meant.
//
// It needs no library but libc and can be linked static. What it prints is made for programs: one fact a line, bytes as
// lower-case hexadecimal digits, so that nothing is ambiguous. SIGNAL is a number or a name (TERM, SIGTERM, RTMIN+3).
//
//   report [--fd N] [ANY]…  Lines KEY=VALUE, to descriptor N (default 1), in this order; what follows is only shown:
//       pid ppid pgid sid
//       foreground.0 .1 .2 .tty   the terminal's foreground group seen from the descriptor, or the errno's name
//       winsize                   ROWS COLUMNS of the first of 0, 1, 2 that is a terminal, or the errno's name
//       uid gid                   real, effective, saved, file system
//       groups                    a count, then groups.0=GID …
//       sigblk sigign sigcgt sigpnd shdpnd      16 hexadecimal digits each, as in /proc/self/status (bit n-1: signal n)
//       capinh capprm capeff capbnd capamb no_new_privs seccomp threads umask      as in /proc/self/status
//       rlimit.core .nofile .stack .memlock .nproc     SOFT HARD, `unlimited` for no limit
//       dumpable pdeathsig subreaper securebits timerslack nice scheduler oom_score_adj
//       cwd exe                   hexadecimal, or the errno's name after a minus sign
//       listen_pid                none | own | other
//       fds                       a count, then fd.0=NUMBER flags=OCTAL cloexec=0|1 type=TYPE target=HEX … by number;
//                                 the descriptor that lists them is left out
//       argv                      a count, then argv.0=HEX …
//       environ                   a count, then environ.0=HEX … in order
//   exit N                 Ends with N (0 to 255).
//   die SIGNAL [--core]    Dies of the signal by its default action; without --core the core limit is 0.
//   sleep                  Prints `ready` and waits for a signal's default action.
//   ignore SIGNAL…         Ignores the signals, prints `ready` and waits for another one's default action.
//   signals [--eof] [--until SIGNAL] [--count N] [--except SIGNAL]…
//                          Handles every signal that can be caught, real-time ones too, prints `ready`, then for each
//                          `signal=N code=SI_CODE pid=SI_PID uid=SI_UID value=SI_INT`. Ends with 0 after --count
//                          signals, after that of --until, or with --eof at the end of standard input; by KILL
//                          otherwise.
//                          --except leaves a signal as it was.
//   print-on SIGNAL [--count N] [--env NAME]… [FILE]…
//                          Prints fingerprints (below), then `ready`; on each signal `signal=N` and the fingerprints
//                          again, then `end`. A FILE that does not begin with / is one of $LATCHKEY_SECRETS.
//   fingerprint [--env NAME]… [FILE]…
//                          `file=NAME size=N fnv=HEX ino=N` or `env=NAME size=N fnv=HEX` (FNV-1a, 64 bits), never a
//                          value; what is absent has the errno's name, or `unset`, in place of the rest.
//   orphans N [--until SIGNAL] [--batch M] [--stay]
//                          Leaves N orphans behind that end at once (or at the signal), M for each parent that forks
//                          them and ends (default 1); prints `orphans=N`. --stay: then waits as `sleep` does.
//   zombies                Prints `zombies=N processes=N` of what /proc shows.
//   notify [--stay] [[--fd N]… MESSAGE]…
//                          Sends each message to $NOTIFY_SOCKET, with the descriptors before it; BARRIER=1 brings its
//                          own and waits for it. Prints `sent=BYTES`, then `barrier=closed`, or an errno's name after
//                          a minus sign.
//   listen [--no-accept]   Prints listen_fds, listen_pid and fdnames, then for each socket
//                          `fd=N family=N type=stream|dgram|other listening=0|1 port=N`; accepts one connection on the
//                          first that listens, answers it with the own pid and a newline, prints `accepted=N`.
//   connect ADDRESS        Connects to tcp:HOST:PORT or unix:PATH, prints `connected`, then `answer=` with what comes up
//                          to the end, without newlines.
//   load PORT RATE         Asks 127.0.0.1 at PORT over HTTP, RATE times a second: half of it over a connection that is
//                          kept, half over a new one each time. Prints `ready` after the first answers; after TERM
//                          `answered=N failed=N resets=N reopened=N longest_us=N p999_us=N`, and `problem=` of failures.
//                          An idle connection that the other side had closed is opened anew and counts as reopened.
//   overhear               Listens at a free port of 127.0.0.1 and prints `port=N`; then one `heard=` line for each line
//                          that a client sends, what is not printable as `?`. Hangs up after an empty line.
//   reach N                As a process of the same user can: asks its parent for refreshes by HUP, and tries to open
//                          every worker's memory, descriptors and environment, and to trace it, from its first moment
//                          on. Prints `ready`; after N workers `workers=N tries=N`, or ends with 1 and
//                          `opened=WHAT worker=N` at the first success.
//   cat-env NAME           Writes the variable's bytes, nothing else; ends with 1 if there is none.
//   launch [--clean] [--ignore SIGNAL]… [--block SIGNAL]… [--close N]… [--setsid] [--setpgid] [--subreaper]
//          [--no-new-privs] [--env-hex HEX]… [--clear-env] [--argv-hex HEX]… -- COMMAND [ARG]…
//                          Becomes COMMAND with all that, in the order given; --clean unblocks all signals and gives
//                          them their default action, --env-hex appends an entry of any bytes as it is, --argv-hex an
//                          argument.
//   --inhibit-cache --library-path DIRECTORY --argv0 NAME PROGRAM [ARG]…
//                          As the loader of a bundle's worker is started: becomes PROGRAM, behind the words that
//                          DIRECTORY/words has one a line (those of strace, for example). With the word `short` alone,
//                          every read and write of PROGRAM is cut to half, once it is not dumpable any more.
//
// Exit codes of its own: 64 usage, 71 a system call failed, 127 `launch` found no command.
#include "probe.h"

#include <string.h>

static const struct {
    const char *name;
    int (*run)(char **arguments);
} modes[] = {
    {"report", probe_report},   {"exit", probe_exit},       {"die", probe_die},
    {"sleep", probe_sleep},     {"ignore", probe_ignore},   {"signals", probe_signals},
    {"orphans", probe_orphans}, {"zombies", probe_zombies}, {"print-on", probe_print_on},
    {"notify", probe_notify},   {"listen", probe_listen},   {"fingerprint", probe_fingerprint},
    {"connect", probe_connect}, {"load", probe_load},
    {"cat-env", probe_cat_env}, {"overhear", probe_overhear}, {"launch", probe_launch},
    {"reach", probe_reach},         {"--inhibit-cache", probe_loader},
};

int main(int count, char **arguments) {
    if (count < 2)
        probe_usage("no mode", "the head of its main.c names them");
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(arguments[1], modes[i].name) == 0)
            return modes[i].run(arguments + 2);
    probe_usage("unknown mode", arguments[1]);
}
