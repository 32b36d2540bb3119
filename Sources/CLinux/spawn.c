// Not in the header: other modules see the same system headers without it.
#define _GNU_SOURCE
#include "CLinux.h"
#include "execute.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

// Everything below, up to clinux_spawn, runs between fork and exec: async-signal-safe calls only, no locks, no malloc.

struct child {
    const struct clinux_spawn *request;
    int failure_pipe;  // -1 when the process becomes the program without a fork
    pid_t parent;
    struct clinux_spawn_failure *failure;
};

static bool fail(struct child *child, int step, int code) {
    child->failure->step = step;
    child->failure->code = code;
    return false;
}

static size_t name_length(const char *entry) {
    const char *equals = strchr(entry, '=');
    return equals ? (size_t)(equals - entry) + 1 : 0;
}

// LISTEN_PID= and WATCHDOG_PID= name the process that reads them, so that each incarnation gets its own.
static const char *completed(const char *entry, char *room, size_t capacity) {
    size_t length = strlen(entry);
    if (strcmp(entry, "LISTEN_PID=") != 0 && strcmp(entry, "WATCHDOG_PID=") != 0) return entry;
    char digits[16];
    size_t count = 0;
    for (long value = getpid(); value > 0; value /= 10) digits[count++] = (char)('0' + value % 10);
    if (length + count + 1 > capacity) return entry;
    memcpy(room, entry, length);
    for (size_t index = 0; index < count; index++) room[length + index] = digits[count - 1 - index];
    room[length + count] = '\0';
    return room;
}

// Whether an entry acts before a program's first line: in the loader, the C library, libcrypto or Swift's runtime.
static bool acts_early(const char *entry) {
    static const char *const names[] = {"LD_", "GLIBC_TUNABLES=", "MALLOC_", "OPENSSL_", "SWIFT_"};
    for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
        if (strncmp(entry, names[index], strlen(names[index])) == 0) return true;
    }
    // So that one which begins like a hidden one comes out as it went in.
    return *entry == CLINUX_HIDDEN;
}

// The worker gets every entry, but finds out by itself what it acts on.
static char **hidden_environment(void) {
    size_t count = 0, size = 0;
    for (char **entry = environ; *entry; entry++, count++) size += acts_early(*entry) ? strlen(*entry) + 2 : 0;
    char **vector = clinux_anonymous((count + 1) * sizeof *vector + size);
    if (!vector) return NULL;
    char *room = (char *)(vector + count + 1);
    for (size_t index = 0; index < count; index++) {
        vector[index] = environ[index];
        if (!acts_early(environ[index])) continue;
        vector[index] = room;
        *room++ = CLINUX_HIDDEN;
        room = stpcpy(room, environ[index]) + 1;
    }
    return vector;
}

// The block is mapped in this process only; its entries are used where they lie.
static char **make_environment(struct child *child, char rooms[2][32]) {
    const struct clinux_spawn *request = child->request;
    if (request->inherits_environment) return hidden_environment();
    size_t size = 0, entries = 0;
    char *block = NULL;
    if (request->environment >= 0) {
        struct stat status;
        if (fstat(request->environment, &status) != 0) return NULL;
        size = (size_t)status.st_size;
        if (size > 0) {
            block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, request->environment, 0);
            if (block == MAP_FAILED) return NULL;
            if (block[size - 1] != '\0') { errno = EINVAL; return NULL; }
        }
    }
    for (size_t index = 0; index < size; index++) entries += block[index] == '\0';
    char **vector = clinux_anonymous((entries + request->extra_count + 1) * sizeof *vector);
    if (!vector) return NULL;
    size_t used = 0, room = 0;
    for (size_t offset = 0; offset < size; offset += strlen(block + offset) + 1) {
        bool replaced = false;
        for (size_t index = 0; index < request->extra_count && !replaced; index++) {
            size_t length = name_length(request->extra[index]);
            replaced = length > 0 && strncmp(block + offset, request->extra[index], length) == 0;
        }
        if (!replaced) vector[used++] = block + offset;
    }
    for (size_t index = 0; index < request->extra_count; index++) {
        const char *entry = request->extra[index];
        const char *whole = room < 2 ? completed(entry, rooms[room], 32) : entry;
        if (whole != entry) room++;
        vector[used++] = (char *)whole;
    }
    vector[used] = NULL;
    return vector;
}

static bool place_descriptors(struct child *child) {
    const struct clinux_spawn *request = child->request;
    if (request->output >= 0 && dup2(request->output, STDOUT_FILENO) == -1) return false;
    if (request->errors >= 0 && dup2(request->errors, STDERR_FILENO) == -1) return false;
    if (!request->descriptors) return true;
    // Out of the way first, so that no source is overwritten before it was copied.
    int base = 3 + (int)request->descriptor_count + 1;
    int moved[16];
    if (request->descriptor_count > sizeof moved / sizeof *moved) { errno = EMFILE; return false; }
    for (size_t index = 0; index < request->descriptor_count; index++) {
        moved[index] = -1;
        if (request->descriptors[index] < 0) continue;
        moved[index] = fcntl(request->descriptors[index], F_DUPFD_CLOEXEC, base);
        if (moved[index] == -1) return false;
    }
    if (child->failure_pipe >= 0) {
        int high = fcntl(child->failure_pipe, F_DUPFD_CLOEXEC, base);
        if (high == -1) return false;
        child->failure_pipe = high;
    }
    for (size_t index = 0; index < request->descriptor_count; index++) {
        int target = 3 + (int)index;
        if (moved[index] == -1) close(target);
        else if (dup2(moved[index], target) == -1) return false;
    }
    // Old container runtimes answer EPERM to what they do not know; marking one by one is the fallback.
    unsigned first = 3 + (unsigned)request->descriptor_count;
    if (syscall(SYS_close_range, first, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */) != 0) {
        long limit = sysconf(_SC_OPEN_MAX);
        for (long descriptor = first; descriptor < (limit < 0 ? 1024 : limit); descriptor++) {
            fcntl((int)descriptor, F_SETFD, FD_CLOEXEC);
        }
    }
    return true;
}

// The sockets of the command follow those that it inherits (sd_listen_fds(3)). All other descriptors of ours are
// close-on-exec, so one of them at such a number is in nobody's way.
static bool place_listeners(struct child *child) {
    const struct clinux_spawn *request = child->request;
    int count = (int)request->listener_count, first = request->listener_first;
    int moved[CLINUX_LISTENER_LIMIT];
    if (count > CLINUX_LISTENER_LIMIT) { errno = EMFILE; return false; }
    if (count == 0) return true;
    // Out of the way first, so that no source is overwritten before it was copied.
    for (int index = 0; index < count; index++) {
        moved[index] = fcntl(request->listeners[index], F_DUPFD_CLOEXEC, first + count);
        if (moved[index] == -1) return false;
    }
    if (child->failure_pipe >= 0) {
        child->failure_pipe = fcntl(child->failure_pipe, F_DUPFD_CLOEXEC, first + count);
        if (child->failure_pipe == -1) return false;
    }
    for (int index = 0; index < count; index++) {
        if (dup2(moved[index], first + index) == -1) return false;
    }
    return true;
}

static void restore_start_state(const struct clinux_start_state *start) {
    for (int number = 1; number <= 64; number++) {
        bool ignored = start->ignored & (UINT64_C(1) << (number - 1));
        signal(number, ignored ? SIG_IGN : SIG_DFL);
    }
    umask(start->umask);
    setrlimit(RLIMIT_CORE, &start->core);
    for (int descriptor = 0; descriptor < 3; descriptor++) {
        if (start->closed[descriptor]) close(descriptor);
    }
    sigprocmask(SIG_SETMASK, &start->mask, NULL);
}

static void default_state(void) {
    for (int number = 1; number <= 64; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool contains(const gid_t *groups, size_t count, gid_t group) {
    for (size_t index = 0; index < count; index++) {
        if (groups[index] == group) return true;
    }
    return false;
}

// Whether every group of `some` is in `others`, or is the main group, which setresgid(2) sets.
static bool are_in(const gid_t *some, size_t count, const gid_t *others, size_t other_count, gid_t main_group) {
    for (size_t index = 0; index < count; index++) {
        if (some[index] != main_group && !contains(others, other_count, some[index])) return false;
    }
    return true;
}

// Whether the supplementary groups are those that are wanted already: none is missing, and none is kept.
static bool has_groups(const struct clinux_spawn *request) {
    int count = getgroups(0, NULL);
    if (count < 0) return false;
    gid_t *own = clinux_anonymous(((size_t)count + 1) * sizeof *own);
    if (!own || getgroups(count, own) != count) return false;
    return are_in(own, (size_t)count, request->groups, request->group_count, request->group)
        && are_in(request->groups, request->group_count, own, (size_t)count, request->group);
}

// No program that is started from here on gets a capability by its file. Only who may change the set can do so, and
// that is who has the most to lose: root, before the ids change.
static void drop_bounding_set(void) {
    for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++) {
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return;
    }
}

// From one user to another, neither of them root, setresuid(2) takes no capability away, and ambient ones outlive even
// the execve. What is in the inheritable and the permitted set no more is in the ambient one neither (capabilities(7)).
static bool drop_capabilities(struct child *child) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2], none[2] = {{0}};
    if (syscall(SYS_capget, &header, data) != 0) return fail(child, CLINUX_STEP_CAPABILITIES, errno);
    // A filter that refuses the call does no harm where there is nothing to take away.
    if (memcmp(data, none, sizeof data) == 0) return true;
    if (syscall(SYS_capset, &header, none) != 0) return fail(child, CLINUX_STEP_CAPABILITIES, errno);
    return true;
}

static bool change_ids(struct child *child) {
    const struct clinux_spawn *request = child->request;
    // glibc's wrappers would signal other threads; there are none, and the raw calls need no lock.
    if (syscall(SYS_setgroups, request->group_count, request->groups) != 0) {
        // Without the right to change groups, having exactly these already is as good.
        int code = errno;
        if (code != EPERM || !has_groups(request)) return fail(child, CLINUX_STEP_GROUPS, code);
    }
    if (syscall(SYS_setresgid, request->group, request->group, request->group) != 0) {
        return fail(child, CLINUX_STEP_GID, errno);
    }
    if (syscall(SYS_setresuid, request->user, request->user, request->user) != 0) {
        return fail(child, CLINUX_STEP_UID, errno);
    }
    return true;
}

static bool change_user(struct child *child) {
    const struct clinux_spawn *request = child->request;
    bool is_root = (request->change_user ? request->user : geteuid()) == 0;
    bool drops = !is_root && (request->change_user || request->drops_capabilities);
    if (drops) drop_bounding_set();
    if (request->change_user && !change_ids(child)) return false;
    return !drops || drop_capabilities(child);
}

static bool prepare_group(struct child *child) {
    const struct clinux_spawn *request = child->request;
    if (request->is_helper) {
        if (setsid() == -1) return fail(child, CLINUX_STEP_GROUP, errno);
        int input = request->input >= 0 ? request->input : open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (input == -1 || dup2(input, STDIN_FILENO) == -1) return fail(child, CLINUX_STEP_GROUP, errno);
        return true;
    }
    if (!request->own_group) return true;
    if (setpgid(0, 0) != 0) return fail(child, CLINUX_STEP_GROUP, errno);
    // Every signal is blocked here, TTOU too: that is what lets a background group take the terminal.
    if (request->terminal >= 0) tcsetpgrp(request->terminal, getpid());
    return true;
}

static bool prepare(struct child *child) {
    const struct clinux_spawn *request = child->request;
    if (!prepare_group(child)) return false;
    if (request->memory_limit) {
        // A lower limit stays: whoever set it meant it, and only the privileged may raise it.
        struct rlimit limit;
        if (getrlimit(RLIMIT_AS, &limit) != 0) return fail(child, CLINUX_STEP_LIMITS, errno);
        if (limit.rlim_max > request->memory_limit) limit.rlim_max = request->memory_limit;
        if (limit.rlim_cur > limit.rlim_max) limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_AS, &limit) != 0) return fail(child, CLINUX_STEP_LIMITS, errno);
    }
    if (!change_user(child)) return false;
    if (request->death_signal) {
        // Changing ids cleared it; and a parent that died before this call would never be noticed.
        prctl(PR_SET_PDEATHSIG, request->death_signal);
        if (child->failure_pipe >= 0 && getppid() != child->parent) return fail(child, CLINUX_STEP_PARENT, ESRCH);
    }
    return true;
}

static void execute(struct child *child) {
    const struct clinux_spawn *request = child->request;
    char rooms[2][32];
    if (!prepare(child)) return;
    char **environment = make_environment(child, rooms);
    if (!environment) {
        fail(child, CLINUX_STEP_ENVIRONMENT, errno);
        return;
    }
    int program = request->program;
    if (program >= 0 && request->descriptors) {
        program = fcntl(program, F_DUPFD_CLOEXEC, 3 + (int)request->descriptor_count + 1);
    }
    if (!place_descriptors(child) || !place_listeners(child)) {
        fail(child, CLINUX_STEP_DESCRIPTORS, errno);
        return;
    }
    if (request->as_started) restore_start_state(clinux_start_state());
    else default_state();
    int code;
    if (program >= 0) {
        code = clinux_execute_program(program, request->hides_program, request->arguments, environment);
    } else {
        code = clinux_execute_search(request->arguments, environment);
    }
    fail(child, CLINUX_STEP_EXECUTE, code);
}

static bool await_exec(pid_t pid, int pipe_end, struct clinux_spawn_failure *failure) {
    ssize_t count;
    do count = read(pipe_end, failure, sizeof *failure);
    while (count == -1 && errno == EINTR);
    if (count == -1) {
        // Whether the program runs can't be known: it must not, or the wait for the failed child's end would be for its.
        failure->step = CLINUX_STEP_PIPE;
        failure->code = errno;
        kill(pid, SIGKILL);
    }
    return count == 0;
}

pid_t clinux_spawn(const struct clinux_spawn *request, struct clinux_spawn_failure *failure) {
    int ends[2];
    failure->step = CLINUX_STEP_NONE;
    failure->code = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        failure->step = CLINUX_STEP_PIPE;
        failure->code = errno;
        return -1;
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        struct child child = {request, ends[1], parent, failure};
        execute(&child);
        ssize_t ignored = write(child.failure_pipe, failure, sizeof *failure);
        (void)ignored;
        _exit(127);
    }
    int code = errno;
    close(ends[1]);
    if (pid == -1) {
        failure->step = CLINUX_STEP_FORK;
        failure->code = code;
    } else if (!await_exec(pid, ends[0], failure)) {
        // The failed child is reaped here, so that nobody takes it for the program.
        while (waitpid(pid, NULL, 0) == -1 && errno == EINTR) {}
        pid = -1;
    }
    close(ends[0]);
    return pid;
}

void clinux_become(const struct clinux_spawn *request, struct clinux_spawn_failure *failure) {
    struct child child = {request, -1, getppid(), failure};
    execute(&child);
}
