import LinuxSystem

extension SecretsDirectory {
    /// Makes the generation before the current one current again, or the one that writes have kept for this; false
    /// where there is none.
    ///
    /// The newer one stays until the next write and is not current again.
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
            // Somebody else's things in it are not ours to remove.
            stock.hasPart = (try? directory.status(of: .part)) != .some(nil)
        }
    }

    func removePart() {
        if let part = try? directory.directory(.part) { clear(part) { _ in true } }
        try? directory.removeDirectory(.part)
    }

    /// Steps 10 and 11. What can't be removed now is removed by the next write.
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

    /// Removes a generation's own files; the directory stays where somebody else's are in it.
    func remove(_ generation: GenerationName) {
        guard let root = try? directory.directory(generation.fileName) else { return }
        clear(root) { $0.modified == generation.time }
        try? directory.removeDirectory(generation.fileName)
    }

    /// Removes the regular files of ours that `isOurs` accepts, and every directory that is empty then.
    func clear(_ place: borrowing Directory, where isOurs: (FileStatus) -> Bool) {
        guard let names = try? place.unsharedNames() else { return }
        for name in names {
            guard let status = try? place.status(of: name), status.user == owner.user else { continue }
            if status.kind == .directory {
                // An empty one goes without being opened: descriptors may be what was short.
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
