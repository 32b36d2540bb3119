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

    /// An access token that a run would deliver.
    package struct Token: Sendable {
        package let resource: TokenResource
        /// When it ends, in seconds since 1970.
        package let expires: Int64
        package let destinations: [Destination]
    }

    package private(set) var entries: [Entry] = []
    package private(set) var tokens: [Token] = []
    /// Why a run would not start, in the run's words. The run would end with the exit code of the first one.
    package private(set) var failures: [Diagnosis] = []
    package private(set) var warnings: [Message] = []
    /// The bytes of the environment that the child would get.
    package private(set) var environmentBytes: Int?
    /// The bytes of the files.
    package private(set) var fileBytes = 0

    /// Fetches and builds the environment in memory as a run does, and drops both.
    package init(_ plan: LaunchPlan, from origin: FetchSources, inherited: [UInt8], arguments: [[UInt8]]) {
        do throws(RefreshFailure) {
            try inspect(plan, origin, inherited, arguments)
        } catch {
            failures = error.diagnoses
        }
    }

    private mutating func inspect(
        _ plan: LaunchPlan, _ origin: FetchSources, _ inherited: [UInt8], _ arguments: [[UInt8]]
    ) throws(RefreshFailure) {
        var fetchPlan = try RefreshFailure.of { () throws(Diagnosis) in try FetchPlan(plan) }
        let memory = DeliveryState(key: [])
        var comparison = Comparison(memory, through: origin.client, retryPolicy: origin.retryPolicy)
        var fetchedSet = FetchedSet()
        try fetchedSet.expand(&fetchPlan, plan, &comparison, origin, isFirst: true)
        let (objects, optional) = (fetchPlan.sources.compactMap(\.object), fetchPlan.optional)
        let outcomes = origin.client.fetch(
            objects, into: &fetchedSet.set, optional: optional, retryPolicy: origin.retryPolicy)
        for (object, outcome) in zip(objects, outcomes) {
            entries.append(
                Entry(
                    object: object, outcome: outcome.mapError(\.diagnosis), isOptional: optional.contains(object),
                    destinations: fetchPlan.destinations(of: .object(object))))
        }
        try fetchedSet.note(objects, outcomes, optional, delivered: memory.delivered, origin.wallClock)
        try fetchedSet.fetch(fetchPlan.sources.filter { $0.object == nil }, fetchPlan, origin, memory)
        try fetchedSet.compose(fetchPlan, origin.wallClock)
        for case (.token(let resource), let record) in fetchedSet.sources.map({ ($0.source, $0.record) }) {
            tokens.append(
                Token(
                    resource: resource, expires: record.expires ?? 0,
                    destinations: fetchPlan.destinations(of: .token(resource))))
        }
        warnings += fetchedSet.warnings
        fileBytes = fetchedSet.items.reduce(0) { $0 + ($1.item.path == nil ? 0 : $1.slot.count) }
        let paths = fetchedSet.items.compactMap(\.item.path)
        try RefreshFailure.of { () throws(GenerationError) in try DeliveryDirectories.check(paths: paths) }
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
    fileprivate func destinations(of source: ValueSource) -> [Inspection.Destination] {
        items.filter { sources(of: $0).contains(source) }.map { item in
            Inspection.Destination(target: item.target.label, mode: item.mode, location: item.location.description)
        }
    }
}
