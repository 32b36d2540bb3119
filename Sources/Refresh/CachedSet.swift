import Glibc
import KeyVault
package import LaunchConfiguration
package import LinuxSystem
import Messages
import Secrets
import WorkerProtocol

/// The last delivered set, for a start without identity or vault (`--cache`).
///
/// It is used only if every target has the same recipe as when the set was cached, and only for the same identity
/// (`IdentityDecision.subject`), because another one may not be allowed to read it.
///
/// The file: a line with the length of the notes, the notes (`CacheNotes`), then all values in the order of the notes.
/// Latchkey writes the file itself, but reads it as if an enemy had written it.
package struct CachedSet: ~Copyable {
    private let values: SecretSet
    private let slots: [String: SecretSet.Slot]
    private let notes: CacheNotes
    private let fetchPlan: FetchPlan
    /// How long ago the vault confirmed it.
    package let age: Duration

    /// The limit of a cached set in bytes.
    private static let sizeLimit = 64 << 20
    fileprivate static let mark = "latchkey-cache-4 "

    /// Reads a cached set for a plan; nil if it does not fit or is too old.
    package static func read(
        _ file: borrowing OwnedDescriptor, for plan: LaunchPlan, as identity: String, at now: CacheTime
    ) -> CachedSet? {
        guard let (notes, start) = try? notes(file) else { return nil }
        let age = now.since(notes.deliveredAt)
        guard age >= .zero, age <= plan.refresh.maxStale, notes.identity == identity,
            notes.selections == plan.selections.map(\.signature), var fetchPlan = try? FetchPlan(plan)
        else { return nil }
        fetchPlan.add(notes.listed, plan)
        var recipes: [String: String] = [:]
        for (target, recipe) in fetchPlan.recipes { recipes[target.label] = recipe }
        guard recipes == notes.memory.delivered.recipes else { return nil }
        var set = SecretSet()
        guard let slots = try? values(file, from: start, notes, into: &set) else { return nil }
        return CachedSet(values: set, slots: slots, notes: notes, fetchPlan: fetchPlan, age: age)
    }

    /// The set as if it had just been fetched.
    package consuming func fetchedSet(wallClock now: Int64) throws(RefreshFailure) -> FetchedSet {
        let (notes, fetchPlan, slots) = (notes, fetchPlan, slots)
        var fetchedSet = FetchedSet(set: takeValues())
        fetchedSet.recipes = fetchPlan.recipes
        fetchedSet.vaults = notes.memory.vaults
        for item in fetchPlan.items { fetchedSet.reused[item.target] = slots[item.target.label] }
        fetchedSet.recall(fetchPlan.sources, notes.memory)
        try fetchedSet.compose(fetchPlan, now)
        return fetchedSet
    }

    private consuming func takeValues() -> SecretSet { values }

    private static func notes(_ file: borrowing OwnedDescriptor) throws(WireError) -> (CacheNotes, end: Int) {
        let first = try bytes(file, 0, mark.utf8.count + 12)
        guard first.starts(with: mark.utf8), let end = first.firstIndex(of: UInt8(ascii: "\n")),
            let length = Int(String(decoding: first[mark.utf8.count..<end], as: UTF8.self)), 0..<sizeLimit ~= length
        else { throw WireError("a cache of another version") }
        return (try CacheNotes(decoding: try bytes(file, end + 1, length)), end + 1 + length)
    }

    private static func values(
        _ file: borrowing OwnedDescriptor, from start: Int, _ notes: CacheNotes, into set: inout SecretSet
    ) throws(SystemError) -> [String: SecretSet.Slot]? {
        var rest = Int(clamping: try file.status().size) - start
        guard rest <= sizeLimit else { return nil }
        for value in notes.values {
            guard 0...rest ~= value.count else { return nil }
            rest -= value.count
        }
        guard rest == 0 else { return nil }
        var position = start
        var slots: [String: SecretSet.Slot] = [:]
        for value in notes.values {
            let bytes = try SecretBytes(count: value.count) { room throws(SystemError) in
                guard try file.read(into: &room, at: position) else { throw SystemError(call: "pread", code: EIO) }
            }
            slots[value.label] = bytes.withBytes { set.append($0) }
            position += value.count
        }
        return slots
    }

    /// The parts that are not secret.
    private static func bytes(
        _ file: borrowing OwnedDescriptor, _ position: Int, _ count: Int
    ) throws(WireError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var room = bytes.mutableSpan
        guard (try? file.read(into: &room, at: position)) == true else { throw WireError("a cache that is cut off") }
        return bytes
    }
}

/// When a set was delivered: by a clock that nobody sets, for as long as the machine runs, and by the calendar after that.
package struct CacheTime: Sendable, Equatable {
    /// By `CLOCK_BOOTTIME`.
    var sinceBoot: BootInstant
    /// In seconds since 1970.
    var wallClock: Int64
    /// The boot's random id (random(4), `boot_id`).
    var boot: String

    package init(sinceBoot: BootInstant = .now, wallClock: Int64, boot: String = MachineIdentity.boot) {
        self.sinceBoot = sinceBoot
        self.wallClock = wallClock
        self.boot = boot
    }

    /// The time since an earlier one; negative if a clock was set back.
    func since(_ earlier: CacheTime) -> Duration {
        boot == earlier.boot ? sinceBoot - earlier.sinceBoot : .seconds(wallClock - earlier.wallClock)
    }
}

extension FetchedSet {
    /// Writes the set for the next start, in parts. `memory` is the state after its delivery.
    package borrowing func write(
        for plan: LaunchPlan, as identity: String, _ memory: DeliveryState, at now: CacheTime,
        _ part: (Span<UInt8>) throws(SystemError) -> Void
    ) throws(SystemError) {
        let notes = CacheNotes(
            deliveredAt: now, memory: memory, identity: identity,
            selections: plan.selections.map(\.signature), listed: listed,
            values: items.map { ($0.item.target.label, $0.slot.count) }
        ).encoded
        let start = Array("\(CachedSet.mark)\(notes.count)\n".utf8) + notes
        try part(start.span)
        for slot in items.map(\.slot) { try set.withBytes(of: slot, part) }
    }
}

/// What is cached beside the values.
private struct CacheNotes {
    var deliveredAt: CacheTime
    var memory: DeliveryState
    /// The identity that fetched it.
    var identity: String
    /// The bulk selections, and what lists decided (`FetchPlan.add`).
    var selections: [String]
    var listed: [[String]]
    /// The label of every target, and the number of its bytes.
    var values: [(label: String, count: Int)]

    init(
        deliveredAt: CacheTime, memory: DeliveryState, identity: String, selections: [String], listed: [[String]],
        values: [(label: String, count: Int)]
    ) {
        self.deliveredAt = deliveredAt
        self.memory = memory
        // The digests belong to the old run.
        self.memory.key = []
        self.identity = identity
        self.selections = selections
        self.listed = listed
        self.values = values
    }

    var encoded: [UInt8] {
        var writer = WireWriter()
        writer.write(deliveredAt.sinceBoot.nanoseconds)
        writer.write(deliveredAt.wallClock)
        writer.write(deliveredAt.boot)
        writer.write(memory.encoded)
        writer.write(identity)
        writer.write(list: selections) { $0.write($1) }
        writer.write(list: listed) { writer, names in writer.write(list: names) { $0.write($1) } }
        writer.write(list: values) { writer, value in
            writer.write(value.label)
            writer.write(Int64(value.count))
        }
        return writer.bytes
    }

    init(decoding bytes: [UInt8]) throws(WireError) {
        var reader = WireReader(bytes[...])
        deliveredAt = CacheTime(
            sinceBoot: BootInstant(nanoseconds: try reader.readInteger(in: 0...Int64.max)),
            wallClock: try reader.readInteger(in: 0...(1 << 40)), boot: try reader.readString())
        memory = try DeliveryState(decoding: try reader.readBytes())
        identity = try reader.readString()
        selections = try reader.readList(atMost: 10_000) { reader throws(WireError) in try reader.readString() }
        listed = try reader.readList(atMost: 10_000) { reader throws(WireError) in
            try reader.readList(atMost: 100_000) { reader throws(WireError) in try reader.readString() }
        }
        values = try reader.readList(atMost: 100_000) { reader throws(WireError) in
            (try reader.readString(), Int(try reader.readInteger(in: 0...(1 << 30))))
        }
        try reader.end()
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
