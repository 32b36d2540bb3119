// Not in the header: other modules see the same system headers without it.
#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// The kernel takes net.core.somaxconn where that is less.
enum { backlog = 4096 };

static int give_up(int listener) {
    int code = errno;
    if (listener != -1) close(listener);
    errno = code;
    return -1;
}

static int listen_at(const struct sockaddr *address, socklen_t length, bool both) {
    int listener = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, only = !both;
    if (listener == -1) return -1;
    if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return give_up(listener);
    if (address->sa_family == AF_INET6
        && setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) != 0) return give_up(listener);
    if (bind(listener, address, length) != 0 || listen(listener, backlog) != 0) return give_up(listener);
    return listener;
}

int clinux_listen_tcp(const char *host, uint16_t port) {
    struct sockaddr_in6 wide = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in narrow = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (host && inet_pton(AF_INET, host, &narrow.sin_addr) == 1) {
        return listen_at((const struct sockaddr *)&narrow, sizeof narrow, false);
    }
    if (host && inet_pton(AF_INET6, host, &wide.sin6_addr) != 1) {
        errno = EINVAL;
        return -1;
    }
    bool any = IN6_IS_ADDR_UNSPECIFIED(&wide.sin6_addr);
    int listener = listen_at((const struct sockaddr *)&wide, sizeof wide, any);
    // Where the kernel has no IPv6, all addresses are those of IPv4.
    if (listener != -1 || host || (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)) return listener;
    return listen_at((const struct sockaddr *)&narrow, sizeof narrow, false);
}

// Whether a crash left the socket: it is ours, or was given to the same user, and nobody listens.
static bool is_left_over(const struct sockaddr_un *address, uid_t user) {
    struct stat status;
    if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
    if (status.st_uid != geteuid() && status.st_uid != user) return false;
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe == -1) return false;
    bool refused = connect(probe, (const struct sockaddr *)address, sizeof *address) != 0 && errno == ECONNREFUSED;
    close(probe);
    return refused;
}

int clinux_look_at_path(const char *path, uid_t user) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return ENAMETOOLONG;
    strcpy(address.sun_path, path);
    struct stat status;
    if (lstat(path, &status) == 0) return is_left_over(&address, user) ? 0 : EADDRINUSE;
    if (errno != ENOENT) return errno;
    // The directory, which ends with the last slash.
    strrchr(address.sun_path, '/')[1] = '\0';
    return faccessat(AT_FDCWD, address.sun_path, W_OK | X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

// The socket takes its file's mode from the descriptor and the umask (unix_bind), so that nobody connects before it is
// right.
static int bind_path(int listener, const struct sockaddr_un *address, mode_t mode) {
    if (fchmod(listener, mode) != 0) return -1;
    mode_t before = umask(0);
    int result = bind(listener, (const struct sockaddr *)address, sizeof *address);
    int code = errno;
    umask(before);
    errno = code;
    return result;
}

// Gives the file away by a descriptor of it: a path may lead elsewhere by now. A second name could be anybody's file.
static int give_path(const char *path, uid_t user, gid_t group, struct stat *status) {
    int file = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (file == -1) return -1;
    int result = fstat(file, status);
    if (result == 0 && (!S_ISSOCK(status->st_mode) || status->st_nlink != 1 || status->st_uid != geteuid())) {
        errno = EPERM;
        result = -1;
    }
    bool changes = result == 0 && (user != status->st_uid || group != status->st_gid);
    if (changes) result = fchownat(file, "", user, group, AT_EMPTY_PATH);
    int code = errno;
    close(file);
    errno = code;
    return result;
}

int clinux_listen_unix(
    const char *path, mode_t mode, uid_t user, gid_t group, uint64_t *device, uint64_t *inode) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener == -1) return -1;
    int bound = bind_path(listener, &address, mode);
    if (bound != 0 && errno == EADDRINUSE && is_left_over(&address, user) && unlink(path) == 0) {
        bound = bind_path(listener, &address, mode);
    }
    if (bound != 0) return give_up(listener);
    struct stat status;
    if (give_path(path, user, group, &status) == 0 && listen(listener, backlog) == 0) {
        *device = status.st_dev;
        *inode = status.st_ino;
        return listener;
    }
    int code = errno;
    unlink(path);
    errno = code;
    return give_up(listener);
}

void clinux_remove_socket(const char *path, uint64_t device, uint64_t inode) {
    struct stat status;
    bool is_ours = lstat(path, &status) == 0 && status.st_dev == device && status.st_ino == inode;
    if (is_ours) unlink(path);
}
