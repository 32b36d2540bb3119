// Requests over HTTP at an even rate, from one client that keeps its connection and one that connects anew each time.
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { most_samples = 1 << 20, limit_seconds = 30 };

struct tally {
    atomic_long answered, failed, reset, reopened;
    char problem[100];
    unsigned microseconds[most_samples];
};

struct shared {
    atomic_bool stops;
    struct tally clients[2];
};

static long long now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int dial(const struct sockaddr_in *address) {
    int channel = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = limit_seconds};
    setsockopt(channel, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    // From many addresses in turn: one of them would run out of ports that are not in TIME_WAIT, and wait for a second.
    static unsigned turn;
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f010001U + turn++ % 250)};
    int later = 1;
    setsockopt(channel, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &later, sizeof later);
    if (bind(channel, (const struct sockaddr *)&own, sizeof own))
        probe_failed("bind");
    if (connect(channel, (const struct sockaddr *)address, sizeof *address) == 0)
        return channel;
    int code = errno;
    close(channel);
    errno = code;
    return -1;
}

enum outcome { whole, closes, nothing, broken };

// One request and its answer. `nothing`: the other side had closed before it answered a byte.
static enum outcome ask(int channel, bool keeps, char *problem) {
    static const char keep[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char once[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    const char *request = keeps ? keep : once;
    ssize_t sent = send(channel, request, strlen(request), MSG_NOSIGNAL);
    char answer[8192];
    size_t count = 0;
    ssize_t more = sent < 0 ? -1 : 1;
    size_t wanted = sizeof answer - 1;
    bool closing = false;
    while (count < wanted && (more = read(channel, answer + count, sizeof answer - 1 - count)) > 0) {
        count += (size_t)more;
        answer[count] = 0;
        char *end = strstr(answer, "\r\n\r\n");
        if (!end)
            continue;
        char *length = strcasestr(answer, "\r\nContent-Length:");
        if (length && length < end)
            wanted = (size_t)(end + 4 - answer) + (size_t)strtoul(length + 17, NULL, 10);
        char *connection = strcasestr(answer, "\r\nConnection: close");
        closing = connection && connection < end;
    }
    if (count == 0) {
        snprintf(problem, 100, "no answer: %s", more < 0 ? probe_errno_name(errno) : "closed");
        return nothing;
    }
    if (more < 0 || (wanted < sizeof answer - 1 && count < wanted) || strncmp(answer, "HTTP/1.1 200", 12) != 0) {
        snprintf(problem, 100, "%zu of %zu bytes: %.20s: %s", count, wanted, answer,
                 more < 0 ? probe_errno_name(errno) : "closed");
        return broken;
    }
    return closing ? closes : whole;
}

static _Noreturn void run_client(struct shared *shared, int index, const struct sockaddr_in *address, long rate) {
    struct tally *tally = &shared->clients[index];
    bool keeps = index == 0;
    int channel = -1;
    long long next = now_us();
    while (!atomic_load(&shared->stops)) {
        long long start = now_us();
        bool reused = channel >= 0;
        if (channel < 0)
            channel = dial(address);
        enum outcome outcome = broken;
        if (channel < 0)
            snprintf(tally->problem, sizeof tally->problem, "connect: %s", probe_errno_name(errno));
        else
            outcome = ask(channel, keeps, tally->problem);
        if (outcome == nothing && reused) {
            // A connection that was idle may be closed at any time (RFC 9112, 9.3.1): every client asks once more.
            atomic_fetch_add(&tally->reopened, 1);
            close(channel);
            channel = dial(address);
            outcome = channel < 0 ? broken : ask(channel, keeps, tally->problem);
        }
        if (outcome == whole || outcome == closes) {
            long at = atomic_fetch_add(&tally->answered, 1);
            if (at < most_samples)
                tally->microseconds[at] = (unsigned)(now_us() - start);
        } else if (atomic_load(&tally->answered)) { // before the first answer nobody serves yet
            atomic_fetch_add(&tally->failed, 1);
            if (strstr(tally->problem, "ECONNRESET"))
                atomic_fetch_add(&tally->reset, 1);
        }
        if (channel >= 0 && (!keeps || outcome != whole)) {
            close(channel);
            channel = -1;
        }
        next += 1000000 / rate;
        long long left = next - now_us();
        if (left > 0) {
            struct timespec pause = {.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
            nanosleep(&pause, NULL);
        } else if (left < -1000000) {
            next = now_us(); // after a long pause it does not catch up
        }
    }
    _exit(0);
}

static int compare(const void *left, const void *right) {
    unsigned a = *(const unsigned *)left, b = *(const unsigned *)right;
    return a < b ? -1 : a > b;
}

int probe_load(char **arguments) {
    if (!arguments[0] || !arguments[1] || arguments[2])
        probe_usage("a port and a rate are wanted", arguments[0]);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)probe_number(arguments[0], 65535));
    long rate = probe_number(arguments[1], 1000000);
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        probe_failed("mmap");
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigprocmask(SIG_BLOCK, &ending, NULL);
    for (int index = 0; index < 2; index++) {
        pid_t client = fork();
        if (client < 0)
            probe_failed("fork");
        if (client == 0)
            run_client(shared, index, &address, rate > 1 ? rate / 2 : 1);
    }
    while (!atomic_load(&shared->clients[0].answered) || !atomic_load(&shared->clients[1].answered))
        usleep(1000);
    probe_say("ready");
    int got;
    sigwait(&ending, &got);
    atomic_store(&shared->stops, true);
    while (wait(NULL) > 0) {}
    unsigned *all = malloc(2 * most_samples * sizeof *all);
    size_t count = 0;
    long sums[4] = {0};
    for (int index = 0; index < 2; index++) {
        struct tally *tally = &shared->clients[index];
        size_t samples = (size_t)atomic_load(&tally->answered);
        if (samples > most_samples)
            samples = most_samples;
        memcpy(all + count, tally->microseconds, samples * sizeof *all);
        count += samples;
        sums[0] += atomic_load(&tally->answered);
        sums[1] += atomic_load(&tally->failed);
        sums[2] += atomic_load(&tally->reset);
        sums[3] += atomic_load(&tally->reopened);
        if (atomic_load(&tally->failed))
            probe_say("problem=%s", tally->problem);
    }
    qsort(all, count, sizeof *all, compare);
    probe_say("answered=%ld failed=%ld resets=%ld reopened=%ld longest_us=%u p999_us=%u", sums[0], sums[1], sums[2],
              sums[3], all[count - 1], all[count - 1 - count / 1000]);
    return 0;
}
