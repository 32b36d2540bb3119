import Delivery
import KeyVault
import LaunchConfiguration
import Messages
package import Secrets

/// What a delivered value is read from.
package enum ValueSource: Hashable, Sendable {
    case object(VaultObject)
    /// An access token for another service.
    case token(TokenResource)

    /// Its name in the state between workers: an object's URL without a version or with a pinned one, or
    /// `token:RESOURCE`.
    package var key: String {
        switch self {
        case .object(let object): object.url
        case .token(let resource): TokenResource.prefix + resource.name
        }
    }

    /// The object's name, or `token:RESOURCE`: for status, log and `LATCHKEY_CHANGED`.
    package var name: String {
        switch self {
        case .object(let object): object.name
        case .token: key
        }
    }

    package var vault: VaultAddress? {
        if case .object(let object) = self { object.vault } else { nil }
    }
}

/// Everything that a plan asks the vaults and the identity for, before anything is fetched.
struct FetchPlan {
    /// The plan's items; those that a vault's list decides are added by `add`.
    private(set) var items: [DeliveryItem] = []
    private let plan: LaunchPlan
    /// The templates of all items, with their references.
    private var templates: [DeliveryTarget: ParsedTemplate] = [:]

    private struct ParsedTemplate {
        let template: Template
        let references: [(text: String, reference: Reference, location: TemplateLocation)]
    }

    /// Collects the references of the plan. Reads templates for the references in them.
    init(_ plan: LaunchPlan) throws(Diagnosis) {
        self.plan = plan
        for item in plan.items {
            switch item.content {
            case .versions: break
            case .template(let source, let vault):
                templates[item.target] = try parse(source, vault ?? plan.vault, item)
                items.append(item)
            case .object, .token, .set: items.append(item)
            }
        }
    }

    private func parse(
        _ source: TemplateSource, _ vault: VaultAddress?, _ item: DeliveryItem
    ) throws(Diagnosis) -> ParsedTemplate {
        let template: Template
        do throws(DeliveryError) {
            template =
                switch source {
                case .file(let path): try Template.read(path)
                case .text(let text): try Template(text, path: item.location.description, isInline: true)
                }
        } catch {
            throw error.diagnosis
        }
        var parser = plan.references
        parser.defaultVault = vault
        var references: [(String, Reference, TemplateLocation)] = []
        for (text, location) in template.references {
            do throws(ReferenceError) {
                references.append((text, try parser.parseAny(text), location))
            } catch let error where error.problem == .vaultMissing {
                throw Diagnosis(
                    .configurationValue, exit: .configuration,
                    "\(location): the template names '\(text)', and there is no vault", hint: "set vault = \"NAME\"")
            } catch {
                throw Diagnosis(
                    .templateSyntax, exit: .data, "\(location): '\(text)' can't be understood: \(error.reason)",
                    hint: "write the name of a secret, or a reference as in latchkey(1)")
            }
        }
        return ParsedTemplate(template: template, references: references)
    }

    // MARK: sources

    /// Every source once, in the order of first use.
    var sources: [ValueSource] {
        var seen: Set<ValueSource> = []
        return items.flatMap { sources(of: $0) }.filter { seen.insert($0).inserted }
    }

    /// The sources that an item is made of.
    func sources(of item: DeliveryItem) -> [ValueSource] {
        switch item.content {
        case .object(let request): request.references.map { .object($0.object) }
        case .token(let resource): [.token(resource)]
        case .set(let references, _): references.map { .object($0.object) }
        case .template: templates[item.target]?.references.map { ValueSource($0.reference) } ?? []
        case .versions: []
        }
    }

    /// An item's template, and what each of its references stands for.
    func template(of item: DeliveryItem) -> (Template, [(text: String, reference: Reference)])? {
        templates[item.target].map { parsed in (parsed.template, parsed.references.map { ($0.text, $0.reference) }) }
    }

    /// Where a template names an object; nil for objects that no template names.
    private func locationInTemplate(of object: VaultObject) -> TemplateLocation? {
        for item in items {
            let found = templates[item.target]?.references.first { ValueSource($0.reference) == .object(object) }
            if let found { return found.location }
        }
        return nil
    }

    /// Says where a template names the object that does not exist.
    func locating(_ failure: RefreshFailure) -> RefreshFailure {
        guard let object = failure.missing, let location = locationInTemplate(of: object) else { return failure }
        var failure = failure
        if let index = failure.diagnoses.firstIndex(where: { $0.code == .secretMissing && $0.secret == object.name }) {
            failure.diagnoses[index].text += ", which \(location) names"
        }
        return failure
    }

    func policy(of item: DeliveryItem) -> MissingPolicy { item.ifMissing ?? plan.ifMissing }

    /// Objects that may be missing: every item that uses them is of one object and allows it.
    var optional: Set<VaultObject> {
        var (optional, required): (Set<ValueSource>, Set<ValueSource>) = ([], [])
        for item in items {
            if case .object = item.content, policy(of: item) != .error {
                optional.formUnion(sources(of: item))
            } else {
                required.formUnion(sources(of: item))
            }
        }
        return Set(
            optional.subtracting(required).compactMap { if case .object(let object) = $0 { object } else { nil } })
    }

    /// Every vault that is asked for something.
    var vaults: Set<VaultAddress> {
        Set(plan.selections.map(\.vault) + sources.compactMap(\.vault) + versionLists.map(\.object.vault))
    }

    /// The recipe of every target: which sources its bytes are made of, and in which format. If a target's recipe and
    /// its sources are the same, its bytes are the same.
    var recipes: [DeliveryTarget: String] {
        var recipes: [DeliveryTarget: String] = [:]
        for item in items { recipes[item.target] = recipe(of: item) }
        return recipes
    }

    private func recipe(of item: DeliveryItem) -> String {
        let parts: [String?] =
            switch item.content {
            case .object(let request):
                [
                    request.reference.object.url, request.reference.pointer, request.encoding?.rawValue,
                    request.format?.rawValue, request.password.map { Self.words(.object($0)) },
                ]
            case .token(let resource): [ValueSource.token(resource).key]
            case .template:
                [templates[item.target]?.template.digest]
                    + (templates[item.target]?.references.map { Self.words($0.reference) } ?? [])
            case .set(let references, let format): [format.rawValue] + references.map { Self.words(.object($0)) }
            case .versions: []
            }
        return parts.map { $0 ?? "" }.joined(separator: " ")
    }

    private static func words(_ reference: Reference) -> String {
        guard case .object(let object) = reference else { return ValueSource(reference).key }
        return "\(object.object.url)#\(object.pointer ?? "")"
    }

    // MARK: what a vault's list decides

    /// The items that need the list of a secret's versions.
    var versionLists: [(object: VaultObject, item: DeliveryItem)] {
        plan.items.compactMap { item in
            guard case .versions(let request, _) = item.content else { return nil }
            return (request.reference.object, item)
        }
    }

    /// Adds what lists decided: the names that each bulk selection found, then the versions of each secret.
    mutating func add(_ listed: [[String]], _ plan: LaunchPlan) {
        for (selection, names) in zip(plan.selections, listed) { add(selection, names: names) }
        for (list, versions) in zip(versionLists, listed.dropFirst(plan.selections.count)) {
            add(list.item, versions: versions)
        }
    }

    private mutating func add(_ selection: BulkSelection, names: [String]) {
        for secret in names {
            let object = VaultObject(vault: selection.vault, name: secret)
            let name = Selection.variableName(for: secret, selection.naming)
            items.append(
                DeliveryItem(
                    selection.target == .environment ? .variable(name) : .file(name),
                    .object(ObjectRequest(reference: VaultReference(object: object))), origin: .bulk,
                    ifMissing: .ignore, location: selection.location))
        }
    }

    /// Adds a file for each of a secret's versions, newest first: `keys/0`, `keys/1`.
    private mutating func add(_ item: DeliveryItem, versions: [String]) {
        guard case .versions(var request, let count) = item.content else { return }
        for (index, version) in versions.prefix(count).enumerated() {
            let object = request.reference.object
            request.reference.object = VaultObject(
                vault: object.vault, kind: object.kind, name: object.name, version: version)
            var file = item
            file.target = .file("\(item.target.name)/\(index)")
            file.content = .object(request)
            items.append(file)
        }
    }
}

extension ValueSource {
    init(_ reference: Reference) {
        self =
            switch reference {
            case .object(let reference): .object(reference.object)
            case .token(let resource): .token(resource)
            }
    }
}
