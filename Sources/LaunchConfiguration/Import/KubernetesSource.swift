import Messages
import Secrets

/// Objects of Kubernetes, as `kubectl get … -o json` writes them: one, or a list.
///
/// 1. SecretProviderClasses and AzureKeyVaultSecrets say which objects there are, and which keys of Kubernetes Secrets
///    they become.
/// 2. The containers of a Deployment, or of another workload, say which variables they get of them.
/// 3. What no container asks for is added as a file or variable of its own.
struct KubernetesSource {
    /// A key of a Kubernetes Secret or ConfigMap that a provider makes.
    struct Key {
        let map: String
        let name: String
        let value: ImportedValue
        /// What to know about it.
        var notes: [String] = []
        /// A SecretProviderClass writes the value to a file, too.
        var isFile = false
        var isUsed = false
    }

    /// What AzureKeyVaultSecret asks for.
    struct VaultSecret {
        let name: String
        let node: SourceNode
        var isUsed = false
    }

    var imported: ImportedConfiguration
    var keys: [Key] = []
    var vaultSecrets: [VaultSecret] = []

    init(_ imported: ImportedConfiguration) { self.imported = imported }

    static let workloads = [
        "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod",
    ]
    private static let kinds = ["SecretProviderClass", "AzureKeyVaultSecret"] + workloads

    mutating func read(_ root: SourceNode) throws(ConfigurationError) {
        let kind = root.text("kind") ?? ""
        let objects = kind.hasSuffix("List") ? root.elements("items") : [root]
        guard !objects.isEmpty else { throw root.mistake("the list is empty", hint: ImportSource.known) }
        for object in objects {
            let kind = object.text("kind") ?? (kind.hasSuffix("List") ? String(kind.dropLast(4)) : "")
            switch kind {
            case "SecretProviderClass": try readProviderClass(object)
            case "AzureKeyVaultSecret": readVaultSecret(object)
            case _ where Self.workloads.contains(kind): break
            default:
                let near = Suggestion.nearest(to: kind, among: Self.kinds).map { "did you mean '\($0)'?" }
                throw (object["kind"] ?? object).mistake(
                    "'\(Origin.shortened(kind))' is none of \(Self.kinds.joined(separator: ", "))", hint: near)
            }
        }
        for object in objects where Self.workloads.contains(object.text("kind") ?? String(kind.dropLast(4))) {
            readWorkload(object)
        }
    }

    /// Everything, with what no container asks for.
    mutating func finished() -> ImportedConfiguration {
        for secret in vaultSecrets where !secret.isUsed && !keys.contains(where: { $0.map == secret.name }) {
            addUnused(secret)
        }
        for key in keys where !key.isUsed {
            guard key.isFile else {
                imported.add(.file("\(key.map)/\(key.name)"), key.value, notes: key.notes)
                continue
            }
            imported.add(
                .variable(Self.variable(key.name)),
                .obstacle(
                    "the driver makes key '\(key.name)' of the Kubernetes Secret '\(key.map)' of it. Latchkey makes no "
                        + "Kubernetes Secrets; where a container reads it as a variable, give that name",
                    key.value.object))
        }
        return imported
    }

    /// A variable's name for a key: `db-password` and `tls.key` become `DB_PASSWORD` and `TLS_KEY`.
    static func variable(_ key: String) -> String {
        String(key.uppercased().drop { $0 == "." }.map { $0 == "-" || $0 == "." ? "_" : $0 })
    }

    static func name(of object: SourceNode) -> String { object["metadata"]?.text("name") ?? "" }
}

// MARK: workloads

extension KubernetesSource {
    private mutating func readWorkload(_ object: SourceNode) {
        imported.add(title: object.text("kind") ?? "workload", Self.name(of: object))
        let spec = object["spec"]?["jobTemplate"]?["spec"] ?? object["spec"]
        let pod = spec?["template"]?["spec"] ?? spec
        var others: [String] = []
        for container in (pod?.elements("containers") ?? []) + (pod?.elements("initContainers") ?? []) {
            for variable in container.elements("env") { readVariable(variable, &others) }
            for source in container.elements("envFrom") { readAll(source) }
            for mount in container.elements("volumeMounts") { readMount(mount, pod) }
        }
        imported.noteOthers(
            others.reduce(into: []) { if !$0.contains($1) { $0.append($1) } },
            "Leave them in the pod's specification: the app inherits them.")
    }

    private mutating func readVariable(_ variable: SourceNode, _ others: inout [String]) {
        guard let name = variable.text("name") else { return }
        if let text = variable["value"]?.string(with: "@azurekeyvault"),
            let mark = text.firstRange(of: "@azurekeyvault")
        {
            let query = text[mark.upperBound...].drop { $0 == "?" }
            return inject(String(text[..<mark.lowerBound]), query: String(query), into: name)
        }
        let source = variable["valueFrom"]?["secretKeyRef"] ?? variable["valueFrom"]?["configMapKeyRef"]
        guard let map = source?.text("name"), let key = source?.text("key") else { return others.append(name) }
        guard let index = keys.firstIndex(where: { $0.map == map && $0.name == key }) else {
            guard variable["valueFrom"]?["secretKeyRef"] != nil else { return others.append(name) }
            return imported.add(
                .variable(name),
                .obstacle(
                    "it is key '\(key)' of the Kubernetes Secret '\(map)', and nothing in this input makes that; if a vault "
                        + "does, name its secret here", nil))
        }
        keys[index].isUsed = true
        imported.add(.variable(name), keys[index].value, notes: keys[index].notes)
    }

    /// All keys of a Kubernetes Secret as variables.
    private mutating func readAll(_ source: SourceNode) {
        guard let map = source["secretRef"]?.text("name") ?? source["configMapRef"]?.text("name") else { return }
        for index in keys.indices where keys[index].map == map {
            keys[index].isUsed = true
            imported.add(
                .variable((source.text("prefix") ?? "") + keys[index].name), keys[index].value, notes: keys[index].notes
            )
        }
        if !keys.contains(where: { $0.map == map }) {
            imported.note(
                "All keys of '\(map)' are variables of the app (envFrom), and nothing in this input makes that; leave it, or "
                    + "name the secrets of a vault in [env].")
        }
    }

    private mutating func readMount(_ mount: SourceNode, _ pod: SourceNode?) {
        guard let name = mount.text("name"), let path = mount.text("mountPath"),
            let volume = pod?.elements("volumes").first(where: { $0.text("name") == name })
        else { return }
        if volume["csi"]?["volumeAttributes"]?.text("secretProviderClass") != nil { imported.noteDirectory(path) }
        if let map = volume["secret"]?.text("secretName"), keys.contains(where: { $0.map == map }) {
            imported.note(
                "The app finds the keys of '\(map)' at '\(path)' there; here they are in the directory '\(map)' of "
                    + "LATCHKEY_SECRETS.")
        }
    }
}
