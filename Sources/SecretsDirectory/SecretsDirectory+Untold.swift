import LinuxSystem

// What nobody was told of outlives a sidecar that is killed between the change and the signal: it is noted before the
// change can be seen, and forgotten when the process or command has been told.

extension SecretsDirectory {
    /// The names of what changed and nobody was told of; nil where everything was told.
    package var untold: [String]? {
        try? perform { () throws(GenerationError) in
            guard let file = try? directory.file(at: RelativePath(FileName.untold)), let status = try? file.status(),
                status.kind == .regular, status.user == owner.user,
                let bytes = try? MemoryFile.contents(of: file.number, limit: Self.untoldLimit)
            else { return nil }
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }

    /// Notes names, beside those that are noted already.
    func noteUntold(_ names: [String]) throws(GenerationError) {
        let all = Set(untold ?? []).union(names).sorted().joined(separator: "\n")
        guard all.utf8.count < Self.untoldLimit else { return }
        try replace(directory, path, .untold, via: .newUntold, mode: owner.fileMode) { new throws(SystemError) in
            try new.write(Array(all.utf8).span)
        }
    }

    /// Everything was told.
    package func forgetUntold() {
        try? perform { () throws(GenerationError) in try? directory.remove(.untold) }
    }

    private static let untoldLimit = 1 << 20
}
