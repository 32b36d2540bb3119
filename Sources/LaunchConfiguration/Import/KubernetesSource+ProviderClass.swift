import Messages
import Secrets

// The Secrets Store CSI driver's provider for Azure: what it writes to which file (its documentation, "Using the Azure
// Key Vault Provider").
extension KubernetesSource {
    mutating func readProviderClass(_ root: SourceNode) throws(ConfigurationError) {
        imported.add(title: "SecretProviderClass", Self.name(of: root))
        let spec = root["spec"]
        guard spec?.text("provider") == "azure", let parameters = spec?["parameters"] else {
            throw (spec ?? root).mistake("the provider is '\(spec?.text("provider") ?? "")', not 'azure'")
        }
        guard let objects = parameters["objects"], let text = objects.string else {
            throw parameters.mistake("there is no 'objects'")
        }
        readCloud(parameters)
        readIdentity(parameters)
        noteOthers(parameters)
        let vaultName = parameters.text("keyvaultName") ?? ""
        let vault = try? VaultAddress(parsing: vaultName, suffix: imported.suffix)
        if vault == nil { imported.note("keyvaultName '\(vaultName)' is no vault's name: set vault, or give --vault.") }
        let made = spec?.elements("secretObjects") ?? []
        let certificates = Set(
            made.filter { $0.text("type") == "kubernetes.io/tls" }.flatMap { $0.elements("data") }
                .compactMap { $0.text("objectName") })
        imported.note(
            "A secret is delivered as the vault has it. If one of these belongs to a certificate, write certificate instead "
                + "of secret: that is key and chain in PEM, as the provider writes it.")
        imported.note("Files are 0400 here, and 0644 there: mode and group let others read them.")
        var values: [String: ImportedValue] = [:]
        for object in try ProviderObjects(text, in: objects).objects {
            let path = object["objectAlias"] ?? object["objectName"] ?? ""
            values[path] = readObject(object, path, in: vault, isCertificate: certificates.contains(path))
        }
        for secret in made { readMade(secret, values) }
    }

    private mutating func readCloud(_ parameters: SourceNode) {
        let cloud = parameters.text("cloudName") ?? ""
        let suffixes = [
            "azurechinacloud": "vault.azure.cn", "azureusgovernmentcloud": "vault.usgovcloudapi.net",
        ]
        if let host = suffixes[cloud.lowercased()], let suffix = try? VaultSuffix(parsing: host) {
            imported.suffix = suffix
        } else if !cloud.isEmpty, cloud.lowercased() != "azurepubliccloud" {
            imported.note(
                "cloudName '\(cloud)': set vault-suffix to the keyVaultDNSSuffix of its environment file "
                    + "(cloudEnvFileName), and AZURE_AUTHORITY_HOST to its activeDirectoryEndpoint.")
        }
    }

    private mutating func readIdentity(_ parameters: SourceNode) {
        func isOn(_ name: String) -> Bool { parameters[name]?.isTrue ?? false }
        if isOn("useVMManagedIdentity") {
            imported.identify("source", "imds")
            if let id = parameters.text("userAssignedIdentityID") { imported.identify("client-id", id) }
        } else if let id = parameters.text("clientID") {
            imported.identify("source", "workload-identity")
            imported.identify("client-id", id)
        } else if isOn("usePodIdentity") {
            imported.note(
                "usePodIdentity: AAD pod identity is deprecated. Give the pod's service account a workload identity, and set "
                    + "source = \"workload-identity\" in [identity].")
        } else {
            imported.note(
                "The service principal of nodePublishSecretRef has no counterpart in this file: give the pod AZURE_TENANT_ID, "
                    + "AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or better a workload identity.")
        }
        if isOn("useAzureTokenProxy") {
            imported.note(
                "useAzureTokenProxy: nothing to set here; the cluster gives the pod AZURE_KUBERNETES_TOKEN_PROXY where "
                    + "identity bindings are on.")
        }
        if let tenant = parameters.text("tenantID") ?? parameters.text("tenantId") {
            imported.note("tenantID '\(tenant)': nothing to set here; with a client secret, AZURE_TENANT_ID names it.")
        }
    }

    /// Parameters that this version does not know.
    private mutating func noteOthers(_ parameters: SourceNode) {
        let known = [
            "keyvaultName", "cloudName", "cloudEnvFileName", "usePodIdentity", "useVMManagedIdentity",
            "userAssignedIdentityID", "clientID", "useAzureTokenProxy", "tenantID", "tenantId", "objects",
        ]
        for (name, value) in parameters.members where !known.contains(name) {
            imported.note("\(name) '\(value.string ?? "")' has no counterpart that is known here.")
        }
    }

    private mutating func readObject(
        _ keys: [String: String], _ path: String, in vault: VaultAddress?, isCertificate: Bool
    ) -> ImportedValue {
        var notes: [String] = []
        var object = ImportedObject(.secret, keys["objectName"] ?? "", in: vault)
        switch keys["objectType"] {
        case "key":
            object.kind = .key
            object.format = .pem
        case "cert":
            object.kind = .certificate
            object.format = .pemChain
            notes.append("The whole chain, leaf first; the provider writes the leaf alone.")
        case "secret": secret(keys, isCertificate, &object, &notes)
        case let type:
            let value = ImportedValue.obstacle("'\(type ?? "")' is no objectType", object)
            imported.add(.file(path), value)
            return value
        }
        if let version = keys["objectVersion"], version != "latest" { object.version = version.lowercased() }
        history(keys, &object, &notes)
        imported.add(
            .file(path), .object(object), mode: mode(keys["filePermission"], &notes), notes: notes)
        return .object(object)
    }

    /// A secret that belongs to a certificate is PEM unless `objectFormat` says pfx. That it does belong to one is known
    /// only here and there.
    private func secret(
        _ keys: [String: String], _ isCertificate: Bool, _ object: inout ImportedObject, _ notes: inout [String]
    ) {
        let isPFX = keys["objectFormat"]?.lowercased() == "pfx"
        let encoding = keys["objectEncoding"]?.lowercased()
        if isCertificate || isPFX && encoding == "base64" {
            object.kind = .certificate
            object.format = isPFX ? .pfx : .pem
            return
        }
        if let encoding, encoding != "utf-8" {
            object.encoding = ValueEncoding(rawValue: encoding)
            if object.encoding == nil { notes.append("objectEncoding '\(encoding)' is none that is known; left out.") }
        }
    }

    private func history(_ keys: [String: String], _ object: inout ImportedObject, _ notes: inout [String]) {
        guard let count = keys["objectVersionHistory"].flatMap({ Int($0) }), count > 1 else { return }
        guard object.kind == .secret else {
            return notes.append("objectVersionHistory has a counterpart for secrets only: this is the newest version.")
        }
        object.versions = min(count, 50)
        if object.version != nil {
            object.version = nil
            notes.append("The newest versions, where objectVersion named the first of them.")
        }
    }

    private func mode(_ permission: String?, _ notes: inout [String]) -> String? {
        guard let permission else { return nil }
        if (try? FileModeText.parse(permission)) != nil { return permission }
        notes.append("filePermission '\(permission)' would let others write, or is no mode; left out.")
        return nil
    }

    /// A Kubernetes Secret that the driver makes of files.
    private mutating func readMade(_ secret: SourceNode, _ values: [String: ImportedValue]) {
        let name = secret.text("secretName") ?? ""
        let type = secret.text("type") ?? "Opaque"
        for data in secret.elements("data") {
            guard let path = data.text("objectName"), let key = data.text("key") else { continue }
            // One of several versions: `alias/0` is the newest.
            let base = path.hasSuffix("/0") ? String(path.dropLast(2)) : path
            var value = values[path] ?? values[base] ?? .obstacle("there is no object '\(path)'", nil)
            if case .object(var object) = value {
                object.versions = nil
                if object.kind == .certificate, type == "kubernetes.io/tls" {
                    object.format = key == "tls.key" ? .pemKey : .pemChain
                }
                value = .object(object)
            }
            keys.append(Key(map: name, name: key, value: value, isFile: true))
        }
    }
}
