import HTTPTransport
import LaunchConfiguration
import LinuxSystem
import Messages
import Refresh
import SecretsDirectory

/// Starting without the vault (`--cache memory`), for `run`, `sidecar` and `sync`.
enum CachedStart {
    /// Removes the cache of an earlier run if this run must not have one. Warns if a cache is asked for and impossible.
    static func prepare(_ plan: LaunchPlan, _ directories: DeliveryDirectories?, _ log: WorkerLog) {
        guard plan.refresh.cacheInMemory else {
            directories?.removeCache()
            return
        }
        guard directories?.canCache != true else { return }
        log.write(
            Message(
                .warning, .directoryUnavailable,
                "there is no directory in memory to keep the secrets in; the next start needs the vault",
                hint: "mount a tmpfs at /run/latchkey, or name one with --directory"))
    }

    /// The cached set to start with if identity or vault can't be reached.
    static func find(
        _ plan: LaunchPlan, _ environment: EnvironmentEntries, _ directories: DeliveryDirectories?
    ) -> CachedSet? {
        guard plan.refresh.cacheInMemory, let directories, directories.canCache,
            let identity = plan.identitySubject(environment)
        else { return nil }
        return CachedSet.find(for: plan, as: identity, in: directories, at: .now)
    }

    /// How long to wait for identity and vault if there is a cached set.
    static func retryPolicy(_ plan: LaunchPlan) -> RetryPolicy {
        RetryPolicy(deadline: .now + min(plan.startTimeout, .seconds(10)), attempts: 2)
    }

    /// Caches a delivered set. If that fails, the next start can't do without the vault; this delivery succeeds.
    static func keep(
        _ fetchedSet: borrowing FetchedSet, _ plan: LaunchPlan, _ environment: EnvironmentEntries,
        _ directories: DeliveryDirectories,
        _ memory: DeliveryState, _ log: WorkerLog
    ) {
        guard let identity = plan.identitySubject(environment) else { return }
        do throws(GenerationError) {
            try fetchedSet.keep(in: directories, for: plan, as: identity, memory, at: .now)
        } catch {
            var diagnosis = error.diagnosis
            diagnosis.text = "the secrets can't be kept for the next start: \(diagnosis.text)"
            log.write(Message(.warning, diagnosis))
        }
    }

    /// The warning about a start with cached secrets. `next`: the time until the vault is asked again, if it is.
    static func warning(_ outage: Outage, next: Duration?) -> Message {
        let seconds = next.map { "; next try in \(max(1, ($0.wholeMilliseconds + 999) / 1000))s" } ?? ""
        let delivered = UTCTime(seconds: wallClockSeconds() - outage.age.wholeMilliseconds / 1000).rfc3339
        var message = Message(
            .warning, outage.failure.diagnoses.first ?? Diagnosis(.vaultUnreachable, exit: .temporary, "no answer"))
        message.diagnosis.code = .startCached
        message.diagnosis.text += "; starting with the secrets of \(delivered)\(seconds)"
        return message
    }
}
