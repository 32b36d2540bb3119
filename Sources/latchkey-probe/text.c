// Numbers, names and output.
#include "probe.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void probe_usage(const char *problem, const char *what) {
    dprintf(2, "latchkey-probe: %s: %s\n", problem, what ? what : "(nothing)");
    _exit(64);
}

void probe_failed(const char *call) {
    dprintf(2, "latchkey-probe: %s: %s\n", call, probe_errno_name(errno));
    _exit(71);
}

long probe_number(const char *text, long most) {
    char *end = NULL;
    errno = 0;
    long number = text && *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -1;
    if (errno || number < 0 || number > most || !end || *end)
        probe_usage("not a number in range", text);
    return number;
}

int probe_signal(const char *text) {
    if (!text)
        probe_usage("no signal", NULL);
    if (*text >= '0' && *text <= '9')
        return (int)probe_number(text, 64);
    const char *name = strncmp(text, "SIG", 3) == 0 ? text + 3 : text;
    if (strncmp(name, "RTMIN", 5) == 0 && (!name[5] || name[5] == '+'))
        return SIGRTMIN + (name[5] ? (int)probe_number(name + 6, SIGRTMAX - SIGRTMIN) : 0);
    if (strncmp(name, "RTMAX", 5) == 0 && (!name[5] || name[5] == '-'))
        return SIGRTMAX - (name[5] ? (int)probe_number(name + 6, SIGRTMAX - SIGRTMIN) : 0);
    for (int number = 1; number < 32; number++) {
        const char *known = sigabbrev_np(number);
        if (known && strcmp(known, name) == 0)
            return number;
    }
    probe_usage("unknown signal", text);
}

const char *probe_errno_name(int code) {
    static char number[16];
    const char *name = strerrorname_np(code);
    if (name)
        return name;
    snprintf(number, sizeof number, "%d", code);
    return number;
}

void probe_write(int descriptor, const void *bytes, size_t count) {
    const char *next = bytes;
    while (count > 0) {
        ssize_t written = write(descriptor, next, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            probe_failed("write");
        next += written;
        count -= (size_t)written;
    }
}

void probe_say(const char *format, ...) {
    char *line = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&line, format, arguments);
    va_end(arguments);
    if (length < 0)
        probe_failed("vasprintf");
    line[length] = '\n'; // over the terminating NUL, which nobody needs
    probe_write(1, line, (size_t)length + 1);
    free(line);
}

void probe_hex(FILE *out, const void *bytes, size_t count) {
    const unsigned char *next = bytes;
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%02x", next[i]);
}
