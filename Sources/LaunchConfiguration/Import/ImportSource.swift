import Messages
import Secrets

/// What `init --from` reads: a file that tells somebody else which secrets an app gets.
enum ImportSource {
    /// What the file delivers. `name`: the file's name for messages.
    ///
    /// Throws for a file of an unknown form, with line and column.
    static func read(
        _ bytes: [UInt8], name: String, suffix: VaultSuffix
    ) throws(ConfigurationError) -> ImportedConfiguration {
        let file = SourceFile(name: name, text: bytes)
        var imported = ImportedConfiguration(suffix: suffix)
        switch bytes.first(where: { ![0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains($0) }) {
        case UInt8(ascii: "{"), UInt8(ascii: "["): try read(SourceNode(file), into: &imported)
        default: try readEnvironmentFile(file, into: &imported)
        }
        return imported
    }

    private static func read(_ root: SourceNode, into imported: inout ImportedConfiguration) throws(ConfigurationError)
    {
        if root["kind"] != nil {
            var source = KubernetesSource(imported)
            try source.read(root)
            imported = source.finished()
        } else if root["properties"]?["configuration"] != nil || root["properties"]?["template"] != nil {
            imported.readContainerApp(root)
        } else if root.isArray, !root.elements.isEmpty, root.elements.allSatisfy({ $0.text("name") != nil }) {
            if root.elements.contains(where: { $0["keyVaultUrl"] != nil }) {
                imported.readContainerAppSecrets(root)
            } else {
                imported.readSettings(root)
            }
        } else {
            throw root.mistake("it is nothing that is known", hint: known)
        }
    }

    /// Far more than any cluster's objects of one app.
    static let limit = 16 << 20

    static let known =
        "give the JSON of 'kubectl get secretproviderclass,deployment -o json', 'az webapp config appsettings list' or "
        + "'az containerapp show', or a .env file"

    /// A `.env` file. YAML is told apart by its first key.
    private static func readEnvironmentFile(
        _ file: SourceFile, into imported: inout ImportedConfiguration
    ) throws(ConfigurationError) {
        let isManifest = file.text.split(separator: UInt8(ascii: "\n")).contains {
            $0.starts(with: "apiVersion:".utf8) || $0.starts(with: "kind:".utf8)
        }
        if isManifest {
            throw file.mistake(
                at: 0, "it is YAML, and only JSON is read",
                hint: "convert it with 'kubectl create --dry-run=client -o json -f FILE'")
        }
        var reader = EnvironmentFileReader(file.text, file: file.name)
        imported.readEnvironment(try reader.lines(), named: file.name)
    }
}
