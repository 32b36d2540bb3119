// Ends and signals: `exit`, `die`, `sleep`, `ignore`, `signals`, `print-on`, `fingerprint`.
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

static void nothing(int number) { (void)number; }

void probe_stay(void) {
    for (;;)
        pause();
}

void probe_catch(const sigset_t *signals) {
    // Blocked first: a handler that ran would take the signal away from whoever waits for it.
    if (sigprocmask(SIG_BLOCK, signals, NULL))
        probe_failed("sigprocmask");
    struct sigaction action = {.sa_handler = nothing};
    for (int number = 1; number <= SIGRTMAX; number++)
        if (sigismember(signals, number) == 1 && sigaction(number, &action, NULL) && errno != EINVAL)
            probe_failed("sigaction");
}

int probe_exit(char **arguments) { return (int)probe_number(*arguments, 255); }

int probe_die(char **arguments) {
    int number = probe_signal(*arguments);
    if (!arguments[1] && setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}))
        probe_failed("setrlimit");
    if (arguments[1] && strcmp(arguments[1], "--core") != 0)
        probe_usage("unknown argument", arguments[1]);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    if (signal(number, SIG_DFL) == SIG_ERR && number != SIGKILL && number != SIGSTOP)
        probe_failed("signal");
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    kill(getpid(), number);
    probe_usage("survived its signal", *arguments);
}

int probe_sleep(char **arguments) {
    if (*arguments)
        probe_usage("unknown argument", *arguments);
    probe_say("ready");
    probe_stay();
}

int probe_ignore(char **arguments) {
    if (!*arguments)
        probe_usage("no signal", NULL);
    for (; *arguments; arguments++)
        if (signal(probe_signal(*arguments), SIG_IGN) == SIG_ERR)
            probe_failed("signal");
    probe_say("ready");
    probe_stay();
}

int probe_signals(char **arguments) {
    sigset_t caught;
    sigfillset(&caught);
    bool ends = false;
    int last = 0;
    long left = -1;
    for (; *arguments; arguments++) {
        if (strcmp(*arguments, "--eof") == 0)
            ends = true;
        else if (strcmp(*arguments, "--until") == 0)
            last = probe_signal(*++arguments);
        else if (strcmp(*arguments, "--count") == 0)
            left = probe_number(*++arguments, 1L << 40);
        else if (strcmp(*arguments, "--except") == 0)
            sigdelset(&caught, probe_signal(*++arguments));
        else
            probe_usage("unknown argument", *arguments);
    }
    sigdelset(&caught, SIGKILL);
    sigdelset(&caught, SIGSTOP);
    probe_catch(&caught);
    int queue = signalfd(-1, &caught, SFD_CLOEXEC);
    if (queue < 0)
        probe_failed("signalfd");
    probe_say("ready");

    while (left != 0) {
        struct pollfd waits[] = {{.fd = queue, .events = POLLIN}, {.fd = ends ? 0 : -1, .events = POLLIN}};
        if (poll(waits, 2, -1) < 0)
            probe_failed("poll");
        if (waits[0].revents) {
            struct signalfd_siginfo got;
            if (read(queue, &got, sizeof got) != sizeof got)
                probe_failed("signalfd read");
            probe_say("signal=%u code=%d pid=%u uid=%u value=%d", got.ssi_signo, got.ssi_code, got.ssi_pid, got.ssi_uid,
                      got.ssi_int);
            left -= left > 0;
            if ((int)got.ssi_signo == last)
                return 0;
        } else if (waits[1].revents) {
            char discarded[512];
            if (read(0, discarded, sizeof discarded) <= 0)
                return 0;
        }
    }
    return 0;
}

static uint64_t fnv(uint64_t hash, const void *bytes, size_t count) {
    const unsigned char *next = bytes;
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ next[i]) * 0x100000001b3u;
    return hash;
}

static const uint64_t fnv_start = 0xcbf29ce484222325u;

static void print_file(const char *name) {
    const char *base = getenv("LATCHKEY_SECRETS");
    char *path = NULL;
    if (asprintf(&path, "%s%s%s", *name == '/' || !base ? "" : base, *name == '/' || !base ? "" : "/", name) < 0)
        probe_failed("asprintf");
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    if (file < 0 || fstat(file, &about)) {
        probe_say("file=%s %s", name, probe_errno_name(errno));
        return;
    }
    uint64_t hash = fnv_start;
    size_t size = 0;
    char block[4096];
    ssize_t got;
    while ((got = read(file, block, sizeof block)) > 0) {
        hash = fnv(hash, block, (size_t)got);
        size += (size_t)got;
    }
    if (got < 0)
        probe_say("file=%s %s", name, probe_errno_name(errno));
    else
        probe_say("file=%s size=%zu fnv=%016" PRIx64 " ino=%ju", name, size, hash, (uintmax_t)about.st_ino);
    close(file);
}

static void print_fingerprints(char **arguments) {
    for (; *arguments; arguments++) {
        if (strcmp(*arguments, "--env") != 0) {
            print_file(*arguments);
            continue;
        }
        const char *name = *++arguments;
        if (!name)
            probe_usage("no name", "--env");
        const char *value = getenv(name);
        if (value)
            probe_say("env=%s size=%zu fnv=%016" PRIx64, name, strlen(value), fnv(fnv_start, value, strlen(value)));
        else
            probe_say("env=%s unset", name);
    }
}

int probe_fingerprint(char **arguments) {
    print_fingerprints(arguments);
    return 0;
}

int probe_print_on(char **arguments) {
    int number = probe_signal(*arguments++);
    long left = -1;
    if (*arguments && strcmp(*arguments, "--count") == 0) {
        left = probe_number(arguments[1], 1L << 40);
        arguments += 2;
    }
    sigset_t caught;
    sigemptyset(&caught);
    sigaddset(&caught, number);
    probe_catch(&caught);
    print_fingerprints(arguments);
    probe_say("ready");
    for (; left != 0; left -= left > 0) {
        while (sigwaitinfo(&caught, NULL) < 0)
            if (errno != EINTR)
                probe_failed("sigwaitinfo");
        probe_say("signal=%d", number);
        print_fingerprints(arguments);
        probe_say("end");
    }
    return 0;
}
