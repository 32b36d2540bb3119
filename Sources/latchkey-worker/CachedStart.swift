import HTTPTransport
import LaunchConfiguration
import LinuxSystem
import Messages
import Refresh
import SecretsDirectory

/// Starting without the vault (`--cache memory`): what `run`, `sidecar` and `sync` have in common.
enum CachedStart {
    /// What is left of a run that kept its secrets goes where they are not to be kept; says where they can't be.
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

    /// The set to start with where identity and vault can't be had.
    static func find(
        _ plan: LaunchPlan, _ environment: EnvironmentEntries, _ directories: DeliveryDirectories?
    ) -> CachedSet? {
        guard plan.refresh.cacheInMemory, let directories, directories.canCache,
            let identity = plan.identitySubject(environment)
        else { return nil }
        return CachedSet.find(for: plan, as: identity, in: directories, at: .now)
    }

    /// How long identity and vault are waited for where something else can be served.
    static func retryPolicy(_ plan: LaunchPlan) -> RetryPolicy {
        RetryPolicy(deadline: .now + min(plan.startTimeout, .seconds(10)), attempts: 2)
    }

    /// Keeps a delivered set. A failure costs the next start its way without the vault, not this delivery.
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

    /// What is said of a start with kept secrets; `next`: when the vault is asked again, where it is.
    static func warning(_ failure: RefreshFailure, age: Duration, next: Duration?) -> Message {
        let seconds = next.map { "; next try in \(max(1, ($0.wholeMilliseconds + 999) / 1000))s" } ?? ""
        let delivered = UTCTime(seconds: wallClockSeconds() - age.wholeMilliseconds / 1000).rfc3339
        var message = Message(
            .warning, failure.diagnoses.first ?? Diagnosis(.vaultUnreachable, exit: .temporary, "no answer"))
        message.diagnosis.code = .startCached
        message.diagnosis.text += "; starting with the secrets of \(delivered)\(seconds)"
        return message
    }
}
