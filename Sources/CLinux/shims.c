// Not in the header: other modules see the same system headers without it.
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

const char *clinux_error_text(int code) { return strerrordesc_np(code); }

int clinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int clinux_epoll_add(int epoll, int watched, uint64_t name) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = name};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, watched, &event);
}

void clinux_epoll_remove(int epoll, int watched) {
    struct epoll_event event = {0};
    epoll_ctl(epoll, EPOLL_CTL_DEL, watched, &event);
}

int clinux_epoll_wait(int epoll, uint64_t names[8]) {
    struct epoll_event events[8];
    int count = epoll_wait(epoll, events, 8, -1);
    for (int index = 0; index < count; index++) names[index] = events[index].data.u64;
    return count;
}

int clinux_signalfd_all(void) {
    sigset_t all;
    sigfillset(&all);
    return signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
}

int clinux_memfd(const char *name) { return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING); }

bool clinux_seal(int descriptor) { return fcntl(descriptor, F_ADD_SEALS, ALL_SEALS) == 0; }

bool clinux_is_sealed(int descriptor) {
    int seals = fcntl(descriptor, F_GET_SEALS);
    return seals != -1 && (seals & ALL_SEALS) == ALL_SEALS;
}

int clinux_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int clinux_pidfd_send_signal(int pidfd, int number, const siginfo_t *info) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, number, info, 0);
}

int clinux_queue(pid_t target, int number, uint64_t value) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    info.si_signo = number;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_ptr = (void *)(uintptr_t)value;
    return (int)syscall(SYS_rt_sigqueueinfo, target, number, &info);
}

int clinux_kill_self(int number) { return kill(getpid(), number); }

bool clinux_stop_by(int number) {
    struct sigaction standard = {.sa_handler = SIG_DFL}, before;
    sigset_t only, pending;
    sigemptyset(&only);
    sigaddset(&only, number);
    sigaction(number, &standard, &before);
    kill(getpid(), number);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    sigprocmask(SIG_BLOCK, &only, NULL);
    sigaction(number, &before, NULL);
    // A stop discards a CONT that waits; only one that ended the stop can be there now.
    return sigpending(&pending) == 0 && sigismember(&pending, SIGCONT) == 1;
}

void clinux_die_of(int number) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(number, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    kill(getpid(), number);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
}

// A shared standard error is never made non-blocking, and never waited on: files and pipes by RWF_NOWAIT, sockets by
// MSG_DONTWAIT; what knows neither (a terminal) is asked by poll first, by the caller.
ssize_t clinux_write_now(int descriptor, const void *bytes, size_t count) {
    ssize_t written = send(descriptor, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (written >= 0 || errno != ENOTSOCK) return written;
    struct iovec vector = {(void *)bytes, count};
    written = pwritev2(descriptor, &vector, 1, -1, RWF_NOWAIT);
    // Some file systems answer so to a write that needs a new block; a file is never waited for by a reader's fault.
    struct stat status;
    if (written == -1 && errno == EAGAIN && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
        written = write(descriptor, bytes, count);
    }
    return written;
}

int clinux_open_read(int directory, const char *path) {
    return openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
}

int clinux_open_path(const char *path, bool is_directory) {
    return open(path, O_PATH | O_CLOEXEC | (is_directory ? O_DIRECTORY : 0));
}

int clinux_wait_any(struct clinux_wait *result) {
    siginfo_t info;
    int failed, tries = 8;
    // No other child's end would tell of one that was missed here: a failure is no reason to sleep on.
    do {
        memset(&info, 0, sizeof info);
        failed = waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG);
    } while (failed && errno != ECHILD && --tries > 0);
    if (failed) return errno == ECHILD ? 0 : -1;
    result->pid = info.si_pid;
    result->kind = info.si_code;
    result->status = info.si_status;
    return info.si_pid != 0;
}

static void attach(struct msghdr *message, void *room, size_t capacity, const int *descriptors, size_t count) {
    if (count == 0) return;
    memset(room, 0, capacity);
    message->msg_control = room;
    message->msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
}

static ssize_t send_message(struct msghdr *message, int socket, const int *descriptors, size_t count) {
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(64 * sizeof(int))];
    if (count > 64) { errno = EINVAL; return -1; }
    attach(message, room, sizeof room, descriptors, count);
    ssize_t sent;
    do sent = sendmsg(socket, message, MSG_NOSIGNAL);
    while (sent == -1 && errno == EINTR);
    return sent;
}

ssize_t clinux_send(int socket, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count) {
    struct iovec vector = {(void *)bytes, count};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    return send_message(&message, socket, descriptors, descriptor_count);
}

ssize_t clinux_send_to(
    int socket, const char *address, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t length = strlen(address);
    if (length >= sizeof name.sun_path) { errno = ENAMETOOLONG; return -1; }
    memcpy(name.sun_path, address, length);
    if (name.sun_path[0] == '@') name.sun_path[0] = '\0';
    struct iovec vector = {(void *)bytes, count};
    struct msghdr message = {
        .msg_name = &name,
        .msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length),
        .msg_iov = &vector,
        .msg_iovlen = 1,
    };
    return send_message(&message, socket, descriptors, descriptor_count);
}

ssize_t clinux_receive(
    int socket, void *bytes, size_t capacity, int *descriptors, size_t descriptor_capacity, size_t *descriptor_count,
    pid_t *sender) {
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(64 * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
    struct iovec vector = {bytes, capacity};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    *descriptor_count = 0;
    *sender = 0;
    ssize_t count;
    do count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (count == -1 && errno == EINTR);
    if (count < 0) return count;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET) continue;
        if (header->cmsg_type == SCM_CREDENTIALS) {
            struct ucred credentials;
            memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
            *sender = credentials.pid;
        } else if (header->cmsg_type == SCM_RIGHTS) {
            size_t received = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (size_t index = 0; index < received; index++) {
                int descriptor;
                memcpy(&descriptor, CMSG_DATA(header) + index * sizeof(int), sizeof descriptor);
                if (*descriptor_count < descriptor_capacity) descriptors[(*descriptor_count)++] = descriptor;
                else close(descriptor);
            }
        }
    }
    return count;
}

int clinux_bind_anonymous(char *name, size_t capacity) {
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor == -1) return -1;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof address.sun_family;
    int on = 1;
    // Binding the family alone makes the kernel choose an abstract name (unix(7), autobind).
    if (bind(descriptor, (struct sockaddr *)&address, length) == 0
        && setsockopt(descriptor, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0) {
        length = sizeof address;
        if (getsockname(descriptor, (struct sockaddr *)&address, &length) == 0) {
            size_t count = length - offsetof(struct sockaddr_un, sun_path);
            if (count >= 2 && count + 1 <= capacity) {
                memcpy(name, address.sun_path, count);
                name[0] = '@';
                name[count] = '\0';
                return descriptor;
            }
            errno = ENAMETOOLONG;
        }
    }
    int code = errno;
    close(descriptor);
    errno = code;
    return -1;
}
