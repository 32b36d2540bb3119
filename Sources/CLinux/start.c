// Not in the header: other modules see the same system headers without it.
#define _GNU_SOURCE
#include "CLinux.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static struct clinux_start_state state;
static int argument_count;
static char **arguments;
static char **entries;

// Priority 101 comes before the constructors of the C++ and Swift runtimes, one of which installs a crash handler.
__attribute__((constructor(101))) static void save_start_state(int argc, char **argv, char **envp) {
    argument_count = argc;
    arguments = argv;
    entries = envp;
    sigprocmask(SIG_SETMASK, NULL, &state.mask);
    for (int number = 1; number <= 64; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN) {
            state.ignored |= UINT64_C(1) << (number - 1);
        }
    }
    for (int descriptor = 0; descriptor < 3; descriptor++) {
        state.closed[descriptor] = fcntl(descriptor, F_GETFD) == -1 && errno == EBADF;
    }
    state.umask = umask(077);
    umask(state.umask);
    getrlimit(RLIMIT_CORE, &state.core);
}

const struct clinux_start_state *clinux_start_state(void) { return &state; }

size_t clinux_argument_count(void) { return argument_count < 0 ? 0 : (size_t)argument_count; }

const char *clinux_argument(size_t index) { return index < clinux_argument_count() ? arguments[index] : NULL; }

const char *clinux_environment_entry(size_t index) { return entries ? entries[index] : NULL; }

const char *clinux_environment_value(const char *name) {
    size_t length = strlen(name);
    for (char **entry = entries; entry && *entry; entry++) {
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') return *entry + length + 1;
    }
    return NULL;
}

int clinux_harden(void) {
    // The runtime's backtracer prints memory at registers, and secrets may lie there.
    static const int faults[] = {SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};
    for (size_t index = 0; index < sizeof faults / sizeof *faults; index++) {
        signal(faults[index], SIG_DFL);
    }
    struct rlimit none = {0, state.core.rlim_max};
    if (setrlimit(RLIMIT_CORE, &none) != 0) return errno;
    if (prctl(PR_SET_DUMPABLE, 0) != 0) return errno;
    umask(077);
    for (int descriptor = 0; descriptor < 3; descriptor++) {
        // open() takes the lowest free number, and those below are open by now. A closed standard descriptor becomes
        // one that answers EBADF to reads and writes, as the closed one did.
        if (state.closed[descriptor]) {
            int opened = open("/dev/null", O_PATH | O_CLOEXEC);
            if (opened == -1) opened = open("/", O_PATH | O_CLOEXEC);
            if (opened == -1) return errno;
        }
    }
    return 0;
}

void clinux_set_name(const char *name) { prctl(PR_SET_NAME, name); }

int clinux_block_signals(void) {
    // An inherited SIG_IGN for CHLD would lose exit codes: the kernel would reap in our place.
    if (signal(SIGCHLD, SIG_DFL) == SIG_ERR) return errno;
    sigset_t all;
    sigfillset(&all);
    // A fault of our own must end us at once.
    static const int faults[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP, SIGSYS};
    for (size_t index = 0; index < sizeof faults / sizeof *faults; index++) {
        sigdelset(&all, faults[index]);
    }
    return sigprocmask(SIG_SETMASK, &all, NULL) == 0 ? 0 : errno;
}

static char *none[] = {NULL};

void clinux_take_environment(void) {
    // The zone is what az tells times in, and nobody trusts it.
    static char *zone[] = {NULL, NULL};
    for (char **entry = entries; entry && *entry; entry++) {
        if (**entry == CLINUX_HIDDEN) ++*entry;
        if (!zone[0] && strncmp(*entry, "TZ=", 3) == 0) zone[0] = *entry;
    }
    environ = zone;
}

void clinux_wipe_environment(void) {
    for (char **entry = entries; entry && *entry; entry++) {
        explicit_bzero(*entry, strlen(*entry));
    }
    entries = none;
    environ = none;
}

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

void clinux_release_program(void) {
    uintptr_t base = (uintptr_t)&__ehdr_start;
    const ElfW(Phdr) *headers = (const void *)(base + __ehdr_start.e_phoff);
    // A position-dependent program has absolute addresses in its headers; only such a one is asked for here.
    if (__ehdr_start.e_type != ET_EXEC) return;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int index = 0; index < __ehdr_start.e_phnum; index++) {
        const ElfW(Phdr) *header = &headers[index];
        if (header->p_type != PT_LOAD || header->p_flags & PF_W) continue;
        uintptr_t start = (header->p_vaddr + page - 1) & ~(page - 1);
        uintptr_t end = (header->p_vaddr + header->p_filesz) & ~(page - 1);
        // Clean pages of a file: nothing is lost.
        if (end > start) madvise((void *)start, end - start, MADV_DONTNEED);
    }
}
