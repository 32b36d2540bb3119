import Delivery
import KeyVault
package import LaunchConfiguration
package import LinuxSystem
import Messages
import Secrets
package import SecretsDirectory
import WorkerProtocol

/// The last delivered set, for a start without identity or vault (`--cache memory`).
///
/// It is used only if every target has the same recipe as when the set was cached, and only for the same identity
/// (`IdentityDecision.subject`), because another one may not be allowed to read it.
package struct CachedSet: ~Copyable {
    private let cache: GenerationCache
    private let memory: DeliveryState
    private let fetchPlan: FetchPlan
    /// How long ago the vault confirmed it.
    package let age: Duration

    private init(_ cache: consuming GenerationCache, _ memory: DeliveryState, _ fetchPlan: FetchPlan, age: Duration) {
        self.cache = cache
        self.memory = memory
        self.fetchPlan = fetchPlan
        self.age = age
    }

    /// Finds a cached set for a plan; nil if there is none that fits.
    package static func find(
        for plan: LaunchPlan, as identity: String, in directories: DeliveryDirectories, at now: BootInstant
    ) -> CachedSet? {
        guard let cache = try? GenerationCache.read(from: directories) else { return nil }
        let age = now - cache.deliveredAt
        guard age >= .zero, age <= plan.refresh.maxStale, let notes = try? CacheNotes(decoding: cache.notes),
            notes.identity == identity, notes.selections == plan.selections.map(\.signature),
            var fetchPlan = try? FetchPlan(plan)
        else { return nil }
        for (selection, names) in zip(plan.selections, notes.selected) { fetchPlan.add(selection, names: names) }
        var recipes: [String: String] = [:]
        for (target, recipe) in fetchPlan.recipes { recipes[target.name] = recipe }
        guard recipes == notes.memory.delivered.recipes else { return nil }
        return CachedSet(cache, notes.memory, fetchPlan, age: age)
    }

    /// The set as if it had just been fetched.
    package consuming func fetchedSet(wallClock now: Int64) throws(RefreshFailure) -> FetchedSet {
        var kept: [Target: SecretSet.Slot] = [:]
        for file in cache.generation.files { kept[.file(file.path)] = file.content }
        for variable in cache.generation.environment {
            if case .secret(let slot) = variable.value { kept[.variable(variable.name)] = slot }
        }
        let (memory, fetchPlan) = (memory, fetchPlan)
        var fetchedSet = FetchedSet(set: cache.takeSecrets())
        fetchedSet.recipes = fetchPlan.recipes
        fetchedSet.vaults = memory.vaults
        fetchedSet.reused = kept
        fetchedSet.recall(fetchPlan.objects, memory)
        try fetchedSet.compose(fetchPlan, fetchPlan.objects, now)
        return fetchedSet
    }
}

extension FetchedSet {
    /// Caches the set for the next start. `memory` is the state after its delivery.
    package borrowing func keep(
        in directories: DeliveryDirectories, for plan: LaunchPlan, as identity: String, _ memory: DeliveryState,
        at now: BootInstant
    ) throws(GenerationError) {
        var chosen: [String: FetchedVariable] = [:]
        for variable in variables {
            if let other = chosen[variable.name], other.origin > variable.origin { continue }
            chosen[variable.name] = variable
        }
        let generation = Generation(
            files: files.map { Generation.File(path: $0.path, content: $0.slot, mode: $0.mode) },
            environment: chosen.values.sorted { $0.name < $1.name }.map { variable in
                EnvironmentAssignment(
                    name: variable.name, value: .secret(variable.slot), origin: variable.origin,
                    location: variable.location)
            })
        let notes = CacheNotes(
            memory: memory, identity: identity, selections: plan.selections.map(\.signature), selected: selected)
        try GenerationCache.write(generation, from: set, at: now, notes: notes.encoded, to: directories)
    }
}

/// What is cached beside the values.
private struct CacheNotes {
    var memory: DeliveryState
    /// The identity that fetched it.
    var identity: String
    /// The bulk selections, and the names that each found.
    var selections: [String]
    var selected: [[String]]

    init(memory: DeliveryState, identity: String, selections: [String], selected: [[String]]) {
        self.memory = memory
        self.identity = identity
        // The digests belong to the old run.
        self.memory.key = []
        self.selections = selections
        self.selected = selected
    }

    var encoded: [UInt8] {
        var writer = WireWriter()
        writer.write(memory.encoded)
        writer.write(identity)
        writer.write(list: selections) { $0.write($1) }
        writer.write(list: selected) { writer, names in writer.write(list: names) { $0.write($1) } }
        return writer.bytes
    }

    init(decoding bytes: [UInt8]) throws(WireError) {
        var reader = WireReader(bytes[...])
        memory = try DeliveryState(decoding: try reader.readBytes())
        identity = try reader.readString()
        selections = try reader.readList(atMost: 10_000) { reader throws(WireError) in try reader.readString() }
        selected = try reader.readList(atMost: 10_000) { reader throws(WireError) in
            try reader.readList(atMost: 100_000) { reader throws(WireError) in try reader.readString() }
        }
        try reader.end()
        guard selected.count == selections.count else { throw WireError("selections that do not fit") }
    }
}

extension BulkSelection {
    /// The parts that decide which secrets it finds and how they are delivered.
    fileprivate var signature: String {
        let tags = tags.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return ([vault.url, prefix, target.rawValue, naming.rawValue] + tags).joined(separator: "\u{0}")
    }
}

extension RefreshFailure {
    /// Identity or vault can't be reached now: a start may use the cache. It may not use the cache if either of them
    /// refuses or does not have the object, or if the machine has no identity: then the one who asks may no longer be
    /// allowed to read the secrets.
    package var isOutage: Bool {
        !diagnoses.isEmpty && diagnoses.allSatisfy { $0.exitCode == .temporary }
    }

    /// The vault or Entra has refused access: the cache must be removed.
    package var isRefusal: Bool {
        diagnoses.contains {
            ($0.exitCode == .denied && $0.code != .identityNone) || $0.code == .secretMissing
        }
    }
}
