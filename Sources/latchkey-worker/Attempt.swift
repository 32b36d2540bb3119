import HTTPTransport
import LaunchConfiguration
import LinuxSystem
import Messages
import Refresh

/// The part of an attempt that `run`, `sidecar` and `sync` have in common: from the plan to a set that is ready to be
/// delivered. The caller has the directories, delivers the set and tells of it.
struct Attempt {
    let plan: LaunchPlan
    let environment: EnvironmentEntries
    let log: WorkerLog
    let observer: RunObserver
    /// nil for a command that delivers nothing.
    let cache: StartCache?
    /// A start may use the cached set; a refresh keeps what is delivered.
    let isStart: Bool

    /// Fetches the set. If identity or vault can't be reached at a start, takes the cached one.
    ///
    /// `ifDenied` is called after a failure, before it is thrown: the sandbox may have caused it.
    func fetch(
        _ retryPolicy: RetryPolicy, key: [UInt8] = [], since earlier: EarlierDelivery? = nil,
        ifDenied: () -> Void = {}
    ) throws(RefreshFailure) -> FetchedSet {
        // The command must not find the line of progress on the terminal.
        defer { observer.progress?.stop() }
        if isStart, let cache, cache.mayHaveSet {
            do throws(RefreshFailure) {
                return try fetchFresh(cache.retryPolicy(), key, earlier, ifDenied)
            } catch {
                guard error.isOutage else { throw error }
                if let cached = cache.find() {
                    let age = cached.age
                    var fetchedSet = try cached.fetchedSet(wallClock: wallClockSeconds())
                    fetchedSet.outage = Outage(failure: error, age: age)
                    return fetchedSet
                }
            }
        }
        return try fetchFresh(retryPolicy, key, earlier, ifDenied)
    }

    private func fetchFresh(
        _ retryPolicy: RetryPolicy, _ key: [UInt8], _ earlier: EarlierDelivery?, _ ifDenied: () -> Void
    ) throws(RefreshFailure) -> FetchedSet {
        let azure = try AzureSession.open(plan, environment, observer: observer, isRefresh: !isStart)
        do throws(RefreshFailure) {
            let fetchedSet = try fetchSet(plan, from: azure.sources(retryPolicy, key: key), since: earlier)
            observer.progress?.stop()
            fetchedSet.notices.forEach { log.write($0) }
            return fetchedSet
        } catch {
            ifDenied()
            if error.isRefusal { cache?.remove() }
            throw isStart ? NearSecret.improving(error, azure.client) : error
        }
    }

    /// Keeps a delivered set for the next start, or says that it came from there. `memory` is the state after its
    /// delivery; `next` the time until the vault is asked again, if it is.
    func conclude(
        _ fetchedSet: borrowing FetchedSet, _ memory: inout DeliveryState, isChanged: Bool, next: Duration?
    ) {
        if let outage = fetchedSet.outage {
            log.write(StartCache.warning(outage, next: next))
        } else {
            cache?.keep(fetchedSet, &memory, isChanged: isChanged)
        }
    }
}
