import Foundation

/// One part of `Recipes.md`: its commands, and its files by name.
struct Recipe {
    var heading: String
    /// Blocks of shell, as they are printed.
    var commands: [String] = []
    /// Blocks whose first line, a comment, is a file's name.
    var files: [String: String] = [:]

    /// All parts of the page that have commands.
    static let all: [Recipe] = {
        let root = "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let path = root + "/Sources/latchkey-worker/Documentation.docc/Recipes.md"
        let page = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return reading(page).filter { !$0.commands.isEmpty }
    }()

    private static func reading(_ page: String) -> [Recipe] {
        var recipes: [Recipe] = []
        for (index, part) in page.split(separator: "```", omittingEmptySubsequences: false).enumerated() {
            if index.isMultiple(of: 2) {
                recipes += part.matches(of: /(?m)^##+ (.+)$/).map { Recipe(heading: String($0.1)) }
                continue
            }
            let lines = part.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard let last = recipes.indices.last, lines.count == 3 else { continue }
            if lines[0] == "sh" {
                recipes[last].commands.append("\(lines[1])\n\(lines[2])")
            } else {
                let name = String(lines[1].drop { "#/ ".contains($0) })
                recipes[last].files[name] = "\(lines[1])\n\(lines[2])"
            }
        }
        return recipes
    }
}
