import Delivery
package import HTTPTransport
package import KeyVault
package import LaunchConfiguration
package import LinuxSystem
import Messages
import Secrets

/// What earlier workers left, with which an attempt compares.
package struct EarlierDelivery {
    package var memory: DeliveryState
    package var values: DeliveredValues
    package var now: BootInstant

    package init(memory: DeliveryState, values: DeliveredValues, now: BootInstant) {
        self.memory = memory
        self.values = values
        self.now = now
    }
}

/// Fetches what a plan asks for.
///
/// 1. Read the lists that bulk selections need.
/// 2. Find what changed, or may have changed (`Comparison`), and fetch every such object once. At a first attempt that
///    is every object.
/// 3. Stop if the app has failed with exactly this set before.
/// 4. If a target's recipe and objects are the same as in the last delivery, take its bytes from there. Fetch the
///    objects of all other targets too.
/// 5. Bring every value into the format that its target asks for.
package func fetchSet(
    _ plan: LaunchPlan, through client: VaultClient, retryPolicy: RetryPolicy, wallClock now: Int64,
    since earlier: EarlierDelivery? = nil
) throws(RefreshFailure) -> FetchedSet {
    var fetchPlan: FetchPlan
    do throws(Diagnosis) {
        fetchPlan = try FetchPlan(plan)
    } catch {
        throw RefreshFailure([error])
    }
    let memory = earlier?.memory ?? DeliveryState(key: [])
    if earlier == nil { warm(plan, fetchPlan, client) }
    for vault in fetchPlan.vaults(plan) {
        if let proof = memory.vaults[vault.url]?.proof { client.recall(proof, of: vault) }
    }
    var comparison = Comparison(memory, through: client, retryPolicy: retryPolicy)
    var selected: [[String]] = []
    var warnings: [Message] = []
    for selection in plan.selections {  // (1)
        let listed = try comparison.list(selection.vault)
        let found = Selection.select(from: listed, prefix: selection.prefix, tags: selection.tags)
        selected.append(found.map(\.name))
        if earlier == nil { warnings += Message.warnings(selection, found) }
        fetchPlan.add(selection, names: found.map(\.name))
    }
    let objects = fetchPlan.objects
    let optional = fetchPlan.optional(plan)
    var fetchedSet = FetchedSet(set: SecretSet())
    fetchedSet.recipes = fetchPlan.recipes
    fetchedSet.selected = selected
    fetchedSet.warnings = warnings
    func fetch(_ asked: [VaultObject], into fetchedSet: inout FetchedSet) throws(RefreshFailure) {
        guard !asked.isEmpty else { return }
        let outcomes = client.fetch(asked, into: &fetchedSet.set, optional: optional, retryPolicy: retryPolicy)
        try fetchedSet.note(asked, outcomes, optional, delivered: memory.delivered, now)
    }
    try fetch(
        comparison.changed(among: objects, optional: optional, at: earlier?.now ?? .now), into: &fetchedSet)  // (2)
    fetchedSet.vaults = comparison.vaults
    for vault in fetchPlan.vaults(plan) {
        if let proof = client.proof(of: vault) { fetchedSet.vaults[vault.url, default: VaultState()].proof = proof }
    }
    if let earlier {
        fetchedSet.recall(objects, earlier.memory)
        if fetchedSet.refuse(objects, earlier.memory, now) { return fetchedSet }  // (3)
        try fetch(fetchedSet.reuse(fetchPlan, objects, earlier), into: &fetchedSet)  // (4)
    }
    try fetchedSet.compose(fetchPlan, objects, now)  // (5)
    return fetchedSet
}

/// Opens connections to the vaults before the token has arrived.
private func warm(_ plan: LaunchPlan, _ fetchPlan: FetchPlan, _ client: VaultClient) {
    var seen: Set<VaultAddress> = []
    for selection in plan.selections where seen.insert(selection.vault).inserted { client.warm(selection.vault) }
    for object in fetchPlan.all where seen.insert(object.vault).inserted { client.warm(object.vault, for: object) }
}

extension RefreshFailure {
    package init(_ error: VaultError) {
        self.init([error.diagnosis], retryAfter: error.retryAfter, isGone: error.isGone)
    }

    /// Only a delivered object can be gone. A new entry for an object that does not exist is a mistake in the
    /// configuration.
    init(all errors: [VaultError], delivered: DeliveryRecord) {
        self.init(
            VaultError.summarize(errors), retryAfter: errors.compactMap(\.retryAfter).max(),
            isGone: errors.contains { error in
                error.isGone && error.object.map { delivered.identities[$0.url] != nil } ?? false
            })
    }
}

extension FetchedSet {
    /// Records the outcomes of a fetch. Throws if a required object failed.
    mutating func note(
        _ objects: [VaultObject], _ outcomes: [VaultOutcome], _ optional: Set<VaultObject>, delivered: DeliveryRecord,
        _ now: Int64
    ) throws(RefreshFailure) {
        var failures: [VaultError] = []
        for (object, outcome) in zip(objects, outcomes) {
            switch outcome {
            case .success(let value):
                fetched[object] = value
                records[object] = ObjectRecord(value, now: now)
            case .failure(let error) where error.isGone && optional.contains(object):
                absent[object] = .some(error)
                records[object] = nil
            case .failure(let error): failures.append(error)
            }
        }
        guard failures.isEmpty else { throw RefreshFailure(all: failures, delivered: delivered) }
    }

    /// Takes the records of objects that were not fetched from the earlier state.
    mutating func recall(_ objects: [VaultObject], _ memory: DeliveryState) {
        for object in objects where records[object] == nil && absent[object] == nil {
            if let record = memory.records[object.url] {
                records[object] = record
            } else {
                absent[object] = .some(nil)
            }
        }
    }

    /// Whether the app has failed with exactly this set before. Then the current delivery stays, and the status shows
    /// it.
    mutating func refuse(_ all: [VaultObject], _ memory: DeliveryState, _ now: Int64) -> Bool {
        guard let refused = memory.refused, !refused.isEmpty, !records.isEmpty,
            records.allSatisfy({ refused[$0.key.url] == $0.value.identity })
        else { return false }
        isRefused = true
        list(all, now)
        return true
    }

    /// Takes unchanged values from the last delivery, and returns the objects that have to be fetched too.
    mutating func reuse(_ fetchPlan: FetchPlan, _ all: [VaultObject], _ earlier: EarlierDelivery) -> [VaultObject] {
        let delivered = earlier.memory.delivered
        var needed: [VaultObject] = []
        for (target, objects) in fetchPlan.ingredients {
            let isSame =
                delivered.recipes[target.name] == recipes[target]
                && objects.allSatisfy { object in
                    records[object].map { delivered.identities[object.url] == $0.identity } ?? false
                }
            if isSame, let slot = earlier.values.append(target, to: &set) {
                reused[target] = slot
            } else {
                needed += objects.filter { fetched[$0] == nil && absent[$0] == nil }
            }
        }
        let wanted = Set(needed)
        return all.filter(wanted.contains)
    }

    /// Gives every target its bytes, and every object its warnings.
    mutating func compose(_ fetchPlan: FetchPlan, _ all: [VaultObject], _ now: Int64) throws(RefreshFailure) {
        list(all, now)
        do throws(VaultError) {
            try shape(fetchPlan.items)
        } catch {
            throw RefreshFailure(error)
        }
        do throws(Diagnosis) {
            for composite in fetchPlan.composites { try compose(composite) }
        } catch {
            throw RefreshFailure([error])
        }
    }

    private mutating func list(_ all: [VaultObject], _ now: Int64) {
        objects = all.compactMap { object in records[object].map { KnownObject(object: object, record: $0) } }
        for object in objects { warnOfValidity(object, now) }
    }

    private mutating func shape(_ items: [DeliveryItem]) throws(VaultError) {
        for item in items {
            let object = item.request.reference.object
            let slot: SecretSet.Slot
            if let same = reused[item.target] {
                slot = same
            } else if let value = fetched[object] {
                slot = try value.shaped(as: item.request, in: &set)
                if case .file(let path) = item.target,
                    let warning = Message.otherForm(value, as: item.request, in: path)
                {
                    warnings.append(warning)
                }
            } else {
                if item.policy == .warn, let error = absent[object] ?? nil { warnLeftOut(item, error) }
                continue
            }
            switch item.target {
            case .variable(let name):
                variables.append(
                    FetchedVariable(
                        name: name, slot: slot, object: object, origin: item.origin, location: item.location.description
                    ))
            case .file(let path):
                files.append(
                    FetchedFile(
                        path: path, slot: slot, mode: item.mode, pathVariable: item.pathVariable, objects: [object],
                        location: item.location.description))
            }
        }
    }

    private mutating func warnLeftOut(_ item: DeliveryItem, _ error: VaultError) {
        warnings.append(
            Message(
                .warning, .secretLeftOut, "\(error.diagnosis.text); left out: \(item.target.name)",
                secret: item.request.reference.object.name, vault: item.request.reference.object.vault.name))
    }

    private mutating func warnOfValidity(_ object: KnownObject, _ now: Int64) {
        let name = "vault '\(object.object.vault.name)': \(object.object.kind.rawValue) '\(object.object.name)'"
        func warn(_ code: MessageCode, _ text: String) {
            warnings.append(
                Message(.warning, code, name + text, secret: object.object.name, vault: object.object.vault.name))
        }
        if let begins = object.record.notBefore, begins > now {
            warn(.secretNotYetValid, " is not valid before \(UTCTime(seconds: begins).rfc3339); delivered all the same")
        }
        guard let expires = object.record.expires else { return }
        let date = UTCTime(seconds: expires).rfc3339
        if expires <= now {
            warn(.secretExpired, " expired \(date); delivered all the same")
        } else if expires - now < 7 * 86_400 {
            warn(.secretExpires, " expires \(date)")
        }
    }

    private mutating func compose(
        _ composite: (file: FileEntry, references: [VaultReference], template: Template?)
    ) throws(Diagnosis) {
        if let same = reused[.file(composite.file.path)] { return add(composite.file, same, composite.references) }
        var values: [String: SecretSet.Slot] = [:]
        var members: [SetFile.Member] = []
        for reference in composite.references {
            guard let value = fetched[reference.object] else { continue }
            do throws(VaultError) {
                let slot = try value.shaped(as: ObjectRequest(reference: reference), in: &set)
                values[reference.object.name] = slot
                members.append(SetFile.Member(name: reference.object.name, value: slot))
            } catch {
                throw error.diagnosis
            }
        }
        let slot: SecretSet.Slot
        do throws(DeliveryError) {
            if let template = composite.template {
                slot = try template.render(values, in: &set, file: composite.file.path)
            } else if case .set(_, let format) = composite.file.content {
                let file = SetFile(path: composite.file.path, format: SetFile.Format(format))
                slot = try file.render(members, in: &set)
            } else {
                return
            }
        } catch {
            throw error.diagnosis
        }
        add(composite.file, slot, composite.references)
    }

    private mutating func add(_ file: FileEntry, _ slot: SecretSet.Slot, _ references: [VaultReference]) {
        files.append(
            FetchedFile(
                path: file.path, slot: slot, mode: file.mode, pathVariable: file.pathVariable,
                objects: references.map(\.object), location: file.location.description))
    }
}

extension SetFile.Format {
    fileprivate init(_ format: SetFormat) {
        self =
            switch format {
            case .dotenv: .dotenv
            case .envFile: .envFile
            case .json: .json
            }
    }
}
