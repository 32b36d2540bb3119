import Foundation
import LatchkeyTestSupport
import Testing

extension Emulator {
    /// Starts `latchkey` with an instance directory of its own; the vault and its authority are given as options.
    func start(
        _ arguments: [String], identity: [String: String]? = nil, environment: [String: String] = [:],
        in scratch: Scratch, printsSecrets: Bool = false, shell: String? = nil
    ) throws -> Launch {
        var variables = try identity ?? self.environment()
        variables["RUNTIME_DIRECTORY"] = scratch.path + "/instance"
        variables["HOME"] = scratch.path
        // Where the machine's instances can be seen, no other has this one's name.
        if !PrivateMounts.areThere {
            variables["LATCHKEY_INSTANCE"] = URL(fileURLWithPath: scratch.path).lastPathComponent
        }
        // A shell's words around `exec "$@"` set descriptors and limits first.
        let program = shell == nil ? Programs.latchkey : "/bin/sh"
        let words = shell.map { ["-c", $0, "sh", Programs.latchkey] } ?? []
        return try Launch(
            program, words + arguments, environment: variables.merging(environment) { $1 }, directory: scratch.path,
            printsSecrets: printsSecrets, within: scratch)
    }

    /// `latchkey run` with the vault 'demo' as the default vault; started, not waited for.
    func run(
        _ options: String..., command: [String], environment: [String: String] = [:], in scratch: Scratch
    ) throws -> Launch {
        let vault = ["run", "--vault", vault, "--ca-file", authority]
        return try start(vault + options + ["--"] + command, environment: environment, in: scratch)
    }

    /// What COMMAND printed, byte for byte, after a run that succeeded. Values may be in it.
    func printed(
        _ arguments: [String], command: [String], identity: [String: String]? = nil,
        environment: [String: String] = [:], _ location: SourceLocation = #_sourceLocation
    ) throws -> String {
        let scratch = try Scratch()
        let launch = try start(
            arguments + ["--"] + command, identity: identity, environment: environment, in: scratch,
            printsSecrets: true)
        let outcome = try launch.end()
        #expect(outcome.ending == .code(0), "\(outcome.errors)", sourceLocation: location)
        #expect(outcome.failures.isEmpty, "\(outcome.errors)", sourceLocation: location)
        return outcome.output
    }
}
