// What held peers hear when this process ends by a signal. systemd takes a connection's end for the end of the credential:
// without this a unit would start with an empty one, or with the first part of one.
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// Of later kernels than the headers that this may be compiled with (linux/socket.h; 6.5).
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

// The manager loads at most 1 MiB, and fails the unit's start beyond it. The words are for whoever reads the socket by
// hand.
#define WORDS "refused: the journal says why\n"
#define REFUSAL ((1 << 20) + (64 << 10))
#define MOST 1024
// Within what units give for an orderly end, and within what the manager gives a start.
#define PATIENCE 5000

struct held {
    int number;   // the descriptor plus one; 0 where the place is free
    size_t sent;  // how much of the refusal has gone
};

static struct held held[MOST];
static char words[(sizeof WORDS - 1) * 128];
static pid_t holder;
static char stack[64 << 10];

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static struct held *find(int number) {
    for (size_t index = 0; index < MOST; index++) {
        if (held[index].number == number) return &held[index];
    }
    return NULL;
}

static void fill_words(void) {
    for (size_t at = 0; at < sizeof words; at += sizeof WORDS - 1) memcpy(words + at, WORDS, sizeof WORDS - 1);
}

bool clinux_hold(int descriptor) {
    if (find(descriptor + 1) != NULL) return true;
    struct held *place = find(0);
    if (place == NULL) return false;
    place->sent = 0;
    // A handler sees the whole entry or none.
    atomic_signal_fence(memory_order_release);
    place->number = descriptor + 1;
    return true;
}

void clinux_release(int descriptor) {
    struct held *place = find(descriptor + 1);
    if (place != NULL) place->number = 0;
}

// Whether there is nothing more to say: all of it has gone, or nobody is there any more.
static bool say(int descriptor, size_t *sent) {
    while (*sent < REFUSAL) {
        size_t from = *sent % sizeof words;
        ssize_t count = send(descriptor, words + from, sizeof words - from, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count > 0) *sent += (size_t)count;
        else if (count < 0 && errno == EAGAIN) return false;
        else if (count == 0 || errno != EINTR) return true;
    }
    return true;
}

static bool say_until(int descriptor, size_t *sent, int64_t deadline) {
    while (!say(descriptor, sent)) {
        int64_t left = deadline - now();
        if (left <= 0) return false;
        struct pollfd watched = {.fd = descriptor, .events = POLLOUT};
        poll(&watched, 1, (int)left);
    }
    return true;
}

bool clinux_refuse(int descriptor, int milliseconds) {
    fill_words();
    size_t unheld = 0;
    struct held *place = find(descriptor + 1);
    return say_until(descriptor, place != NULL ? &place->sent : &unheld, now() + milliseconds);
}

void clinux_refuse_all(int milliseconds) {
    static struct pollfd watched[MOST];
    fill_words();
    int64_t deadline = now() + milliseconds;
    while (true) {
        // All at once: who does not read keeps nobody waiting.
        nfds_t count = 0;
        for (size_t index = 0; index < MOST; index++) {
            if (held[index].number == 0) continue;
            int descriptor = held[index].number - 1;
            if (say(descriptor, &held[index].sent)) held[index].number = 0;
            else watched[count++] = (struct pollfd){.fd = descriptor, .events = POLLOUT};
        }
        int64_t left = deadline - now();
        if (count == 0 || left <= 0) return;
        poll(watched, count, (int)left);
    }
}

static bool is_fault(int number) {
    return number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE || number == SIGTRAP
        || number == SIGABRT || number == SIGSYS;
}

static void refuse_and_die(int number) {
    int code = errno;
    pid_t thread = (pid_t)syscall(SYS_gettid);
    if (thread != holder && !is_fault(number)) {
        // The thread that takes and answers peers does nothing else meanwhile.
        syscall(SYS_tgkill, getpid(), holder, number);
        errno = code;
        return;
    }
    clinux_refuse_all(PATIENCE);
    signal(number, SIG_DFL);
    // It is blocked until the handler returns.
    syscall(SYS_tgkill, getpid(), thread, number);
    errno = code;
}

void clinux_hold_begin(void) {
    holder = (pid_t)syscall(SYS_gettid);
    fill_words();
    // A stack that has no room left can't take a handler.
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alternate, NULL);
    struct sigaction action = {.sa_handler = refuse_and_die, .sa_flags = SA_ONSTACK | SA_RESTART}, present;
    sigfillset(&action.sa_mask);
    for (int number = 1; number <= SIGRTMAX; number++) {
        switch (number) {
        // What ends nobody.
        case SIGCHLD: case SIGURG: case SIGWINCH: case SIGCONT: case SIGTSTP: case SIGTTIN: case SIGTTOU: continue;
        }
        if (sigaction(number, NULL, &present) != 0 || present.sa_handler != SIG_DFL) continue;
        sigaction(number, &action, NULL);
    }
}

// The process that connected, by a descriptor. Where the kernel has no option for it the number is all that there is: it
// is the right one as long as the peer runs, which waits for the answer.
static int peer_process(int connection, pid_t process) {
    int pidfd = -1;
    socklen_t size = sizeof pidfd;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0) return pidfd;
    if (errno != ENOPROTOOPT || process <= 0) return -1;
    return (int)syscall(SYS_pidfd_open, process, 0);
}

int clinux_accept(int listener, struct clinux_peer *peer) {
    struct sockaddr_un address = {0};
    socklen_t length = sizeof address;
    // A signal between the two would find a connection that nobody holds.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int connection;
    do connection = accept4(listener, (struct sockaddr *)&address, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    while (connection == -1 && errno == EINTR);
    if (connection != -1) clinux_hold(connection);
    int code = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = code;
    if (connection == -1) return -1;
    // Who can't be told is nobody who may have anything, and is refused as such: closing it would be an answer.
    struct ucred credentials = {.uid = (uid_t)-1};
    socklen_t size = sizeof credentials;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) credentials.uid = (uid_t)-1;
    peer->user = credentials.uid;
    peer->process = credentials.pid;
    peer->pidfd = peer_process(connection, credentials.pid);
    // The kernel may say that there was more than it had room for.
    if (length > sizeof address) length = sizeof address;
    peer->address_count = length > offsetof(struct sockaddr_un, sun_path)
        ? length - offsetof(struct sockaddr_un, sun_path) : 0;
    memcpy(peer->address, address.sun_path, peer->address_count);
    return connection;
}
