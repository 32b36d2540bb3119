// Not in the header: other modules see the same system headers without it.
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

// Of later kernels than the headers that this may be compiled with (linux/socket.h; 6.5).
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

static int option(int socket, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(socket, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

bool clinux_is_listening(int socket) {
    return option(socket, SO_DOMAIN) == AF_UNIX && option(socket, SO_TYPE) == SOCK_STREAM
        && option(socket, SO_ACCEPTCONN) == 1;
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

bool clinux_is_running(int pidfd) {
    struct pollfd watched = {.fd = pidfd, .events = POLLIN};
    return pidfd >= 0 && poll(&watched, 1, 0) == 0;
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
