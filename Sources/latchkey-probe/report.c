// `report`: all that an execve hands over, and all that a parent could have changed before it.
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static void terminal(FILE *out) {
    const char *names[] = {"0", "1", "2", "tty"};
    int device = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    int opening = errno;
    for (int i = 0; i < 4; i++) {
        pid_t group = tcgetpgrp(i < 3 && i != device ? i : i == 3 ? device : -1);
        if (group >= 0)
            fprintf(out, "foreground.%s=%d\n", names[i], group);
        else
            fprintf(out, "foreground.%s=%s\n", names[i], probe_errno_name(i == 3 && device < 0 ? opening : errno));
    }
    if (device >= 0)
        close(device);

    struct winsize size;
    for (int descriptor = 0; descriptor < 3; descriptor++)
        if (ioctl(descriptor, TIOCGWINSZ, &size) == 0) {
            fprintf(out, "winsize=%u %u\n", size.ws_row, size.ws_col);
            return;
        }
    fprintf(out, "winsize=%s\n", probe_errno_name(errno));
}

static void identity(FILE *out) {
    uid_t user[3];
    gid_t group[3];
    if (getresuid(user, user + 1, user + 2) || getresgid(group, group + 1, group + 2))
        probe_failed("getresuid");
    fprintf(out, "uid=%u %u %u %d\n", user[0], user[1], user[2], setfsuid((uid_t)-1));
    fprintf(out, "gid=%u %u %u %d\n", group[0], group[1], group[2], setfsgid((gid_t)-1));

    int count = getgroups(0, NULL);
    gid_t *groups = calloc((size_t)count + 1, sizeof *groups);
    if (count < 0 || !groups || getgroups(count, groups) != count)
        probe_failed("getgroups");
    fprintf(out, "groups=%d\n", count);
    for (int i = 0; i < count; i++)
        fprintf(out, "groups.%d=%u\n", i, groups[i]);
    free(groups);
}

// The values of /proc/self/status as they stand there, under lower-case names.
static void status(FILE *out) {
    static const char *const keys[][2] = {
        {"SigBlk", "sigblk"}, {"SigIgn", "sigign"}, {"SigCgt", "sigcgt"}, {"SigPnd", "sigpnd"},
        {"ShdPnd", "shdpnd"}, {"CapInh", "capinh"}, {"CapPrm", "capprm"}, {"CapEff", "capeff"},
        {"CapBnd", "capbnd"}, {"CapAmb", "capamb"}, {"NoNewPrivs", "no_new_privs"},
        {"Seccomp", "seccomp"}, {"Threads", "threads"}, {"Umask", "umask"},
    };
    char text[8192];
    int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (length < 0)
        probe_failed("/proc/self/status");
    close(file);
    text[length] = 0;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char label[32];
        snprintf(label, sizeof label, "\n%s:\t", keys[i][0]);
        const char *found = strstr(text, label);
        found = found ? found + strlen(label) : "?\n";
        fprintf(out, "%s=%.*s\n", keys[i][1], (int)strcspn(found, "\n"), found);
    }
}

static void limits(FILE *out) {
    static const struct {
        const char *name;
        int resource;
    } known[] = {
        {"core", RLIMIT_CORE},       {"nofile", RLIMIT_NOFILE}, {"stack", RLIMIT_STACK},
        {"memlock", RLIMIT_MEMLOCK}, {"nproc", RLIMIT_NPROC},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct rlimit limit;
        if (getrlimit((__rlimit_resource_t)known[i].resource, &limit))
            probe_failed("getrlimit");
        fprintf(out, "rlimit.%s=", known[i].name);
        const rlim_t values[] = {limit.rlim_cur, limit.rlim_max};
        for (int j = 0; j < 2; j++) {
            if (values[j] == RLIM_INFINITY)
                fprintf(out, "unlimited%c", j ? '\n' : ' ');
            else
                fprintf(out, "%llu%c", (unsigned long long)values[j], j ? '\n' : ' ');
        }
    }
}

static void attributes(FILE *out) {
    int deathSignal = 0, subreaper = 0;
    if (prctl(PR_GET_PDEATHSIG, &deathSignal) || prctl(PR_GET_CHILD_SUBREAPER, &subreaper))
        probe_failed("prctl");
    fprintf(out, "dumpable=%d\npdeathsig=%d\nsubreaper=%d\n", prctl(PR_GET_DUMPABLE), deathSignal, subreaper);
    fprintf(out, "securebits=%d\ntimerslack=%d\n", prctl(PR_GET_SECUREBITS), prctl(PR_GET_TIMERSLACK));
    fprintf(out, "nice=%d\nscheduler=%d\n", getpriority(PRIO_PROCESS, 0), sched_getscheduler(0));

    char text[32];
    int file = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0)
        close(file);
    text[length < 0 ? 0 : length] = 0;
    fprintf(out, "oom_score_adj=%.*s\n", (int)strcspn(text, "\n"), text);
}

static void link_target(FILE *out, const char *path) {
    char target[16384];
    ssize_t length = readlink(path, target, sizeof target);
    if (length < 0)
        fprintf(out, "-%s\n", probe_errno_name(errno));
    else {
        probe_hex(out, target, (size_t)length);
        fputc('\n', out);
    }
}

static const char *type_name(mode_t mode) {
    switch (mode & S_IFMT) {
    case S_IFREG: return "file";
    case S_IFDIR: return "directory";
    case S_IFCHR: return "character";
    case S_IFBLK: return "block";
    case S_IFIFO: return "fifo";
    case S_IFSOCK: return "socket";
    case S_IFLNK: return "link";
    default: return "anonymous"; // eventfd, signalfd, epoll and their like
    }
}

static int by_number(const void *one, const void *other) { return *(const int *)one - *(const int *)other; }

static void descriptors(FILE *out) {
    DIR *listing = opendir("/proc/self/fd");
    if (!listing)
        probe_failed("/proc/self/fd");
    int *numbers = NULL;
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(listing));) {
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(listing))
            continue;
        numbers = realloc(numbers, (count + 1) * sizeof *numbers);
        if (!numbers)
            probe_failed("realloc");
        numbers[count++] = atoi(entry->d_name);
    }
    closedir(listing);
    if (count > 1)
        qsort(numbers, count, sizeof *numbers, by_number);
    fprintf(out, "fds=%zu\n", count);
    for (size_t i = 0; i < count; i++) {
        char path[64];
        struct stat about = {0};
        snprintf(path, sizeof path, "/proc/self/fd/%d", numbers[i]);
        fstat(numbers[i], &about);
        fprintf(out, "fd.%zu=%d flags=%o cloexec=%d type=%s target=", i, numbers[i],
                (unsigned)fcntl(numbers[i], F_GETFL), fcntl(numbers[i], F_GETFD) & FD_CLOEXEC,
                type_name(about.st_mode));
        link_target(out, path);
    }
    free(numbers);
}

static void strings(FILE *out, const char *name, char **list) {
    size_t count = 0;
    while (list && list[count])
        count++;
    fprintf(out, "%s=%zu\n", name, count);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "%s.%zu=", name, i);
        probe_hex(out, list[i], strlen(list[i]));
        fputc('\n', out);
    }
}

int probe_report(char **arguments) {
    int target = 1;
    char **argv = arguments - 2; // the whole of it: `report` is the second
    if (*arguments && strcmp(*arguments, "--fd") == 0)
        target = (int)probe_number(arguments[1], 1 << 20);

    // In memory first: a report is written whole or not at all, and writing it opens nothing.
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        probe_failed("open_memstream");
    fprintf(out, "pid=%d\nppid=%d\npgid=%d\nsid=%d\n", getpid(), getppid(), getpgid(0), getsid(0));
    terminal(out);
    identity(out);
    status(out);
    limits(out);
    attributes(out);
    fputs("cwd=", out);
    link_target(out, "/proc/self/cwd");
    fputs("exe=", out);
    link_target(out, "/proc/self/exe");
    const char *pid = getenv("LISTEN_PID");
    fprintf(out, "listen_pid=%s\n", !pid ? "none" : strtol(pid, NULL, 10) == getpid() ? "own" : "other");
    descriptors(out);
    strings(out, "argv", argv);
    strings(out, "environ", environ);
    if (fclose(out))
        probe_failed("fclose");
    probe_write(target, text, length);
    free(text);
    return 0;
}
