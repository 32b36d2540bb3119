import Foundation
import Testing

/// One row of the fault matrix: what goes wrong, and what becomes of it before the start and in a refresh.
struct Fault: Sendable, CustomTestStringConvertible {
    /// What becomes of a start.
    enum Start: Equatable, Sendable {
        /// It ends with this exit code and this message code; the command is not started.
        case ends(Int32, String)
        /// The command runs as if nothing were.
        case runs
        /// Why it can't be tried.
        case untried(String)
    }

    /// What becomes of a refresh of a run that goes well.
    enum Refresh: Equatable, Sendable {
        /// It fails with the start's code; what was delivered last stays.
        case asStart
        /// It fails with this code; what was delivered last stays.
        case keeps(String)
        /// It succeeds.
        case passes
        /// Why it can't be tried.
        case untried(String)

        var isTried: Bool { if case .untried = self { false } else { true } }
    }

    /// What is wrong, in words.
    var what: String
    /// How it is brought about, in words; nil where the emulator's faults or the configuration say it.
    var how: String?
    /// Faults of the emulator.
    var answers: [String] = []
    /// Files beside the configuration.
    var files: [String: String] = [:]
    /// More lines of the configuration, behind `[files]`.
    var entry = ""
    /// Variables and options of a launch of its own.
    var variables: [String: String] = [:]
    var options: [String] = []
    /// A shell's words around `exec "$@"`, the launcher's command line: for descriptors and limits.
    var shell: String?
    /// What else begins before and ends after it.
    var begin: @Sendable (FaultHarness) throws -> Void = { _ in }
    var end: @Sendable (FaultHarness) throws -> Void = { _ in }
    /// What else is wrong in the launch's directory afterwards.
    var check: @Sendable (Scratch) throws -> String? = { _ in nil }
    var start: Start
    var refresh = Refresh.asStart
    /// It waits by its nature, and is for the full run.
    var isSlow = false
    /// It takes from the programs what a sanitizer's runtime needs.
    var isLimit = false

    var isForThisRun: Bool { (runsFull || !isSlow) && !(isSanitized && isLimit) }

    var testDescription: String { what }

    /// Whether it is part of the launch from its beginning.
    var isOfTheLaunch: Bool { !variables.isEmpty || !options.isEmpty || shell != nil }

    /// How it is brought about, in the table.
    var provocation: String {
        if let how { return how }
        if !answers.isEmpty {
            return answers.map { Self.members(of: $0) }.joined(separator: "; ")
        }
        if !entry.isEmpty { return "configuration" }
        return (variables.keys.sorted() + options.filter { $0.hasPrefix("--") }).map { "`\($0)`" }
            .joined(separator: ", ")
    }

    /// The members of an emulator's fault but those that say which requests it is for.
    private static func members(of json: String) -> String {
        let object = (try? JSONSerialization.jsonObject(with: Data(json.utf8))) as? [String: Any] ?? [:]
        let chosen = Set(["endpoint", "vault", "token", "path", "name", "retry-after"])
        return object.keys.filter { !chosen.contains($0) }.sorted().map { key in
            let isShown = ["error", "challenge", "status"].contains(key)
            return isShown ? "`\(key)` \(object[key] ?? "")" : "`\(key)`"
        }.joined(separator: ", ")
    }
}

/// Rows that belong together, with an emulator and a run of their own.
struct FaultGroup: Sendable, CustomTestStringConvertible {
    var title: String
    /// The hosting environment of the emulator's.
    var environment = "app-service"
    /// Where Arc's agent writes its keys.
    var arcKeys: String?
    var needsRoot = false
    /// Of emulators beside the first: what they prove over TLS.
    var otherCertificates: [String] = []
    var rows: [Fault]

    var testDescription: String { title }

    static let all: [FaultGroup] = [
        .vaultBodies, .vaultRefusals, .challenges, .redirects, .identityBodies, .identityRefusals,
        .serviceRefusals, .entraRefusals, .connections, .headers, .surroundings, .values, .configurations, .arcKeys,
        .tokenFiles, .streams, .machine, .clocks,
    ]
}
