package import HTTPTransport
package import KeyVault
package import LaunchConfiguration
import LinuxSystem
package import Messages
package import Secrets
import SecretsDirectory

/// What a run would fetch and deliver, object by object, including failures; for `check`.
package struct Inspection: Sendable {
    /// One target of an object.
    package struct Destination: Equatable, Sendable {
        /// `env:DB_PASSWORD`, `file:tls/server.pem`.
        package let target: String
        /// A file's own mode, where the configuration gives one.
        package let mode: UInt32?
        /// The source location of the item: `latchkey.toml:8:1`.
        package let location: String
    }

    package struct Entry: Sendable {
        package let object: VaultObject
        package let outcome: Result<FetchedObject, Diagnosis>
        /// Whether a run starts without it.
        package let isOptional: Bool
        package let destinations: [Destination]
    }

    package private(set) var entries: [Entry] = []
    /// Why a run would not start, in the run's words. The run would end with the exit code of the first one.
    package private(set) var failures: [Diagnosis] = []
    package private(set) var warnings: [Message] = []
    /// The bytes of the environment that the child would get.
    package private(set) var environmentBytes: Int?
    /// The bytes of the files.
    package private(set) var fileBytes = 0

    /// Fetches and builds the environment in memory as a run does, and drops both.
    package init(
        _ plan: LaunchPlan, through client: VaultClient, retryPolicy: RetryPolicy, inherited: [UInt8],
        arguments: [[UInt8]], wallClock now: Int64
    ) {
        do throws(RefreshFailure) {
            try inspect(try fetchPlan(plan, client, retryPolicy), plan, client, retryPolicy, inherited, arguments, now)
        } catch {
            failures = error.diagnoses
        }
    }

    private mutating func fetchPlan(
        _ plan: LaunchPlan, _ client: VaultClient, _ retryPolicy: RetryPolicy
    ) throws(RefreshFailure) -> FetchPlan {
        var fetchPlan: FetchPlan
        do throws(Diagnosis) {
            fetchPlan = try FetchPlan(plan)
        } catch {
            throw RefreshFailure([error])
        }
        for selection in plan.selections {
            switch client.list(selection.vault, retryPolicy: retryPolicy) {
            case .success(let listed):
                let found = Selection.select(from: listed, prefix: selection.prefix, tags: selection.tags)
                warnings += Message.warnings(selection, found)
                fetchPlan.add(selection, names: found.map(\.name))
            case .failure(let error): throw RefreshFailure(error)
            }
        }
        return fetchPlan
    }

    private mutating func inspect(
        _ fetchPlan: FetchPlan, _ plan: LaunchPlan, _ client: VaultClient, _ retryPolicy: RetryPolicy,
        _ inherited: [UInt8],
        _ arguments: [[UInt8]], _ now: Int64
    ) throws(RefreshFailure) {
        var set = SecretSet()
        let objects = fetchPlan.objects
        let optional = fetchPlan.optional(plan)
        let outcomes = client.fetch(objects, into: &set, optional: optional, retryPolicy: retryPolicy)
        for (object, outcome) in zip(objects, outcomes) {
            entries.append(
                Entry(
                    object: object, outcome: outcome.mapError(\.diagnosis), isOptional: optional.contains(object),
                    destinations: fetchPlan.destinations(of: object)))
        }
        var fetchedSet = FetchedSet(set: set)
        try fetchedSet.note(objects, outcomes, optional, delivered: DeliveryRecord(), now)
        try fetchedSet.compose(fetchPlan, fetchPlan.objects, now)
        warnings += fetchedSet.warnings
        fileBytes = fetchedSet.files.reduce(0) { $0 + $1.slot.count }
        do throws(GenerationError) {
            try DeliveryDirectories.check(paths: fetchedSet.files.map(\.path))
        } catch {
            throw RefreshFailure([error.diagnosis])
        }
        environmentBytes = try Self.build(fetchedSet, plan, inherited, arguments)
    }

    private static func build(
        _ fetchedSet: borrowing FetchedSet, _ plan: LaunchPlan, _ inherited: [UInt8], _ arguments: [[UInt8]]
    ) throws(RefreshFailure) -> Int {
        let file: OwnedDescriptor
        do throws(SystemError) {
            file = try MemoryFile.create(name: "latchkey-check")
        } catch {
            throw RefreshFailure([Diagnosis(.systemRefused, exit: .system, error.description)])
        }
        let task = DeliveryTask(inherited: inherited, secrets: nil, environmentFile: file.number, arguments: arguments)
        var memory = DeliveryState(key: [])
        _ = try fetchedSet.deliver(task, plan, updating: &memory)
        return (try? MemoryFile.size(of: file)) ?? 0
    }
}

extension FetchPlan {
    fileprivate func destinations(of object: VaultObject) -> [Inspection.Destination] {
        let single = items.filter { $0.request.reference.object == object }.map {
            Inspection.Destination(target: $0.target.name, mode: $0.mode, location: $0.location.description)
        }
        let composite = composites.filter { $0.references.contains { $0.object == object } }.map {
            Inspection.Destination(
                target: "file:" + $0.file.path, mode: $0.file.mode, location: $0.file.location.description)
        }
        return single + composite
    }
}
