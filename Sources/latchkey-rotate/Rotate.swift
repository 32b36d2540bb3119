import Glibc
import LinuxSystem
import Messages
import SecretsDirectory

/// A small writer of generations, for tests that kill it, starve it, or read while it writes.
///
///     latchkey-rotate deliver DIRECTORY MARK FILES SIZE [key=value …]   one generation whose files consist of MARK
///     latchkey-rotate hold DIRECTORY [key=value …]                      takes the directory until its input ends
///     latchkey-rotate remove DIRECTORY [key=value …]                    what a clean stop does
///     latchkey-rotate race DIRECTORY ROTATIONS READERS FILES            rotates beside readers, see Race.swift
///
/// Keys: user, group (numbers), shared-group, instance, disk=1, descriptors (a limit), umask (octal).
@main
enum Rotate {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count > 2 else { end("usage: latchkey-rotate COMMAND DIRECTORY …", code: 64) }
        do {
            try run(arguments[1], Array(arguments.dropFirst(2)))
        } catch let error as GenerationError {
            let diagnosis = error.diagnosis
            end(
                "\(diagnosis.code.rawValue): \(diagnosis.text)\n\(diagnosis.hint ?? "")",
                code: diagnosis.exitCode.rawValue)
        } catch {
            end("\(error)", code: 70)
        }
    }

    private static func run(_ command: String, _ rest: [String]) throws {
        let values = rest.filter { !$0.contains("=") }
        let keys = Dictionary(
            rest.filter { $0.contains("=") }.map { word in
                let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), String(parts[1]))
            }, uniquingKeysWith: { $1 })
        switch command {
        case "race":
            try Race(
                directory: values[0], rotations: number(values[1]), readers: number(values[2]), files: number(values[3])
            ).run()
        case "reader":
            try Reader(directory: values[0], counters: values[1], index: number(values[2]), files: number(values[3]))
                .run()
        default:
            let directories = try take(values[0], keys)
            for warning in directories.warnings { say("\(warning.code.rawValue): \(warning.text)") }
            if let limit = keys["descriptors"] { limitDescriptors(number(limit)) }
            switch command {
            case "deliver":
                let outcome = try deliver(
                    directories.secrets, mark: values[1], files: number(values[2]), size: number(values[3]))
                say(outcome == .written ? "written" : "unchanged")
            case "hold":
                say("held \(directories.instance?.name ?? "-")")
                _ = readLine()
            case "remove":
                try directories.removeAll()
            default:
                end("unknown command", code: 64)
            }
        }
    }

    static func take(_ directory: String, _ keys: [String: String]) throws(GenerationError) -> DeliveryDirectories {
        if let mask = keys["umask"] { umask(mode_t(mask, radix: 8) ?? 0) }
        let runAs = keys["user"].map {
            UserIdentity(user: UInt32(number($0)), group: UInt32(number(keys["group"] ?? $0)), groups: [])
        }
        let owner = try DeliveryOwner(runAs: runAs, sharedGroup: keys["shared-group"].map { UInt32(number($0)) })
        var request = DirectoriesRequest(
            instance: keys["instance"].map { .chosen($0) } ?? .usual("rotate-\(getpid())"), pid: getpid(), owner: owner)
        request.allowDisk = keys["disk"] == "1"
        if directory != "-" { request.directory = directory }
        request.runtimeDirectory = environment("RUNTIME_DIRECTORY")
        request.userRuntimeDirectory = environment("XDG_RUNTIME_DIR")
        return try DeliveryDirectories.take(request)
    }

    /// One generation of files `file-0`, `deep/file-1`, `file-2` and so on.
    static func deliver(
        _ secrets: SecretsDirectory, mark: String, files: Int, size: Int
    ) throws(GenerationError) -> SecretsDirectory.Outcome {
        let line = Array((mark + "\n").utf8)
        let content = (0..<size).map { line[$0 % line.count] }
        var list: [GenerationFile] = []
        for index in 0..<files { list.append(try GenerationFile(path: name(index), size: size)) }
        return try secrets.write(list) { _, body throws(GenerationError) in try body(content.span) }
    }

    static func name(_ index: Int) -> String { index % 2 == 1 ? "deep/file-\(index)" : "file-\(index)" }
}

func number(_ text: String) -> Int { Int(text) ?? 0 }

func say(_ text: String) {
    write(text, to: 1)
}

func end(_ text: String, code: Int32) -> Never {
    write(text, to: 2)
    exit(code)
}

private func write(_ text: String, to number: CInt) {
    let line = Array((text + "\n").utf8)
    try? writeAll(line.span, to: number)
}

private func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
}

private func limitDescriptors(_ count: Int) {
    var limit = rlimit(rlim_cur: rlim_t(count), rlim_max: rlim_t(count))
    _ = unsafe setrlimit(__rlimit_resource_t(7), &limit)
}
