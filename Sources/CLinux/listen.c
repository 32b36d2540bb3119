// Not in the header: other modules see the same system headers without it.
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int option(int socket, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(socket, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

bool clinux_is_listening(int socket) {
    return option(socket, SO_DOMAIN) == AF_UNIX && option(socket, SO_TYPE) == SOCK_STREAM
        && option(socket, SO_ACCEPTCONN) == 1;
}

int clinux_accept(int listener, struct clinux_peer *peer) {
    struct sockaddr_un address = {0};
    socklen_t length = sizeof address;
    int connection;
    do connection = accept4(listener, (struct sockaddr *)&address, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    while (connection == -1 && errno == EINTR);
    if (connection == -1) return -1;
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
        int code = errno;
        close(connection);
        errno = code;
        return -1;
    }
    peer->user = credentials.uid;
    // The kernel may say that there was more than it had room for.
    if (length > sizeof address) length = sizeof address;
    peer->address_count = length > offsetof(struct sockaddr_un, sun_path)
        ? length - offsetof(struct sockaddr_un, sun_path) : 0;
    memcpy(peer->address, address.sun_path, peer->address_count);
    return connection;
}
