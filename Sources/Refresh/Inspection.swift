import Generations
package import HTTPTransport
package import KeyVault
package import LaunchConfiguration
import LinuxSystem
package import Messages
package import Secrets

/// What a run would fetch and where it would go, object by object, failures among them; for `check`.
package struct Inspection: Sendable {
    /// One place that an object goes to.
    package struct Destination: Equatable, Sendable {
        /// `env:DB_PASSWORD`, `file:tls/server.pem`.
        package let target: String
        /// A file's own mode, where the configuration gives one.
        package let mode: UInt32?
        /// Where it is asked for: `latchkey.toml:8:1`.
        package let place: String
    }

    package struct Entry: Sendable {
        package let object: VaultObject
        package let outcome: Result<FetchedObject, Diagnosis>
        /// Whether a run starts without it.
        package let isOptional: Bool
        package let destinations: [Destination]
    }

    package private(set) var entries: [Entry] = []
    /// Why a run would not start, in its own words; the first one's exit code is the run's.
    package private(set) var failures: [Diagnosis] = []
    package private(set) var warnings: [Message] = []
    /// The bytes of the environment that the child would get.
    package private(set) var environmentBytes: Int?
    /// The bytes of the files.
    package private(set) var fileBytes = 0

    /// Fetches as a run does, builds the environment in memory as a run does, and keeps neither.
    package init(
        _ plan: LaunchPlan, through client: VaultClient, patience: Patience, inherited: [UInt8],
        arguments: [[UInt8]], wallClock now: Int64
    ) {
        do throws(RefreshFailure) {
            try inspect(try demand(plan, client, patience), plan, client, patience, inherited, arguments, now)
        } catch {
            failures = error.diagnoses
        }
    }

    private mutating func demand(
        _ plan: LaunchPlan, _ client: VaultClient, _ patience: Patience
    ) throws(RefreshFailure) -> Demand {
        var demand: Demand
        do throws(Diagnosis) {
            demand = try Demand(plan)
        } catch {
            throw RefreshFailure([error])
        }
        for selection in plan.selections {
            switch client.list(selection.vault, patience: patience) {
            case .success(let listed):
                let found = Selection.select(from: listed, prefix: selection.prefix, tags: selection.tags)
                warnings += Message.warnings(selection, found)
                demand.add(selection, names: found.map(\.name))
            case .failure(let error): throw RefreshFailure(error)
            }
        }
        return demand
    }

    private mutating func inspect(
        _ demand: Demand, _ plan: LaunchPlan, _ client: VaultClient, _ patience: Patience, _ inherited: [UInt8],
        _ arguments: [[UInt8]], _ now: Int64
    ) throws(RefreshFailure) {
        var set = SecretSet()
        let objects = demand.objects
        let optional = demand.optional(plan)
        let outcomes = client.fetch(objects, into: &set, optional: optional, patience: patience)
        for (object, outcome) in zip(objects, outcomes) {
            entries.append(
                Entry(
                    object: object, outcome: outcome.mapError(\.diagnosis), isOptional: optional.contains(object),
                    destinations: demand.destinations(of: object)))
        }
        var gathered = Gathered(set: set)
        try gathered.note(objects, outcomes, optional, delivered: DeliveredState(), now)
        try gathered.compose(demand, demand.objects, now)
        warnings += gathered.warnings
        fileBytes = gathered.files.reduce(0) { $0 + $1.slot.count }
        do throws(GenerationError) {
            try DeliveryPlace.check(paths: gathered.files.map(\.path))
        } catch {
            throw RefreshFailure([error.diagnosis])
        }
        environmentBytes = try Self.build(gathered, plan, inherited, arguments)
    }

    private static func build(
        _ gathered: borrowing Gathered, _ plan: LaunchPlan, _ inherited: [UInt8], _ arguments: [[UInt8]]
    ) throws(RefreshFailure) -> Int {
        let file: OwnedDescriptor
        do throws(SystemError) {
            file = try MemoryFile.create(name: "latchkey-check")
        } catch {
            throw RefreshFailure([Diagnosis(.systemRefused, exit: .system, error.description)])
        }
        let task = DeliveryTask(inherited: inherited, secrets: nil, environmentFile: file.number, arguments: arguments)
        var memory = RefreshMemory(key: [])
        _ = try gathered.deliver(task, plan, updating: &memory)
        return (try? MemoryFile.size(of: file)) ?? 0
    }
}

extension Demand {
    fileprivate func destinations(of object: VaultObject) -> [Inspection.Destination] {
        let single = wishes.filter { $0.request.reference.object == object }.map {
            Inspection.Destination(target: $0.target.name, mode: $0.mode, place: $0.place.description)
        }
        let composite = composites.filter { $0.references.contains { $0.object == object } }.map {
            Inspection.Destination(
                target: "file:" + $0.file.path, mode: $0.file.mode, place: $0.file.place.description)
        }
        return single + composite
    }
}
