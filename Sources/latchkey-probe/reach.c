// A child that attacks the workers of its supervisor, as a process of the same user can.
#include "probe.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>

static const char *const doors[] = {"mem", "fd/3", "environ", "ptrace"};

// Whether a process lets itself be opened by one of its doors.
static bool opens(pid_t process, const char *door) {
    if (strcmp(door, "ptrace") == 0) {
        return ptrace(PTRACE_SEIZE, process, NULL, NULL) == 0;
    }
    char path[64], byte;
    bool is_memory = strcmp(door, "mem") == 0;
    snprintf(path, sizeof path, "/proc/%d/%s", process, door);
    int file = open(path, is_memory ? O_RDWR : O_RDONLY);
    if (file < 0) return false;
    // Root may open those of a process that has ended: nothing is behind them then, not even an unmapped address.
    ssize_t count = pread(file, &byte, 1, 0);
    close(file);
    return is_memory ? count != 0 : count > 0;
}

int probe_reach(char **arguments) {
    if (!arguments[0]) probe_usage("no number of workers", "reach");
    long rounds = probe_number(arguments[0], 1000000), tries = 0;
    pid_t supervisor = getppid(), own = getpid(), last = 0;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", supervisor, supervisor);
    int list = open(path, O_RDONLY | O_CLOEXEC);
    if (list < 0) probe_failed(path);
    probe_say("ready\n");
    kill(supervisor, SIGHUP);
    for (long seen = 0; seen < rounds;) {
        char text[256];
        ssize_t count = pread(list, text, sizeof text - 1, 0);
        if (count < 0) probe_failed("pread");
        text[count] = '\0';
        char *end = text;
        for (pid_t process; (process = (pid_t)strtol(end, &end, 10)) > 0;) {
            if (process == own) continue;
            tries++;
            for (size_t door = 0; door < sizeof doors / sizeof *doors; door++) {
                if (!opens(process, doors[door])) continue;
                probe_say("opened=%s worker=%ld\n", doors[door], seen + 1);
                return 1;
            }
            if (process == last) continue;
            last = process;
            seen++;
            // The one after it comes as soon as this one is gone.
            kill(supervisor, SIGHUP);
        }
    }
    probe_say("workers=%ld tries=%ld\n", rounds, tries);
    return 0;
}
