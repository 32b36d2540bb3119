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
        let azure = try AzureSession.open(plan, environment, observer: observer)
        let patience = Patience(deadline: .now + plan.startTimeout)
        let gathered: Gathered
        do throws(RefreshFailure) {
            gathered = try gather(plan, through: azure.client, patience: patience, wallClock: wallClockSeconds())
        } catch {
            throw NearSecret.improving(error, of: plan, azure.client)
        }
        gathered.warnings.forEach { log.write($0) }
        let task = DeliveryTask(inherited: [], secrets: place.secrets, environmentFile: nil, arguments: [])
        var memory = RefreshMemory(key: [])
        let outcome = try gathered.deliver(task, plan, updating: &memory)
        let what = outcome.filesChanged ? "delivered" : "nothing changed:"
        log.write(Message(.info, .refreshed, "\(what) \(gathered.summary) in '\(place.secrets.path)'"))
        withExtendedLifetime(place) {}
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
