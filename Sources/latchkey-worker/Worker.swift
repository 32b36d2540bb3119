import LinuxSystem
import WorkerProtocol

/// The program that does the work and exits: an attempt for a supervisor, or one of the commands that need none.
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
        // libcurl's clean-up would join a resolver thread that hangs.
        ProcessStart.exit(code)
    }
}
