import Foundation
import LinuxSystem
import SecretsDirectory
import Testing

/// A directory of a test's own on tmpfs, removed with it.
final class TestPlace {
    let path: String

    init() throws {
        path = "/dev/shm/latchkey-test-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        setMode(path, 0o755)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Takes `secrets` in this place as `--directory` would.
    func take(_ name: String = "secrets", change: (inout DirectoriesRequest) -> Void = { _ in }) throws
        -> DeliveryDirectories
    {
        try DeliveryDirectories.take(request(name, change: change))
    }

    /// The same, once the lock of an earlier taking is free: a program that another test is just starting has a copy of
    /// its descriptor until its `execve`.
    func takeAnew() throws -> DeliveryDirectories {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            do {
                return try take()
            } catch GenerationError.busy where ContinuousClock.now < deadline {
                usleep(1000)
            }
        }
    }

    func request(_ name: String = "secrets", change: (inout DirectoriesRequest) -> Void = { _ in }) throws
        -> DirectoriesRequest
    {
        var request = try DirectoriesRequest(instance: .usual("test"), pid: getpid(), owner: DeliveryOwner())
        request.runtimeDirectory = path + "/instance"
        request.directory = "\(path)/\(name)"
        change(&request)
        return request
    }

    /// Everything below a directory, by path.
    func listing(_ name: String = "secrets") -> [String] {
        guard let all = FileManager.default.enumerator(atPath: "\(path)/\(name)") else { return [] }
        return all.compactMap { $0 as? String }.sorted()
    }

    /// The names in a directory.
    func top(_ name: String = "secrets") -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(name)")) ?? []).sorted()
    }

    /// The generations' directories, the oldest first.
    func generations(_ name: String = "secrets") -> [String] {
        top(name).filter { $0.hasPrefix("..latchkey.") }
    }

    func text(_ name: String) -> String? {
        try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
    }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    func makeDirectory(_ name: String, _ mode: mode_t = 0o755, owner: uid_t = geteuid()) throws {
        try FileManager.default.createDirectory(atPath: "\(path)/\(name)", withIntermediateDirectories: true)
        setMode("\(path)/\(name)", mode)
        setOwner("\(path)/\(name)", owner)
    }

    func mode(_ name: String) throws -> UInt32 {
        try #require(status(at: "\(path)/\(name)")).st_mode & 0o7777
    }
}

func status(at path: String) -> stat? {
    var status = stat()
    return unsafe lstat(path, &status) == 0 ? status : nil
}

func setMode(_ path: String, _ mode: mode_t) {
    _ = unsafe chmod(path, mode)
}

func setOwner(_ path: String, _ user: uid_t, _ group: gid_t? = nil) {
    _ = unsafe lchown(path, user, group ?? user)
}

/// Lends bytes that stand in an array.
func lending(_ files: [[UInt8]]) -> GenerationContents {
    { index, body throws(GenerationError) in
        let bytes = files[index]
        try body(bytes.span)
    }
}

extension SecretsDirectory {
    /// Writes files that are given as text.
    @discardableResult
    func deliver(_ files: [String: String], mode: UInt32? = nil, keepingTarget: Bool = false) throws -> Outcome {
        let ordered = files.sorted { $0.key < $1.key }
        return try write(
            ordered.map { try GenerationFile(path: $0.key, mode: mode, size: $0.value.utf8.count) },
            keepingTarget: keepingTarget, contents: lending(ordered.map { Array($0.value.utf8) }))
    }
}
