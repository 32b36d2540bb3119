// `--inhibit-cache`: the loader of a bundle's worker, as `latchkey` starts it, for tests that fail the worker's calls.
#include "probe.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined __x86_64__
#define COUNT_OF(registers) ((registers).rdx)
#else
#define COUNT_OF(registers) ((registers).regs[2])
#endif

// A thread that is in a call, and what it asked for: the C library counts on its registers after the call.
static struct {
    pid_t thread;
    unsigned long long count;
} asking[64];

// A call that may transfer less than it was asked for, and says how much by its third argument.
static bool can_be_short(unsigned long long call) {
    return call == SYS_read || call == SYS_write || call == SYS_pread64 || call == SYS_pwrite64 || call == SYS_sendto
        || call == SYS_recvfrom;
}

// At its entry a call is told to transfer half; at its exit the thread gets its register back.
static void shorten(pid_t thread) {
    struct __ptrace_syscall_info call = {0};
    struct user_regs_struct registers;
    struct iovec room = {&registers, sizeof registers};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof call, &call) <= 0
        || ptrace(PTRACE_GETREGSET, thread, NT_PRSTATUS, &room) != 0)
        return;
    // Until its first lines take its memory out of others' reach the loader is at work, which must read whole headers.
    static bool is_loaded;
    bool enters = call.op == PTRACE_SYSCALL_INFO_ENTRY;
    if (enters && call.entry.nr == SYS_prctl && call.entry.args[0] == PR_SET_DUMPABLE)
        is_loaded = true;
    if (!is_loaded)
        return;
    if (enters && (!can_be_short(call.entry.nr) || COUNT_OF(registers) < 2))
        return;
    for (size_t i = 0; i < sizeof asking / sizeof *asking; i++) {
        if (asking[i].thread != (enters ? 0 : thread))
            continue;
        asking[i].thread = enters ? thread : 0;
        if (enters)
            asking[i].count = COUNT_OF(registers);
        COUNT_OF(registers) = enters ? (asking[i].count + 1) / 2 : asking[i].count;
        ptrace(PTRACE_SETREGSET, thread, NT_PRSTATUS, &room);
        return;
    }
}

// Runs the program with every transfer cut to half of what it asked for, and ends as it ends.
static _Noreturn void run_short(char **words) {
    pid_t child = fork();
    if (child < 0)
        probe_failed("fork");
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execv(words[0], words);
        _exit(127);
    }
    int status;
    waitpid(child, &status, 0);
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SETOPTIONS, child, 0, options) != 0)
        probe_failed("ptrace");
    ptrace(PTRACE_SYSCALL, child, 0, 0);
    for (pid_t thread; (thread = waitpid(-1, &status, __WALL)) > 0;) {
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (thread == child)
                _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
            continue;
        }
        int signal = WSTOPSIG(status);
        // Seen at the entry and at the exit of each call; at the exit its arguments mean nothing any more.
        if (signal == (SIGTRAP | 0x80))
            shorten(thread), signal = 0;
        else if (signal == SIGTRAP || signal == SIGSTOP)
            signal = 0;
        ptrace(PTRACE_SYSCALL, thread, 0, signal);
    }
    _exit(71);
}

// `--library-path DIRECTORY --argv0 NAME PROGRAM [ARG]…`: PROGRAM by the words that DIRECTORY/words has one a line, with
// its halves only where the first of them is `short`, and as it is where there are none.
int probe_loader(char **arguments) {
    static char text[4096], *words[256];
    char path[512];
    if (!arguments[0] || !arguments[1] || !arguments[2] || !arguments[3] || !arguments[4])
        probe_usage("no program", "--inhibit-cache");
    snprintf(path, sizeof path, "%s/words", arguments[1]);
    size_t count = 0;
    FILE *file = fopen(path, "re");
    if (file) {
        text[fread(text, 1, sizeof text - 1, file)] = 0;
        fclose(file);
        for (char *word = strtok(text, "\n"); word && count < 64; word = strtok(NULL, "\n"))
            words[count++] = word;
    }
    bool is_short = count == 1 && strcmp(words[0], "short") == 0;
    if (is_short)
        count = 0;
    for (char **argument = arguments + 4; *argument && count < 255; argument++)
        words[count++] = *argument;
    if (is_short)
        run_short(words);
    execv(words[0], words);
    probe_failed("execv");
}
