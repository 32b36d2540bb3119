import Messages
import Secrets

/// Joins the entries of options and file, and refuses entries that contradict each other.
struct DeliveryEntries {
    private(set) var items: [DeliveryItem]
    private(set) var selections: [BulkSelection]

    /// Takes the entries of the file, or none.
    init(_ file: EntryReader?) throws(ConfigurationError) {
        items = try file?.items() ?? []
        selections = try file?.selections() ?? []
    }

    /// Adds `-e`, `-f` and `--all`. An `-e` or `-f` replaces the file's entry with the same name.
    mutating func add(
        _ given: [Arguments.Given], all: Setting?, _ parser: ReferenceParser, naming: NamingStyle
    ) throws(ConfigurationError) {
        let variables = try Self.items(.env, given, parser, check: NameTexts.checkVariable) { .variable($0) }
        let files = try Self.items(.file, given, parser, check: DeliveryPath.check) { .file($0) }
        let replaced = Set((variables + files).map(\.target))
        items = items.filter { !replaced.contains($0.target) } + variables + files
        try addSelections(given, all, parser.defaultVault, naming)
        try checkNames()
    }

    private static func items(
        _ id: OptionID, _ given: [Arguments.Given], _ parser: ReferenceParser,
        check: (String) throws(ValueProblem) -> Void, _ target: (String) -> DeliveryTarget
    ) throws(ConfigurationError) -> [DeliveryItem] {
        try given.filter { $0.id == id }.map { option throws(ConfigurationError) in
            let (name, text, origin) = try pair(option)
            try origin.check { () throws(ValueProblem) in try check(name) }
            do throws(ReferenceError) {
                return DeliveryItem(
                    target(name), ItemContent(try parser.parseAny(text)), location: origin.location)
            } catch {
                throw origin.error(error)
            }
        }
    }

    /// Splits `NAME=REFERENCE`. The error for a text without `=` does not quote it, because it might be a secret's
    /// value.
    private static func pair(_ option: Arguments.Given) throws(ConfigurationError) -> (String, String, Origin) {
        guard let sign = option.value.firstIndex(of: "=") else {
            let isVariable = option.id == .env
            let form = isVariable ? "NAME=REFERENCE" : "PATH=REFERENCE"
            let example = isVariable ? "DB_PASSWORD=db-password" : "db.txt=db-password"
            throw Origin.option(option.spelling).error(
                ValueProblem("expected \(form)", hint: "write it as in '\(option.spelling) \(example)'"))
        }
        let name = String(option.value[..<sign])
        return (name, String(option.value[option.value.index(after: sign)...]), .option("\(option.spelling) \(name)=…"))
    }

    private mutating func addSelections(
        _ given: [Arguments.Given], _ all: Setting?, _ vault: VaultAddress?, _ naming: NamingStyle
    ) throws(ConfigurationError) {
        var prefixes = given.filter { $0.id == .all }.map { Setting(text: $0.value, origin: .option($0.spelling)) }
        if prefixes.isEmpty, let all, all.text != "0" {
            prefixes = [Setting(text: all.text == "1" ? "" : all.text, origin: all.origin)]
        }
        var tags: [String: String] = [:]
        for option in given where option.id == .tag {
            let origin = Origin.option(option.spelling)
            guard !prefixes.isEmpty else {
                throw origin.error(ValueProblem("it narrows --all, which is not given", hint: "add --all"))
            }
            let (key, value) = try origin.check { () throws(ValueProblem) in try SelectionText.tag(option.value) }
            guard tags.updateValue(value, forKey: key) ?? value == value else {
                throw origin.error(ValueProblem("the tag '\(key)' is given with two values"))
            }
        }
        for setting in prefixes {
            let prefix = try setting.origin.check { () throws(ValueProblem) in try SelectionText.prefix(setting.text) }
            guard let vault else {
                throw setting.origin.error(
                    .vaultMissing, "there is no vault to select from", hint: "give --vault NAME")
            }
            selections.append(
                BulkSelection(
                    vault: vault, prefix: prefix, tags: tags, naming: naming, location: setting.origin.location))
        }
    }

    /// Refuses duplicate variables and files, and a file whose path another file needs as a directory.
    private func checkNames() throws(ConfigurationError) {
        let files = items.filter { $0.path != nil }
        let variables = items.compactMap { item in
            item.variable.map { name in
                Taken(name: name, by: item.location, item.path.map { "the path of '\($0)'" } ?? item.content.words)
            }
        }
        try Self.checkUnique(variables, "variable")
        try Self.checkUnique(files.map { Taken(name: $0.target.name, by: $0.location, $0.content.words) }, "file")
        if let (file, below) = DeliveryPath.conflict(among: files) {
            throw ConfigurationError(
                .configurationDuplicate, exit: .configuration,
                "'\(file.target.name)' is a file by \(file.location), and a directory by \(below.location)",
                hint: "rename one of them")
        }
    }

    private static func checkUnique(_ all: [Taken], _ what: String) throws(ConfigurationError) {
        var seen: [String: Taken] = [:]
        for taken in all {
            guard let first = seen.updateValue(taken, forKey: taken.name) else { continue }
            throw ConfigurationError(
                .configurationDuplicate, exit: .configuration,
                "the \(what) '\(taken.name)' is given twice: \(first.content) by \(first.location) and \(taken.content) by "
                    + "\(taken.location)", hint: "keep one of them")
        }
    }

    /// A name that an entry uses, and the entry's source location.
    private struct Taken {
        let name: String
        let location: SourceLocation
        let content: String

        init(name: String, by location: SourceLocation, _ content: String) {
            self.name = name
            self.location = location
            self.content = content
        }
    }
}

extension ItemContent {
    /// The content, for messages.
    fileprivate var words: String {
        switch self {
        case .object(let request): "'\(request.reference.object.name)'"
        case .token(let resource): "a token for '\(resource.name)'"
        case .template(.file(let path), _): "the template '\(path)'"
        case .template(.text, _): "a template"
        case .set(let references, _): "a set of \(references.count) secrets"
        case .versions(let request, let count): "\(count) versions of '\(request.reference.object.name)'"
        }
    }
}
