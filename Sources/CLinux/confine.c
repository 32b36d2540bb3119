// Not in the header: other modules see the same system headers without it.
#define _GNU_SOURCE
#include "CLinuxConfine.h"
#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// --- system calls -------------------------------------------------------------------------------------------------

// A deny list: the worker is curl, OpenSSL, name service modules and, with azure-cli, a program of its own. What is here
// reaches into other processes, changes the machine, or is a large piece of the kernel that none of those asks for.
static const uint32_t denied[] = {
    // Other processes.
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_getfd, SYS_process_madvise,
    SYS_move_pages, SYS_migrate_pages,
    // Code in the kernel, and doors to it.
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load,
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_personality, SYS_fanotify_init,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_iopl
    SYS_iopl, SYS_ioperm, SYS_modify_ldt,
#endif
    // Keys.
    SYS_add_key, SYS_request_key, SYS_keyctl,
    // File systems and namespaces; files by handle, past the directories above them.
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns, SYS_open_tree, SYS_move_mount, SYS_fsopen,
    SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_mount_setattr, SYS_name_to_handle_at, SYS_open_by_handle_at, SYS_quotactl,
    // The scheduling of others: none of those programs sets any.
    SYS_setpriority, SYS_ioprio_set, SYS_sched_setscheduler, SYS_sched_setparam, SYS_sched_setattr,
    // The machine.
    SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct, SYS_syslog, SYS_vhangup, SYS_sethostname, SYS_setdomainname,
    SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex,
};

// local, Internet, and netlink for getaddrinfo(3).
static const uint32_t families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

// A call whose arguments decide has its rule on the spot: the jump over it is where the call is another one.
static size_t add_special(struct sock_filter *rules) {
    const struct sock_filter special[] = {
        // The arguments of clone3 lie where a filter can't look; the C library takes clone where it is missing.
        EQUAL(SYS_clone3, 0, 1), REFUSE(ENOSYS),
        // New namespaces by clone.
        EQUAL(SYS_clone, 0, 4), LOAD(ARGUMENT(0)), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x7e020000, 0, 1), REFUSE(EPERM),
        ALLOW,
        // Input typed into the terminal of another; routes, interfaces, and what drivers have of their own.
        EQUAL(SYS_ioctl, 0, 12), LOAD(ARGUMENT(1)), EQUAL(TIOCSTI, 8, 0), EQUAL(0x541c /* TIOCLINUX */, 7, 0),
        EQUAL(0x890b /* SIOCADDRT */, 6, 0), EQUAL(0x890c /* SIOCDELRT */, 5, 0), EQUAL(0x8914 /* SIOCSIFFLAGS */, 4, 0),
        EQUAL(0x8916 /* SIOCSIFADDR */, 3, 0), EQUAL(0x891c /* SIOCSIFNETMASK */, 2, 0),
        EQUAL(0x8922 /* SIOCSIFMTU */, 1, 0), EQUAL(0x8924 /* SIOCSIFHWADDR */, 0, 1), REFUSE(EPERM), ALLOW,
        // Limits and processors of other processes.
        EQUAL(SYS_prlimit64, 1, 0), EQUAL(SYS_sched_setaffinity, 0, 4), LOAD(ARGUMENT(0)), EQUAL(0, 0, 1), ALLOW,
        REFUSE(EPERM),
        EQUAL(SYS_socket, 0, COUNT(families) + 3), LOAD(ARGUMENT(0)),
    };
    memcpy(rules, special, sizeof special);
    return COUNT(special);
}

int clinux_deny_calls(void) {
    struct sock_filter rules[COUNT(denied) + 60];
    size_t count = 0;
    // (1) Calls of another architecture have other numbers: none of them.
    rules[count++] = (struct sock_filter)LOAD(offsetof(struct seccomp_data, arch));
    rules[count++] = (struct sock_filter)EQUAL(NATIVE, 1, 0);
    rules[count++] = (struct sock_filter)REFUSE(EPERM);
    rules[count++] = (struct sock_filter)LOAD(offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
    rules[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000 /* x32 */, 0, 1);
    rules[count++] = (struct sock_filter)REFUSE(EPERM);
#endif
    // (2) The list: each jumps to the refusal behind the last one.
    for (size_t index = 0; index < COUNT(denied); index++) {
        uint8_t distance = (uint8_t)(COUNT(denied) - index);
        rules[count++] = (struct sock_filter)EQUAL(denied[index], distance, 0);
    }
    rules[count++] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 1);
    rules[count++] = (struct sock_filter)REFUSE(EPERM);
    // (3) Calls that depend on their arguments; sockets last.
    count += add_special(rules + count);
    for (size_t index = 0; index < COUNT(families); index++) {
        uint8_t distance = (uint8_t)(COUNT(families) - index);
        rules[count++] = (struct sock_filter)EQUAL(families[index], distance, 0);
    }
    rules[count++] = (struct sock_filter)REFUSE(EAFNOSUPPORT);
    rules[count++] = (struct sock_filter)ALLOW;
    // Where another call came: the jump over the sockets' rule ends here.
    rules[count++] = (struct sock_filter)ALLOW;
    struct sock_fprog program = {.len = (unsigned short)count, .filter = rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 ? 0 : errno;
}

// --- files ----------------------------------------------------------------------------------------------------------

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define CHANGING                                                                                                    \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE                   \
     | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM)
#define NEVER                                                                                                       \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK                         \
     | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK)

// Of later kernels than the headers that this may be compiled with (linux/landlock.h).
#define REFER (1ULL << 13)
#define TRUNCATE (1ULL << 14)
#define BIND_TCP (1ULL << 0)
#define SCOPE_ABSTRACT (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)

struct rules {
    uint64_t files, network, scope;
};

static uint64_t changing(int version) { return CHANGING | REFER | (version >= 3 ? TRUNCATE : 0); }

static int ask_version(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version < 0 ? 0 : (int)version;
}

int clinux_landlock_version(void) {
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0) return ask_version();
    // Somebody's filter is in force, and it may punish a call that it does not know with death (systemd.exec(5),
    // SystemCallFilter=): a child asks.
    pid_t child = vfork();
    if (child == 0) _exit(ask_version());
    int status;
    while (child > 0 && waitpid(child, &status, 0) == -1) {
        if (errno != EINTR) return 0;
    }
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

int clinux_landlock_create(int version) {
    struct rules rules = {.files = READING | NEVER | changing(version)};
    size_t size = sizeof rules.files;
    if (version >= 4) {
        rules.network = BIND_TCP;
        size += sizeof rules.network;
    }
    if (version >= 6) {
        rules.scope = SCOPE_ABSTRACT | SCOPE_SIGNAL;
        size += sizeof rules.scope;
    }
    return (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
}

int clinux_landlock_allow(int rules, int beneath, bool changes, int version) {
    struct stat status;
    if (fstat(beneath, &status) != 0) return errno;
    uint64_t access = READING | (changes ? changing(version) : 0);
    if (!S_ISDIR(status.st_mode)) access &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE;
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = beneath};
    return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ? 0 : errno;
}

int clinux_landlock_allow_path(int rules, const char *path, bool changes, int version) {
    int beneath = open(path, O_PATH | O_CLOEXEC);
    if (beneath == -1) return 0;
    int code = clinux_landlock_allow(rules, beneath, changes, version);
    close(beneath);
    return code;
}

int clinux_landlock_enforce(int rules) {
    return syscall(SYS_landlock_restrict_self, rules, 0) == 0 ? 0 : errno;
}
