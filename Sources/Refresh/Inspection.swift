import Cryptography
package import Delivery
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

    /// How a fallback vault compares with the vault that it stands in for.
    package struct Fallback: Sendable {
        package let vault: VaultAddress
        package let standIn: VaultAddress
        package var lacking: [String] = []
        package var different: [String] = []
        package var failure: Diagnosis?
    }

    package private(set) var entries: [Entry] = []
    package private(set) var fallbacks: [Fallback] = []
    private var digests: [VaultObject: [UInt8]] = [:]
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
        var turns = FallbackTurns(plan.fallbacks)
        while true {
            var current = origin
            current.standIns = turns.standIns
            current.retryPolicy = turns.share(of: origin.retryPolicy)
            (entries, warnings) = ([], turns.notices(since: [:]))
            do throws(RefreshFailure) {
                try inspect(plan, current, inherited, arguments)
                break
            } catch {
                guard turns.advance(after: error, within: origin.retryPolicy) else {
                    failures = turns.failure(error).diagnoses
                    break
                }
            }
        }
        if turns.standIns.isEmpty { compareFallbacks(plan, origin) }
    }

    /// What each fallback lacks or has differently: names, not values.
    private mutating func compareFallbacks(_ plan: LaunchPlan, _ origin: FetchSources) {
        for (vault, others) in plan.fallbacks.sorted(by: { $0.key.url < $1.key.url }) {
            let objects = entries.filter { $0.object.vault == vault && (try? $0.outcome.get()) != nil }.map(\.object)
            for other in others {
                var current = origin
                current.standIns = [vault: other]
                var set = SecretSet()
                let outcomes = current.client.fetch(
                    objects.map { current.actual($0) }, into: &set, retryPolicy: origin.retryPolicy)
                var fallback = Fallback(vault: vault, standIn: other)
                for (object, outcome) in zip(objects, outcomes) {
                    switch outcome {
                    case .success(let value):
                        let digest = set.withBytes(of: value.slot) { Self.digest($0, origin) }
                        if digest != digests[object] { fallback.different.append(object.name) }
                    case .failure(let error) where error.isGone: fallback.lacking.append(object.name)
                    case .failure(let error): fallback.failure = fallback.failure ?? error.diagnosis
                    }
                }
                fallbacks.append(fallback)
            }
        }
    }

    private static func digest(_ value: Span<UInt8>, _ origin: FetchSources) -> [UInt8] {
        hmacSHA256(value, key: origin.key.span)
    }

    private mutating func inspect(
        _ plan: LaunchPlan, _ origin: FetchSources, _ inherited: [UInt8], _ arguments: [[UInt8]]
    ) throws(RefreshFailure) {
        var fetchPlan = try RefreshFailure.of { () throws(Diagnosis) in try FetchPlan(plan) }
        let memory = DeliveryState(key: [])
        var comparison = Comparison(memory, origin)
        var fetchedSet = FetchedSet()
        try fetchedSet.expand(&fetchPlan, plan, &comparison, origin, isFirst: true)
        let (objects, optional) = (fetchPlan.sources.compactMap(\.object), fetchPlan.optional)
        let outcomes = origin.client.fetch(
            objects.map { origin.actual($0) }, into: &fetchedSet.set, optional: Set(optional.map { origin.actual($0) }),
            retryPolicy: origin.retryPolicy)
        for (object, outcome) in zip(objects, outcomes) {
            if let value = try? outcome.get() {
                digests[object] = fetchedSet.set.withBytes(of: value.slot) { Self.digest($0, origin) }
            }
            entries.append(
                Entry(
                    object: object, outcome: outcome.mapError(\.diagnosis), isOptional: optional.contains(object),
                    destinations: fetchPlan.destinations(of: .object(object))))
        }
        try fetchedSet.note(objects, outcomes, optional, origin, memory)
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
        let environment = try fetchedSet.environment(plan, inherited, arguments)
        environmentBytes = (try? MemoryFile.size(of: environment)) ?? 0
    }
}

extension FetchedSet {
    /// The command's environment in a memory file, with a run's checks; nothing else is delivered.
    fileprivate borrowing func environment(
        _ plan: LaunchPlan, _ inherited: [UInt8], _ arguments: [[UInt8]]
    ) throws(RefreshFailure) -> OwnedDescriptor {
        let file: OwnedDescriptor
        do throws(SystemError) {
            file = try MemoryFile.create(name: "latchkey-environment")
        } catch {
            throw RefreshFailure([Diagnosis(.systemRefused, exit: .system, error.description)])
        }
        let task = DeliveryTask(inherited: inherited, secrets: nil, environmentFile: file.number, arguments: arguments)
        var memory = DeliveryState(key: [])
        _ = try deliver(task, plan, updating: &memory)
        return file
    }

    /// The variables that a run would deliver, by name, with their values in the set: no inherited one.
    package mutating func variables(_ plan: LaunchPlan) throws(RefreshFailure) -> [SetFile.Member] {
        let file = try environment(plan, [], [])
        let values = DeliveredValues(environment: file.number, secrets: nil)
        return values.variables.compactMap { name in
            values.append(.variable(name), to: &set).map { SetFile.Member(name: name, value: $0) }
        }
    }
}

extension FetchPlan {
    fileprivate func destinations(of source: ValueSource) -> [Inspection.Destination] {
        items.filter { sources(of: $0).contains(source) }.map { item in
            Inspection.Destination(target: item.target.label, mode: item.mode, location: item.location.description)
        }
    }
}
