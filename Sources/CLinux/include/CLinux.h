// What Swift cannot import: constants behind macros, variadic calls, and the child's steps between fork and exec.
#pragma once
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/types.h>

#include "CLinuxConfine.h"
#include "CLinuxDirectory.h"
#include "CLinuxPeer.h"

/// The kernel's words for an errno value, or NULL (strerrordesc_np(3)).
const char *clinux_error_text(int code);

// --- start.c: how this process was started -------------------------------------------------------------------------

/// What a process inherits over execve and a launcher has to hand on, saved before any other code ran.
struct clinux_start_state {
    sigset_t mask;         ///< the signal mask
    uint64_t ignored;      ///< bit n-1: signal n was ignored
    bool closed[3];        ///< which of the descriptors 0 to 2 were closed
    mode_t umask;          ///< the file mode creation mask
    struct rlimit core;    ///< RLIMIT_CORE
};

/// The state at the start of this process; saved by a constructor that runs before the language runtimes'.
const struct clinux_start_state *clinux_start_state(void);

/// First lines of a program: default dispositions for the signals that a crash handler may have taken, no core, not
/// dumpable, umask 077, descriptors 0 to 2 open. Returns 0, or an errno value.
int clinux_harden(void);

/// Names the process for ps(1): at most 15 bytes count (prctl(2), PR_SET_NAME).
void clinux_set_name(const char *name);

/// Blocks every signal that can be blocked and sets CHLD to its default. Returns 0, or an errno value.
int clinux_block_signals(void);

/// What stands before an entry that a loader, the C library or a constructor would act on (see `inherits_environment`).
#define CLINUX_HIDDEN '\1'
/// Keeps the original environment's entries, uncovers the hidden ones, and leaves libraries none but TZ.
void clinux_take_environment(void);

/// Overwrites the strings of the environment in place (they stay in /proc/PID/environ otherwise) and empties it.
void clinux_wipe_environment(void);

/// Lets go of the program's own read-only pages: they come back from the page cache when they are touched.
void clinux_release_program(void);

/// The number of arguments and the bytes of argument `index`, as the kernel gave them.
size_t clinux_argument_count(void);
const char *clinux_argument(size_t index);
/// Entry `index` of the original environment, or NULL behind the last one.
const char *clinux_environment_entry(size_t index);
/// The value of the original environment's first entry of this name, where it lies, or NULL.
const char *clinux_environment_value(const char *name);

// --- spawn.c --------------------------------------------------------------------------------------------------------

/// Where a spawn failed.
enum clinux_spawn_step {
    CLINUX_STEP_NONE = 0,
    CLINUX_STEP_PIPE,
    CLINUX_STEP_FORK,
    CLINUX_STEP_ENVIRONMENT,
    CLINUX_STEP_GROUP,
    CLINUX_STEP_GROUPS,
    CLINUX_STEP_GID,
    CLINUX_STEP_UID,
    CLINUX_STEP_CAPABILITIES,
    CLINUX_STEP_PARENT,
    CLINUX_STEP_DESCRIPTORS,
    CLINUX_STEP_LIMITS,
    CLINUX_STEP_EXECUTE,
};

struct clinux_spawn_failure {
    int step;  ///< enum clinux_spawn_step
    int code;  ///< errno
};

/// How many sockets a command can be given.
#define CLINUX_LISTENER_LIMIT 32

/// What is to be started, and how.
struct clinux_spawn {
    int program;                     ///< descriptor of the program (O_PATH), or -1: `arguments[0]` is looked up in PATH
    bool hides_program;              ///< execute a copy that no process of this user can read (see `unreadable_copy`)
    const char *const *arguments;    ///< raw, ended by NULL
    int environment;                 ///< descriptor with NUL-ended entries, or -1 for an empty environment
    bool inherits_environment;       ///< this process's original environment instead, for clinux_take_environment
    const char *const *extra;        ///< entries set on top, ended by NULL; LISTEN_PID= and WATCHDOG_PID= are completed
    size_t extra_count;
    bool as_started;                 ///< hand on mask, dispositions, closed descriptors, umask and core limit
    const int *descriptors;          ///< become 3, 4, … with everything behind closed; NULL: inherited ones stay
    size_t descriptor_count;
    const int *listeners;            ///< become listener_first, …; they and the inherited ones stay open
    size_t listener_count;
    int listener_first;
    int input;                       ///< a helper's descriptor 0 where >= 0
    int output;                      ///< becomes descriptor 1 where >= 0
    int errors;                      ///< becomes descriptor 2 where >= 0
    bool own_group;                  ///< a process group of its own
    bool is_helper;                  ///< a session of its own without a terminal, and nothing on descriptor 0
    int terminal;                    ///< with own_group: the terminal whose foreground the group takes, or -1
    bool change_user;                ///< with drops_capabilities, where `user` is not root
    uid_t user;
    gid_t group;
    const gid_t *groups;
    size_t group_count;
    bool drops_capabilities;         ///< without effect for root, whose capabilities come with the id
    int death_signal;                ///< PR_SET_PDEATHSIG, or 0
    uint64_t memory_limit;           ///< RLIMIT_AS in bytes, or 0
};

/// Forks and executes. Returns the process id once the new program runs, or -1 with the failure's step and code.
/// Everything between fork and exec is async-signal-safe (signal-safety(7)).
pid_t clinux_spawn(const struct clinux_spawn *request, struct clinux_spawn_failure *failure);

/// The same without a fork: this process becomes the program. Returns only when it failed.
void clinux_become(const struct clinux_spawn *request, struct clinux_spawn_failure *failure);

// --- shims.c --------------------------------------------------------------------------------------------------------

int clinux_epoll_create(void);
/// Watches `watched` for input under a name.
int clinux_epoll_add(int epoll, int watched, uint64_t name);
void clinux_epoll_remove(int epoll, int watched);
/// Sleeps until something is ready: the number of names written, at most eight, or -1.
int clinux_epoll_wait(int epoll, uint64_t names[8]);
int clinux_signalfd_all(void);
int clinux_memfd(const char *name);
bool clinux_seal(int descriptor);
/// Whether the descriptor is a memfd with all of the seals (write, grow, shrink, seal).
bool clinux_is_sealed(int descriptor);
int clinux_pidfd_open(pid_t pid);
int clinux_pidfd_send_signal(int pidfd, int number, const siginfo_t *info);
/// Sends a signal with a value as wide as a pointer, as sigqueue(3) does.
int clinux_queue(pid_t target, int number, uint64_t value);
int clinux_kill_self(int number);
/// Stops this process by a signal that is blocked (TSTP, TTIN, TTOU), as its default action does, until CONT; false where
/// the kernel discards it, since the process group is orphaned (setpgid(2)).
bool clinux_stop_by(int number);
/// Dies of a signal without a core, as if it had never been blocked.
void clinux_die_of(int number);
ssize_t clinux_write_now(int descriptor, const void *bytes, size_t count);
/// Opens for reading, close-on-exec, relative to `directory`, without following a link at the end.
int clinux_open_read(int directory, const char *path);
int clinux_open_path(const char *path, bool is_directory);

/// waitid(2) without blocking, for any child: its id with what happened, or 0 (none), or -1.
struct clinux_wait {
    pid_t pid;
    int kind;    ///< CLD_EXITED, CLD_KILLED, CLD_DUMPED, CLD_STOPPED, CLD_CONTINUED
    int status;  ///< the exit code, or the signal's number
};
int clinux_wait_any(struct clinux_wait *result);

/// sendmsg(2)/recvmsg(2) with descriptors (SCM_RIGHTS) and the sender's id (SCM_CREDENTIALS).
ssize_t clinux_send(int socket, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count);
ssize_t clinux_receive(
    int socket, void *bytes, size_t capacity, int *descriptors, size_t descriptor_capacity, size_t *descriptor_count,
    pid_t *sender);
/// A datagram to an AF_UNIX address; `address` begins with '/' or, for the abstract namespace, '@'.
ssize_t clinux_send_to(
    int socket, const char *address, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count);
/// An AF_UNIX datagram socket bound to an abstract name that the kernel chose; the name goes to `name` with '@' first.
int clinux_bind_anonymous(char *name, size_t capacity);

// --- serve.c --------------------------------------------------------------------------------------------------------

/// Opens a listening TCP socket, close-on-exec, with SO_REUSEADDR: at an address in digits, or, for NULL, at all of the
/// machine. `::` is all addresses of IPv6 and of IPv4. Returns -1 with errno.
int clinux_listen_tcp(const char *host, uint16_t port);
/// Opens a listening local stream socket at a path, which gets the mode and the owner before anybody can connect to it.
/// Replaces a socket that nobody listens at any more. Returns -1 with errno (EADDRINUSE: there is something).
int clinux_listen_unix(const char *path, mode_t mode, uid_t user, gid_t group, uint64_t *device, uint64_t *inode);
/// Whether a socket could be opened at an absolute path: 0 or an errno value. Makes nothing.
int clinux_look_at_path(const char *path, uid_t user);
/// Removes the path if it is still that socket.
void clinux_remove_socket(const char *path, uint64_t device, uint64_t inode);
