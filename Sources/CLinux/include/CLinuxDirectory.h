// Directories by descriptor: system calls that have no importable wrapper, and the identity of one thread's file access.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// O_PATH, which fcntl.h has for _GNU_SOURCE only.
#define CLINUX_O_PATH 010000000

/// mkdirat(2) with mode 0700 whatever the umask.
int clinux_make_directory(int directory, const char *name);

/// Opens `path` below `directory`, through no link and out of no mount; -1 with ENOSYS or EPERM where openat2(2) is
/// missing or forbidden.
int clinux_open_beneath(int directory, const char *path, int flags, unsigned mode);

/// renameat2(2) with RENAME_NOREPLACE; where a file system has none, renameat(2) after a look.
int clinux_rename_new(int directory, const char *from, const char *to);

/// getdents64(2): the number of bytes of entries read, 0 at the end, -1.
long clinux_read_directory(int directory, void *room, size_t count);

/// What fstatfs(2) says of the file system that a descriptor lies on.
struct clinux_file_system {
    uint64_t type;
    uint64_t block_size, blocks, free_blocks;
    uint64_t inodes, free_inodes;
    uint64_t read_only;
};
int clinux_file_system(int descriptor, struct clinux_file_system *result);

/// 1: the directory is the root of a mount; 0: it is not; -1: the kernel can't tell (before 5.8).
int clinux_is_mount_root(int descriptor);

/// Locks a file for the life of its open file description, for flock(2) and F_OFD_GETLK alike; EAGAIN when it is taken.
int clinux_lock(int descriptor);

/// Locks a directory for the life of its open file description (flock(2)); EAGAIN when it is taken.
int clinux_lock_directory(int descriptor);

/// 1: another description holds the lock; 0: none does; -1: errno. Takes nothing.
int clinux_is_locked(int descriptor);

/// Compares a file from its beginning with `count` bytes: 1 the same and nothing behind, 0 different, -1 errno.
/// What was read is wiped.
int clinux_file_equals(int descriptor, const void *bytes, size_t count);

/// The user, group and supplementary groups that this thread's file access is checked against.
struct clinux_identity {
    uid_t user;
    gid_t group;
    int parent_death_signal;
    int group_count;
    gid_t groups[256];
};

/// Takes this thread's present identity down.
int clinux_identity_get(struct clinux_identity *identity);

/// Lets this thread, and no other, act on files as `identity`; 0, or -1 with errno and nothing changed.
int clinux_identity_set(const struct clinux_identity *identity);

/// Whether this thread, as `clinux_identity_set` left it, may execute a regular file: 0, else errno. Needs no right to
/// read it.
int clinux_may_execute(const char *path);
