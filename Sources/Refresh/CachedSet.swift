import Delivery
package import Generations
import KeyVault
package import LaunchConfiguration
package import LinuxSystem
import Messages
import Secrets
import WorkerProtocol

/// The set that was delivered last, for a start at which identity or vault can't be had (`--cache memory`).
///
/// It is taken only for exactly what is wanted, and for who wants it: every target made as it was when the set was kept,
/// and the same identity (`IdentityDecision.subject`), for another one may not be allowed to read it.
package struct CachedSet: ~Copyable {
    private let cache: GenerationCache
    private let memory: RefreshMemory
    private let demand: Demand
    /// How long ago the vault confirmed it.
    package let age: Duration

    private init(_ cache: consuming GenerationCache, _ memory: RefreshMemory, _ demand: Demand, age: Duration) {
        self.cache = cache
        self.memory = memory
        self.demand = demand
        self.age = age
    }

    /// Looks for one that a plan can be served from; nil where there is none, or none that fits.
    package static func find(
        for plan: LaunchPlan, as identity: String, in place: DeliveryPlace, at now: BootInstant
    ) -> CachedSet? {
        guard let cache = try? GenerationCache.read(from: place) else { return nil }
        let age = now - cache.deliveredAt
        guard age >= .zero, age <= plan.refresh.maxStale, let notes = try? CacheNotes(decoding: cache.notes),
            notes.identity == identity, notes.selections == plan.selections.map(\.signature),
            var demand = try? Demand(plan)
        else { return nil }
        for (selection, names) in zip(plan.selections, notes.selected) { demand.add(selection, names: names) }
        var recipes: [String: String] = [:]
        for (target, recipe) in demand.recipes { recipes[target.name] = recipe }
        guard recipes == notes.memory.delivered.recipes else { return nil }
        return CachedSet(cache, notes.memory, demand, age: age)
    }

    /// The set as if it had just been fetched.
    package consuming func gathered(wallClock now: Int64) throws(RefreshFailure) -> Gathered {
        var kept: [Target: SecretSet.Slot] = [:]
        for file in cache.generation.files { kept[.file(file.path)] = file.content }
        for variable in cache.generation.environment {
            if case .secret(let slot) = variable.value { kept[.variable(variable.name)] = slot }
        }
        let (memory, demand) = (memory, demand)
        var gathered = Gathered(set: cache.takeSecrets())
        gathered.recipes = demand.recipes
        gathered.vaults = memory.vaults
        gathered.reused = kept
        gathered.recall(demand.objects, memory)
        try gathered.compose(demand, demand.objects, now)
        return gathered
    }
}

extension Gathered {
    /// Keeps the set for the next start; `memory` is what its delivery left.
    package borrowing func keep(
        in place: DeliveryPlace, for plan: LaunchPlan, as identity: String, _ memory: RefreshMemory,
        at now: BootInstant
    ) throws(GenerationError) {
        var chosen: [String: GatheredVariable] = [:]
        for variable in variables {
            if let other = chosen[variable.name], other.origin > variable.origin { continue }
            chosen[variable.name] = variable
        }
        let generation = Generation(
            files: files.map { Generation.File(path: $0.path, content: $0.slot, mode: $0.mode) },
            environment: chosen.values.sorted { $0.name < $1.name }.map { variable in
                EnvironmentAssignment(
                    name: variable.name, value: .secret(variable.slot), origin: variable.origin, place: variable.place)
            })
        let notes = CacheNotes(
            memory: memory, identity: identity, selections: plan.selections.map(\.signature), selected: selected)
        try GenerationCache.write(generation, from: set, at: now, notes: notes.encoded, to: place)
    }
}

/// What is kept beside the values.
private struct CacheNotes {
    var memory: RefreshMemory
    /// Who fetched it.
    var identity: String
    /// The bulk selections, and the names that each found.
    var selections: [String]
    var selected: [[String]]

    init(memory: RefreshMemory, identity: String, selections: [String], selected: [[String]]) {
        self.memory = memory
        self.identity = identity
        // Its digests are the old run's own; the settings are those of the next one's command line.
        self.memory.key = []
        self.memory.held = []
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
        memory = try RefreshMemory(decoding: try reader.readBytes())
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
    /// What decides which secrets it finds, and what becomes of them.
    fileprivate var signature: String {
        let tags = tags.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return ([vault.url, prefix, target.rawValue, naming.rawValue] + tags).joined(separator: "\u{0}")
    }
}

extension RefreshFailure {
    /// Identity or vault can't be had now: a start may be served from what was kept. What either of them refuses,
    /// denies or does not have is another matter, and so is a machine without an identity: whoever was allowed to read
    /// the secrets is no longer who asks.
    package var isOutage: Bool {
        !diagnoses.isEmpty && diagnoses.allSatisfy { $0.exitCode == .temporary }
    }

    /// The vault or Entra has said that this is not for us: nothing that was kept of it is ours any more.
    package var isRefusal: Bool {
        diagnoses.contains {
            ($0.exitCode == .denied && $0.code != .identityNone) || $0.code == .secretMissing
        }
    }
}
