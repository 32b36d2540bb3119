// What a process takes from itself before it reads what others sent: privileges, system calls, files.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// No program that this process starts gets rights by its mode or its capabilities (prctl(2), PR_SET_NO_NEW_PRIVS), and
/// the system calls that a worker never needs answer EPERM (seccomp(2)), for this thread and all that it starts.
/// Returns 0, or an errno value.
int clinux_deny_calls(void);

/// What a worker still does once its plan is told: the owner, the group and the modes of what it delivers.
struct clinux_needs {
    uid_t user;
    gid_t group;
    /// Whether it takes this user's rights to files while it delivers (setfsuid(2)).
    bool changes_identity;
    const uint32_t *modes;
    size_t mode_count;
};

/// The capabilities that are not in `kept` (bit n: capability n, capabilities(7)) leave all sets of this thread
/// but the bounding set; nothing is inherited or ambient. Returns 0, or an errno value.
int clinux_keep_capabilities(uint64_t kept);

/// What a worker that starts no program never needs once its plan is told: other programs and processes, signals to
/// others, local sockets, changes of owner, mode and attributes other than those that it delivers. Returns 0, or an errno
/// value.
int clinux_deny_after_plan(const struct clinux_needs *needs);

/// The version of Landlock's interface (landlock_create_ruleset(2)); 0 where the kernel has none, or a filter forbids it.
int clinux_landlock_version(void);

/// A set of rules, close-on-exec, that forbids all access to files, what is below no rule. Returns -1 on failure.
int clinux_landlock_create(int version);

/// Lets a file, or all below a directory, be read, and with `changes` also written, made, renamed and removed. Returns 0,
/// or an errno value.
int clinux_landlock_allow(int rules, int beneath, bool changes, int version);

/// The same by path; one that does not exist is passed over.
int clinux_landlock_allow_path(int rules, const char *path, bool changes, int version);

/// From here on this thread, and all that it starts, has the rules' rights only. Returns 0, or an errno value.
int clinux_landlock_enforce(int rules);
