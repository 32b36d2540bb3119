// What a worker gives up once its plan is told and before it speaks with the network: capabilities, and the system calls
// that only a plan decides about.
#define _GNU_SOURCE
#include "CLinuxConfine.h"
#include "filter.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// Of later kernels than the headers that this may be compiled with; their numbers are the same everywhere.
#define CALL_FCHMODAT2 452
#define CALL_SETXATTRAT 463
#define CALL_REMOVEXATTRAT 466

int clinux_keep_capabilities(uint64_t kept) {
    // The bounding set stays: no program gets new privileges here, so that nothing comes of it (capabilities(7)).
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2];
    if (syscall(SYS_capget, &header, sets) != 0) return errno;
    for (int half = 0; half < 2; half++) {
        uint32_t mask = (uint32_t)(kept >> (32 * half));
        sets[half].permitted &= mask;
        sets[half].effective &= mask;
        sets[half].inheritable = 0;
    }
    return syscall(SYS_capset, &header, sets) == 0 ? 0 : errno;
}

// Programs and processes, also by a memory file; signals to others; names' owners, modes and attributes, and those that
// every descriptor would do for; identities but for that of file access.
static const uint32_t never[] = {
    SYS_execve, SYS_execveat,
    SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_pidfd_send_signal, SYS_tkill,
    SYS_fchmodat, CALL_FCHMODAT2, SYS_fchownat,
    SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, CALL_SETXATTRAT,
    SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr, CALL_REMOVEXATTRAT,
    SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid,
    SYS_mknodat, SYS_linkat,
#ifdef __x86_64__
    SYS_fork, SYS_vfork, SYS_chmod, SYS_chown, SYS_lchown, SYS_mknod, SYS_link, SYS_utime, SYS_utimes, SYS_futimesat,
#endif
};

struct rules {
    struct sock_filter list[512];
    size_t count;
};

static void add(struct rules *rules, const struct sock_filter *more, size_t count) {
    memcpy(rules->list + rules->count, more, count * sizeof *more);
    rules->count += count;
}

#define ADD(rules, ...)                                                                                            \
    do {                                                                                                           \
        const struct sock_filter more[] = {__VA_ARGS__};                                                           \
        add(rules, more, COUNT(more));                                                                             \
    } while (0)

// Refuses a call but with one value of its first argument.
static void add_first(struct rules *rules, uint32_t call, uint32_t allowed) {
    ADD(rules, EQUAL(call, 0, 4), LOAD(ARGUMENT(0)), EQUAL(allowed, 0, 1), ALLOW, REFUSE(EPERM));
}

static void add_changes(struct rules *rules, const struct clinux_needs *needs) {
    ADD(rules, EQUAL(SYS_fchown, 0, 6), LOAD(ARGUMENT(1)), EQUAL(needs->user, 0, 3), LOAD(ARGUMENT(2)),
        EQUAL(needs->group, 0, 1), ALLOW, REFUSE(EPERM));
    // Of few modes: a jump reaches 255 rules.
    size_t modes = needs->mode_count < 64 ? needs->mode_count : 64;
    ADD(rules, EQUAL(SYS_fchmod, 0, (uint8_t)(2 * modes + 2)), LOAD(ARGUMENT(1)));
    for (size_t index = 0; index < modes; index++) ADD(rules, EQUAL(needs->modes[index], 0, 1), ALLOW);
    ADD(rules, REFUSE(EPERM));
    // The time of an open file, and of no name.
    ADD(rules, EQUAL(SYS_utimensat, 0, 6), LOAD(ARGUMENT(1)), EQUAL(0, 0, 3), LOAD(ARGUMENT(1) + 4), EQUAL(0, 0, 1), ALLOW,
        REFUSE(EPERM));
    if (needs->changes_identity) return;
    ADD(rules, EQUAL(SYS_setfsuid, 3, 0), EQUAL(SYS_setfsgid, 2, 0), EQUAL(SYS_setgroups, 1, 0), BPF_STMT(BPF_JMP | BPF_JA, 1),
        REFUSE(EPERM));
}

int clinux_deny_after_plan(const struct clinux_needs *needs) {
    static struct rules rules;
    rules.count = 0;
    uint32_t own = (uint32_t)getpid();
    // The filter before this one has refused other architectures' calls already.
    ADD(&rules, LOAD(offsetof(struct seccomp_data, nr)));
    for (size_t index = 0; index < COUNT(never); index++) ADD(&rules, EQUAL(never[index], 0, 1), REFUSE(EPERM));
    // Signals to itself, and threads of its own.
    add_first(&rules, SYS_kill, own);
    add_first(&rules, SYS_tgkill, own);
    ADD(&rules, EQUAL(SYS_clone, 0, 4), LOAD(ARGUMENT(0)), ANY_BIT(CLONE_THREAD, 0, 1), ALLOW, REFUSE(EPERM));
    // Daemons' sockets (a container runtime's, the bus); name services that have one do without. The journal's was made
    // before. Packets of the worker's own making.
    ADD(&rules, EQUAL(SYS_socket, 0, 9), LOAD(ARGUMENT(0)), EQUAL(AF_UNIX, 5, 0), EQUAL(AF_NETLINK, 3, 0),
        LOAD(ARGUMENT(1)), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf), EQUAL(SOCK_RAW, 2, 0), ALLOW,
        REFUSE(EAFNOSUPPORT), REFUSE(EPERM));
    add_changes(&rules, needs);
    ADD(&rules, ALLOW);
    struct sock_fprog program = {.len = (unsigned short)rules.count, .filter = rules.list};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 ? 0 : errno;
}
