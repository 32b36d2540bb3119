// Not in the header: other modules see the same system headers without it.
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(CLINUX_O_PATH == O_PATH, "O_PATH has another value here");

int clinux_make_directory(int directory, const char *name) {
    mode_t before = umask(077);
    int result = mkdirat(directory, name, 0700);
    umask(before);
    return result;
}

int clinux_open_beneath(int directory, const char *path, int flags, unsigned mode) {
    struct open_how how = {
        .flags = (unsigned)flags,
        .mode = mode,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
    };
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int clinux_rename_new(int directory, const char *from, const char *to) {
    if (renameat2(directory, from, directory, to, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS && errno != EPERM) return -1;
    struct stat status;
    if (fstatat(directory, to, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return renameat(directory, from, directory, to);
}

long clinux_read_directory(int directory, void *room, size_t count) {
    return syscall(SYS_getdents64, directory, room, count);
}

int clinux_file_system(int descriptor, struct clinux_file_system *result) {
    struct statfs status;
    if (fstatfs(descriptor, &status) != 0) return -1;
    *result = (struct clinux_file_system){
        .type = (uint32_t)status.f_type,
        .block_size = (uint64_t)status.f_bsize,
        .blocks = status.f_blocks,
        .free_blocks = status.f_bavail,
        .inodes = status.f_files,
        .free_inodes = status.f_ffree,
        .read_only = (status.f_flags & 1 /* ST_RDONLY */) != 0,
    };
    return 0;
}

int clinux_is_mount_root(int descriptor) {
    struct statx status;
    if (statx(descriptor, "", AT_EMPTY_PATH, STATX_TYPE, &status) != 0) return -1;
    if ((status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) == 0) return -1;
    return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// Two kinds of lock on one description: the OFD lock decides and can be asked after without being taken; flock(2) is
// what scripts know.
int clinux_lock(int descriptor) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(descriptor, F_OFD_SETLK, &whole) != 0) {
        if (errno == EACCES) errno = EAGAIN;
        return -1;
    }
    return flock(descriptor, LOCK_EX | LOCK_NB);
}

int clinux_lock_directory(int descriptor) { return flock(descriptor, LOCK_EX | LOCK_NB); }

int clinux_is_locked(int descriptor) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(descriptor, F_OFD_GETLK, &whole) != 0) return -1;
    return whole.l_type != F_UNLCK;
}

int clinux_file_equals(int descriptor, const void *bytes, size_t count) {
    unsigned char buffer[4096];
    size_t done = 0;
    int result = 1;
    while (result == 1) {
        ssize_t got = pread(descriptor, buffer, sizeof buffer, (off_t)done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) result = -1;
        if (got <= 0) break;
        if ((size_t)got > count - done || memcmp(buffer, (const char *)bytes + done, (size_t)got) != 0) result = 0;
        done += (size_t)got;
    }
    explicit_bzero(buffer, sizeof buffer);
    return result == 1 ? done == count : result;
}

// The file identity is the effective one until set_ids has changed it. Asking the kernel would be a call of setfsuid,
// and that is a call which a unit's filter may punish with death (systemd.exec(5), SystemCallFilter=@system-service).
static _Thread_local struct {
    bool is_set;
    uid_t user;
    gid_t group;
} changed;

int clinux_identity_get(struct clinux_identity *identity) {
    identity->user = changed.is_set ? changed.user : geteuid();
    identity->group = changed.is_set ? changed.group : getegid();
    if (prctl(PR_GET_PDEATHSIG, &identity->parent_death_signal) != 0) return -1;
    identity->group_count = getgroups(sizeof identity->groups / sizeof identity->groups[0], identity->groups);
    return identity->group_count < 0 ? -1 : 0;
}

// glibc's setgroups tells every thread; the system call tells this one only.
static int set_groups(const struct clinux_identity *identity) {
    return (int)syscall(SYS_setgroups, (size_t)identity->group_count, identity->groups);
}

static int set_ids(const struct clinux_identity *identity) {
    setfsgid(identity->group);
    setfsuid(identity->user);
    changed.is_set = true;
    changed.user = identity->user;
    changed.group = identity->group;
    return setfsuid((uid_t)-1) == (int)identity->user && setfsgid((gid_t)-1) == (int)identity->group ? 0 : -1;
}

int clinux_identity_set(const struct clinux_identity *identity) {
    struct clinux_identity before;
    if (clinux_identity_get(&before) != 0 || set_groups(identity) != 0) return -1;
    int failed = set_ids(identity);
    if (failed) {
        // Half of somebody is worse than an end.
        if (set_ids(&before) != 0 || set_groups(&before) != 0) abort();
        errno = EPERM;
    }
    // The kernel forgets the parent-death signal with every change of identity.
    prctl(PR_SET_PDEATHSIG, before.parent_death_signal);
    return failed;
}

int clinux_may_execute(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0) return errno;
    if (!S_ISREG(status.st_mode)) return S_ISDIR(status.st_mode) ? EISDIR : EACCES;
    // glibc's faccessat(3) would compute the answer from the effective ids where the system call is missing.
    if (syscall(SYS_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS) == 0) return 0;
    if (errno != ENOSYS && errno != EPERM) return errno;
    return access(path, X_OK) == 0 ? 0 : errno;
}
