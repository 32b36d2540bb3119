// What programs need that are built for Tests/Sanitizers/run.sh; nothing in any other build.
#ifdef LATCHKEY_FINDINGS
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
// Not in the header: other modules see the same system headers without it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/tsan_interface.h>
#include <stdint.h>
#include <unistd.h>

// Built in, since a worker's environment is empty. Leaks are not looked for: that needs ptrace(2), which a process that
// is not dumpable refuses, and both programs end by _exit(2). That memory stays flat is shown by 10,000 refreshes.
#define OPTIONS "detect_leaks=0:detect_stack_use_after_return=1:strict_string_checks=1:exitcode=66"

const char *__asan_default_options(void);
const char *__asan_default_options(void) { return OPTIONS; }
const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return OPTIONS; }

// One file for the findings of all processes, opened before a worker may no longer open any; far away from the numbers
// that tests count on.
__attribute__((constructor(102))) static void open_findings(void) {
    int opened = open(LATCHKEY_FINDINGS, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (opened == -1) return;
    int high = fcntl(opened, F_DUPFD_CLOEXEC, 900);
    if (high == -1) high = opened;
    else close(opened);
    __sanitizer_set_report_fd((void *)(intptr_t)high);
}

#if __has_feature(thread_sanitizer)
// Swift's Mutex is handed over by the kernel where two threads want it (FUTEX_LOCK_PI), inside of a library that the
// sanitizer did not compile. These stand before the library's, and tell it of the hand-over.
#define MUTEX "$s15Synchronization12_MutexHandleV"
#define LOCK MUTEX "9_lockSlowyys6UInt32VF"
#define UNLOCK MUTEX "11_unlockSlowyyF"
#define SELF __attribute__((swift_context)) void *mutex

typedef __attribute__((swiftcall)) void lock_function(uint32_t, SELF);
typedef __attribute__((swiftcall)) void unlock_function(SELF);

__attribute__((swiftcall)) void lock_mutex(uint32_t, SELF) __asm__(LOCK);
__attribute__((swiftcall)) void lock_mutex(uint32_t thread, SELF) {
    ((lock_function *)dlsym(RTLD_NEXT, LOCK))(thread, mutex);
    __tsan_acquire(mutex);
}

__attribute__((swiftcall)) void unlock_mutex(SELF) __asm__(UNLOCK);
__attribute__((swiftcall)) void unlock_mutex(SELF) {
    __tsan_release(mutex);
    ((unlock_function *)dlsym(RTLD_NEXT, UNLOCK))(mutex);
}
#endif
#endif
#endif
