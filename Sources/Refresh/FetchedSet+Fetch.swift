import Cryptography
import HTTPTransport
package import KeyVault
import LaunchConfiguration
import LinuxSystem
import ManagedIdentity
import Messages
import Secrets

/// Fetches what a plan asks for, from each vault itself and from no fallback.
///
/// 1. Read the lists that bulk selections and versions need.
/// 2. Find what changed, or may have changed (`Comparison`), and fetch every such object once. At a first attempt that
///    is every object. Ask for every access token that is due.
/// 3. Stop if the app has failed with exactly this set before.
/// 4. If a target's recipe and sources are the same as in the last delivery, take its bytes from there. Fetch the
///    sources of all other targets too.
/// 5. Bring every value into the format that its target asks for.
func fetchOnce(
    _ plan: LaunchPlan, from origin: FetchSources, since earlier: EarlierDelivery?
) throws(RefreshFailure) -> FetchedSet {
    var fetchPlan = try RefreshFailure.of { () throws(Diagnosis) in try FetchPlan(plan) }
    let memory = earlier?.memory ?? DeliveryState(key: [])
    if earlier == nil { warm(plan, fetchPlan, origin) }
    let vaults = fetchPlan.vaults.map { origin.actual($0) }
    for vault in vaults {
        if let proof = memory.vaults[vault.url]?.proof { origin.client.recall(proof, of: vault) }
    }
    var comparison = Comparison(memory, origin)
    var fetchedSet = FetchedSet()
    try fetchedSet.expand(&fetchPlan, plan, &comparison, origin, isFirst: earlier == nil)  // (1)
    let sources = fetchPlan.sources
    fetchedSet.recipes = fetchPlan.recipes
    let objects = sources.compactMap(\.object)
    let changed = try comparison.changed(among: objects, optional: fetchPlan.optional, at: earlier?.now ?? .now)
    let due = sources.filter { memory.isDue($0, at: origin.wallClock) }
    try fetchedSet.fetch(changed.map { .object($0) } + due, fetchPlan, origin, memory)  // (2)
    fetchedSet.vaults = comparison.vaults
    fetchedSet.notices = comparison.notices
    for vault in vaults {
        if let proof = origin.client.proof(of: vault) {
            fetchedSet.vaults[vault.url, default: VaultState()].proof = proof
        }
    }
    if let earlier {
        fetchedSet.recall(sources, earlier.memory)
        if fetchedSet.refuse(sources, earlier.memory, origin.wallClock) { return fetchedSet }  // (3)
        try fetchedSet.fetch(fetchedSet.reuse(fetchPlan, earlier, key: origin.key), fetchPlan, origin, memory)  // (4)
    }
    try fetchedSet.compose(fetchPlan, origin.wallClock)  // (5)
    return fetchedSet
}

/// Opens connections to the vaults before the token has arrived.
private func warm(_ plan: LaunchPlan, _ fetchPlan: FetchPlan, _ origin: FetchSources) {
    var seen: Set<VaultAddress> = []
    for selection in plan.selections where seen.insert(selection.vault).inserted {
        origin.client.warm(origin.actual(selection.vault))
    }
    for object in fetchPlan.sources.compactMap(\.object) where seen.insert(object.vault).inserted {
        origin.client.warm(origin.actual(object.vault), for: origin.actual(object))
    }
}

extension ValueSource {
    /// nil for a token.
    var object: VaultObject? {
        if case .object(let object) = self { object } else { nil }
    }
}

extension RefreshFailure {
    package init(_ error: VaultError) {
        self.init([error.diagnosis], retryAfter: error.retryAfter, isGone: error.isGone)
        if error.isOutage { outOfReach = [error.vault] }
    }

    /// Only a delivered object can be gone. A new entry for an object that does not exist is a mistake in the
    /// configuration.
    init(all errors: [VaultError], delivered: DeliveryRecord) {
        self.init(
            VaultError.summarize(errors), retryAfter: errors.compactMap(\.retryAfter).max(),
            isGone: errors.contains { error in
                error.isGone && error.object.map { delivered.identities[$0.url] != nil } ?? false
            })
        missing = errors.first { $0.diagnosis.code == .secretMissing }?.object
        outOfReach = Set(errors.filter(\.isOutage).map(\.vault))
    }
}

extension FetchedSet {
    /// Reads the lists of selections and of versions, and adds what they decide to the plan.
    mutating func expand(
        _ fetchPlan: inout FetchPlan, _ plan: LaunchPlan, _ comparison: inout Comparison, _ origin: FetchSources,
        isFirst: Bool
    ) throws(RefreshFailure) {
        for selection in plan.selections {
            let found = Selection.select(
                from: try comparison.list(selection.vault), prefix: selection.prefix, tags: selection.tags)
            if isFirst { warnings += Message.warnings(selection, found) }
            listed.append(found.map(\.name))
        }
        for (object, item) in fetchPlan.versionLists {
            let all = try comparison.versions(of: object)
            let enabled = try newestFirst(all.filter(\.attributes.enabled), of: object, origin)
            if enabled.isEmpty {
                let error = VaultError(
                    all.isEmpty ? .missing : .disabled, vault: object.vault, subject: .object(object))
                switch fetchPlan.policy(of: item) {
                case .error: throw RefreshFailure(error)
                case .warn: warnLeftOut(item, object, error)
                case .ignore: break
                }
            }
            listed.append(enabled)
        }
        fetchPlan.add(listed, plan)
    }

    /// The versions by their time, which a list gives in whole seconds: of those that came within the newest one, the
    /// vault says which is current.
    private mutating func newestFirst(
        _ listed: [ListedSecret], of object: VaultObject, _ origin: FetchSources
    ) throws(RefreshFailure) -> [String] {
        func created(_ listed: ListedSecret) -> Int64 { listed.attributes.created ?? 0 }
        let sorted = listed.sorted { (created($0), $0.version ?? "") > (created($1), $1.version ?? "") }
        var versions = sorted.compactMap(\.version)
        guard sorted.count > 1, created(sorted[0]) == created(sorted[1]) else { return versions }
        switch origin.client.fetch([origin.actual(object)], into: &set, retryPolicy: origin.retryPolicy)[0] {
        case .success(let current):
            guard let version = current.version, versions.contains(version) else { return versions }
            versions.removeAll { $0 == version }
            return [version] + versions
        // The current version may be disabled.
        case .failure(let error) where error.isGone: return versions
        case .failure(let error): throw RefreshFailure(error)
        }
    }

    /// Fetches objects and access tokens. Throws if a required one failed.
    mutating func fetch(
        _ asked: [ValueSource], _ fetchPlan: FetchPlan, _ origin: FetchSources, _ memory: DeliveryState
    ) throws(RefreshFailure) {
        let objects = asked.compactMap(\.object)
        if !objects.isEmpty {
            let optional = fetchPlan.optional
            let actual = objects.map { origin.actual($0) }
            let outcomes = origin.client.fetch(
                actual, into: &set, optional: Set(optional.map { origin.actual($0) }), retryPolicy: origin.retryPolicy)
            do throws(RefreshFailure) {
                try note(objects, outcomes, optional, origin, memory)
            } catch {
                throw fetchPlan.locating(error)
            }
        }
        let opening = fetchPlan.vaults.compactMap { origin.client.proof(of: origin.actual($0))?.resource }
        for case .token(let resource) in asked {
            try fetch(resource, opening: opening, from: origin, memory)
        }
    }

    /// Records the outcomes of a fetch. Throws if a required object failed.
    mutating func note(
        _ objects: [VaultObject], _ outcomes: [VaultOutcome], _ optional: Set<VaultObject>, _ origin: FetchSources,
        _ memory: DeliveryState
    ) throws(RefreshFailure) {
        var failures: [VaultError] = []
        for (object, outcome) in zip(objects, outcomes) {
            switch outcome {
            case .success(let value):
                self.objects[object] = value
                let digest = set.digest(of: value.slot, key: origin.key)
                var record = ObjectRecord(
                    value, digest: digest, now: origin.wallClock, earlier: memory.records[object.url])
                record.standIn = origin.standIn(of: object)
                records[.object(object)] = record
            case .failure(let error) where error.isGone && optional.contains(object):
                absent[object] = .some(error)
                records[.object(object)] = nil
            case .failure(let error): failures.append(error)
            }
        }
        guard failures.isEmpty else { throw RefreshFailure(all: failures, delivered: memory.delivered) }
    }

    /// Takes the records of sources that were not fetched from the earlier state.
    mutating func recall(_ sources: [ValueSource], _ memory: DeliveryState) {
        for source in sources where records[source] == nil {
            if let record = memory.records[source.key] {
                records[source] = record
            } else if case .object(let object) = source, absent[object] == nil {
                absent[object] = .some(nil)
            }
        }
    }

    /// Whether the app has failed with exactly this set before. Then the current delivery stays, and the status shows
    /// it.
    mutating func refuse(_ all: [ValueSource], _ memory: DeliveryState, _ now: Int64) -> Bool {
        guard let refused = memory.refused, !refused.isEmpty, !records.isEmpty,
            records.allSatisfy({ refused[$0.key.key] == $0.value.identity })
        else { return false }
        isRefused = true
        list(all, now)
        return true
    }

    /// Takes unchanged values from the last delivery, and returns the sources that have to be fetched too.
    ///
    /// A file that does not have the bytes that were delivered is not taken: others may write where it is.
    mutating func reuse(_ fetchPlan: FetchPlan, _ earlier: EarlierDelivery, key: [UInt8]) -> [ValueSource] {
        let delivered = earlier.memory.delivered
        var needed: Set<ValueSource> = []
        for item in fetchPlan.items {
            let sources = fetchPlan.sources(of: item)
            let isSame =
                delivered.recipes[item.target.label] == recipes[item.target]
                && sources.allSatisfy { source in
                    records[source].map { delivered.identities[source.key] == $0.identity } ?? false
                }
            var slot = isSame ? earlier.values.append(item.target, to: &set) : nil
            if let path = item.path, let found = slot, let digest = delivered.fileDigests[item.target.label],
                set.digest(of: found, key: key) != digest
            {
                slot = nil
                editedNames.formUnion(sources.map(\.name))
                notices.append(
                    Message(
                        .warning, .fileEdited, "file '\(path)' was changed by somebody else; it is delivered again",
                        hint: "only Latchkey writes in the secrets directory: let the program write elsewhere"))
            }
            if let slot {
                reused[item.target] = slot
            } else {
                needed.formUnion(sources.filter { !isAtHand($0) })
            }
        }
        return fetchPlan.sources.filter(needed.contains)
    }

    private func isAtHand(_ source: ValueSource) -> Bool {
        switch source {
        case .object(let object): objects[object] != nil || absent[object] != nil
        case .token(let resource): tokens[resource] != nil
        }
    }

    mutating func list(_ all: [ValueSource], _ now: Int64) {
        sources = all.compactMap { source in records[source].map { KnownSource(source: source, record: $0) } }
        for known in sources { warnings += Message.ofValidity(known, now) }
    }
}

extension SecretSet {
    /// The keyed digest of a value, in hexadecimal digits.
    borrowing func digest(of slot: Slot, key: [UInt8]) -> String {
        withBytes(of: slot) { hexadecimal(hmacSHA256($0, key: key.span).span) }
    }
}
