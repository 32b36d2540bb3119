import Glibc

enum SignalNumbers {
    static let realTime = Array(34...64) as [Int32]
    /// Signals that report a program's own fault.
    static let faults = [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS]
    /// Signals whose default is not a process's end.
    private static let harmless = [SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH]
    /// Signals whose default is a process's end.
    static let deadly = (1...31 as ClosedRange<Int32>).filter { !harmless.contains($0) } + realTime
    /// Signals that go to the child as they came.
    static let forwarded =
        (1...31 as ClosedRange<Int32>).filter {
            !faults.contains($0)
                && ![SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGKILL, SIGSTOP, SIGCHLD].contains($0)
        } + realTime
}
