#include "CSystemd.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

#define LIBRARY "libsystemd.so.0"

// Tells packagers which library is loaded at run time, and for what (systemd's ELF_DLOPEN_METADATA,
// https://systemd.io/ELF_DLOPEN_METADATA): owner "FDO", type 0x407c0c0a, a JSON array.
#define NOTE                                                                                                           \
    "[{\"feature\":\"systemd\",\"description\":\"journal entries, credentials, reloads of units\","                       \
    "\"priority\":\"recommended\",\"soname\":[\"" LIBRARY "\"]}]"

static const struct {
    uint32_t owner_size, content_size, type;
    char owner[4];
    _Alignas(uint32_t) char content[sizeof NOTE];
} note __attribute__((used, retain, aligned(4), section(".note.dlopen"))) = {
    .owner_size = sizeof "FDO", .content_size = sizeof NOTE, .type = 0x407c0c0a, .owner = "FDO", .content = NOTE};

const struct csystemd *csystemd_load(void) {
    static struct csystemd table;
    static bool is_complete;
    if (is_complete) return &table;
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return NULL;
#define CSYSTEMD_FIND(name)                                                                                            \
    if ((table.name = (__typeof__(table.name))dlsym(library, #name)) == NULL) return NULL;
    CSYSTEMD_FUNCTIONS(CSYSTEMD_FIND)
    table.sd_pidfd_get_unit = (__typeof__(table.sd_pidfd_get_unit))dlsym(library, "sd_pidfd_get_unit");
    is_complete = true;
    return &table;
}
