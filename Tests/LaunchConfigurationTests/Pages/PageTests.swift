import Foundation
import LaunchConfiguration
import Messages
import Testing

/// Every option, variable, code and file that a page names is one that exists.
@Suite struct PageTests {
    private static let emulatorOptions: Set<String> = {
        let source = (try? Repository.text("Sources/latchkey-emulator/EmulatorCommand.swift")) ?? ""
        let names = source.matches(of: /@(?:Option|Flag)\(.*\)\n\s*var (\w+)/).map { match in
            match.1.map { $0.isUppercase ? "-" + $0.lowercased() : String($0) }.joined()
        }
        return Set(names)
    }()

    /// What `latchkey` itself takes, and `--host-only` options of its programs.
    private static let options = Set(OptionTable.definitions.map(\.name))
        .union(["help", "version", "generate-completion-script"])

    /// The page as people see it: without man(7)'s escapes.
    private func shown(_ page: String) throws -> String {
        let text = try Repository.text(page)
        return Repository.manual.contains(page) ? text.replacing("\\-", with: "-") : text
    }

    /// The words of command lines of ours: of lines and code spans that begin with a program, up to COMMAND.
    private func commandLines(_ text: String, of program: String) -> [Substring] {
        // Words of a list, as containers have them, are words of a line.
        let joined = text.replacing(/\\\n\s*/, with: " ").replacing("args: [", with: "latchkey ")
            .replacing(/"?, "?/, with: " ")
        return joined.split(whereSeparator: { "\n`'".contains($0) }).compactMap { line in
            guard let start = line.firstRange(of: program + " ")?.lowerBound else { return nil }
            let own = line[start...]
            return own.firstRange(of: " -- ").map { own[..<$0.lowerBound] } ?? own
        }
    }

    @Test(arguments: Repository.pages + Repository.examples)
    func `the options of our commands exist`(page: String) throws {
        let text = try shown(page)
        for command in CommandName.allCases {
            for line in commandLines(text, of: "latchkey \(command.rawValue)") {
                for match in line.matches(of: /(?:^|\s)--([a-z][a-z-]*)/) {
                    let name = String(match.1)
                    let isKnown = OptionTable.definition(named: name)?.commands.contains(command) ?? (name == "help")
                    #expect(isKnown, "'\(command.rawValue)' has no option --\(name)")
                }
            }
        }
        for line in commandLines(text, of: "latchkey-emulator") {
            for match in line.matches(of: /(?:^|\s)--([a-z][a-z-]*)/) {
                #expect(Self.emulatorOptions.contains(String(match.1)), "latchkey-emulator has no --\(match.1)")
            }
        }
    }

    @Test(arguments: Repository.pages)
    func `an option that stands alone exists`(page: String) throws {
        for match in try shown(page).matches(of: /`--([a-z][a-z-]*)[`=\[ ]/) {
            let name = String(match.1)
            #expect(
                Self.options.contains(name) || Self.emulatorOptions.contains(name) || Self.others.contains(name),
                "there is no option --\(name)")
        }
    }

    /// Options of other programs that pages name by themselves.
    private static let others: Set<String> = [
        "full", "keep", "quick", "compare", "parts", "whole-closure", "yaml", "env-file", "from-env-file",
    ]

    @Test(arguments: Repository.pages + Repository.examples)
    func `the variables exist`(page: String) throws {
        let known = Set(OptionTable.definitions.compactMap(\.environmentName))
            .union(["LATCHKEY_SECRETS", "LATCHKEY_CHANGED", "LATCHKEY_CHILD_PID"]).union(Self.journalFields)
        for match in try shown(page).matches(of: /\bLATCHKEY_[A-Z_]+\b/) {
            let name = String(match.0)
            guard !Self.testVariables.contains(name) else { continue }
            #expect(known.contains(name), "there is no variable \(name)")
        }
    }

    /// No variables, but fields of the journal's entries.
    private static let journalFields = ["CODE", "SECRET", "VAULT", "UNIT"].map { "LATCHKEY_\($0)" }

    /// Variables of the tests and of the demo.
    private static let testVariables: Set<String> = [
        "LATCHKEY_FULL", "LATCHKEY_BIN", "LATCHKEY_DEBUG_BIN", "LATCHKEY_DEMO_BIN", "LATCHKEY_WRITE_PAGES",
    ]

    @Test(arguments: Repository.pages + Repository.examples)
    func `the codes exist`(page: String) throws {
        for match in try shown(page).matches(of: /\b(?:(?:error|warning|info)\[|LATCHKEY_CODE=)([a-z-]+)/) {
            #expect(MessageCode(rawValue: String(match.1)) != nil, "there is no code \(match.1)")
        }
    }

    @Test(arguments: Repository.pages.filter { $0.hasSuffix(".md") })
    func `links lead somewhere`(page: String) throws {
        let text = try Repository.text(page)
        let directory = page.split(separator: "/").dropLast().joined(separator: "/")
        let links = text.matches(of: /\]\(([^)#\s]*)(?:#([^)\s]+))?\)/).map { (String($0.1), $0.2.map(String.init)) }
        let images = text.matches(of: /(?:src|srcset|href)="([^"#]+)"/).map { (String($0.1), String?.none) }
        for (file, part) in links + images where !file.contains("://") && !file.hasPrefix("mailto:") {
            let path = file.isEmpty ? page : directory.isEmpty ? file : "\(directory)/\(file)"
            #expect(Repository.exists(path), "there is no \(path)")
            guard let part else { continue }
            let isThere = Self.headings(try Repository.text(path)).contains(part)
            #expect(isThere, "\(path) has no part #\(part)")
        }
        for match in text.matches(of: /<doc:([A-Za-z-]+)>/) {
            #expect(Repository.exists("\(directory)/\(match.1).md"), "there is no page \(match.1)")
        }
    }

    @Test(arguments: Repository.pages + Repository.examples)
    func `the repository's files exist`(page: String) throws {
        let paths = /(?:^|[^\w\/.-])((?:deploy|Sources|Tests)\/[\w.\/@-]*\w)\.?(.?)/.anchorsMatchLineEndings()
        // What a pattern or a variable goes on from is no path.
        for match in try shown(page).matches(of: paths) where !["*", "$", "{", "["].contains(match.2) {
            #expect(Repository.exists(String(match.1)), "there is no \(match.1)")
        }
        // Units are named without their directory.
        for match in try shown(page).matches(of: /`(latchkey[\w@-]*\.(?:service|socket|conf))`/) {
            #expect(Repository.exists("deploy/systemd/\(match.1)"), "there is no unit \(match.1)")
        }
    }

    private static let tests = Repository.files("Tests", ending: ".swift").compactMap { try? Repository.text($0) }
        .joined()

    @Test(arguments: Repository.pages)
    func `the tests exist`(page: String) throws {
        for match in try shown(page).matches(of: /`([A-Z]\w*Tests)`/) {
            let isThere = Self.tests.contains("struct \(match.1) ") || Self.tests.contains("class \(match.1) ")
            #expect(isThere, "there is no suite \(match.1)")
        }
    }

    @Test(arguments: Repository.rooms)
    func `a room stands in the architecture`(room: String) throws {
        let page = try Repository.text("Sources/latchkey-worker/Documentation.docc/Architecture.md")
        #expect(page.contains("`\(room)`"), "Architecture.md lacks \(room)")
    }

    /// The sources that write metrics.
    private static let metrics = ["Supervision/StatusDocument", "Refresh/StatusPart"].compactMap {
        try? Repository.text("Sources/\($0).swift")
    }.joined()

    @Test(arguments: Repository.pages + Repository.examples)
    func `the metrics exist`(page: String) throws {
        // Users are named so too.
        let text = try shown(page).replacing(/useradd --system latchkey_\w+/, with: "")
        for match in text.matches(of: /\blatchkey_[a-z_]+/) where match.0 != "latchkey_worker" {
            let name = match.0.dropFirst("latchkey_".count)
            let isWritten = ["\"\(name)\"", "latchkey_\(name) "].contains { Self.metrics.contains($0) }
            #expect(isWritten, "there is no metric \(match.0)")
        }
    }

    /// Keys of the configuration's tables, of their entries, and of the emulator's seed.
    private static let keys: Set<String> = {
        let settings = OptionTable.definitions.compactMap {
            $0.key?.description.split(separator: ".").last.map(String.init)
        }
        let entries = EntryTable.allCases.flatMap { $0.keys.map(\.name) }
        return Set(settings + entries + ["error"])
    }()

    @Test(arguments: Repository.pages)
    func `a key that stands alone exists`(page: String) throws {
        for match in try shown(page).matches(of: /`([a-z][a-z-]*) = \S/) {
            #expect(Self.keys.contains(String(match.1)), "there is no key \(match.1)")
        }
    }

    /// The names that a page's headings have in links: lower case, hyphens for spaces, without other signs.
    private static func headings(_ text: String) -> Set<String> {
        Set(
            text.matches(of: /(?m)^#+ (.+)$/).map { match in
                String(
                    match.1.lowercased().compactMap { character in
                        character == " "
                            ? "-"
                            : character.isLetter || character.isNumber || "-_".contains(character) ? character : nil
                    })
            })
    }

    @Test(arguments: [
        "README.md", "deploy/man/latchkey.1", "deploy/man/latchkey-refresh.1",
        "Sources/latchkey-worker/Documentation.docc/Rotation.md",
    ])
    func `a page says that a refresh that is asked for signals also when nothing changed`(page: String) throws {
        let text = try shown(page).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(text.contains("also when nothing changed"))
        #expect(!text.contains("Nothing happens without a change"))
    }

    /// The secret of a certificate is mostly a PFX in base64.
    @Test(
        arguments: Repository.pages + Repository.examples
            + ["SampleApp.swift", "Assets/page.html"].map { "Sources/latchkey-sample-app/\($0)" })
    func `a file of PEM is made of a certificate, not of its secret`(page: String) throws {
        for match in try shown(page).matches(of: /-f "?[\w\/.]+\.(?:pem|crt)=(\S+)/) {
            #expect(match.1.contains("/certificates/"), "\(match.0)")
        }
    }

    @Test(arguments: OptionTable.definitions.map(\.name))
    func `an option stands in the page of each command that has it`(name: String) throws {
        for command in try #require(OptionTable.definition(named: name)).commands {
            let isNamed = try shown("deploy/man/latchkey-\(command.rawValue).1").contains("--\(name)")
            #expect(isNamed, "latchkey-\(command.rawValue)(1) lacks it")
        }
    }
}

/// Codes: none without use.
@Suite struct CodeUseTests {
    private static let sources = Repository.files("Sources", ending: ".swift")
        .filter { !$0.hasPrefix("Sources/Messages/") && !$0.hasSuffix("MessageCode+Journal.swift") }
        .compactMap { try? Repository.text($0) }.joined()

    /// The words of all tests but these, which name every code.
    private static let words: Set<Substring> = {
        let texts = Repository.files("Tests", ending: ".swift").filter { !$0.contains("/Pages/") }
        return texts.reduce(into: []) { words, path in
            let text = (try? Repository.text(path)) ?? ""
            let ends = text.utf8.split { !(97...122).contains($0 | 32) && $0 != 45 && $0 != 91 && $0 != 93 }
            words.formUnion(ends.map { Substring($0) })
        }
    }()

    @Test(arguments: MessageCode.allCases)
    func `a code is said somewhere`(code: MessageCode) {
        let isSaid = Self.sources.contains(".\(code)")
        #expect(isSaid, "no source says [\(code.rawValue)]")
    }

    @Test(arguments: MessageCode.allCases)
    func `a code is provoked by a test`(code: MessageCode) {
        let name = code.rawValue
        let severities = ["error", "warning", "info", "debug", ""]
        let forms = severities.map { "\($0)[\(name)]" } + ["\(name)]"]
        // A code of one word is a word of other uses as well.
        let names = name.contains("-") ? [name, "\(code)", "\(code)]"] : []
        let isProvoked = (forms + names).contains { Self.words.contains(Substring($0)) }
        #expect(isProvoked, "no test provokes [\(name)]")
    }
}
