import Messages
import Secrets

// AzureKeyVaultSecret of akv2k8s (its crds/AzureKeyVaultSecret.yaml): an object of a vault that becomes a Kubernetes Secret
// or ConfigMap, or a variable whose value is `NAME@azurekeyvault` or `NAME@azurekeyvault?KEY`.
extension KubernetesSource {
    /// What an AzureKeyVaultSecret names.
    private struct Asked {
        let type: String
        let object: ImportedObject
        let contentType: String?
        let notes: [String]
        /// The reason why nothing of it can be had.
        let obstacle: String?
    }

    mutating func readVaultSecret(_ root: SourceNode) {
        let name = Self.name(of: root)
        imported.add(title: "AzureKeyVaultSecret", name)
        vaultSecrets.append(VaultSecret(name: name, node: root))
        let asked = asked(root)
        let output = root["spec"]?["output"]
        for (kind, node) in [("secret", output?["secret"]), ("configMap", output?["configMap"])] {
            guard let node, let map = node.text("name") else { continue }
            vaultSecrets[vaultSecrets.count - 1].isUsed = true
            let type = kind == "secret" ? node.text("type") ?? "" : ""
            for (key, value, notes) in made(asked, type, node.text("dataKey")) {
                keys.append(Key(map: map, name: key, value: value, notes: asked.notes + notes))
            }
        }
        if let identity = root["spec"]?["vault"]?["azureIdentity"]?.text("name") {
            imported.note(
                "azureIdentity '\(identity)' has no counterpart: the pod's own identity asks the vault; name it in [identity]."
            )
        }
    }

    private func asked(_ root: SourceNode) -> Asked {
        let vault = root["spec"]?["vault"]
        let node = vault?["object"]
        let name = vault?.text("name") ?? ""
        var object = ImportedObject(
            .secret, node?.text("name") ?? "", in: try? VaultAddress(parsing: name, suffix: imported.suffix),
            version: node?.text("version")?.lowercased())
        var notes: [String] = []
        let output = root["spec"]?["output"]
        for transform in ((output?["transform"] ?? output?["transforms"])?.elements ?? []).compactMap(\.string) {
            switch transform {
            case "base64decode": object.encoding = .base64
            case "base64encode": object.isEncoded = true
            default:
                notes.append(
                    "The transform '\(transform)' has no counterpart: keep the value in the vault as it is to be.")
            }
        }
        return Asked(
            type: node?.text("type") ?? "", object: object, contentType: node?.text("contentType"), notes: notes,
            obstacle: object.vault == nil ? "'\(name)' is no vault's name" : nil)
    }

    // MARK: as Kubernetes Secrets

    /// The keys of a Kubernetes Secret, by its type and the object's.
    private func made(_ asked: Asked, _ type: String, _ dataKey: String?) -> [(String, ImportedValue, [String])] {
        let key = dataKey ?? asked.object.name
        if let obstacle = asked.obstacle { return [(key, .obstacle(obstacle, asked.object), [])] }
        switch (asked.type, type) {
        case ("certificate", "Opaque"):
            return [(key, certificate(asked, .pem), ["Key and chain, in PEM whatever the vault keeps."])]
        case ("certificate", "kubernetes.io/tls"), ("secret", "kubernetes.io/tls"):
            return [("tls.crt", certificate(asked, .pemChain), []), ("tls.key", certificate(asked, .pemKey), [])]
        case ("certificate", _): return [(key, certificate(asked, .pemChain), [])]
        case ("key", _): return [(key, .obstacle(Self.keyWords, asked.object), [])]
        case ("multi-key-value-secret", _):
            return [
                (
                    asked.object.name, members(asked, nil),
                    ["Each of its members is a key there: a part is json = \"/NAME\"."]
                )
            ]
        case (_, "kubernetes.io/basic-auth"):
            return ["username", "password"].map { ($0, .obstacle(Self.basicWords($0), asked.object), []) }
        case (_, "kubernetes.io/dockerconfigjson"): return [(".dockerconfigjson", .object(asked.object), [])]
        case (_, "kubernetes.io/dockercfg"): return [(".dockercfg", .object(asked.object), [])]
        case (_, "kubernetes.io/ssh-auth"): return [("ssh-privatekey", .object(asked.object), [])]
        default:
            guard asked.object.isEncoded else { return [(key, .object(asked.object), [])] }
            return [
                (
                    key, .object(asked.object),
                    ["As a file, the base64 needs a template file with {{base64(\(asked.object.name))}}."]
                )
            ]
        }
    }

    private func certificate(_ asked: Asked, _ format: ObjectFormat) -> ImportedValue {
        var object = asked.object
        object.kind = .certificate
        object.format = format
        object.encoding = nil
        return .object(object)
    }

    /// The whole secret, or one of its members.
    private func members(_ asked: Asked, _ name: String?) -> ImportedValue {
        var object = asked.object
        object.pointer = name.map { "/" + $0.replacing("~", with: "~0").replacing("/", with: "~1") }
        guard asked.contentType == "application/x-yaml" else { return .object(object) }
        return .obstacle("the secret is YAML, and parts can be had of JSON only: store it as JSON", object)
    }

    private static let keyWords =
        "akv2k8s gives the modulus of the public key; Latchkey gives the whole key, with format \"pem\" or \"jwk\""

    private static func basicWords(_ part: String) -> String {
        "it is the \(part) of 'username:password' in one secret, and only JSON has parts: store it as JSON, or the two apart"
    }

    // MARK: as variables

    /// Adds a variable whose value is `NAME@azurekeyvault?QUERY`.
    mutating func inject(_ name: String, query: String, into variable: String) {
        guard let index = vaultSecrets.firstIndex(where: { $0.name == name }) else {
            return imported.add(
                .variable(variable),
                .obstacle(
                    "the AzureKeyVaultSecret '\(name)' is not in this input: give both, with "
                        + "'kubectl get deployment,azurekeyvaultsecret -o json'", nil))
        }
        vaultSecrets[index].isUsed = true
        let asked = asked(vaultSecrets[index].node)
        imported.add(.variable(variable), injected(asked, query), notes: asked.notes)
    }

    private func injected(_ asked: Asked, _ query: String) -> ImportedValue {
        if let obstacle = asked.obstacle { return .obstacle(obstacle, asked.object) }
        switch (asked.type, query) {
        case ("certificate", "tls.key"): return certificate(asked, .pemKey)
        case ("certificate", "raw"): return certificate(asked, .pem)
        case ("certificate", _): return certificate(asked, .pemChain)
        case ("key", _): return .obstacle(Self.keyWords, asked.object)
        case ("multi-key-value-secret", _): return members(asked, query)
        case (_, ""): return .object(asked.object)
        case (_, "username"), (_, "password"): return .obstacle(Self.basicWords(query), asked.object)
        default: return .obstacle("a plain secret has no part '\(query)'", asked.object)
        }
    }

    /// An AzureKeyVaultSecret that makes nothing, and that no container here asks for.
    mutating func addUnused(_ secret: VaultSecret) {
        let asked = asked(secret.node)
        imported.add(
            .variable(Self.variable(secret.name)), injected(asked, ""),
            notes: asked.notes + [
                "The container whose variable is '\(secret.name)@azurekeyvault' gives the variable's name."
            ])
    }
}
