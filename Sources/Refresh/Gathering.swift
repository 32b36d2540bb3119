import Delivery
package import HTTPTransport
package import KeyVault
package import LaunchConfiguration
import LinuxSystem
import Messages
import Secrets

/// Fetches what a plan wants: lists for bulk selections, then every object once, then the shape each target asked for.
package func gather(
    _ plan: LaunchPlan, through client: VaultClient, patience: Patience, wallClock now: Int64
) throws(RefreshFailure) -> Gathered {
    var demand: Demand
    do throws(Diagnosis) {
        demand = try Demand(plan)
    } catch {
        throw RefreshFailure([error])
    }
    warm(plan, demand, client)
    for selection in plan.selections {
        switch client.list(selection.vault, patience: patience) {
        case .success(let listed):
            demand.add(
                selection, found: Selection.select(from: listed, prefix: selection.prefix, tags: selection.tags))
        case .failure(let error): throw RefreshFailure(error)
        }
    }
    var set = SecretSet()
    let objects = demand.objects
    let optional = demand.optional(plan)
    let outcomes = client.fetch(objects, into: &set, optional: optional, patience: patience)
    var gathered = Gathered(set: set)
    try gathered.sort(objects, outcomes, optional, demand, now)
    return gathered
}

/// Opens the connections while the token is still on its way.
private func warm(_ plan: LaunchPlan, _ demand: Demand, _ client: VaultClient) {
    var seen: Set<VaultAddress> = []
    for selection in plan.selections where seen.insert(selection.vault).inserted { client.warm(selection.vault) }
    for object in demand.objects where seen.insert(object.vault).inserted { client.warm(object.vault, for: object) }
}

extension RefreshFailure {
    package init(_ error: VaultError) {
        self.init([error.diagnosis], retryAfter: error.retryAfter, isGone: error.isGone)
    }

    init(all errors: [VaultError]) {
        self.init(
            VaultError.summarize(errors), retryAfter: errors.compactMap(\.retryAfter).max(),
            isGone: errors.contains { $0.isGone })
    }
}

extension Gathered {
    /// Sorts outcomes into values and failures; only what is required fails the whole.
    mutating func sort(
        _ objects: [VaultObject], _ outcomes: [VaultOutcome], _ optional: Set<VaultObject>, _ demand: Demand,
        _ now: Int64
    ) throws(RefreshFailure) {
        var fetched: [VaultObject: FetchedObject] = [:]
        var failures: [VaultError] = []
        var missing: [VaultObject: VaultError] = [:]
        for (object, outcome) in zip(objects, outcomes) {
            switch outcome {
            case .success(let value):
                fetched[object] = value
                self.objects.append(value)
            case .failure(let error) where error.isGone && optional.contains(object): missing[object] = error
            case .failure(let error): failures.append(error)
            }
        }
        guard failures.isEmpty else { throw RefreshFailure(all: failures) }
        for object in self.objects { warnOfValidity(object, now) }
        do throws(VaultError) {
            try shape(demand.wishes, fetched, missing)
        } catch {
            throw RefreshFailure(error)
        }
        do throws(Diagnosis) {
            for composite in demand.composites { try compose(composite, fetched) }
        } catch {
            throw RefreshFailure([error])
        }
    }

    private mutating func shape(
        _ wishes: [Wish], _ fetched: [VaultObject: FetchedObject], _ missing: [VaultObject: VaultError]
    ) throws(VaultError) {
        for wish in wishes {
            let object = wish.request.reference.object
            guard let value = fetched[object] else {
                if wish.policy == .warn, let error = missing[object] { warnLeftOut(wish, error) }
                continue
            }
            let slot = try value.shaped(as: wish.request, in: &set)
            switch wish.target {
            case .variable(let name):
                variables.append(
                    GatheredVariable(
                        name: name, slot: slot, object: object, origin: wish.origin, place: wish.place.description))
            case .file(let path):
                files.append(
                    GatheredFile(
                        path: path, slot: slot, mode: wish.mode, pathVariable: wish.pathVariable, objects: [object],
                        place: wish.place.description))
            }
        }
    }

    private mutating func warnLeftOut(_ wish: Wish, _ error: VaultError) {
        warnings.append(
            Message(
                .warning, .secretLeftOut, "\(error.diagnosis.text); left out: \(wish.target.name)",
                secret: wish.request.reference.object.name, vault: wish.request.reference.object.vault.name))
    }

    private mutating func warnOfValidity(_ object: FetchedObject, _ now: Int64) {
        let name = "vault '\(object.object.vault.name)': \(object.object.kind.rawValue) '\(object.object.name)'"
        func warn(_ code: MessageCode, _ text: String) {
            warnings.append(
                Message(.warning, code, name + text, secret: object.object.name, vault: object.object.vault.name))
        }
        if let begins = object.attributes.notBefore, begins > now {
            warn(.secretNotYetValid, " is not valid before \(UTCTime(seconds: begins).rfc3339); delivered all the same")
        }
        guard let expires = object.attributes.expires else { return }
        let date = UTCTime(seconds: expires).rfc3339
        if expires <= now {
            warn(.secretExpired, " expired \(date); delivered all the same")
        } else if expires - now < 7 * 86_400 {
            warn(.secretExpires, " expires \(date)")
        }
    }

    private mutating func compose(
        _ composite: (file: FileEntry, references: [VaultReference], template: Template?),
        _ fetched: [VaultObject: FetchedObject]
    ) throws(Diagnosis) {
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
                let file = SetFile(path: composite.file.path, format: format == .dotenv ? .dotenv : .json)
                slot = try file.render(members, in: &set)
            } else {
                return
            }
        } catch {
            throw error.diagnosis
        }
        files.append(
            GatheredFile(
                path: composite.file.path, slot: slot, mode: composite.file.mode,
                pathVariable: composite.file.pathVariable, objects: composite.references.map(\.object),
                place: composite.file.place.description))
    }
}
