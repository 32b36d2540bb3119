import Foundation
import LatchkeyTestSupport
import Testing

/// The repository that these tests were built from.
enum Repository {
    static let root: String = {
        var parts = #filePath.split(separator: "/")
        parts.removeLast(4)
        return "/" + parts.joined(separator: "/")
    }()

    static func text(_ path: String) throws -> String {
        try String(contentsOfFile: root + "/" + path, encoding: .utf8)
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root + "/" + path) }

    /// The files below a directory whose names end so, sorted.
    static func files(_ directory: String, ending: String) -> [String] {
        let all = FileManager.default.enumerator(atPath: root + "/" + directory)?.compactMap { $0 as? String } ?? []
        return all.filter { $0.hasSuffix(ending) && !$0.hasPrefix(".") }.map { "\(directory)/\($0)" }.sorted()
    }

    /// What people read: the README, the DocC pages and the manual.
    static var pages: [String] {
        ["README.md"] + files("Sources", ending: ".md") + files("deploy", ending: ".md") + manual
    }

    /// What people take as it is: units, manifests, scripts.
    static var examples: [String] {
        let endings = [".service", ".socket", ".conf", ".catalog", ".yaml", ".toml", ".sh", ".bicep", "Containerfile"]
        return endings.flatMap { files("deploy", ending: $0) }
    }

    /// The directories of the package's targets.
    static var rooms: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: root + "/Sources")) ?? []).sorted()
    }

    static var manual: [String] { [".1", ".5", ".7"].flatMap { files("deploy/man", ending: $0) } }

    /// Compares a committed file with what the tables make of it; with `LATCHKEY_WRITE_PAGES` set it is written.
    static func check(_ path: String, is text: String, _ location: SourceLocation = #_sourceLocation) throws {
        if ProcessInfo.processInfo.environment["LATCHKEY_WRITE_PAGES"] != nil {
            try text.write(toFile: root + "/" + path, atomically: true, encoding: .utf8)
        }
        let committed = (try? self.text(path)) ?? ""
        let differing = zip(committed.split(separator: "\n"), text.split(separator: "\n")).first { $0 != $1 }
        let isTheSame = committed == text
        #expect(
            isTheSame,
            "\(path) is not what the tables say: \(differing.map { "'\($0)' should be '\($1)'" } ?? "its length differs"); write it anew with LATCHKEY_WRITE_PAGES=1",
            sourceLocation: location)
    }
}

/// A program's end and what it wrote.
struct ToolResult {
    let code: Int32
    let text: String

    /// Runs an installed program with both outputs together; nil where it is not installed.
    static func of(_ program: String, _ arguments: [String], input: String = "") throws -> ToolResult? {
        let locations = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        guard let path = locations.map({ "\($0)/\(program)" }).first(where: FileManager.default.isExecutableFile)
        else { return nil }
        let outcome = try ChildProcess.run(path, arguments, input: input, together: true)
        return ToolResult(code: outcome.ending.status, text: outcome.output)
    }

    static func isInstalled(_ program: String) -> Bool {
        let locations = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        return locations.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
    }
}
