import Glibc
import LinuxSystem
import Messages
import Supervision
import WorkerProtocol

/// The command that people type. `run` and `sidecar` are supervised from the first instruction; for everything else
/// the process becomes the worker. No option is parsed here.
@main
enum Latchkey {
    static func main() {
        do throws(SystemError) {
            try ProcessStart.harden()
            let arguments = ProcessStart.arguments
            let worker = try WorkerProgram.find()
            guard arguments.count > 1, let isSidecar = Self.isSidecar(arguments[1]) else {
                return fail(
                    SystemError(call: "execveat", code: worker.become(arguments).code, subject: "latchkey-worker"))
            }
            try supervise(arguments, isSidecar: isSidecar, worker)
        } catch {
            fail(error)
        }
    }

    /// nil: not a command that is supervised.
    private static func isSidecar(_ command: [UInt8]) -> Bool? {
        if command.elementsEqual("run".utf8) { return false }
        return command.elementsEqual("sidecar".utf8) ? true : nil
    }

    private static func supervise(
        _ arguments: [[UInt8]], isSidecar: Bool, _ worker: consuming WorkerProgram
    ) throws(SystemError) {
        try ProcessStart.blockSignals()
        let process = ProcessFiles.ownProcess
        let manager = ManagerVariables(process: process, ProcessStart.variable)
        let hasColour = Terminal.showsColour(on: 2, ProcessStart.variable)
        let hasProgress = Terminal.isCapable(2, ProcessStart.variable)
        let environment = try ProcessStart.sealedEnvironment()
        ProcessStart.wipeEnvironment()
        let setting = SupervisorSetting(
            arguments: arguments, isSidecar: isSidecar, environment: environment.number, manager: manager,
            hasColour: hasColour, hasProgress: hasProgress)
        switch try SupervisorLoop(setting, worker, process: process).run() {
        case .exit(let code): ProcessStart.exit(code)
        case .die(let number):
            Signals.die(of: number)
            ProcessStart.exit(128 + number)
        }
    }

    private static func fail(_ error: SystemError) {
        let isMissing = error.subject == "latchkey-worker" && [ENOENT, EACCES, ENOEXEC].contains(error.code)
        let diagnosis = Diagnosis(
            isMissing ? .workerMissing : .systemRefused, exit: .system, error.description,
            hint: isMissing ? "install latchkey-worker beside latchkey, or in ../libexec/latchkey" : nil)
        let line = MessageRenderer(format: .text, colour: Terminal.showsColour(on: 2, ProcessStart.variable)).render(
            Message(.error, diagnosis), at: UTCTime(seconds: wallClockSeconds()))
        StandardError.writeNow(Array(line.utf8))
        ProcessStart.exit(ExitCode.system.rawValue)
    }
}
