import Messages
import Secrets

// What Azure's own services and `.env` files say of an app's variables.
extension ImportedConfiguration {
    // MARK: .env

    mutating func readEnvironment(_ lines: [EnvironmentFileReader.Line], named file: String) {
        add(title: "a file of variables", "")
        var others: [String] = []
        for (index, line) in lines.enumerated() where !lines[(index + 1)...].contains(where: { $0.name == line.name }) {
            guard ReferenceParser.claims(line.value) else {
                others.append(line.name)
                continue
            }
            let text = String(decoding: ReferenceParser.trimmed(line.value), as: UTF8.self)
            add(.variable(line.name), ImportedValue(reference: text, suffix))
        }
        noteOthers(others, "Keep them in the file, and name it with '--env-file \(file)'.")
    }

    /// Says what becomes of variables that are no references. Their values are not read.
    mutating func noteOthers(_ names: [String], _ words: String) {
        guard !names.isEmpty else { return }
        note("Not taken over, since their values are no references: \(names.joined(separator: ", ")). \(words)")
    }

    // MARK: App Service

    /// `az webapp config appsettings list`.
    mutating func readSettings(_ root: SourceNode) {
        add(title: "App Service settings", "")
        var others: [String] = []
        for setting in root.elements {
            guard let name = setting.text("name") else { continue }
            guard let text = setting["value"]?.string(with: "@Microsoft.KeyVault(") else {
                others.append(name)
                continue
            }
            let isOfSlot = setting["slotSetting"]?.isTrue ?? false
            add(
                .variable(name), ImportedValue(reference: text, suffix),
                notes: isOfSlot ? ["A setting of its slot: other slots may have another reference."] : [])
        }
        noteOthers(others, "Leave them where they are, or put them into a vault.")
        note(
            "On App Service [identity] needs nothing: the app's identity is found by itself. Elsewhere, source chooses "
                + "one.")
    }

    // MARK: Container Apps

    /// `az containerapp show`.
    mutating func readContainerApp(_ root: SourceNode) {
        add(title: "the container app", root.text("name") ?? "")
        let properties = root["properties"]
        let secrets = containerAppSecrets(properties?["configuration"]?.elements("secrets") ?? [])
        var used: Set<String> = []
        let template = properties?["template"]
        for container in (template?.elements("containers") ?? []) + (template?.elements("initContainers") ?? []) {
            var others: [String] = []
            for variable in container.elements("env") {
                guard let name = variable.text("name") else { continue }
                guard let secret = variable.text("secretRef") else {
                    others.append(name)
                    continue
                }
                used.insert(secret)
                add(.variable(name), secrets[secret] ?? Self.missing(secret, secrets))
            }
            noteOthers(others, "Leave them in the container app.")
        }
        for volume in template?.elements("volumes") ?? [] where volume.text("storageType") == "Secret" {
            readVolume(volume, template, secrets, &used)
        }
        for (name, value) in secrets.sorted(by: { $0.key < $1.key }) where !used.contains(name) {
            let object = value.object
            add(
                .variable(Self.variable(name)),
                .obstacle("no container gets the secret '\(name)'" + (value.obstacle.map { "; \($0)" } ?? ""), object))
        }
    }

    /// `az containerapp secret list`.
    mutating func readContainerAppSecrets(_ root: SourceNode) {
        add(title: "the secrets of a container app", "")
        note(
            "Which variables and files the containers get is in 'az containerapp show'; these names are made of the "
                + "secrets'.")
        for (name, value) in containerAppSecrets(root.elements).sorted(by: { $0.key < $1.key }) {
            add(.variable(Self.variable(name)), value)
        }
    }

    private static func missing(_ name: String, _ secrets: [String: ImportedValue]) -> ImportedValue {
        let near = Suggestion.nearest(to: name, among: secrets.keys.sorted())
        return .obstacle("there is no secret '\(name)'" + (near.map { "; perhaps '\($0)' is meant" } ?? ""), nil)
    }

    private static func variable(_ secret: String) -> String { secret.replacing("-", with: "_").uppercased() }

    private mutating func containerAppSecrets(_ nodes: [SourceNode]) -> [String: ImportedValue] {
        var secrets: [String: ImportedValue] = [:]
        var identities: [String] = []
        for node in nodes {
            guard let name = node.text("name") else { continue }
            guard let url = node.text("keyVaultUrl") else {
                secrets[name] = .obstacle(
                    "the value of the secret '\(name)' is kept in Container Apps; put it into a vault with "
                        + "'az keyvault secret set', and name it here", nil)
                continue
            }
            secrets[name] = ImportedValue(reference: url, suffix)
            if let identity = node.text("identity"), !identities.contains(identity) { identities.append(identity) }
        }
        identify(identities)
        return secrets
    }

    /// `system`, or a user-assigned identity's resource id.
    private mutating func identify(_ identities: [String]) {
        guard !identities.isEmpty else { return }
        identify("source", "app-service")
        if let assigned = identities.first(where: { $0.lowercased() != "system" }) { identify("resource-id", assigned) }
        if identities.count > 1 {
            note(
                "The secrets are read with \(identities.count) identities there: \(identities.joined(separator: ", ")). "
                    + "Latchkey has one: let it read all of them.")
        }
    }

    /// A volume of secrets: the ones that it names, or all.
    private mutating func readVolume(
        _ volume: SourceNode, _ template: SourceNode?, _ secrets: [String: ImportedValue], _ used: inout Set<String>
    ) {
        let name = volume.text("name") ?? ""
        let mounts = (template?.elements("containers") ?? []).flatMap { $0.elements("volumeMounts") }
        if let path = mounts.first(where: { $0.text("volumeName") == name })?.text("mountPath") { noteDirectory(path) }
        var named = volume.elements("secrets").compactMap { entry in
            entry.text("secretRef").map { (secret: $0, path: entry.text("path") ?? $0) }
        }
        if named.isEmpty { named = secrets.keys.sorted().map { ($0, $0) } }
        for (secret, path) in named {
            used.insert(secret)
            add(.file(path), secrets[secret] ?? Self.missing(secret, secrets))
        }
    }

    mutating func noteDirectory(_ path: String) {
        note(
            "The app finds files at '\(path)' there. Here LATCHKEY_SECRETS says where they are; to keep the path, mount "
                + "memory there and set directory = \"\(path)\".")
    }
}
