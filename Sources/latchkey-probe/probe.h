// What the probe's files share. The usage is at the head of main.c.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/// Prints one line to standard error and ends with 64.
_Noreturn void probe_usage(const char *problem, const char *what);
/// Prints the call and its errno to standard error and ends with 71.
_Noreturn void probe_failed(const char *call);

/// A decimal number from 0 to `most`, or the usage error.
long probe_number(const char *text, long most);
/// A signal's number from `15`, `TERM`, `SIGTERM`, `RTMIN+3` or `RTMAX-1`, or the usage error.
int probe_signal(const char *text);
/// The errno's name (`ENOTTY`), or its number where the C library has no name for it.
const char *probe_errno_name(int code);

/// One line to standard output in one `write`, so that lines of several processes do not mix.
__attribute__((format(printf, 1, 2))) void probe_say(const char *format, ...);
/// Writes all of it, or ends with 71.
void probe_write(int descriptor, const void *bytes, size_t count);
/// Prints the bytes as lower-case hexadecimal digits.
void probe_hex(FILE *out, const void *bytes, size_t count);

/// Waits for ever; only a signal's default action ends the process.
_Noreturn void probe_stay(void);
/// Blocks the signals and gives each a handler that does nothing, so that `SigCgt` shows it.
void probe_catch(const sigset_t *signals);

// The modes; `arguments` is what follows the mode's name and ends with NULL.
int probe_report(char **arguments);
int probe_exit(char **arguments);
int probe_die(char **arguments);
int probe_sleep(char **arguments);
int probe_ignore(char **arguments);
int probe_signals(char **arguments);
int probe_print_on(char **arguments);
int probe_fingerprint(char **arguments);
int probe_orphans(char **arguments);
int probe_zombies(char **arguments);
int probe_notify(char **arguments);
int probe_listen(char **arguments);
int probe_connect(char **arguments);
int probe_load(char **arguments);
int probe_overhear(char **arguments);
int probe_reach(char **arguments);
int probe_cat_env(char **arguments);
int probe_launch(char **arguments);
int probe_loader(char **arguments);
