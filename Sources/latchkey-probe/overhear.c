// A stranger on the network: says what it is told, so that tests see that nothing was sent to it.
#include "probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_anywhere(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (listener < 0)
        probe_failed("socket");
    if (bind(listener, (struct sockaddr *)&address, length))
        probe_failed("bind");
    if (listen(listener, 16))
        probe_failed("listen");
    if (getsockname(listener, (struct sockaddr *)&address, &length))
        probe_failed("getsockname");
    probe_say("port=%d", ntohs(address.sin_port));
    return listener;
}

/// Repeats one client's lines up to the first empty one, as the head of an HTTP request ends with.
static void repeat_lines(int peer) {
    FILE *lines = fdopen(peer, "r");
    if (!lines)
        probe_failed("fdopen");
    char line[4096];
    while (fgets(line, sizeof line, lines)) {
        line[strcspn(line, "\r\n")] = 0;
        if (!*line)
            break;
        for (char *next = line; *next; next++)
            if (*next < 0x20 || *next > 0x7e)
                *next = '?';
        probe_say("heard=%s", line);
    }
    fclose(lines);
}

int probe_overhear(char **arguments) {
    if (*arguments)
        probe_usage("unknown argument", *arguments);
    int listener = listen_anywhere();
    for (;;) {
        int peer = accept(listener, NULL, NULL);
        if (peer < 0)
            probe_failed("accept");
        repeat_lines(peer);
    }
}
