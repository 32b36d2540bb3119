// The last step of a child; for the files of this target only. Async-signal-safe.
#pragma once
#include <stdbool.h>
#include <stddef.h>

/// Zeroed memory of its own (mmap(2)); NULL where there is none.
void *clinux_anonymous(size_t size);
/// Executes the program that `arguments` begins with, as execvpe(3) does, in the PATH of `environment`. Returns only on
/// failure, with the errno value.
int clinux_execute_search(const char *const *arguments, char **environment);
/// Executes an open program; with `hides` by a copy in memory that its own user can't read. Returns only on failure, with
/// the errno value.
int clinux_execute_program(int program, bool hides, const char *const *arguments, char **environment);
