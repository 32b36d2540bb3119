package import LinuxSystem

/// The directory in which the child finds its files: generations, a link to the current one, and links through that
/// link.
///
/// ## How a generation is written
///
/// 1. The files' paths are checked.
/// 2. The directory is listed: what is here, and what of it is ours. A foreign entry with a name that we need is
///    refused before anything is changed.
/// 3. What an interrupted write left is removed: a half-written generation, a link that was not renamed. (A writer that
///    does not expect such a link would fail for ever.)
/// 4. If the current generation holds the same bytes with the same modes and owners, the write ends here.
/// 5. `..latchkey.part` is made. Readers can't see it through `..data`.
/// 6. Every file is made there (it must be new), written, given its owner, its mode and the generation's time.
///    Then the directories get their owner and mode.
/// 7. The directory gets the generation's name, which is new.
/// 8. Top-level links that are missing are made. They lead through `..data`, so new names appear with step 9.
///    A sidecar's writer notes the names of what changes in `..untold`, until somebody was told of them.
/// 9. `..data.new` is made, a link to the new generation, and renamed to `..data`. Readers see this step only: before
///    it all files are old, after it all are new.
/// 10. Top-level links to files that the generation does not have are removed.
/// 11. All generations except the new one and the one before it are removed. If the target of a rollback is to be kept,
///     it stays too.
///
/// A failure before step 9 undoes steps 5 to 8. If a writer is killed, steps 3, 10 and 11 of the next write remove what
/// it left.
///
/// Not promised: a reader that opens two files through two top-level links may see two generations (it must open
/// `..data` once). A file that others put into a generation's directory is not removed, but may become unreachable.
package final class SecretsDirectory: Sendable {
    let directory: Directory
    /// The absolute path; the value of `LATCHKEY_SECRETS`.
    package let path: String
    package let owner: DeliveryOwner
    /// Whether it is the root of a mount that others can write. Its mode is left alone.
    package let isShared: Bool
    /// Whether it is tmpfs or ramfs.
    package let isMemory: Bool
    /// Whether `--directory` names it. Then the descriptor holds a lock on the directory itself.
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

    /// The directory's descriptor, for another process.
    package var descriptor: CInt { directory.descriptor.number }

    /// Whether its memory can be swapped out.
    package func swapExposure() throws(GenerationError) -> SwapExposure {
        try map { () throws(SystemError) in try directory.swapExposure() }
    }

    /// Runs `body` with the owner's rights.
    func perform<Value: ~Copyable>(_ body: () throws(GenerationError) -> Value) throws(GenerationError) -> Value {
        try owner.perform(in: path, body)
    }

    /// Converts the error of a system call in this directory.
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

/// The entries of a secrets directory, and which of them are ours.
struct Stock {
    /// The target of `..data`.
    var current: GenerationName?
    /// All of our generations, the oldest first.
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

    /// The target of a rollback: the oldest generation that was kept.
    var rollbackTarget: GenerationName? {
        guard let current else { return nil }
        return generations.first { $0 < current }
    }
}

extension SecretsDirectory {
    /// Our regular files beside the generations.
    static let ownFiles: [FileName] = [.pid, .newPID, .ownCache, .ownNewCache, .untold, .newUntold]

    /// Looks at every name once. An entry is ours if it has the right name, kind, content and owner.
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

    /// Refuses a foreign entry with a name that we need.
    func refuse(_ stock: Stock, needing names: Set<FileName>) throws(GenerationError) {
        let needed = names.union([.data, .newData, .part])
        if let stranger = needed.intersection(stock.strangers).map(\.description).min() {
            throw .refused(directory: path, .inTheWay(stranger))
        }
    }
}
