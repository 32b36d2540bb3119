import LinuxSystem
import Systemd
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
        if arguments.count == 2, arguments[0].elementsEqual(workerReloadArgument.utf8) {
            code = reload(String(decoding: arguments[1], as: UTF8.self)).rawValue
        } else if let first = arguments.first, first.elementsEqual(workerOrderArgument.utf8) {
            code = SupervisedWorker.run(Array(arguments.dropFirst()))
        } else {
            code = CommandWorker.run(arguments)
        }
        // Exits without libcurl's clean-up, which would join a hung resolver thread.
        ProcessStart.exit(code)
    }

    /// Below the supervisor's limit for what happens on a change.
    private static let reloadLimit = Duration.seconds(55)

    private static func reload(_ unit: String) -> UnitReloadOutcome {
        guard let library = SystemdLibrary.load() else { return .noLibrary }
        return UnitReload.run(unit, by: library, within: reloadLimit)
    }
}
