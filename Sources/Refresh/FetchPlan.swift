import Delivery
import KeyVault
import LaunchConfiguration
import Messages
import Secrets

/// A variable or file that a value is delivered to.
package enum Target: Hashable, Sendable {
    case variable(String)
    case file(String)

    /// As `status` shows it: `env:DB_PASSWORD`, `file:tls/server.pem`.
    package var name: String {
        switch self {
        case .variable(let name): "env:" + name
        case .file(let path): "file:" + path
        }
    }
}

/// One value to deliver: its reference, its target, and the policy if it is missing.
struct DeliveryItem {
    var target: Target
    var request: ObjectRequest
    var policy: MissingPolicy
    var origin: EnvironmentAssignment.Origin
    var location: SourceLocation
    var mode: UInt32?
    var pathVariable: String?
}

/// Everything that a plan asks the vaults for, before anything is fetched.
struct FetchPlan {
    var items: [DeliveryItem] = []
    /// Files of several objects: templates and sets, each with its references in order.
    var composites: [(file: FileEntry, references: [VaultReference], template: Template?)] = []

    /// Every object once, in the order of first use.
    var objects: [VaultObject] {
        var seen: Set<VaultObject> = []
        return all.filter { seen.insert($0).inserted }
    }

    /// Every object as often as it is used.
    var all: [VaultObject] {
        items.map(\.request.reference.object) + composites.flatMap { $0.references.map(\.object) }
    }

    /// Objects that may be missing: every item that uses them allows it.
    func optional(_ plan: LaunchPlan) -> Set<VaultObject> {
        var optional = Set(items.filter { $0.policy != .error }.map(\.request.reference.object))
        for item in items where item.policy == .error { optional.remove(item.request.reference.object) }
        for composite in composites { composite.references.forEach { optional.remove($0.object) } }
        return optional
    }

    /// The recipe of every target: which objects its bytes are made of, and in which format. If a target's recipe and
    /// its objects are the same, its bytes are the same.
    var recipes: [Target: String] {
        var recipes: [Target: String] = [:]
        for item in items {
            let parts = [
                item.request.reference.object.url, item.request.reference.pointer, item.request.encoding?.rawValue,
                item.request.format?.rawValue,
            ]
            recipes[item.target] = parts.map { $0 ?? "" }.joined(separator: " ")
        }
        for composite in composites {
            var recipe = composite.template?.digest ?? ""
            if case .set(_, let format) = composite.file.content { recipe = format.rawValue }
            let members = composite.references.map { "\($0.object.url)#\($0.pointer ?? "")" }
            recipes[.file(composite.file.path)] = ([recipe] + members).joined(separator: " ")
        }
        return recipes
    }

    /// The objects that every target is made of.
    var ingredients: [Target: [VaultObject]] {
        var all: [Target: [VaultObject]] = [:]
        for item in items { all[item.target, default: []].append(item.request.reference.object) }
        for composite in composites {
            all[.file(composite.file.path), default: []] += composite.references.map(\.object)
        }
        return all
    }

    /// Collects the references of the plan. Reads templates for the names in them.
    init(_ plan: LaunchPlan) throws(Diagnosis) {
        for entry in plan.inherited where !plan.environment.contains(where: { $0.name == entry.name }) {
            add(entry, .inherited, plan)
        }
        for entry in plan.environment { add(entry, .configuration, plan) }
        for file in plan.files {
            switch file.content {
            case .object(let request):
                items.append(
                    DeliveryItem(
                        target: .file(file.path), request: request, policy: file.ifMissing ?? plan.ifMissing,
                        origin: .configuration, location: file.location, mode: file.mode,
                        pathVariable: file.pathVariable))
            case .set(let references, _): composites.append((file, references, nil))
            case .template(let path, let vault): try add(template: path, vault ?? plan.vault, file)
            }
        }
    }

    private mutating func add(
        _ entry: EnvironmentEntry, _ origin: EnvironmentAssignment.Origin, _ plan: LaunchPlan
    ) {
        items.append(
            DeliveryItem(
                target: .variable(entry.name), request: entry.request, policy: entry.ifMissing ?? plan.ifMissing,
                origin: origin, location: entry.location))
    }

    private mutating func add(template path: String, _ vault: VaultAddress?, _ file: FileEntry) throws(Diagnosis) {
        let template: Template
        do throws(DeliveryError) {
            template = try Template.read(path)
        } catch {
            throw error.diagnosis
        }
        var references: [VaultReference] = []
        for name in template.names {
            guard let vault else {
                throw Diagnosis(
                    .configurationValue, exit: .configuration,
                    "\(file.location): the template names '\(name)', and there is no vault",
                    hint: "set vault = \"NAME\"")
            }
            references.append(VaultReference(object: VaultObject(vault: vault, name: name)))
        }
        composites.append((file, references, template))
    }

    /// Every vault that is asked for something.
    func vaults(_ plan: LaunchPlan) -> Set<VaultAddress> {
        var vaults = Set(plan.selections.map(\.vault))
        for object in all { vaults.insert(object.vault) }
        return vaults
    }

    /// Adds what a bulk selection found.
    mutating func add(_ selection: BulkSelection, names: [String]) {
        for secret in names {
            let object = VaultObject(vault: selection.vault, name: secret)
            let name = Selection.variableName(for: secret, selection.naming)
            let target: Target = selection.target == .environment ? .variable(name) : .file(name)
            items.append(
                DeliveryItem(
                    target: target, request: ObjectRequest(reference: VaultReference(object: object)),
                    policy: .ignore, origin: .bulk, location: selection.location))
        }
    }
}
