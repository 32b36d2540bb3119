// Starts a command and says what it took until the app's first instruction, and in all.
//
//   stopwatch DESCRIPTOR COMMAND [ARG]…
//
// The app (first.c) writes to DESCRIPTOR. Prints one line of JSON: `first_us` from before the fork to the app's first
// instruction, `secrets` and `bytes` as the app saw them, `cpu_us` of the command and all that came of it, `peak_kb`
// of the largest of these processes, `code` (its exit code, 128 + N for a signal).
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000L + now.tv_nsec;
}

static long microseconds(struct timeval time) { return time.tv_sec * 1000000L + time.tv_usec; }

int main(int argc, char **argv) {
    int ends[2], status;
    struct rusage usage;
    if (argc < 3 || pipe2(ends, O_CLOEXEC))
        return 64;
    int descriptor = atoi(argv[1]);
    // A worker may end after its supervisor: it is ours to wait for then, and counts.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    long start = nanoseconds();
    pid_t child = vfork();
    if (child == 0) {
        dup2(ends[1], descriptor);
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    close(ends[1]);
    char line[128] = "";
    for (size_t size = 0; size < sizeof line - 1;) {
        ssize_t got = read(ends[0], line + size, sizeof line - 1 - size);
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    if (waitpid(child, &status, 0) != child)
        return 71;
    while (wait(NULL) > 0)
        ;
    getrusage(RUSAGE_CHILDREN, &usage);
    long first = 0, secrets = 0, bytes = 0;
    sscanf(line, "%ld %ld %ld", &first, &secrets, &bytes);
    printf("{\"first_us\": %ld, \"secrets\": %ld, \"bytes\": %ld, \"cpu_us\": %ld, \"peak_kb\": %ld, \"code\": %d}\n",
           first ? (first - start) / 1000 : -1, secrets, bytes,
           microseconds(usage.ru_utime) + microseconds(usage.ru_stime), usage.ru_maxrss,
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}
