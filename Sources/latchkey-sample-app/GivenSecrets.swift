import FoundationEssentials
import Glibc

/// Where a secret came from.
enum Origin: String, Codable, Hashable {
    case environment
    case file
}

/// A secret's identity on the page: a variable's name or a path below the secrets directory.
struct SecretKey: Hashable, Comparable {
    var origin: Origin
    var name: String

    static func < (one: SecretKey, other: SecretKey) -> Bool {
        (one.origin.rawValue, one.name) < (other.origin.rawValue, other.name)
    }
}

/// What was found when a secret was read: never the value.
enum Reading: Hashable {
    case found(length: Int, fingerprint: String)
    case unreadable(String)
}

/// Reads what the process was given: variables of its environment and the files below `LATCHKEY_SECRETS`.
struct GivenSecrets {
    /// What `--env` named; empty: what the status names.
    let variables: [String]
    /// The directory that holds the files, or nil without `LATCHKEY_SECRETS`.
    let directory: String?
    let statusPath: String?
    private let key = FingerprintKey()

    init(variables: [String], statusPath: String?) {
        self.variables = variables
        let directory = ProcessInfo.processInfo.environment["LATCHKEY_SECRETS"]
        self.directory = directory
        self.statusPath = statusPath ?? directory.map { Self.parent(of: $0) + "/status.json" }
    }

    /// The instance's status as it stands now; nil if there is none.
    func status() -> InstanceStatus? {
        statusPath.flatMap { FileManager.default.contents(atPath: $0) }.flatMap { InstanceStatus(json: $0) }
    }

    /// Everything that was given, read now.
    func read(status: InstanceStatus?) -> [SecretKey: Reading] {
        var readings = readFiles()
        let names = variables.isEmpty ? status?.targets.compactMap(Self.variable) ?? [] : variables
        for name in names {
            readings[SecretKey(origin: .environment, name: name)] = readVariable(name)
        }
        return readings
    }

    private func readVariable(_ name: String) -> Reading? {
        // The C library's bytes: a Swift string would have replaced those that are not UTF-8.
        guard let value = unsafe getenv(name) else { return nil }
        let bytes = unsafe UnsafeRawBufferPointer(start: value, count: strlen(value))
        return unsafe key.reading(of: Data(bytes))
    }

    /// One whole generation: its link is resolved once, and all files are read below what it named then.
    private func readFiles() -> [SecretKey: Reading] {
        guard let directory else { return [:] }
        var readings: [SecretKey: Reading] = [:]
        let link = try? FileManager.default.destinationOfSymbolicLink(atPath: directory + "/..data")
        let generation = link.map { $0.hasPrefix("/") ? $0 : "\(directory)/\($0)" }
        collect(in: generation ?? directory, prefix: "", into: &readings)
        return readings
    }

    private func collect(in path: String, prefix: String, depth: Int = 0, into readings: inout [SecretKey: Reading]) {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for entry in entries where !entry.hasPrefix("..") && readings.count < Self.mostFiles {
            let entryPath = "\(path)/\(entry)"
            var isDirectory = false
            guard FileManager.default.fileExists(atPath: entryPath, isDirectory: &isDirectory) else { continue }
            if isDirectory, depth < Self.deepest {
                collect(in: entryPath, prefix: "\(prefix)\(entry)/", depth: depth + 1, into: &readings)
            } else if !isDirectory {
                readings[SecretKey(origin: .file, name: prefix + entry)] = readFile(entryPath)
            }
        }
    }

    private func readFile(_ path: String) -> Reading {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let type = attributes?[.type] as? FileAttributeType, type == .typeRegular || type == .typeSymbolicLink
        else { return .unreadable("not a file") }
        guard let content = FileManager.default.contents(atPath: path) else { return .unreadable("no permission") }
        return key.reading(of: content)
    }

    /// The variable that a status target names: `env:NAME` or a bare name that the environment holds.
    private static func variable(_ target: String) -> String? {
        if target.hasPrefix("env:") { return String(target.dropFirst(4)) }
        guard !target.contains("/"), !target.contains(":") else { return nil }
        return unsafe getenv(target) == nil ? nil : target
    }

    private static func parent(of path: String) -> String {
        let trimmed = path.hasSuffix("/") ? path.dropLast() : path[...]
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return String(trimmed[..<slash])
    }

    private static let mostFiles = 1_000
    private static let deepest = 8
}
