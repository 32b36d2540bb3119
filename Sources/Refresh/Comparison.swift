import HTTPTransport
import KeyVault
import LaunchConfiguration
import LinuxSystem
import Messages
import Secrets

/// Finds out what an attempt has to fetch, with as few requests as possible.
///
/// 1. A pinned version never changes: it is fetched only once.
/// 2. A vault's list compares 25 secrets a request. It is read if a bulk selection needs it, or if it takes fewer
///    requests than one for each secret. If a list is longer than expected, reading it stops and its length is
///    remembered. A refusal of the list is remembered for an hour.
/// 3. A secret is unchanged if the list has it enabled and with the `updated` that it had when it was fetched, unless
///    it was fetched in the same second in which it changed.
/// 4. Everything else is fetched: certificates, keys, and secrets about which the list does not say enough.
struct Comparison {
    private let memory: DeliveryState
    private let origin: FetchSources
    /// By vault, then by name in lower case.
    private var listings: [VaultAddress: [String: ListedSecret]] = [:]
    private var lists: [VaultAddress: [ListedSecret]] = [:]
    /// What is known of the vaults, by URL.
    private(set) var vaults: [String: VaultState]
    /// To be logged at once.
    private(set) var notices: [Message] = []

    static let refusalMemory = Duration.seconds(3600)

    init(_ memory: DeliveryState, _ origin: FetchSources) {
        self.memory = memory
        self.origin = origin
        vaults = memory.vaults
    }

    /// The whole list of a vault, for a bulk selection.
    mutating func list(_ vault: VaultAddress) throws(RefreshFailure) -> [ListedSecret] {
        if let list = lists[vault] { return list }
        switch origin.client.listing(of: origin.actual(vault), retryPolicy: origin.retryPolicy) {
        case .success(let listing):
            note(listing, of: vault)
            lists[vault] = listing.secrets
            return listing.secrets
        case .failure(let error): throw RefreshFailure(error)
        }
    }

    /// All versions of a secret; none if it does not exist.
    func versions(of object: VaultObject) throws(RefreshFailure) -> [ListedSecret] {
        switch origin.client.versions(
            of: object.name, in: origin.actual(object.vault), retryPolicy: origin.retryPolicy)
        {
        case .success(let versions): return versions
        case .failure(let error): throw RefreshFailure(error)
        }
    }

    /// The objects that have to be fetched.
    mutating func changed(
        among objects: [VaultObject], optional: Set<VaultObject>, at now: BootInstant
    ) throws(RefreshFailure) -> [VaultObject] {
        // A first attempt has nothing to compare with.
        if memory.records.isEmpty && memory.missing.isEmpty { return objects }
        let open = objects.filter { memory.records[$0.url] == nil || $0.version == nil }  // (1)
        for (vault, members) in Dictionary(grouping: open.filter(isComparable), by: \.vault) {
            try readList(of: vault, for: members.count, at: now)  // (2)
        }
        return open.filter { !isUnchanged($0, isOptional: optional.contains($0)) }  // (3), (4)
    }

    private func isComparable(_ object: VaultObject) -> Bool {
        object.kind == .secret && object.version == nil
            && (memory.records[object.url] != nil || memory.missing.contains(object.url))
    }

    private mutating func readList(
        of vault: VaultAddress, for count: Int, at now: BootInstant
    ) throws(RefreshFailure) {
        let known = vaults[origin.actual(vault).url] ?? VaultState()
        let isRefused = known.refusedAt.map { now - BootInstant(nanoseconds: $0) < Self.refusalMemory } ?? false
        guard listings[vault] == nil, count > max(known.pages, 1), !isRefused else { return }
        switch origin.client.listing(of: origin.actual(vault), atMost: count - 1, retryPolicy: origin.retryPolicy) {
        case .success(let listing): note(listing, of: vault)
        case .failure(let error) where error.isOfListOnly:
            vaults[origin.actual(vault).url, default: VaultState()].refusedAt = now.nanoseconds
            if known.refusedAt == nil {
                var message = Message(.info, error.diagnosis)
                message.diagnosis.text += "; each secret is asked for instead, and the list again in an hour"
                notices.append(message)
            }
        case .failure(let error): throw RefreshFailure(error)
        }
    }

    private mutating func note(_ listing: VaultListing, of vault: VaultAddress) {
        vaults[origin.actual(vault).url, default: VaultState()].refusedAt = nil
        vaults[origin.actual(vault).url, default: VaultState()].pages = Int64(
            listing.pages + (listing.isComplete ? 0 : 1))
        guard listing.isComplete else { return }
        listings[vault] = Dictionary(listing.secrets.map { ($0.name.lowercased(), $0) }) { $1 }
    }

    private func isUnchanged(_ object: VaultObject, isOptional: Bool) -> Bool {
        guard isComparable(object), let listing = listings[object.vault] else { return false }
        guard let listed = listing[object.name.lowercased()], listed.attributes.enabled else {
            return isOptional && memory.missing.contains(object.url)
        }
        guard let record = memory.records[object.url], let updated = listed.attributes.updated else { return false }
        return record.isSettled && record.updated == updated && record.standIn == origin.standIn(of: object)
    }
}
