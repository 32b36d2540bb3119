import Glibc
import LaunchConfiguration
import LinuxSystem
import Messages
import Refresh
import SecretsDirectory
import WorkerProtocol

// How an attempt ends: with a report, and with the state for the next worker.
extension SupervisedWorker {
    /// Reports a delivery. `next`: the time until the next attempt, if an outage decides it.
    mutating func finish(
        _ fetchedSet: borrowing FetchedSet, _ outcome: DeliveryOutcome, _ plan: LaunchPlan, next: Duration?
    ) throws(RefreshFailure) {
        var result = WorkerReport(outcome: .delivered)
        // A first delivery is a change only if it replaces files that somebody may have read.
        result.filesChanged = order.task == .first ? outcome.filesReplaced : outcome.filesChanged
        result.environmentChanged = outcome.environmentChanged
        result.generation = memory.generation
        result.changedNames = outcome.changedNames
        result.changedVariables = outcome.changedVariables
        let regular = Schedule.next(
            plan.refresh, turningPoints: fetchedSet.turningPoints, renewals: fetchedSet.renewals,
            now: wallClockSeconds(),
            using: &jitter)
        result.nextMilliseconds = (next ?? regular)?.wholeMilliseconds
        // The status shows the delivered set. If the app failed with the fetched set, the two differ.
        show(in: &result)
        if let outage = fetchedSet.outage {
            result.stale = true
            result.ageMilliseconds = outage.age.wholeMilliseconds
            result.outage = Self.told(outage.failure)
        }
        do throws(SystemError) {
            if outcome.environmentChanged { try MemoryFile.seal(WorkerDescriptor.childEnvironment) }
            try report(result)
        } catch {
            throw RefreshFailure([Diagnosis(.systemRefused, exit: .system, error.description)])
        }
    }

    private func show(in result: inout WorkerReport) {
        result.summary = memory.delivered.summary
        result.statusJSON = memory.delivered.statusJSON
        result.metrics = memory.metrics
    }

    private static func told(_ failure: RefreshFailure) -> WorkerFailure {
        let first = failure.diagnoses.first
        let code: MessageCode = failure.isGone ? .secretGone : first?.code ?? .internalError
        var told = WorkerFailure(
            code: code.rawValue, exitCode: first?.exitCode.rawValue ?? 70,
            message: first?.text ?? "the refresh failed", hint: first?.hint)
        told.secret = first?.secret
        told.vault = first?.vault
        return told
    }

    mutating func fail(_ failure: RefreshFailure, _ plan: RefreshPlan) throws(SystemError) {
        var told = Self.told(failure)
        told.isGone = failure.isGone
        var result = WorkerReport(outcome: .failed(told))
        result.generation = memory.generation
        result.metrics = memory.metrics
        result.nextMilliseconds =
            Schedule.afterFailure(
                plan, failures: order.failures, retryAfter: failure.retryAfter, using: &generator
            ).wholeMilliseconds
        try report(result)
    }

    /// The app failed with the newest set: points the files back, and notes that this set must not be delivered again.
    mutating func rollBack(
        _ directories: DeliveryDirectories?, _ cache: StartCache, _ plan: LaunchPlan
    ) throws(SystemError) {
        do throws(GenerationError) {
            if memory.changedFiles { _ = try directories?.secrets.rollBack() }
        } catch {
            log.end([error.diagnosis])
        }
        // The cache holds the set that the app failed with.
        cache.remove()
        memory.refused = memory.delivered.identities
        memory.delivered = memory.previous
        memory.generation += 1
        var result = WorkerReport(outcome: .delivered)
        result.generation = memory.generation
        show(in: &result)
        let renewals = memory.records.values.compactMap(\.renewAt)
        result.nextMilliseconds =
            Schedule.next(
                plan.refresh, turningPoints: [], renewals: renewals, now: wallClockSeconds(), using: &jitter
            )?.wholeMilliseconds
        try report(result)
    }

    /// Leaves the state for the next worker and sends the report.
    func report(_ report: WorkerReport) throws(SystemError) {
        // An earlier report that could not be sent may have left its state.
        try MemoryFile.clear(WorkerDescriptor.memoryOut)
        try leave(memory)
        try LocalSocket.send(WorkerMessage.finished(report).encoded, over: WorkerDescriptor.report)
    }

    func leave(_ memory: DeliveryState) throws(SystemError) {
        try writeAll(memory.encoded.span, to: WorkerDescriptor.memoryOut)
        try MemoryFile.seal(WorkerDescriptor.memoryOut)
    }
}
