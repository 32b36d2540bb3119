package import LinuxSystem

/// The directory in which the child finds its files: generations, one link to the current one, and links through it.
///
/// ## How a generation is written
///
/// 1. The files' paths are checked.
/// 2. Stock is taken: what is here, and what of it is ours. Something foreign where a name of ours must stand is a
///    refusal, before anything is changed.
/// 3. What an earlier end left half done is removed: a half-written generation, a link that was not renamed. (A link
///    that is made but not yet renamed wedges a writer that does not expect it.)
/// 4. If the current generation holds the same bytes with the same modes and owners, there is nothing to do.
/// 5. `..latchkey.part` is made. What is in it can't be seen from `..data`.
/// 6. Every file is made there (it must be new), written, given its owner, its mode and the generation's time.
///    Then the directories get their owner and mode.
/// 7. The directory gets the generation's name, which nothing has had yet.
/// 8. Top-level links that are missing are made. They lead through `..data`, so new names appear with step 9.
/// 9. `..data.new` is made, a link to the new generation, and renamed to `..data`. This is the one step that readers
///    see: before it all is old, after it all is new.
/// 10. Top-level links to what the generation does not have are removed.
/// 11. SecretsDirectory other than the new one and the one before it are removed, but for the one that a rollback returns to
///     where that is to stay.
///
/// A failure before step 9 undoes 5 to 8. A killed writer leaves what step 3, 10 and 11 of the next one remove.
///
/// Not promised: that a reader who opens two files through two top-level links sees one generation (it must open
/// `..data` once), or that what somebody else puts into a generation's directory stays reachable; it is not removed.
package final class SecretsDirectory: Sendable {
    let directory: Directory
    /// Absolute; what `LATCHKEY_SECRETS` says.
    package let path: String
    package let owner: DeliveryOwner
    /// Whether it is a mount root that others can write: it was not ours to make, its mode stays.
    package let isShared: Bool
    /// Whether it is tmpfs or ramfs.
    package let isMemory: Bool
    /// Whether `--directory` named it: then the descriptor holds a lock on the directory itself.
    package let isNamed: Bool
    /// Whether this run made the directory, and a clean stop may remove it.
    package let isOurs: Bool

    init(
        directory: consuming Directory, path: String, owner: DeliveryOwner, isShared: Bool, isMemory: Bool,
        isNamed: Bool, isOurs: Bool
    ) {
        self.directory = directory
        self.path = path
        self.owner = owner
        self.isShared = isShared
        self.isMemory = isMemory
        self.isNamed = isNamed
        self.isOurs = isOurs
    }

    /// The directory's descriptor, to hand on.
    package var descriptor: CInt { directory.descriptor.number }

    /// Whether its memory can be swapped out.
    package func swapExposure() throws(GenerationError) -> SwapExposure {
        try map { () throws(SystemError) in try directory.swapExposure() }
    }

    /// Runs `body` with the owner's rights.
    func perform<Value: ~Copyable>(_ body: () throws(GenerationError) -> Value) throws(GenerationError) -> Value {
        try owner.perform(in: path, body)
    }

    /// Says of a failed call what it means for this directory.
    func failure(_ error: SystemError, bytes: Int = 0, files: Int = 0) -> GenerationError {
        .failed(error, in: directory, path, bytes: bytes, files: files)
    }

    func map<Value>(_ body: () throws(SystemError) -> Value) throws(GenerationError) -> Value {
        do {
            return try body()
        } catch {
            throw failure(error)
        }
    }
}

/// What is in a secrets directory, and what of it is ours.
struct Stock {
    /// Where `..data` leads.
    var current: GenerationName?
    /// All of ours, the oldest first.
    var generations: [GenerationName] = []
    /// The top-level links through `..data`.
    var links: Set<FileName> = []
    /// Everything else.
    var strangers: Set<FileName> = []
    var hasPart = false
    var hasNewData = false
    var hasData = false

    /// The generation before the current one.
    var previous: GenerationName? {
        guard let current else { return nil }
        return generations.last { $0 < current }
    }

    /// What a rollback returns to: the oldest that was kept.
    var rollbackTarget: GenerationName? {
        guard let current else { return nil }
        return generations.first { $0 < current }
    }
}

extension SecretsDirectory {
    /// The regular files of ours beside the generations.
    static let ownFiles: [FileName] = [.pid, .newPID, .ownCache, .ownNewCache]

    /// Looks at every name once. Ours is what has the right name, the right form, the right content and our owner.
    func stock() throws(GenerationError) -> Stock {
        var stock = Stock()
        var target: GenerationName?
        let names = try map { () throws(SystemError) in try directory.names() }
        for name in names {
            let status = try map { () throws(SystemError) in try directory.status(of: name) }
            guard let status else { continue }
            guard status.user == owner.user else {
                stock.strangers.insert(name)
                continue
            }
            switch status.kind {
            case .directory:
                if name == .part {
                    stock.hasPart = true
                } else if let generation = GenerationName(name.bytes) {
                    stock.generations.append(generation)
                } else {
                    stock.strangers.insert(name)
                }
            case .link:
                let link = try map { () throws(SystemError) in try directory.linkTarget(name) } ?? []
                if name == .data, let generation = GenerationName(link) {
                    stock.hasData = true
                    target = generation
                } else if name == .newData, GenerationName(link) != nil {
                    stock.hasNewData = true
                } else if link == name.linkTarget {
                    stock.links.insert(name)
                } else {
                    stock.strangers.insert(name)
                }
            case .regular, .other:
                if !Self.ownFiles.contains(name) { stock.strangers.insert(name) }
            }
        }
        stock.generations.sort()
        stock.current = target.flatMap { stock.generations.contains($0) ? $0 : nil }
        return stock
    }

    /// Refuses what is foreign and has a name that is needed.
    func refuse(_ stock: Stock, needing names: Set<FileName>) throws(GenerationError) {
        let needed = names.union([.data, .newData, .part])
        if let stranger = needed.intersection(stock.strangers).map(\.description).min() {
            throw .refused(directory: path, .inTheWay(stranger))
        }
    }
}
