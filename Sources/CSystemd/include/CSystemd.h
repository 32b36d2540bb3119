// libsystemd's functions, found at run time: no program of ours needs the library to start.
#pragma once
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>
#include <systemd/sd-login.h>

// Each function is described in its manual page of section 3.
#define CSYSTEMD_FUNCTIONS(F)                                                                                           \
    F(sd_bus_add_match)                                                                                                \
    F(sd_bus_call)                                                                                                     \
    F(sd_bus_error_free)                                                                                               \
    F(sd_bus_flush_close_unref)                                                                                        \
    F(sd_bus_message_append_basic)                                                                                     \
    F(sd_bus_message_is_signal)                                                                                        \
    F(sd_bus_message_new_method_call)                                                                                  \
    F(sd_bus_message_read_basic)                                                                                       \
    F(sd_bus_message_unref)                                                                                            \
    F(sd_bus_open_system)                                                                                              \
    F(sd_bus_process)                                                                                                  \
    F(sd_bus_wait)                                                                                                     \
    F(sd_id128_get_machine_app_specific)                                                                               \
    F(sd_is_socket_unix)                                                                                               \
    F(sd_journal_sendv)                                                                                                \
    F(sd_listen_fds)                                                                                                   \
    F(sd_peer_get_unit)

/// The functions that the worker calls. All but the last are there in every version since 227.
struct csystemd {
#define CSYSTEMD_FIELD(name) __typeof__(&name) name;
    CSYSTEMD_FUNCTIONS(CSYSTEMD_FIELD)
#undef CSYSTEMD_FIELD
    /// sd_pidfd_get_unit(3), since version 253; NULL before.
    int (*sd_pidfd_get_unit)(int pidfd, char **unit);
};

/// Loads the library at the first call (dlopen(3)) and returns its functions; NULL where it can't be loaded or lacks one
/// of them.
const struct csystemd *csystemd_load(void);
