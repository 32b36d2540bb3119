import LinuxSystem

extension SecretsDirectory {
    /// Makes the previous generation current again, or the one that writes have kept as the target of a rollback.
    /// Returns false if there is none.
    ///
    /// The newer generation stays until the next write and does not become current again.
    package func rollBack() throws(GenerationError) -> Bool {
        try perform { () throws(GenerationError) in
            var stock = try stock()
            try removeHalfDone(&stock)
            guard let current = stock.current, let previous = stock.rollbackTarget else { return false }
            let tops = try tops(of: previous)
            try refuse(stock, needing: tops)
            for name in tops.subtracting(stock.links) {
                try map { () throws(SystemError) in try directory.makeLink(name, to: name.linkTarget) }
            }
            try point(to: previous)
            stock.current = previous
            clean(stock, tops: tops, keeping: [current])
            return true
        }
    }

    /// Removes all that Latchkey wrote, and nothing else.
    package func removeAll() throws(GenerationError) {
        try perform { () throws(GenerationError) in
            var stock = try stock()
            try removeHalfDone(&stock)
            removeEverything(stock)
            for name in Self.ownFiles where (try? directory.status(of: name))??.user == owner.user {
                try? directory.remove(name)
            }
        }
    }
}

extension SecretsDirectory {
    /// Step 3.
    func removeHalfDone(_ stock: inout Stock) throws(GenerationError) {
        if stock.hasNewData {
            try map { () throws(SystemError) in try directory.remove(.newData) }
            stock.hasNewData = false
        }
        if stock.hasPart {
            removePart()
            // Files of others in it stay.
            stock.hasPart = (try? directory.status(of: .part)) != .some(nil)
        }
    }

    func removePart() {
        if let part = try? directory.directory(.part) { clear(part) { _ in true } }
        try? directory.removeDirectory(.part)
    }

    /// Steps 10 and 11. The next write removes what can't be removed now.
    func clean(_ stock: Stock, tops: Set<FileName>, keeping others: [GenerationName?]) {
        // (10)
        for name in stock.links.subtracting(tops) { try? directory.remove(name) }
        // (11)
        for generation in stock.generations where generation != stock.current && !others.contains(generation) {
            remove(generation)
        }
    }

    func removeEverything(_ stock: Stock) {
        if stock.hasData { try? directory.remove(.data) }
        for name in stock.links { try? directory.remove(name) }
        for generation in stock.generations { remove(generation) }
    }

    /// Removes a generation's own files. The directory stays if it holds files of others.
    func remove(_ generation: GenerationName) {
        guard let root = try? directory.directory(generation.fileName) else { return }
        clear(root) { $0.modified == generation.time }
        try? directory.removeDirectory(generation.fileName)
    }

    /// Removes the regular files that `isOurs` accepts, and every directory that is empty then.
    func clear(_ place: borrowing Directory, where isOurs: (FileStatus) -> Bool) {
        guard let names = try? place.unsharedNames() else { return }
        for name in names {
            guard let status = try? place.status(of: name), status.user == owner.user else { continue }
            if status.kind == .directory {
                // Removes an empty directory without opening it, because descriptors may be exhausted.
                if (try? place.removeDirectory(name)) != nil { continue }
                if let inner = try? place.directory(name) { clear(inner, where: isOurs) }
                try? place.removeDirectory(name)
            } else if status.kind == .regular, isOurs(status) {
                try? place.remove(name)
            }
        }
    }

    /// The first components of a generation's files.
    private func tops(of generation: GenerationName) throws(GenerationError) -> Set<FileName> {
        try map { () throws(SystemError) in Set(try directory.directory(generation.fileName).names()) }
    }
}
