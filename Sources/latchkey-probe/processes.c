// Other processes: `orphans`, `zombies`, `launch`.
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

// Forks `count` children, which wait for the signal (0: not at all) and end, and ends before it collects any of them.
static _Noreturn void leave_behind(long count, int until) {
    sigset_t awaited;
    sigemptyset(&awaited);
    if (until)
        sigaddset(&awaited, until);
    for (long i = 0; i < count; i++) {
        pid_t child = fork();
        if (child < 0)
            _exit(1);
        if (child == 0) {
            int got;
            if (until)
                sigwait(&awaited, &got);
            _exit((int)(i & 255));
        }
    }
    _exit(0);
}

int probe_orphans(char **arguments) {
    long count = probe_number(*arguments++, 1L << 30);
    long batch = 1;
    int until = 0;
    bool stay = false;
    for (; *arguments; arguments++) {
        if (strcmp(*arguments, "--until") == 0)
            until = probe_signal(*++arguments);
        else if (strcmp(*arguments, "--batch") == 0)
            batch = probe_number(*++arguments, 1L << 20);
        else if (strcmp(*arguments, "--stay") == 0)
            stay = true;
        else
            probe_usage("unknown argument", *arguments);
    }
    sigset_t awaited, before;
    sigemptyset(&awaited);
    if (until)
        sigaddset(&awaited, until); // before the forks: no orphan may meet the signal unprepared
    sigprocmask(SIG_BLOCK, &awaited, &before);
    for (long done = 0; done < count;) {
        long next = batch < 1 ? 1 : batch < count - done ? batch : count - done;
        pid_t parent = fork();
        if (parent < 0)
            probe_failed("fork");
        if (parent == 0)
            leave_behind(next, until);
        int status = 0;
        while (waitpid(parent, &status, 0) < 0)
            if (errno != EINTR)
                probe_failed("waitpid");
        if (status != 0)
            probe_usage("an orphan's parent failed to fork", "fork");
        done += next;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    probe_say("orphans=%ld", count);
    if (stay)
        probe_stay();
    return 0;
}

int probe_zombies(char **arguments) {
    if (*arguments)
        probe_usage("unknown argument", *arguments);
    DIR *listing = opendir("/proc");
    if (!listing)
        probe_failed("/proc");
    long zombies = 0, processes = 0;
    for (struct dirent *entry; (entry = readdir(listing));) {
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
            continue;
        char path[300], text[512];
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
        if (file >= 0)
            close(file);
        if (length <= 0)
            continue; // it ended meanwhile
        text[length] = 0;
        const char *name_end = strrchr(text, ')'); // a name can hold anything, a parenthesis too
        processes++;
        zombies += name_end && name_end[1] && name_end[2] == 'Z';
    }
    closedir(listing);
    probe_say("zombies=%ld processes=%ld", zombies, processes);
    return 0;
}

struct list {
    char **items;
    size_t count;
};

static void append(struct list *list, char *item) {
    list->items = realloc(list->items, (list->count + 2) * sizeof *list->items);
    if (!list->items)
        probe_failed("realloc");
    list->items[list->count++] = item;
    list->items[list->count] = NULL;
}

static char *from_hex(const char *digits) {
    size_t length = digits ? strlen(digits) : 1;
    char *bytes = calloc(length / 2 + 1, 1);
    if (!bytes)
        probe_failed("calloc");
    if (length % 2 != 0)
        probe_usage("not hexadecimal", digits);
    for (size_t i = 0; i < length / 2; i++) {
        unsigned byte;
        if (strspn(digits + 2 * i, "0123456789abcdef") < 2 || sscanf(digits + 2 * i, "%2x", &byte) != 1 || byte == 0)
            probe_usage("not hexadecimal, or a NUL", digits);
        bytes[i] = (char)byte;
    }
    return bytes;
}

// Nothing blocked and nothing ignored, whatever the thread that started this one had.
static void start_clean(void) {
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number <= SIGRTMAX; number++)
        signal(number, SIG_DFL); // refused for KILL, STOP and the C library's own, which are as they should be
    if (sigprocmask(SIG_SETMASK, &none, NULL))
        probe_failed("sigprocmask");
}

int probe_launch(char **arguments) {
    struct list environment = {0}, command = {0};
    sigset_t blocked;
    sigemptyset(&blocked);
    append(&environment, NULL);
    environment.count = 0;
    for (char **entry = environ; entry && *entry; entry++)
        append(&environment, *entry);
    struct list tail = {0};
    append(&tail, NULL);
    tail.count = 0;
    for (; *arguments && strcmp(*arguments, "--") != 0; arguments++) {
        const char *option = *arguments;
        bool done = true;
        if (strcmp(option, "--clean") == 0)
            start_clean();
        else if (strcmp(option, "--ignore") == 0)
            done = signal(probe_signal(*++arguments), SIG_IGN) != SIG_ERR;
        else if (strcmp(option, "--block") == 0)
            sigaddset(&blocked, probe_signal(*++arguments));
        else if (strcmp(option, "--close") == 0)
            close((int)probe_number(*++arguments, 1 << 20));
        else if (strcmp(option, "--setsid") == 0)
            done = setsid() >= 0;
        else if (strcmp(option, "--setpgid") == 0)
            done = setpgid(0, 0) == 0;
        else if (strcmp(option, "--subreaper") == 0)
            done = prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
        else if (strcmp(option, "--no-new-privs") == 0)
            done = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
        else if (strcmp(option, "--clear-env") == 0)
            environment.items[environment.count = 0] = NULL;
        else if (strcmp(option, "--env-hex") == 0)
            append(&environment, from_hex(*++arguments));
        else if (strcmp(option, "--argv-hex") == 0)
            append(&tail, from_hex(*++arguments));
        else
            probe_usage("unknown argument", option);
        if (!done)
            probe_failed(option);
    }
    if (!*arguments || !arguments[1])
        probe_usage("no command", "launch");
    for (char **word = arguments + 1; *word; word++)
        append(&command, *word);
    for (size_t i = 0; i < tail.count; i++)
        append(&command, tail.items[i]);
    if (sigprocmask(SIG_BLOCK, &blocked, NULL))
        probe_failed("sigprocmask");
    execvpe(command.items[0], command.items, environment.items);
    dprintf(2, "latchkey-probe: %s: %s\n", command.items[0], probe_errno_name(errno));
    return 127;
}
