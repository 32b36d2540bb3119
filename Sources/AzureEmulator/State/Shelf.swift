/// When an object of a vault may be used, and when it came and changed; whole seconds since 1970.
package struct Attributes: Equatable, Sendable {
    package var enabled = true
    package var notBefore: Int?
    package var expires: Int?
    package var created: Int?
    package var updated: Int?

    package init(enabled: Bool = true, notBefore: Int? = nil, expires: Int? = nil, created: Int? = nil) {
        self.enabled = enabled
        self.notBefore = notBefore
        self.expires = expires
        self.created = created
        updated = created
    }
}

/// One version of a secret, key or certificate.
package struct Version<Content: Sendable>: Sendable {
    /// 32 hexadecimal digits; empty for what has no versions (a managed storage secret).
    package var id: String
    package var content: Content
    package var attributes: Attributes
    package var tags: [String: String]?
    /// Made by the vault itself for a certificate.
    package var managed: Bool

    package init(
        id: String, content: Content, attributes: Attributes, tags: [String: String]? = nil, managed: Bool = false
    ) {
        self.id = id
        self.content = content
        self.attributes = attributes
        self.tags = tags
        self.managed = managed
    }
}

/// All versions of one object, in the order in which they were made; the last one is the current.
package struct Record<Content: Sendable>: Sendable {
    package var name: String
    package var versions: [Version<Content>]

    package var current: Version<Content> { versions[versions.count - 1] }
}

/// An object that was deleted and can still be recovered.
package struct DeletedRecord<Content: Sendable>: Sendable {
    package var record: Record<Content>
    package var deleted: Int
    package var purged: Int
}

/// Why a shelf did not do what it was asked.
package enum ShelfError: Error, Equatable {
    case notFound
    case deletedButRecoverable
    case notDeleted
    case alreadyExists
    case managed
}

/// The secrets, keys or certificates of one vault: pure, knows neither clock nor network. Names are compared without
/// regard to case and keep the case in which they came first, as in Key Vault.
package struct Shelf<Content: Sendable>: Sendable {
    private var records: [String: Record<Content>] = [:]
    private var deleted: [String: DeletedRecord<Content>] = [:]
    /// Upper-case names in their order; a vault with 10,000 secrets is listed in 400 pages, so it is kept.
    private var order: [String] = []
    private var deletedOrder: [String] = []

    package init() {}

    package var count: Int { order.count }
    package var names: [String] { order.compactMap { records[$0]?.name } }

    package func record(_ name: String) -> Record<Content>? { records[name.uppercased()] }

    package func isDeleted(_ name: String) -> Bool { deleted[name.uppercased()] != nil }

    /// A version by its id, the current one for none.
    package func version(_ name: String, _ id: String?) throws(ShelfError) -> (String, Version<Content>) {
        guard let record = records[name.uppercased()] else { throw .notFound }
        guard let id, !id.isEmpty else { return (record.name, record.current) }
        guard let version = record.versions.first(where: { $0.id == id.lowercased() }) else { throw .notFound }
        return (record.name, version)
    }

    /// Makes a version the current one.
    package mutating func add(_ version: Version<Content>, to name: String) throws(ShelfError) -> String {
        let key = name.uppercased()
        guard deleted[key] == nil else { throw .deletedButRecoverable }
        if var record = records[key] {
            if record.current.managed, !version.managed { throw .managed }
            record.versions.append(version)
            records[key] = record
            return record.name
        }
        records[key] = Record(name: name, versions: [version])
        Self.insert(key, into: &order)
        return name
    }

    /// Changes one version in place, the current one for no id.
    package mutating func update(
        _ name: String, _ id: String?, _ change: (inout Version<Content>) -> Void
    ) throws(ShelfError) -> (String, Version<Content>) {
        let key = name.uppercased()
        guard var record = records[key] else { throw .notFound }
        let wanted = id?.lowercased() ?? ""
        guard let index = record.versions.lastIndex(where: { wanted.isEmpty || $0.id == wanted }) else {
            throw .notFound
        }
        change(&record.versions[index])
        records[key] = record
        return (record.name, record.versions[index])
    }

    /// Takes an object off the shelf; it can be recovered for the given number of days.
    package mutating func delete(_ name: String, now: Int, days: Int) throws(ShelfError) -> DeletedRecord<Content> {
        let key = name.uppercased()
        guard let record = records.removeValue(forKey: key) else { throw .notFound }
        Self.remove(key, from: &order)
        let removed = DeletedRecord(record: record, deleted: now, purged: now + days * 86_400)
        deleted[key] = removed
        Self.insert(key, into: &deletedOrder)
        return removed
    }

    package func deletedRecord(_ name: String) throws(ShelfError) -> DeletedRecord<Content> {
        guard let record = deleted[name.uppercased()] else { throw .notDeleted }
        return record
    }

    package mutating func recover(_ name: String) throws(ShelfError) -> Record<Content> {
        let key = name.uppercased()
        if records[key] != nil { throw .alreadyExists }
        guard let removed = deleted.removeValue(forKey: key) else { throw .notDeleted }
        Self.remove(key, from: &deletedOrder)
        records[key] = removed.record
        Self.insert(key, into: &order)
        return removed.record
    }

    package mutating func purge(_ name: String) throws(ShelfError) {
        let key = name.uppercased()
        guard deleted.removeValue(forKey: key) != nil else { throw .notDeleted }
        Self.remove(key, from: &deletedOrder)
    }

    /// A page of records from a marker on (an upper-case name; nil for the beginning), and the next page's marker.
    package func page(from marker: String?, count: Int) -> ([Record<Content>], String?) {
        let (keys, next) = Self.slice(order, from: marker, count: count)
        return (keys.compactMap { records[$0] }, next)
    }

    package func deletedPage(from marker: String?, count: Int) -> ([DeletedRecord<Content>], String?) {
        let (keys, next) = Self.slice(deletedOrder, from: marker, count: count)
        return (keys.compactMap { deleted[$0] }, next)
    }

    /// A page of one object's versions, sorted by id as Key Vault does; none for an unknown name.
    package func versionsPage(
        _ name: String, from marker: String?, count: Int
    ) -> (String, [Version<Content>], String?) {
        guard let record = records[name.uppercased()] else { return (name, [], nil) }
        let sorted = record.versions.sorted { $0.id < $1.id }
        let rest = sorted.drop { $0.id.uppercased() < (marker ?? "") }
        let next = rest.dropFirst(count).first?.id.uppercased()
        return (record.name, Array(rest.prefix(count)), next)
    }

    private static func position(of key: String, in keys: [String]) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func insert(_ key: String, into keys: inout [String]) {
        keys.insert(key, at: position(of: key, in: keys))
    }

    private static func remove(_ key: String, from keys: inout [String]) {
        let index = position(of: key, in: keys)
        if index < keys.count, keys[index] == key { keys.remove(at: index) }
    }

    private static func slice(
        _ keys: [String], from marker: String?, count: Int
    ) -> (ArraySlice<String>, String?) {
        let start = marker.map { position(of: $0, in: keys) } ?? 0
        let end = min(keys.count, start + count)
        return (keys[start..<end], end < keys.count ? keys[end] : nil)
    }
}
