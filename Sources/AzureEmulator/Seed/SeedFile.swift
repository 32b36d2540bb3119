import Foundation

/// A seed in a file: TOML, JSON, or the lines of a `.env`.
package struct SeedFile: Equatable, Sendable {
    package var path: String

    package init(path: String) { self.path = path }

    /// Whether anything about the file changed: one look at its size and its times costs nothing.
    package struct Stamp: Equatable, Sendable {
        var size: Int
        var modified: Double
        var number: UInt64
    }

    package var stamp: Stamp? {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
        return Stamp(
            size: attributes[.size] as? Int ?? 0,
            modified: (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0,
            number: (attributes[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0)
    }

    package func read(now: Double) throws(SeedError) -> Seed {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw SeedError("seed file '\(path)' cannot be read")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw SeedError("seed file '\(path)' is not UTF-8")
        }
        return try Self.parse(text, name: path, now: now)
    }

    package static func parse(_ text: String, name: String, now: Double) throws(SeedError) -> Seed {
        let file = name.split(separator: "/").last.map(String.init) ?? name
        do {
            if file.hasSuffix(".env") || file.hasPrefix(".env") { return try DotEnv.seed(text) }
            if file.hasSuffix(".json") { return try Seed(try JSON(parsing: text), now: now) }
            return try Seed(try TOMLSeed.json(text), now: now)
        } catch let error as SeedError {
            throw SeedError("\(file): \(error.message)")
        } catch let error as JSONSyntaxError {
            throw SeedError("\(file): not JSON at byte \(error.offset)")
        } catch {
            throw SeedError("\(file): \(error)")
        }
    }
}

/// `NAME=value` lines as the secrets of one vault: `DB_PASSWORD` is `db-password` in the vault `demo`.
package enum DotEnv {
    package static let vault = "demo"

    package static func seed(_ text: String) throws(SeedError) -> Seed {
        var vault = VaultSeed(name: Self.vault)
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmingPrefix { $0.isWhitespace }
            if line.isEmpty || line.first == "#" { continue }
            let assignment = line.hasPrefix("export ") ? line.dropFirst(7) : line
            let halves = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(halves[0]).lowercased().replacing("_", with: "-")
            guard halves.count == 2, Vault.isObjectName(name) else {
                throw SeedError("line \(index + 1): must be NAME=value")
            }
            let secret = SecretSeed(name: name, versions: [SecretVersionSeed(value: value(halves[1]))])
            vault.secrets.removeAll { $0.name == name }
            vault.secrets.append(secret)
        }
        var seed = Seed()
        seed.vaults = [vault]
        return seed
    }

    /// Double quotes know `\n`, `\t`, `\"`, `\\`; single quotes know nothing; without any, the ends are trimmed.
    private static func value(_ text: Substring) -> String {
        let trimmed = text.trimmingCharacters(in: .whitespaces)
        guard trimmed.count >= 2, let quote = trimmed.first, quote == trimmed.last, quote == "\"" || quote == "'" else {
            return trimmed
        }
        let inner = trimmed.dropFirst().dropLast()
        guard quote == "\"" else { return String(inner) }
        var output = ""
        var escaped = false
        for character in inner {
            if escaped {
                output.append(character == "n" ? "\n" : character == "t" ? "\t" : character)
                escaped = false
            } else if character == "\\" {
                escaped = true
            } else {
                output.append(character)
            }
        }
        return output
    }
}
