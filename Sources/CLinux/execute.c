// What a child executes: a program that is searched for, or one that is open already, by a copy that nobody can read.
// Async-signal-safe calls only, no locks, no malloc: all of it runs between fork and exec.
#define _GNU_SOURCE
#include "execute.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void *clinux_anonymous(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static const char *search_path(char **environment) {
    for (char **entry = environment; *entry; entry++) {
        if (strncmp(*entry, "PATH=", 5) == 0) return *entry + 5;
    }
    return "/bin:/usr/bin";
}

// A compiled program, for another machine then: no shell can make anything of it.
static int is_compiled(const char *path) {
    char magic[4];
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return 0;
    ssize_t count = pread(file, magic, sizeof magic, 0);
    close(file);
    return count == sizeof magic && memcmp(magic, "\177ELF", sizeof magic) == 0;
}

// A script without an interpreter line is run by the shell, as execvp(3) and every shell do.
static void execute_script(const char *path, const char *const *arguments, char **environment) {
    if (is_compiled(path)) {
        errno = ENOEXEC;
        return;
    }
    size_t count = 0;
    while (arguments[count]) count++;
    const char **vector = clinux_anonymous((count + 2) * sizeof *vector);
    if (!vector) return;
    vector[0] = "/bin/sh";
    vector[1] = path;
    for (size_t index = 1; index <= count; index++) vector[index + 1] = arguments[index];
    execve("/bin/sh", (char *const *)vector, environment);
    errno = ENOEXEC;
}

static void execute_file(const char *path, const char *const *arguments, char **environment) {
    execve(path, (char *const *)arguments, environment);
    if (errno == ENOEXEC) execute_script(path, arguments, environment);
}

// As execvpe(3): in the PATH of the new environment; EACCES is remembered while the search goes on.
int clinux_execute_search(const char *const *arguments, char **environment) {
    const char *name = arguments[0];
    if (*name == '\0') return ENOENT;
    if (strchr(name, '/')) {
        execute_file(name, arguments, environment);
        return errno;
    }
    int remembered = ENOENT;
    const char *path = search_path(environment);
    for (;;) {
        size_t length = strcspn(path, ":");
        char candidate[PATH_MAX];
        if (length + strlen(name) + 2 <= sizeof candidate) {
            memcpy(candidate, path, length);
            if (length > 0) candidate[length++] = '/';
            strcpy(candidate + length, name);
            execute_file(candidate, arguments, environment);
            if (errno != ENOENT && errno != ENOTDIR && errno != ENODEV && errno != ETIMEDOUT && errno != ESTALE) {
                if (errno != EACCES) return errno;
                remembered = EACCES;
            }
        }
        path += strcspn(path, ":");
        if (*path++ == '\0') return remembered;
    }
}

// Takes the rights to read any file out of the effective set until the next execve, where root gets them back.
static void respect_modes(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2];
    if (syscall(SYS_capget, &header, sets) != 0) return;
    sets[0].effective &= ~(1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH);
    syscall(SYS_capset, &header, sets);
}

// A copy in memory that its own user may execute and not read. The kernel makes a process of such a program
// inaccessible to others from its first instruction (prctl(2), PR_SET_DUMPABLE): what is readable is open to
// /proc/PID/mem and /proc/PID/fd until it says otherwise. Returns -1 where there can be none.
static int unreadable_copy(int program) {
    struct stat status;
    if (fstat(program, &status) != 0) return -1;
    // MFD_EXEC (6.3) is for vm.memfd_noexec=1; kernels before that take no such flag.
    int copy = memfd_create("latchkey-worker", MFD_CLOEXEC | 0x0010U);
    if (copy == -1) copy = memfd_create("latchkey-worker", MFD_CLOEXEC);
    if (copy == -1) return -1;
    // A limit on the size of files (setrlimit(2), RLIMIT_FSIZE) is to end the copy, and not this process.
    struct sigaction ignored = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGXFSZ, &ignored, &before);
    off_t offset = 0;
    while (offset < status.st_size && sendfile(copy, program, &offset, (size_t)(status.st_size - offset)) > 0) {}
    sigaction(SIGXFSZ, &before, NULL);
    if (offset == status.st_size && fchmod(copy, 0111) == 0) return copy;
    close(copy);
    return -1;
}

int clinux_execute_program(int program, bool hides, const char *const *arguments, char **environment) {
    int copy = hides ? unreadable_copy(program) : -1;
    if (copy >= 0) {
        respect_modes();
        syscall(SYS_execveat, copy, "", arguments, environment, AT_EMPTY_PATH);
        // Where files in memory may not be executed (vm.memfd_noexec, a security module), it is started as it is.
    }
    syscall(SYS_execveat, program, "", arguments, environment, AT_EMPTY_PATH);
    return errno;
}
