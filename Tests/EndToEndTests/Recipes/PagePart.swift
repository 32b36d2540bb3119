import Foundation

/// What stands below one heading of a page: its commands, and its files by name.
struct PagePart {
    var heading: String
    /// Blocks of shell, as they are printed.
    var commands: [String] = []
    /// Blocks whose first line, a comment, is a file's name.
    var files: [String: String] = [:]

    static let recipes = "Sources/latchkey-worker/Documentation.docc/Recipes.md"
    static let gettingStarted = "Sources/latchkey-worker/Documentation.docc/GettingStarted.md"

    /// The parts of a page of the repository that have commands or files, in its order.
    static func parts(of page: String) throws -> [PagePart] {
        let root = "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let text = try String(contentsOfFile: "\(root)/\(page)", encoding: .utf8)
        return reading(text).filter { !$0.commands.isEmpty || !$0.files.isEmpty }
    }

    private static func reading(_ page: String) -> [PagePart] {
        var parts: [PagePart] = []
        for (index, part) in page.split(separator: "```", omittingEmptySubsequences: false).enumerated() {
            if index.isMultiple(of: 2) {
                parts += part.matches(of: /(?m)^##+ (.+)$/).map { PagePart(heading: String($0.1)) }
                continue
            }
            let lines = part.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard let last = parts.indices.last, lines.count == 3 else { continue }
            if lines[0] == "sh" {
                parts[last].commands.append("\(lines[1])\n\(lines[2])")
            } else if let match = lines[1].wholeMatch(of: /(?:#|\/\/) ([\w.\/-]+)(?::.*)?/) {
                parts[last].files[String(match.1)] = "\(lines[1])\n\(lines[2])"
            }
        }
        return parts
    }
}
