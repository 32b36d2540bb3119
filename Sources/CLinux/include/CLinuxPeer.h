// Peers of a local socket that must never see an end without an answer: who they are, and what they hear last.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Who connected to a local socket: user and process that the kernel vouches for (unix(7), SO_PEERCRED), and the address
/// that the peer bound itself to, which begins with a NUL byte in the abstract namespace.
struct clinux_peer {
    uid_t user;     ///< (uid_t)-1 where the kernel does not say
    pid_t process;  ///< 0 where it can't be seen from here
    int pidfd;      ///< the process itself, whatever becomes of its number (SO_PEERPIDFD, pidfd_open(2)); -1 without
    size_t address_count;
    uint8_t address[108];
};

/// Takes a connection; its descriptor is close-on-exec, does not block, and is held. Returns -1 on failure.
int clinux_accept(int listener, struct clinux_peer *peer);

/// From here on every signal that would end this process refuses all held peers first: those that people send, those of
/// limits, and those that report a fault of the process's own.
void clinux_hold_begin(void);
/// Holds a peer; false where there is no room. A held one stays held.
bool clinux_hold(int descriptor);
/// The peer has heard what it was to hear.
void clinux_release(int descriptor);
/// Says more than a credential may be long to a peer, from where that was left off; false where it has not read all of
/// it in time.
bool clinux_refuse(int descriptor, int milliseconds);
/// The same for all held peers at once. Async-signal-safe.
void clinux_refuse_all(int milliseconds);
