import HTTPTransport
import LaunchConfiguration
import LinuxSystem
import Messages
import Refresh
import SecretsDirectory

/// The last delivered set, for a start without identity or vault (`--cache`), of `run`, `sidecar` and `sync`: in memory,
/// and sealed over a reboot.
final class StartCache {
    private let plan: LaunchPlan
    private let identity: String?
    private let directories: DeliveryDirectories?
    private let log: WorkerLog
    private var sealed: SealedCache?

    /// Opens what there is; to be called before the sandbox. `isStart`: the cached set may be used. `isBeginning`: this
    /// is the first attempt of a run, which removes the cache of an earlier run that it must not have, and warns of what
    /// is impossible.
    init(
        _ plan: LaunchPlan, _ environment: EnvironmentEntries, _ directories: DeliveryDirectories?, _ log: WorkerLog,
        isStart: Bool, isBeginning: Bool
    ) {
        self.plan = plan
        self.directories = directories
        self.log = log
        identity = plan.refresh.cache == .off ? nil : plan.identitySubject(environment)
        if isBeginning, plan.refresh.cache != .sealed {
            SealedCache.removeEarlier(plan, environment)
        }
        guard plan.refresh.cache != .off else {
            if isBeginning { directories?.removeCache() }
            return
        }
        if plan.refresh.cache == .sealed {
            do throws(Diagnosis) {
                sealed = try SealedCache(plan, environment, isStart: isStart)
            } catch {
                if isBeginning { log.write(Message(.warning, error)) }
            }
        }
        guard isBeginning, sealed == nil, directories?.canCache != true else { return }
        log.write(
            Message(
                .warning, .directoryUnavailable,
                "there is no directory in memory to keep the secrets in; the next start needs the vault",
                hint: "mount a tmpfs at /run/latchkey, or name one with --directory"))
    }

    /// Where the sandbox lets files be changed.
    var changeable: [CInt] { sealed.map { [$0.descriptor] } ?? [] }

    /// Whether there may be a set to start with.
    var mayHaveSet: Bool {
        guard plan.refresh.cache != .off, identity != nil else { return false }
        return directories?.openCache() != nil || sealed?.hasFile == true
    }

    /// The set to start with; nil if there is none that fits.
    func find() -> CachedSet? {
        guard plan.refresh.cache != .off, let identity else { return nil }
        let now = CacheTime(wallClock: wallClockSeconds())
        if let directories, directories.canCache, let file = directories.openCache(),
            let cached = CachedSet.read(file, for: plan, as: identity, at: now)
        {
            return cached
        }
        return sealed?.read(log) { CachedSet.read($0, for: plan, as: identity, at: now) }
    }

    /// How long to wait for identity and vault if there may be a cached set.
    func retryPolicy() -> RetryPolicy {
        RetryPolicy(deadline: .now + min(plan.startTimeout, .seconds(10)), attempts: 2)
    }

    /// Keeps a delivered set. If that fails, the next start can't do without the vault; this delivery succeeds.
    ///
    /// Sealing may take a while: it is done for a change, and often enough to stay well within `--max-stale`.
    func keep(_ fetchedSet: borrowing FetchedSet, _ memory: inout DeliveryState, isChanged: Bool) {
        guard plan.refresh.cache != .off, let identity else { return }
        let now = CacheTime(wallClock: wallClockSeconds())
        do throws(GenerationError) {
            try directories?.writeCache { file throws(SystemError) in
                try fetchedSet.write(for: plan, as: identity, memory, at: now) { part throws(SystemError) in
                    try file.write(part)
                }
            }
        } catch {
            var diagnosis = error.diagnosis
            diagnosis.text = "the secrets can't be kept for the next start: \(diagnosis.text)"
            log.write(Message(.warning, diagnosis))
        }
        let again = min(Duration.seconds(3600), plan.refresh.maxStale / 4)
        let sealedAt = memory.sealedAt.map { BootInstant(nanoseconds: $0) }
        guard let sealed, isChanged || sealedAt.map({ .now - $0 >= again }) ?? true else { return }
        do throws(Diagnosis) {
            try sealed.write { part throws(SystemError) in
                try fetchedSet.write(for: plan, as: identity, memory, at: now, part)
            }
            memory.sealedAt = BootInstant.now.nanoseconds
        } catch {
            log.write(Message(.warning, error))
        }
    }

    /// Removes the set: the vault refused access, or the app failed with it.
    func remove() {
        directories?.removeCache()
        sealed?.remove()
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
