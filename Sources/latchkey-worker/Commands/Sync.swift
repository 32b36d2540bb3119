import Cryptography
import Generations
import HTTPTransport
import LaunchConfiguration
import LinuxSystem
import Messages
import Refresh

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
        let place = try takePlace(plan, environment, log)
        let observer = RunObserver(log: log, isStart: true, progress: ProgressLine(environment))
        defer { observer.progress?.stop() }
        CachedStart.prepare(plan, place, log)
        let cached = CachedStart.find(plan, environment, place)
        let gathered: Gathered
        do throws(RefreshFailure) {
            let patience = cached == nil ? Patience(deadline: .now + plan.startTimeout) : CachedStart.patience(plan)
            gathered = try fetch(plan, environment, place, patience, observer)
        } catch {
            guard let cached, error.isOutage else { throw error }
            observer.progress?.stop()
            let age = cached.age
            _ = try deliver(try cached.gathered(wallClock: wallClockSeconds()), plan, place, log)
            return log.write(CachedStart.warning(error, age: age, next: nil))
        }
        observer.progress?.stop()
        let memory = try deliver(gathered, plan, place, log)
        if plan.refresh.cacheInMemory { CachedStart.keep(gathered, plan, environment, place, memory, log) }
        withExtendedLifetime(place) {}
    }

    private static func deliver(
        _ gathered: borrowing Gathered, _ plan: LaunchPlan, _ place: DeliveryPlace, _ log: WorkerLog
    ) throws(RefreshFailure) -> RefreshMemory {
        gathered.warnings.forEach { log.write($0) }
        var memory = RefreshMemory(key: [])
        let task = DeliveryTask(inherited: [], secrets: place.secrets, environmentFile: nil, arguments: [])
        let outcome = try gathered.deliver(task, plan, updating: &memory)
        let what = outcome.filesChanged ? "delivered" : "nothing changed:"
        log.write(Message(.info, .refreshed, "\(what) \(gathered.summary) in '\(place.secrets.path)'"))
        return memory
    }

    private static func fetch(
        _ plan: LaunchPlan, _ environment: EnvironmentEntries, _ place: DeliveryPlace, _ patience: Patience,
        _ observer: RunObserver
    ) throws(RefreshFailure) -> Gathered {
        let azure = try AzureSession.open(plan, environment, observer: observer)
        do throws(RefreshFailure) {
            return try gather(plan, through: azure.client, patience: patience, wallClock: wallClockSeconds())
        } catch {
            if error.isRefusal { place.removeCache() }
            throw NearSecret.improving(error, of: plan, azure.client)
        }
    }

    private static func takePlace(
        _ plan: LaunchPlan, _ environment: EnvironmentEntries, _ log: WorkerLog
    ) throws(RefreshFailure) -> DeliveryPlace {
        do throws(Diagnosis) {
            if let place = try plan.takePlace(environment, pid: ProcessFiles.ownProcess, log: log) { return place }
            throw Diagnosis(.directoryUnavailable, exit: .cannotCreate, "no directory for the files can be had")
        } catch {
            throw RefreshFailure([error])
        }
    }
}
