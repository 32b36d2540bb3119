import LaunchConfiguration
import LinuxSystem
import Messages

/// The commands that need no supervisor.
enum CommandWorker {
    static func run(_ arguments: [[UInt8]]) -> Int32 {
        let environment = EnvironmentEntries(entries: ProcessStart.environment)
        let log = WorkerLog(environment: environment)
        do throws(ConfigurationError) {
            return perform(try parseCommandLine(arguments, environment), environment, log)
        } catch {
            log.end([error.diagnosis])
            return error.diagnosis.exitCode.rawValue
        }
    }
}
