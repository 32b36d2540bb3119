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
        defer { observer.progress?.stop() }
        CachedStart.prepare(plan, directories, log)
        let cached = CachedStart.find(plan, environment, directories)
        let fetchedSet: FetchedSet
        do throws(RefreshFailure) {
            let retryPolicy =
                cached == nil ? RetryPolicy(deadline: .now + plan.startTimeout) : CachedStart.retryPolicy(plan)
            fetchedSet = try fetch(plan, environment, directories, retryPolicy, observer)
        } catch {
            guard let cached, error.isOutage else { throw error }
            observer.progress?.stop()
            let age = cached.age
            _ = try deliver(try cached.fetchedSet(wallClock: wallClockSeconds()), plan, directories, log)
            return log.write(CachedStart.warning(error, age: age, next: nil))
        }
        observer.progress?.stop()
        let memory = try deliver(fetchedSet, plan, directories, log)
        if plan.refresh.cacheInMemory { CachedStart.keep(fetchedSet, plan, environment, directories, memory, log) }
        withExtendedLifetime(directories) {}
    }

    private static func deliver(
        _ fetchedSet: borrowing FetchedSet, _ plan: LaunchPlan, _ directories: DeliveryDirectories, _ log: WorkerLog
    ) throws(RefreshFailure) -> DeliveryState {
        fetchedSet.warnings.forEach { log.write($0) }
        var memory = DeliveryState(key: [])
        let task = DeliveryTask(inherited: [], secrets: directories.secrets, environmentFile: nil, arguments: [])
        let outcome = try fetchedSet.deliver(task, plan, updating: &memory)
        let what = outcome.filesChanged ? "delivered" : "nothing changed:"
        log.write(Message(.info, .refreshed, "\(what) \(fetchedSet.summary) in '\(directories.secrets.path)'"))
        return memory
    }

    private static func fetch(
        _ plan: LaunchPlan, _ environment: EnvironmentEntries, _ directories: DeliveryDirectories,
        _ retryPolicy: RetryPolicy,
        _ observer: RunObserver
    ) throws(RefreshFailure) -> FetchedSet {
        let azure = try AzureSession.open(plan, environment, observer: observer)
        do throws(RefreshFailure) {
            return try fetchSet(plan, through: azure.client, retryPolicy: retryPolicy, wallClock: wallClockSeconds())
        } catch {
            if error.isRefusal { directories.removeCache() }
            throw NearSecret.improving(error, of: plan, azure.client)
        }
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
