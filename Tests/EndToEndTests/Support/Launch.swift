import Dispatch
import Foundation
import LatchkeyTestSupport
import LinuxSystem
import Synchronization
import Testing

/// How a process ended.
enum Ending: Equatable, Sendable {
    case code(Int32)
    case signal(Int32)

    init(_ ending: ChildProcess.Ending) {
        switch ending {
        case .code(let code): self = .code(code)
        case .signal(let number): self = .signal(number)
        }
    }
}

/// What is left of a process that has ended.
struct Outcome: Sendable {
    var ending: Ending
    var output: String
    var errors: String

    /// Standard error's lines that report an error.
    var failures: [String] { errors.split(separator: "\n").map(String.init).filter { $0.contains(": error[") } }
    var hints: [String] { errors.split(separator: "\n").map(String.init).filter { $0.contains(": hint: ") } }
}

/// A started program with both outputs captured. Whatever it writes is searched for secrets.
///
/// Its instance, if it has one, is in the directory that its environment names, else in one of its own.
final class Launch: Sendable {
    let pid: Int32
    let output: Capture
    let errors: Capture
    private let process: ChildProcess
    /// What the program works in stays as long as it runs.
    private let scratch: Scratch?
    private let runtimeDirectory: RuntimeDirectory?
    private let ended = DispatchSemaphore(value: 0)
    private let isOver = Mutex(false)
    /// COMMAND prints a secret, as it was told to.
    private let printsSecrets: Bool

    init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], directory: String = "/",
        input: String = "", printsSecrets: Bool = false, within scratch: Scratch? = nil
    ) throws {
        self.scratch = scratch
        self.printsSecrets = printsSecrets
        var variables = environment.merging(["PATH": Self.path]) { given, _ in given }
        runtimeDirectory = try RuntimeDirectory.add(to: &variables)
        let (outputs, failures, inputs) = (PipeEnds(), PipeEnds(), PipeEnds())
        process = try ChildProcess(
            program, arguments, environment: variables, directory: directory,
            input: input.isEmpty ? nil : inputs.readEnd, output: outputs.writeEnd, errors: failures.writeEnd)
        pid = process.pid
        outputs.closeWriteEnd()
        failures.closeWriteEnd()
        inputs.closeReadEnd()
        let (ended, process) = (self.ended, process)
        Thread.detachNewThread {
            process.wait()
            ended.signal()
        }
        output = Capture(outputs)
        errors = Capture(failures)
        inputs.writeAll(input)
    }

    private static let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"

    deinit {
        guard !isOver.withLock({ $0 }) else { return }
        for process in ProcessTree.descendants(of: pid) + [pid] { kill(process, SIGKILL) }
    }

    func send(_ signal: Int32) { kill(pid, signal) }

    /// Waits for a line of standard output, and looks at the arguments of all its processes then.
    func expect(line: String, count: Int = 1, _ location: SourceLocation = #_sourceLocation) throws {
        let came = output.wait { $0.split(separator: "\n").count { $0 == line } >= count }
        try #require(came, "no line '\(line)'; errors: \(errors.text)", sourceLocation: location)
        checkArguments(location)
    }

    /// Waits for something on standard error.
    func expect(error part: String, _ location: SourceLocation = #_sourceLocation) throws {
        let came = errors.wait { $0.contains(part) }
        try #require(came, "no '\(part)'; errors: \(errors.text)", sourceLocation: location)
    }

    /// The process id of a worker that is under way and has denied itself system calls, as one that tries again and again.
    func worker(_ location: SourceLocation = #_sourceLocation) throws -> Int32 {
        var found: Int32?
        let isThere = eventually {
            found = ProcessTree.descendants(of: pid).first {
                // In a bundle it is its loader that is started.
                ProcessTree.name(of: $0)?.hasPrefix("latchkey-worke") == true || ProcessTree.name(of: $0) == "ld.so"
            }
            return found.map { ProcessFiles.statusLine("Seccomp:", of: $0) == "2" } ?? false
        }
        try #require(isThere, "no worker is under way; errors: \(errors.text)", sourceLocation: location)
        return try #require(found, sourceLocation: location)
    }

    private func checkArguments(_ location: SourceLocation) {
        for process in [pid] + ProcessTree.descendants(of: pid) {
            let arguments = ProcessFiles.text("/proc/\(process)/cmdline") ?? ""
            Canary.check(arguments, in: "arguments of process \(process)", location)
        }
    }

    /// Waits for the end of the process and of all that it left behind, after sending it a signal if one is given.
    @discardableResult
    func end(
        _ signal: Int32? = nil, within limit: DispatchTimeInterval = waitLimit,
        _ location: SourceLocation = #_sourceLocation
    ) throws -> Outcome {
        if let signal { send(signal) }
        let inTime = ended.wait(timeout: .now() + limit) == .success
        try #require(inTime, "it does not end; errors: \(errors.text)", sourceLocation: location)
        isOver.withLock { $0 = true }
        #expect(output.waitForEnd() && errors.waitForEnd(), "something still writes", sourceLocation: location)
        Canary.check(errors.text, in: "standard error", location)
        if !printsSecrets { Canary.check(output.text, in: "standard output", location) }
        return Outcome(ending: Ending(process.wait()), output: output.text, errors: errors.text)
    }
}

/// Processes by their parents.
enum ProcessTree {
    static func descendants(of process: Int32) -> [Int32] {
        let all = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }
        var children: [Int32: [Int32]] = [:]
        for one in all {
            if let parent = ProcessFiles.parent(of: one) { children[parent, default: []].append(one) }
        }
        var found: [Int32] = []
        var next = children[process] ?? []
        while let one = next.popLast() {
            found.append(one)
            next += children[one] ?? []
        }
        return found
    }

    /// The program's name as the kernel has it, 15 bytes.
    static func name(of process: Int32) -> String? { ProcessFiles.statusLine("Name:", of: process) }
}

/// Looks again and again until it is so; what is looked at tells nobody when it changes.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = DispatchTime.now() + waitLimit
    while DispatchTime.now() < deadline {
        if try condition() { return true }
        // Leaves the processor to what is waited for.
        usleep(2000)
    }
    return false
}
