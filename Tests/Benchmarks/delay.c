// Joins two network namespaces by a pair of TUN devices and keeps each packet for a while.
//
//   delay PID ADDRESS PID ADDRESS MICROSECONDS    addresses of a /24; MICROSECONDS for each direction
//
// The namespaces are those of the two processes. Prints `ready`, and runs until it is ended or its input is closed.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { packets = 8192, most = 1600 };

struct line {
    int device;
    unsigned head, tail;
    long due[packets];
    int size[packets];
    char bytes[packets][most];
};
static struct line lines[2]; // what was read from one device, to be written to the other

static void check(long result, const char *call) {
    if (result < 0) {
        perror(call);
        exit(71);
    }
}

static long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

static int device(const char *pid, const char *address) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/ns/net", pid);
    int namespace = open(path, O_RDONLY);
    check(namespace, path);
    check(setns(namespace, CLONE_NEWNET), "setns");
    int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), control = socket(AF_INET, SOCK_DGRAM, 0);
    check(tun, "/dev/net/tun");
    struct ifreq request = {.ifr_name = "far0", .ifr_flags = IFF_TUN | IFF_NO_PI};
    check(ioctl(tun, TUNSETIFF, &request), "TUNSETIFF");
    struct sockaddr_in *in = (struct sockaddr_in *)&request.ifr_addr;
    memset(in, 0, sizeof *in);
    in->sin_family = AF_INET;
    inet_pton(AF_INET, address, &in->sin_addr);
    check(ioctl(control, SIOCSIFADDR, &request), "SIOCSIFADDR");
    inet_pton(AF_INET, "255.255.255.0", &in->sin_addr);
    check(ioctl(control, SIOCSIFNETMASK, &request), "SIOCSIFNETMASK");
    memset(&request.ifr_addr, 0, sizeof request.ifr_addr);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    check(ioctl(control, SIOCSIFFLAGS, &request), "SIOCSIFFLAGS");
    close(control);
    close(namespace);
    return tun;
}

int main(int argc, char **argv) {
    if (argc != 6)
        return 64;
    long delay = atol(argv[5]) * 1000;
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    lines[0].device = device(argv[1], argv[2]);
    check(setns(home, CLONE_NEWNET), "setns"); // what comes next is named from here
    lines[1].device = device(argv[3], argv[4]);
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        long next = 0;
        for (int i = 0; i < 2; i++)
            if (lines[i].head != lines[i].tail && (!next || lines[i].due[lines[i].head % packets] < next))
                next = lines[i].due[lines[i].head % packets];
        long left = next ? next - now() : 0;
        struct timespec pause = {left > 0 ? left / 1000000000 : 0, left > 0 ? left % 1000000000 : 0};
        struct pollfd ready[3] = {{lines[0].device, POLLIN, 0}, {lines[1].device, POLLIN, 0}, {0, POLLIN, 0}};
        check(ppoll(ready, 3, next ? &pause : NULL, NULL), "ppoll");
        if (ready[2].revents)
            return 0;
        for (int i = 0; i < 2; i++) {
            struct line *line = &lines[i];
            while (line->tail - line->head < packets) {
                int place = line->tail % packets;
                line->size[place] = (int)read(line->device, line->bytes[place], most);
                if (line->size[place] <= 0)
                    break;
                line->due[place] = now() + delay;
                line->tail++;
            }
            for (; line->head != line->tail && line->due[line->head % packets] <= now(); line->head++)
                // A packet that the other side has no room for is lost, as on any network.
                if (write(lines[1 - i].device, line->bytes[line->head % packets],
                          (size_t)line->size[line->head % packets]) < 0)
                    continue;
        }
    }
}
