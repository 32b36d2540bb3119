import Glibc

/// Runs a helper program and reads what it writes to standard output. The app is never started by this.
package enum CapturedRun {
    /// Starts the command in a session of its own, without a terminal, standard input or any of our descriptors, and
    /// waits for it.
    ///
    /// - `arguments`: the command first; it is looked up in the PATH of `environment`.
    /// - `limit`: the whole group is killed then, and `ETIMEDOUT` thrown.
    /// - `output`, `errors`: what it writes goes there (see `MemoryFile`).
    package static func run(
        _ arguments: [[UInt8]], environment: [[UInt8]], limit: Duration, output: borrowing OwnedDescriptor,
        errors: borrowing OwnedDescriptor
    ) throws(SystemError) -> ChildEvent.Change {
        let pid = try start(
            arguments, environment: environment, input: nil, output: output.number, errors: errors.number)
        return try end(of: pid, limit)
    }

    static func start(
        _ arguments: [[UInt8]], environment: [[UInt8]], input: CInt?, output: CInt, errors: CInt
    ) throws(SystemError) -> Int32 {
        let entries = try MemoryFile.create(name: "environment")
        let block = environment.flatMap { (entry: [UInt8]) -> [UInt8] in entry + [0] }
        try writeAll(block.span, to: entries.number)
        var request = SpawnRequest(arguments: arguments, environment: entries.number)
        request.input = input
        request.output = output
        request.errors = errors
        request.asStarted = false
        request.descriptors = []
        request.isHelper = true
        request.deathSignal = SIGKILL
        do throws(SpawnFailure) {
            return try request.spawn()
        } catch {
            throw SystemError(
                call: "execve", code: error.code,
                subject: request.arguments.first.map { String(decoding: $0, as: UTF8.self) })
        }
    }

    private static func end(of pid: Int32, _ limit: Duration) throws(SystemError) -> ChildEvent.Change {
        let process = try ProcessHandle(pid: pid)
        let deadline = BootInstant.now + limit
        while true {
            let left = (deadline - BootInstant.now).wholeMilliseconds
            process.waitForEnd(milliseconds: CInt(clamping: max(left, 0)))
            if let change = takeEnd(of: pid) { return change }
            guard left <= 0 else { continue }
            kill(-pid, SIGKILL)
            process.waitForEnd(milliseconds: 1000)
            _ = takeEnd(of: pid)
            throw SystemError(call: "waitid", code: ETIMEDOUT)
        }
    }

    private static func takeEnd(of pid: Int32) -> ChildEvent.Change? {
        while let event = ChildEvent.next() {
            switch event.change {
            case .exited, .killed: if event.pid == pid { return event.change }
            case .stopped, .continued: continue
            }
        }
        return nil
    }
}
