#define _GNU_SOURCE
#include "CPrivateMounts.h"

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

// Tells a process that the tests start from themselves (an exit test) that it has its parent's mounts already.
#define MARK "LATCHKEY_TESTS_PRIVATE_MOUNTS"

static int machine = -1;

int private_mounts_machine(void) { return machine; }

static void mount_memory(const char *path, unsigned long flags, const char *options)
{
    mkdir(path, 0755);
    if (mount("latchkey-tests", path, "tmpfs", flags, options) != 0)
        err(71, "the tests' own file system at %s", path);
}

// What the machine's /run has under this name appears in ours under the same one.
static void show(int run, const char *name)
{
    char from[PATH_MAX], to[PATH_MAX], target[PATH_MAX];
    struct stat status;
    snprintf(from, sizeof from, "/proc/self/fd/%d/%s", run, name);
    snprintf(to, sizeof to, "/run/%s", name);
    if (fstatat(run, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    if (S_ISLNK(status.st_mode)) {
        ssize_t length = readlinkat(run, name, target, sizeof target - 1);
        if (length < 0)
            return;
        target[length] = '\0';
        if (symlink(target, to) != 0)
            err(71, "%s", to);
        return;
    }
    if (S_ISDIR(status.st_mode) ? mkdir(to, 0755) : mknod(to, S_IFREG | 0600, 0))
        err(71, "%s", to);
    // What ends meanwhile stays as an empty file or directory.
    mount(from, to, NULL, MS_BIND | MS_REC, NULL);
}

// Ours, of whatever kind, and the directory of a unit that runs 'latchkey'.
static bool is_instance(int run, const char *name)
{
    char lock[NAME_MAX + 8];
    struct stat status;
    snprintf(lock, sizeof lock, "%s/lock", name);
    return strncmp(name, "latchkey", strlen("latchkey")) == 0 ||
           (fstatat(run, lock, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode));
}

static void cover_run(void)
{
    int run = open("/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = run < 0 ? NULL : fdopendir(run);
    if (directory == NULL)
        return;
    mount_memory("/run", 0, "mode=0755");
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && !is_instance(run, entry->d_name))
            show(run, entry->d_name);
    closedir(directory);
}

// Before the first thread: all threads have one root directory, and all programs that they start.
//
// (1) Mounts of our own, of which nothing gets out.
// (2) Where instances may be, and where Azure Arc's agent has its keys: memory, and nothing in it.
// (3) Root's usual places can't be written, so that each start of a program is given a place that no other has, and
//     takes it (`$RUNTIME_DIRECTORY` or `$XDG_RUNTIME_DIR`). A test of the usual places mounts what it needs over them.
__attribute__((constructor)) static void enter(void)
{
    if (getenv(MARK) != NULL || geteuid() != 0)
        return;
    int before = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) { // (1)
        close(before);
        return;
    }
    machine = before;
    cover_run(); // (2)
    mount_memory("/dev/shm", 0, "mode=1777");
    mount_memory("/var/opt", 0, "mode=0755");
    mount_memory("/run/latchkey", MS_RDONLY, "mode=0755"); // (3)
    mount_memory("/dev/shm/latchkey-0", MS_RDONLY, "mode=0755");
    setenv(MARK, "1", 1);
}
