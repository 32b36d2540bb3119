// What a service manager hands a service: `notify`, `listen`, `cat-env`.
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { most_descriptors = 64, barrier_limit_ms = 10000 };

static socklen_t notify_address(struct sockaddr_un *address) {
    const char *path = getenv("NOTIFY_SOCKET");
    if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof address->sun_path)
        probe_usage("NOTIFY_SOCKET is no socket's address", path);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t length = strlen(path);
    memcpy(address->sun_path, path, length);
    if (*path == '@')
        address->sun_path[0] = 0; // abstract: neither this NUL nor the length count a terminating one
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (*path == '@' ? 0 : 1));
}

static bool send_message(const char *message, const int *descriptors, size_t count) {
    struct sockaddr_un address;
    struct iovec text = {.iov_base = (void *)(uintptr_t)message, .iov_len = strlen(message)};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(most_descriptors * sizeof(int))];
    } control = {0};
    struct msghdr header = {
        .msg_name = &address, .msg_namelen = notify_address(&address), .msg_iov = &text, .msg_iovlen = 1};
    if (count > 0) {
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *attached = CMSG_FIRSTHDR(&header);
        attached->cmsg_level = SOL_SOCKET;
        attached->cmsg_type = SCM_RIGHTS;
        attached->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(attached), descriptors, count * sizeof(int));
    }
    int channel = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (channel < 0)
        probe_failed("socket");
    ssize_t sent = sendmsg(channel, &header, MSG_NOSIGNAL);
    if (sent < 0)
        probe_say("sent=-%s", probe_errno_name(errno));
    else
        probe_say("sent=%zd", sent);
    close(channel);
    return sent >= 0;
}

// sd_notify_barrier(3): the manager closes the descriptor once it has seen all that was sent before.
static bool send_barrier(const char *message) {
    int ends[2];
    if (pipe(ends))
        probe_failed("pipe");
    bool sent = send_message(message, &ends[1], 1);
    close(ends[1]);
    if (sent) {
        struct pollfd wait = {.fd = ends[0], .events = 0};
        int answered = poll(&wait, 1, barrier_limit_ms);
        sent = answered > 0 && (wait.revents & POLLHUP);
        probe_say("barrier=%s", sent ? "closed" : "-ETIMEDOUT");
    }
    close(ends[0]);
    return sent;
}

int probe_notify(char **arguments) {
    int descriptors[most_descriptors];
    size_t count = 0;
    bool stay = false, all_sent = true;
    for (; *arguments; arguments++) {
        if (strcmp(*arguments, "--stay") == 0)
            stay = true;
        else if (strcmp(*arguments, "--fd") == 0) {
            if (count == most_descriptors)
                probe_usage("too many descriptors", "--fd");
            descriptors[count++] = (int)probe_number(*++arguments, 1 << 20);
        } else {
            bool sent = count == 0 && strcmp(*arguments, "BARRIER=1") == 0
                            ? send_barrier(*arguments)
                            : send_message(*arguments, descriptors, count);
            all_sent = all_sent && sent;
            count = 0;
        }
    }
    if (stay)
        probe_stay();
    return all_sent ? 0 : 1;
}

static int describe_socket(int descriptor) {
    int type = 0, listening = 0;
    socklen_t size = sizeof type;
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size)) {
        probe_say("fd=%d %s", descriptor, probe_errno_name(errno));
        return 0;
    }
    size = sizeof listening;
    getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
    getsockname(descriptor, (struct sockaddr *)&address, &length);
    int port = address.ss_family == AF_INET    ? ntohs(((struct sockaddr_in *)&address)->sin_port)
               : address.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&address)->sin6_port)
                                               : 0;
    probe_say("fd=%d family=%d type=%s listening=%d port=%d", descriptor, address.ss_family,
              type == SOCK_STREAM  ? "stream"
              : type == SOCK_DGRAM ? "dgram"
                                   : "other",
              listening, port);
    return listening;
}

int probe_listen(char **arguments) {
    bool accepts = !*arguments;
    if (*arguments && strcmp(*arguments, "--no-accept") != 0)
        probe_usage("unknown argument", *arguments);
    const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID"), *names = getenv("LISTEN_FDNAMES");
    bool own = pid && strtol(pid, NULL, 10) == getpid();
    probe_say("listen_fds=%s", count ? count : "none");
    probe_say("listen_pid=%s", !pid ? "none" : own ? "own" : "other");
    probe_say("fdnames=%s", names ? names : "none");
    int listener = -1;
    for (int i = 0; i < (count ? (int)probe_number(count, 1024) : 0); i++)
        if (describe_socket(3 + i) && listener < 0)
            listener = 3 + i;
    if (!accepts || listener < 0)
        return accepts ? 1 : 0;
    int peer = accept(listener, NULL, NULL);
    if (peer < 0)
        probe_failed("accept");
    dprintf(peer, "%d\n", getpid());
    close(peer);
    probe_say("accepted=%d", listener);
    return 0;
}

static int connected(const char *text) {
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in narrow = {.sin_family = AF_INET};
    struct sockaddr_in6 wide = {.sin6_family = AF_INET6};
    const struct sockaddr *address = NULL;
    socklen_t length = 0;
    char host[64];
    unsigned short port;
    if (strncmp(text, "unix:", 5) == 0 && strlen(text + 5) < sizeof local.sun_path) {
        strcpy(local.sun_path, text + 5);
        address = (const struct sockaddr *)&local;
        length = sizeof local;
    } else if (sscanf(text, "tcp:[%63[^]]]:%hu", host, &port) == 2 && inet_pton(AF_INET6, host, &wide.sin6_addr) == 1) {
        wide.sin6_port = htons(port);
        address = (const struct sockaddr *)&wide;
        length = sizeof wide;
    } else if (sscanf(text, "tcp:%63[^:]:%hu", host, &port) == 2 && inet_pton(AF_INET, host, &narrow.sin_addr) == 1) {
        narrow.sin_port = htons(port);
        address = (const struct sockaddr *)&narrow;
        length = sizeof narrow;
    } else {
        probe_usage("no address", text);
    }
    int channel = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (channel < 0 || connect(channel, address, length))
        probe_failed("connect");
    return channel;
}

int probe_connect(char **arguments) {
    if (!*arguments || arguments[1])
        probe_usage("one address is wanted", *arguments);
    int channel = connected(*arguments);
    probe_say("connected");
    char answer[4096];
    size_t count = 0;
    ssize_t more;
    while (count < sizeof answer - 1 && (more = read(channel, answer + count, sizeof answer - 1 - count)) > 0)
        count += (size_t)more;
    answer[count] = 0;
    answer[strcspn(answer, "\n")] = 0;
    probe_say("answer=%s", answer);
    return 0;
}

int probe_cat_env(char **arguments) {
    if (!*arguments || arguments[1])
        probe_usage("one name is wanted", *arguments);
    const char *value = getenv(*arguments);
    if (!value)
        return 1;
    probe_write(1, value, strlen(value));
    return 0;
}
