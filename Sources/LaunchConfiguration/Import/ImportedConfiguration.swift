import Messages
import Secrets

/// A vault's object as an imported file names it.
struct ImportedObject: Equatable {
    var kind = VaultObjectKind.secret
    var name: String
    var vault: VaultAddress?
    var version: String?
    /// A JSON pointer.
    var pointer: String?
    var encoding: ValueEncoding?
    var format: ObjectFormat?
    /// The number of versions, as a directory.
    var versions: Int?
    /// The value is delivered in base64.
    var isEncoded = false

    init(_ kind: VaultObjectKind, _ name: String, in vault: VaultAddress?, version: String? = nil) {
        self.kind = kind
        self.name = name
        self.vault = vault
        self.version = version
    }
}

/// What an entry of an imported file delivers.
enum ImportedValue: Equatable {
    case object(ImportedObject)
    /// Why the entry has no counterpart, or not yet. It stands as a comment then, with the object if it is known.
    case obstacle(String, ImportedObject?)

    var object: ImportedObject? {
        switch self {
        case .object(let object): object
        case .obstacle(_, let object): object
        }
    }

    var obstacle: String? { if case .obstacle(let reason, _) = self { reason } else { nil } }

    /// The object that a reference names; it names its vault itself.
    init(reference text: String, _ suffix: VaultSuffix) {
        do {
            let reference = try ReferenceParser(suffix: suffix).parse(text)
            var object = ImportedObject(
                reference.object.kind, reference.object.name, in: reference.object.vault,
                version: reference.object.version)
            object.pointer = reference.pointer
            self = .object(object)
        } catch {
            self = .obstacle("its reference can't be understood: \(error.reason)", nil)
        }
    }
}

/// What `init --from` found in a file.
struct ImportedConfiguration {
    /// One variable or file.
    struct Item {
        let target: DeliveryTarget
        let value: ImportedValue
        let mode: String?
        /// What to know about it.
        let notes: [String]
    }

    /// What was read, by its kind: `SecretProviderClass 'azure-kvname'`.
    private(set) var titles: [(kind: String, names: [String])] = []
    var suffix: VaultSuffix
    /// The keys of `[identity]`.
    private(set) var identity: [(key: String, value: String)] = []
    private(set) var items: [Item] = []
    private(set) var notes: [String] = []

    init(suffix: VaultSuffix) { self.suffix = suffix }

    mutating func add(title kind: String, _ name: String) {
        let index = titles.firstIndex { $0.kind == kind }
        if let index { titles[index].names.append(name) } else { titles.append((kind, [name])) }
    }

    mutating func note(_ text: String) {
        if !notes.contains(text) { notes.append(text) }
    }

    /// Sets a key of `[identity]`; another value that is there already stays, and this one is noted.
    mutating func identify(_ key: String, _ value: String) {
        if let present = identity.first(where: { $0.key == key }) {
            if present.value != value {
                note("another identity, \(key) '\(value)', is named too: Latchkey has one for all vaults")
            }
        } else if value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            identity.append((key, value))
        } else {
            note("[identity] \(key) can't be '\(value)'")
        }
    }

    mutating func add(_ target: DeliveryTarget, _ value: ImportedValue, mode: String? = nil, notes: [String] = []) {
        // Containers of one pod often have the same variable.
        guard !items.contains(where: { $0.target == target && $0.value == value }) else { return }
        var checked = value
        if case .object(let object) = value, let reason = obstacle(target, object) {
            checked = .obstacle(reason, object)
        }
        items.append(Item(target: target, value: checked, mode: mode, notes: notes))
    }

    /// The vault of most objects: the default vault.
    var vault: VaultAddress? {
        var counts: [(vault: VaultAddress, count: Int)] = []
        for vault in items.compactMap({ $0.value.obstacle == nil ? $0.value.object?.vault : nil }) {
            let index = counts.firstIndex { $0.vault == vault }
            if let index { counts[index].count += 1 } else { counts.append((vault, 1)) }
        }
        // The first of those with most.
        return counts.max { $0.count < $1.count }?.vault
    }

    /// What the configuration reader would refuse.
    private func obstacle(_ target: DeliveryTarget, _ object: ImportedObject) -> String? {
        do throws(ValueProblem) {
            switch target {
            case .variable(let name): try NameTexts.checkVariable(name)
            case .file(let path): try DeliveryPath.check(path)
            }
        } catch {
            return error.reason
        }
        if let other = items.first(where: { $0.value.obstacle == nil && $0.target.isInTheWay(of: target) }) {
            return other.target == target
                ? "another entry has this name"
                : "'\(other.target.name)' is a file too, and one of the two would be in the other"
        }
        guard object.vault != nil else { return "its vault is not known" }
        guard object.name.utf8.allSatisfy({ $0.isBareKeyByte && $0 != UInt8(ascii: "_") }), !object.name.isEmpty else {
            return "'\(object.name)' is no name of a secret, certificate or key"
        }
        guard object.version.map({ $0.utf8.count == 32 && $0.allSatisfy(\.isHexDigit) }) ?? true else {
            return "'\(object.version ?? "")' is no version"
        }
        return nil
    }
}

extension DeliveryTarget {
    /// Whether two targets can't both be delivered: one name, or a file where the other needs a directory.
    fileprivate func isInTheWay(of other: DeliveryTarget) -> Bool {
        guard case .file(let one) = self, case .file(let two) = other else { return self == other }
        return one == two || one.hasPrefix(two + "/") || two.hasPrefix(one + "/")
    }
}
