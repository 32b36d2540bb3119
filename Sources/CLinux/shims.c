#include "CLinux.h"

#include <string.h>

const char *clinux_error_text(int code) { return strerrordesc_np(code); }
