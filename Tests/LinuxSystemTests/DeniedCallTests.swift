import Glibc
import LinuxSystem
import Testing

/// Every system call that a confined process is denied, made by its number, with arguments that do no harm.
struct DeniedCallTests {
    @Test func `each of the denied calls is refused by its number, and by that of the x32 interface`() async {
        await #expect(processExitsWith: .success) { exit(DeniedCall.tryAll()) }
    }

    @Test func `a call whose arguments decide is refused with each that is denied`() async {
        await #expect(processExitsWith: .success) { exit(DeniedCall.tryArguments()) }
    }

    #if arch(x86_64)
        @Test(.enabled(if: unsafe access("/proc/sys/abi/vsyscall32", F_OK) == 0, "the kernel runs no 32-bit programs"))
        func `calls by the 32-bit interface are refused`() async {
            await #expect(processExitsWith: .success) { exit(DeniedCall.tryOtherArchitecture()) }
        }
    #endif
}

private enum DeniedCall {
    /// By name, with the numbers of x86-64 and of the architectures that have the kernel's generic ones.
    private static let all: [(name: String, x86: Int?, generic: Int?)] = [
        ("ptrace", 101, 117), ("process_vm_readv", 310, 270), ("process_vm_writev", 311, 271), ("kcmp", 312, 272),
        ("pidfd_getfd", 438, 438), ("process_madvise", 440, 440), ("move_pages", 279, 239),
        ("migrate_pages", 256, 238), ("bpf", 321, 280), ("perf_event_open", 298, 241), ("userfaultfd", 323, 282),
        ("init_module", 175, 105), ("finit_module", 313, 273), ("delete_module", 176, 106), ("kexec_load", 246, 104),
        ("io_uring_setup", 425, 425), ("io_uring_enter", 426, 426), ("io_uring_register", 427, 427),
        ("personality", 135, 92), ("fanotify_init", 300, 262), ("kexec_file_load", 320, 294), ("iopl", 172, nil),
        ("ioperm", 173, nil), ("modify_ldt", 154, nil), ("add_key", 248, 217), ("request_key", 249, 218),
        ("keyctl", 250, 219), ("mount", 165, 40), ("umount2", 166, 39), ("pivot_root", 155, 41), ("chroot", 161, 51),
        ("unshare", 272, 97), ("setns", 308, 268), ("open_tree", 428, 428), ("move_mount", 429, 429),
        ("fsopen", 430, 430), ("fsconfig", 431, 431), ("fsmount", 432, 432), ("fspick", 433, 433),
        ("mount_setattr", 442, 442), ("name_to_handle_at", 303, 264), ("open_by_handle_at", 304, 265),
        ("quotactl", 179, 60), ("reboot", 169, 142), ("swapon", 167, 224), ("swapoff", 168, 225), ("acct", 163, 89),
        ("syslog", 103, 116), ("sethostname", 170, 161), ("setdomainname", 171, 162), ("settimeofday", 164, 170),
        ("clock_settime", 227, 112), ("clock_adjtime", 305, 266), ("adjtimex", 159, 171), ("vhangup", 153, 58),
        ("setpriority", 141, 140), ("ioprio_set", 251, 30), ("sched_setscheduler", 144, 119),
        ("sched_setparam", 142, 118), ("sched_setattr", 314, 274),
    ]

    #if arch(x86_64)
        private static let (clone, clone3, ioctl) = (56, 435, 16)
        private static let (limits, processors) = (302, 203)
        private static var numbers: [Int] { all.compactMap(\.x86) }
    #else
        private static let (clone, clone3, ioctl) = (220, 435, 29)
        private static let (limits, processors) = (261, 122)
        private static var numbers: [Int] { all.compactMap(\.generic) }
    #endif

    private typealias SystemCall = @convention(c) (Int, Int, Int, Int, Int, Int, Int) -> Int

    /// syscall(2), which Swift can't import: the error that a call with this number ends with, 0 where there is none.
    private static func error(of number: Int, _ first: Int = -1, _ second: Int = -1) -> CInt {
        guard let symbol = unsafe dlsym(nil, "syscall") else { return -1 }
        let call = unsafe unsafeBitCast(symbol, to: SystemCall.self)
        // No call takes these for a descriptor, an address or a size.
        return call(number, first, second, -1, -1, -1, -1) == -1 ? errno : 0
    }

    /// 0, or what was not as it should be: 2 without a filter, else the place of the call in the list, from 10 on.
    static func tryAll() -> CInt {
        guard Confinement.begin().callsProblem == nil else { return 2 }
        for (index, number) in numbers.enumerated() {
            guard error(of: number) == EPERM else { return 10 + CInt(index) }
            #if arch(x86_64)
                guard error(of: number | 0x4000_0000) == EPERM else { return 100 + CInt(index) }
            #endif
        }
        // Another number of no call at all, which the filter lets through.
        guard error(of: 9999) == ENOSYS else { return 3 }
        #if arch(x86_64)
            // getpid(2) is denied by no other interface's number but for that.
            guard error(of: 39) == 0, error(of: 39 | 0x4000_0000) == EPERM else { return 4 }
        #endif
        return 0
    }

    static func tryArguments() -> CInt {
        guard Confinement.begin().callsProblem == nil else { return 2 }
        guard error(of: clone3) == ENOSYS else { return 3 }
        // CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
        for bit in [17, 25, 26, 27, 28, 29, 30] where error(of: clone, 1 << bit) != EPERM { return 10 + CInt(bit) }
        // TIOCSTI and TIOCLINUX, also where the kernel drops the upper half; another request comes to its descriptor.
        // And those that change routes and interfaces.
        let requests = [0x5412, 0x541C, 1 << 32 | 0x5412, 0x890B, 0x890C, 0x8914, 0x8916, 0x891C, 0x8922, 0x8924]
        for request in requests where error(of: ioctl, -1, request) != EPERM { return 4 }
        // Limits and processors of another process, and of its own.
        for call in [limits, processors] {
            guard error(of: call, 1) == EPERM, error(of: call, 0) != EPERM else { return 6 }
        }
        guard error(of: ioctl, -1, 0x5401) == EBADF else { return 5 }
        return 0
    }

    #if arch(x86_64)
        /// getpid(2) of the 32-bit interface, whose number is another call's here.
        static func tryOtherArchitecture() -> CInt {
            // mov eax, edi; push rbx; int 0x80; pop rbx; ret
            let code: [UInt8] = [0x89, 0xF8, 0x53, 0xCD, 0x80, 0x5B, 0xC3]
            guard let page = unsafe mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                unsafe page != MAP_FAILED
            else { return 2 }
            unsafe page.copyMemory(from: code, byteCount: code.count)
            guard unsafe mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 else { return 3 }
            let call = unsafe unsafeBitCast(page, to: (@convention(c) (CInt) -> CInt).self)
            guard call(20) == getpid() else { return 4 }
            guard Confinement.begin().callsProblem == nil else { return 5 }
            return call(20) == -EPERM ? 0 : 6
        }
    #endif
}
