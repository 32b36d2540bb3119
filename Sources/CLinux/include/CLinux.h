// What Swift cannot import: constants behind macros, variadic calls, and the child's steps between fork and exec.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "CLinuxDirectory.h"

/// The kernel's words for an errno value, or NULL (strerrordesc_np(3)).
const char *clinux_error_text(int code);
