import Glibc

/// A thread that calls a function at intervals, with all signals blocked, until the function returns false.
package enum BackgroundThread {
    private final class Task {
        let first: Duration
        let pause: Duration
        let body: @Sendable () -> Bool

        init(_ first: Duration, _ pause: Duration, _ body: @escaping @Sendable () -> Bool) {
            self.first = first
            self.pause = pause
            self.body = body
        }

        func run() {
            LinuxSystem.pause(first)
            while body() { LinuxSystem.pause(pause) }
        }
    }

    /// Starts the thread; does nothing if none can be made. Calls `body` after `first`, then after every `pause`, until
    /// it returns false.
    package static func start(first: Duration, pause: Duration, _ body: @escaping @Sendable () -> Bool) {
        var all = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&all)
        // A thread inherits the mask of the thread that makes it (pthread_sigmask(3)).
        unsafe pthread_sigmask(SIG_BLOCK, &all, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        let task = unsafe Unmanaged.passRetained(Task(first, pause, body))
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread, nil,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<Task>.fromOpaque(argument).takeRetainedValue().run()
                }
                return nil
            }, task.toOpaque())
        if result == 0 { pthread_detach(thread) } else { unsafe task.release() }
    }
}
