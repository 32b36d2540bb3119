import Cryptography
import HTTPTransport
import LaunchConfiguration
import LinuxSystem
import Messages
import Refresh
import SecretsDirectory

/// `latchkey sync`: fetch, deliver the files, exit; the files stay.
enum Sync {
    static func run(_ plan: LaunchPlan, _ environment: EnvironmentEntries, _ log: WorkerLog) -> Int32 {
        do throws(RefreshFailure) {
            try deliver(plan, environment, log)
            return 0
        } catch {
            log.end(error.diagnoses)
            return error.diagnoses.first?.exitCode.rawValue ?? 70
        }
    }

    private static func deliver(
        _ plan: LaunchPlan, _ environment: EnvironmentEntries, _ log: WorkerLog
    ) throws(RefreshFailure) {
        let directories = try takeDirectories(plan, environment, log)
        let observer = RunObserver(log: log, isStart: true, progress: ProgressLine(environment))
        let cache = StartCache(plan, environment, directories, log, isStart: true, isBeginning: true)
        let attempt = Attempt(
            plan: plan, environment: environment, log: log, observer: observer, cache: cache, isStart: true)
        let fetchedSet = try attempt.fetch(RetryPolicy(deadline: .now + plan.startTimeout))
        fetchedSet.warnings.forEach { log.write($0) }
        var memory = DeliveryState(key: [])
        let task = DeliveryTask(inherited: [], secrets: directories.secrets, environmentFile: nil, arguments: [])
        let outcome = try fetchedSet.deliver(task, plan, updating: &memory)
        let what = outcome.filesChanged ? "delivered" : "nothing changed:"
        log.write(Message(.info, .refreshed, "\(what) \(fetchedSet.summary) in '\(directories.secrets.path)'"))
        attempt.conclude(fetchedSet, &memory, isChanged: true, next: nil)
        withExtendedLifetime(directories) {}
    }

    private static func takeDirectories(
        _ plan: LaunchPlan, _ environment: EnvironmentEntries, _ log: WorkerLog
    ) throws(RefreshFailure) -> DeliveryDirectories {
        do throws(Diagnosis) {
            if let directories = try plan.takeDirectories(environment, pid: ProcessFiles.ownProcess, log: log) {
                return directories
            }
            throw Diagnosis(.directoryUnavailable, exit: .cannotCreate, "no directory for the files can be had")
        } catch {
            throw RefreshFailure([error])
        }
    }
}
