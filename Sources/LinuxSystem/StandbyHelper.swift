import Glibc

/// A helper program that is started early, before its input is there: before this process restricts itself, for example.
/// It is killed with its group when it is given up.
package final class StandbyHelper {
    private let process: ProcessHandle
    private let output: OwnedDescriptor
    private let errors: OwnedDescriptor
    private var isOver = false

    /// Starts the command as `CapturedRun` does. `input` becomes its standard input.
    package init(
        _ arguments: [[UInt8]], environment: [[UInt8]], input: borrowing OwnedDescriptor
    ) throws(SystemError) {
        output = try MemoryFile.create(name: "output")
        errors = try MemoryFile.create(name: "errors")
        let pid = try CapturedRun.start(
            arguments, environment: environment, input: input.number, output: output.number, errors: errors.number)
        process = try ProcessHandle(pid: pid)
    }

    /// Waits for its end, at most until `deadline`, and lends what it wrote; nil if it wrote nothing.
    package func result<Value: ~Copyable, Failure: Error>(
        until deadline: BootInstant, _ body: (borrowing OwnedDescriptor) throws(Failure) -> Value?
    ) throws(Failure) -> Value? {
        process.waitForEnd(milliseconds: CInt(clamping: max((deadline - .now).wholeMilliseconds, 0)))
        let hasEnded = process.hasEnded
        giveUp()
        guard hasEnded, (try? MemoryFile.size(of: output)) ?? 0 > 0 else { return nil }
        return try body(output)
    }

    /// The first line of what it wrote to standard error.
    package var complaint: String {
        let bytes = (try? MemoryFile.contents(of: errors.number, limit: 1 << 16)) ?? []
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// Ends it, if it has not ended.
    package func giveUp() {
        guard !isOver else { return }
        isOver = true
        kill(-process.pid, SIGKILL)
        var status: CInt = 0
        while unsafe waitpid(process.pid, &status, 0) == -1 && errno == EINTR {}
    }

    deinit { giveUp() }
}
