import LinuxSystem
import WorkerProtocol

/// The program that does the work and exits: an attempt for a supervisor, or a command that needs no supervisor.
@main
enum Worker {
    static func main() {
        do throws(SystemError) {
            try ProcessStart.harden()
        } catch {
            ProcessStart.exit(71)
        }
        ProcessStart.setName("latchkey-worker")
        ProcessStart.takeEnvironment()
        let arguments = Array(ProcessStart.arguments.dropFirst())
        let code: Int32
        if let first = arguments.first, first.elementsEqual(workerOrderArgument.utf8) {
            code = SupervisedWorker.run(Array(arguments.dropFirst()))
        } else {
            code = CommandWorker.run(arguments)
        }
        // Exits without libcurl's clean-up, which would join a hung resolver thread.
        ProcessStart.exit(code)
    }
}
