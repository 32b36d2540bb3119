import HTTPTransport
import LaunchConfiguration
import LinuxSystem
import Messages
import Refresh
import SecretsDirectory

/// The part of an attempt that `run`, `sidecar` and `sync` have in common: from the plan to a set that is ready to be
/// delivered. The caller has the directories, delivers the set and tells of it.
struct Attempt {
    let plan: LaunchPlan
    let environment: EnvironmentEntries
    let directories: DeliveryDirectories?
    let log: WorkerLog
    let observer: RunObserver
    /// A start may use the cached set; a refresh keeps what is delivered.
    let isStart: Bool

    /// Fetches the set. If identity or vault can't be reached at a start, takes the cached one.
    ///
    /// `ifDenied` is called after a failure, before it is thrown: the sandbox may have caused it.
    func fetch(
        _ retryPolicy: RetryPolicy, key: [UInt8] = [], since earlier: EarlierDelivery? = nil, ifDenied: () -> Void = {}
    ) throws(RefreshFailure) -> FetchedSet {
        let cached = isStart ? CachedStart.find(plan, environment, directories) : nil
        // The command must not find the line of progress on the terminal.
        defer { observer.progress?.stop() }
        do throws(RefreshFailure) {
            let azure = try AzureSession.open(plan, environment, observer: observer, isRefresh: !isStart)
            let origin = azure.sources(cached == nil ? retryPolicy : CachedStart.retryPolicy(plan), key: key)
            do throws(RefreshFailure) {
                let fetchedSet = try fetchSet(plan, from: origin, since: earlier)
                observer.progress?.stop()
                fetchedSet.notices.forEach { log.write($0) }
                return fetchedSet
            } catch {
                ifDenied()
                if error.isRefusal { directories?.removeCache() }
                throw isStart ? NearSecret.improving(error, azure.client) : error
            }
        } catch {
            guard let cached, error.isOutage else { throw error }
            let age = cached.age
            var fetchedSet = try cached.fetchedSet(wallClock: wallClockSeconds())
            fetchedSet.outage = Outage(failure: error, age: age)
            return fetchedSet
        }
    }

    /// Keeps a delivered set for the next start, or says that it came from there. `memory` is the state after its
    /// delivery; `next` the time until the vault is asked again, if it is.
    func conclude(_ fetchedSet: borrowing FetchedSet, _ memory: DeliveryState, next: Duration?) {
        if let outage = fetchedSet.outage {
            log.write(CachedStart.warning(outage, next: next))
        } else if plan.refresh.cacheInMemory, let directories {
            CachedStart.keep(fetchedSet, plan, environment, directories, memory, log)
        }
    }
}
