import Glibc
import LinuxSystem

/// Lends the bytes of one file of a generation, by its index in the list.
package typealias GenerationContents = (Int, (Span<UInt8>) throws(GenerationError) -> Void) throws(GenerationError) ->
    Void

extension SecretsDirectory {
    /// What a write did.
    package enum Outcome: Equatable, Sendable {
        /// The current generation already had the same files.
        case unchanged
        case written
    }

    /// Makes the files the current generation. On an error, the previous generation stays unchanged.
    ///
    /// With `keepingTarget` the target of a rollback stays the one that it was before this write. `untold` is noted if
    /// files change (`SecretsDirectory.untold`).
    package func write(
        _ files: [GenerationFile], keepingTarget: Bool = false, untold: [String]? = nil, contents: GenerationContents
    ) throws(GenerationError) -> Outcome {
        // (1)
        try GenerationFile.check(files)
        return try perform { () throws(GenerationError) in try write(checked: files, keepingTarget, untold, contents) }
    }

    private func write(
        checked files: [GenerationFile], _ keepingTarget: Bool, _ untold: [String]?, _ contents: GenerationContents
    ) throws(GenerationError) -> Outcome {
        // (2)
        var stock = try stock()
        let tops = Set(files.map(\.path.top))
        try refuse(stock, needing: tops)
        // (3)
        try removeHalfDone(&stock)
        if stock.hasPart { throw .refused(directory: path, .inTheWay(FileName.part.description)) }
        // (4)
        if let current = stock.current, try holds(current, files, contents) {
            try removeStale(on: current, tops: tops, stock, keeping: keepingTarget ? stock.rollbackTarget : nil)
            return .unchanged
        }
        // A run that never had files needs no generation; a run whose last file was removed does.
        if files.isEmpty, stock.current == nil { return .unchanged }
        var made: [FileName] = []
        let generation: GenerationName
        do throws(GenerationError) {
            generation = try prepare(files, contents, number: (stock.generations.last?.number ?? 0) + 1)
            do throws(GenerationError) {
                // (8)
                try makeLinks(tops.subtracting(stock.links), &made)
                if let untold { try noteUntold(untold) }
                // (9)
                try point(to: generation)
            } catch {
                remove(generation)
                throw error
            }
        } catch {
            undo(made)
            throw error
        }
        let kept = [stock.current, keepingTarget ? stock.rollbackTarget : nil]
        stock.generations.append(generation)
        stock.current = generation
        clean(stock, tops: tops, keeping: kept)
        return .written
    }

    /// Steps 5 to 7.
    private func prepare(
        _ files: [GenerationFile], _ contents: GenerationContents, number: UInt64
    ) throws(GenerationError) -> GenerationName {
        let bytes = files.reduce(0) { $0 + $1.size }
        let directories = GenerationFile.directories(of: files)
        func call<Value: ~Copyable>(_ body: () throws(SystemError) -> Value) throws(GenerationError) -> Value {
            do {
                return try body()
            } catch {
                throw failure(error, bytes: bytes, files: files.count + directories.count + 2)
            }
        }
        // (5)
        try call { () throws(SystemError) in try directory.makeDirectory(.part) }
        let part = try call { () throws(SystemError) in try directory.directory(.part) }
        let time = try call { () throws(SystemError) in try timestamp(part) }
        // (6)
        for way in directories { try call { () throws(SystemError) in try part.makeDirectory(at: way) } }
        for (index, file) in files.enumerated() {
            let new = try call { () throws(SystemError) in try part.makeFile(at: file.path) }
            try contents(index) { bytes throws(GenerationError) in
                try call { () throws(SystemError) in try new.write(bytes) }
            }
            try call { () throws(SystemError) in
                try own(new, mode: file.mode ?? owner.fileMode)
                try new.setModified(time)
                if !isMemory { try new.synchronize() }
            }
        }
        try call { () throws(SystemError) in
            for way in directories.reversed() {
                try own(part.directory(at: way).descriptor, mode: owner.directoryMode)
            }
            try own(part.descriptor, mode: owner.directoryMode)
            if !isMemory { try part.descriptor.synchronize() }
        }
        // (7)
        return try call { () throws(SystemError) in try name(number: number, time: time) }
    }

    /// The current time, as exactly as the file system can store it.
    private func timestamp(_ part: borrowing Directory) throws(SystemError) -> FileTime {
        let now = FileTime.now
        if isMemory { return now }
        try part.descriptor.setModified(now)
        return try part.descriptor.status().modified
    }

    /// Owner first, because a change of owner may clear bits of the mode.
    private func own(_ new: borrowing OwnedDescriptor, mode: UInt32) throws(SystemError) {
        let status = try new.status()
        if status.user != owner.user || status.group != owner.group {
            try new.setOwner(user: owner.user, group: owner.group)
        }
        try new.setMode(mode)
    }

    private func name(number: UInt64, time: FileTime) throws(SystemError) -> GenerationName {
        for offset: UInt64 in 0..<100 {
            let generation = GenerationName(number: number + offset, time: time)
            do {
                try directory.rename(.part, toNew: generation.fileName)
                return generation
            } catch {
                if error.code != EEXIST { throw error }
            }
        }
        throw SystemError(call: "renameat2", code: EEXIST, subject: path)
    }

    private func makeLinks(_ names: Set<FileName>, _ made: inout [FileName]) throws(GenerationError) {
        for name in names {
            do throws(SystemError) {
                try directory.makeLink(name, to: name.linkTarget)
                made.append(name)
            } catch {
                if error.code == EEXIST { throw .refused(directory: path, .inTheWay(name.description)) }
                throw failure(error, files: names.count)
            }
        }
    }

    /// Step 9.
    func point(to generation: GenerationName) throws(GenerationError) {
        do throws(SystemError) {
            try directory.makeLink(.newData, to: generation.bytes)
            try directory.rename(.newData, to: .data)
            if !isMemory { try directory.descriptor.synchronize() }
        } catch {
            try? directory.remove(.newData)
            throw failure(error, files: 1)
        }
    }

    /// Removes what a failed write has made.
    private func undo(_ made: [FileName]) {
        for name in made { try? directory.remove(name) }
        removePart()
    }

    /// Corrects the links for a generation that is already current, and removes what is superfluous.
    func removeStale(
        on current: GenerationName, tops: Set<FileName>, _ stock: Stock, keeping other: GenerationName? = nil
    ) throws(GenerationError) {
        var made: [FileName] = []
        try makeLinks(tops.subtracting(stock.links), &made)
        clean(stock, tops: tops, keeping: [stock.previous, other])
    }
}

extension SecretsDirectory {
    /// Step 4: whether a generation holds these files and nothing else.
    private func holds(
        _ generation: GenerationName, _ files: [GenerationFile], _ contents: GenerationContents
    ) throws(GenerationError) -> Bool {
        // If a file can't be read, write a new generation instead of failing.
        guard let root = try? directory.directory(generation.fileName) else { return false }
        var count = 0
        guard (try? countFiles(in: root, &count)) != nil, count == files.count, isOwned(root, owner.directoryMode)
        else { return false }
        for way in GenerationFile.directories(of: files) {
            guard let inner = try? root.directory(at: way), isOwned(inner, owner.directoryMode) else { return false }
        }
        for (index, file) in files.enumerated() {
            guard let present = try? root.file(at: file.path), let status = try? present.status(),
                status.kind == .regular, status.user == owner.user, status.group == owner.group,
                status.mode == file.mode ?? owner.fileMode, status.size == file.size
            else { return false }
            var same = false
            try contents(index) { bytes throws(GenerationError) in same = (try? present.holds(bytes)) ?? false }
            if !same { return false }
        }
        return true
    }

    private func isOwned(_ inner: borrowing Directory, _ mode: UInt32) -> Bool {
        guard let status = try? inner.descriptor.status() else { return false }
        return status.user == owner.user && status.group == owner.group && status.mode == mode
    }

    private func countFiles(in place: borrowing Directory, _ count: inout Int) throws(SystemError) {
        for name in try place.names() {
            if try place.status(of: name)?.kind == .directory {
                try countFiles(in: place.directory(name), &count)
            } else {
                count += 1
            }
        }
    }
}
