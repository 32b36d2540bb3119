import Foundation
import Testing

/// Copies of the programs whose worker is started behind words of the test's own, those of strace(1) for example:
/// `latchkey` takes the probe for the loader of a bundle's worker.
struct WrappedPrograms {
    private let place: Scratch

    init() throws {
        place = try Scratch()
        let library = place.path + "/lib"
        try FileManager.default.createDirectory(atPath: library, withIntermediateDirectories: false)
        for (from, name) in [
            (Programs.latchkey, "latchkey"), (Programs.latchkey + "-worker", "latchkey-worker"),
            (Programs.probe, "lib/ld.so"),
        ] {
            try FileManager.default.copyItem(atPath: from, toPath: "\(place.path)/\(name)")
        }
    }

    /// What stands before the next worker, and before all after it.
    func wrap(by words: [String]) throws {
        // In one step: a worker may be about to start.
        try words.joined(separator: "\n").write(toFile: place.path + "/lib/words", atomically: true, encoding: .utf8)
    }

    /// What the next worker's calls are written to.
    var trace: String { place.path + "/trace" }

    /// Lets strace fail one call of the next worker.
    func fail(_ point: CallPoint, by strace: String) throws {
        try wrap(by: [
            strace, "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(point.call)", "-e",
            "inject=\(point.call):error=\(point.error):when=\(point.number)",
        ])
    }

    /// The vault and its authority are given as options, behind the command.
    func start(_ azure: Emulator, _ command: String, _ arguments: [String], in scratch: Scratch) throws -> Launch {
        var variables = try azure.environment()
        variables["RUNTIME_DIRECTORY"] = scratch.path + "/instance"
        variables["HOME"] = scratch.path
        let given = [command, "--vault", azure.vault, "--ca-file", azure.authority]
        return try Launch(
            place.path + "/latchkey", given + arguments, environment: variables, directory: scratch.path,
            printsSecrets: command == "get", within: scratch)
    }
}
