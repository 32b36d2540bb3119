import Foundation
import Glibc
package import LinuxSystem
import Synchronization

/// A program under test, with a clean signal mask and nothing inherited but its three standard descriptors.
///
/// Not Foundation's `Process`: its `run` lists open descriptors and copies each directory entry as a whole `dirent`,
/// beyond the end of what was read, which at the end of a page crashes the tests once in some thousand starts.
package final class ChildProcess: Sendable {
    package enum Ending: Equatable, Sendable {
        case code(Int32)
        case signal(Int32)

        /// As a shell tells it: 128 + n after a signal.
        package var status: Int32 {
            switch self {
            case .code(let code): code
            case .signal(let number): 128 + number
            }
        }
    }

    package let pid: Int32
    private let ending = Mutex<Ending?>(nil)

    /// Starts a program. Descriptors that are nil are `/dev/null`; `environment` nil: this process's own.
    package init(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil, directory: String = "/",
        input: CInt? = nil, output: CInt? = nil, errors: CInt? = nil
    ) throws(SpawnFailure) {
        // The descriptors arrive as 3, 4 and 5.
        let line = #"cd "$0" && exec "$@" <&3 >&4 2>&5 3<&- 4>&- 5>&-"#
        let words = ["/bin/sh", "-c", line, directory, program] + arguments
        let entries = (environment ?? ProcessInfo.processInfo.environment).map { "\($0.key)=\($0.value)\0" }.sorted()
        do throws(SystemError) {
            let block = try MemoryFile.create(name: "environment")
            try writeAll(Array(entries.joined().utf8).span, to: block.number)
            let null = OwnedDescriptor(owning: unsafe open("/dev/null", O_RDWR | O_CLOEXEC))
            var request = SpawnRequest(arguments: words.map { Array($0.utf8) }, environment: block.number)
            request.asStarted = false
            request.descriptors = [input ?? null.number, output ?? null.number, errors ?? null.number]
            do throws(SpawnFailure) {
                pid = try request.spawn()
            } catch {
                throw SystemError(call: "execve", code: error.code, subject: program)
            }
        } catch {
            throw SpawnFailure(step: .execute, code: error.code)
        }
    }

    /// Waits for its end; blocks the thread.
    @discardableResult
    package func wait() -> Ending {
        ending.withLock { ending in
            if let ending { return ending }
            var status: CInt = 0
            while unsafe waitpid(pid, &status, 0) == -1 && errno == EINTR {}
            let signal = status & 0x7f
            let new: Ending = signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
            ending = new
            return new
        }
    }

    package func send(_ signal: Int32) { kill(pid, signal) }

    /// What is left of a program that ran to its end.
    package struct Outcome: Sendable {
        package var ending: Ending
        package var output: String
        /// Empty where both outputs were taken together.
        package var errors: String
    }

    /// Runs a program to its end; `together`: standard error goes where standard output goes.
    package static func run(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil, input: String = "",
        together: Bool = false
    ) throws -> Outcome {
        let (inputs, outputs, failures) = (PipeEnds(), PipeEnds(), PipeEnds())
        let process = try ChildProcess(
            program, arguments, environment: environment, input: inputs.readEnd, output: outputs.writeEnd,
            errors: together ? outputs.writeEnd : failures.writeEnd)
        inputs.closeReadEnd()
        outputs.closeWriteEnd()
        failures.closeWriteEnd()
        // Each on a thread of its own: no pipe may fill while another is waited for.
        let errors = failures.text()
        let output = outputs.text()
        inputs.writeAll(input)
        let texts = (output(), errors())
        return Outcome(ending: process.wait(), output: texts.0, errors: texts.1)
    }
}

/// A pipe whose ends no other child inherits.
package final class PipeEnds: Sendable {
    private let ends: Mutex<(read: CInt, write: CInt)>

    package init() {
        var numbers: [CInt] = [-1, -1]
        precondition(unsafe pipe(&numbers) == 0, "no pipe can be had")
        for number in numbers { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
        ends = Mutex((numbers[0], numbers[1]))
    }

    deinit {
        closeReadEnd()
        closeWriteEnd()
    }

    package var readEnd: CInt { ends.withLock { $0.read } }
    package var writeEnd: CInt { ends.withLock { $0.write } }

    package func closeReadEnd() {
        ends.withLock { ends in
            if ends.read >= 0 { close(ends.read) }
            ends.read = -1
        }
    }

    package func closeWriteEnd() {
        ends.withLock { ends in
            if ends.write >= 0 { close(ends.write) }
            ends.write = -1
        }
    }

    /// Writes all and closes; a reader that is gone is none of our business.
    package func writeAll(_ text: String) {
        let bytes = Array(text.utf8)
        try? LinuxSystem.writeAll(bytes.span, to: writeEnd)
        closeWriteEnd()
    }

    /// The next bytes; empty at the end.
    package func read() -> [UInt8] {
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe piece.withUnsafeMutableBytes { unsafe Glibc.read(readEnd, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            return Array(piece.prefix(max(count, 0)))
        }
    }

    /// Reads to the end from now on, on a thread of its own; the result waits for that end.
    package func text() -> @Sendable () -> String {
        let done = DispatchSemaphore(value: 0)
        let reader = Reader()
        Thread.detachNewThread { [self] in
            while case let piece = read(), !piece.isEmpty { reader.append(piece) }
            done.signal()
        }
        return {
            done.wait()
            return reader.text
        }
    }

    private final class Reader: Sendable {
        private let bytes = Mutex<[UInt8]>([])

        func append(_ piece: [UInt8]) { bytes.withLock { $0 += piece } }
        var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
    }
}
