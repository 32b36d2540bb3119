import Messages
import Secrets

// What was found, as a commented `latchkey.toml`.
extension ImportedConfiguration {
    /// `source`: the file's name; `fallback`: the default vault where the file names none.
    func text(from source: String, fallback: VaultAddress?) -> String {
        let vault = vault ?? fallback
        let titles = titles.map { title in
            let names = title.names.filter { !$0.isEmpty }.map { "'\($0)'" }.joined(separator: ", ")
            return title.kind + (names.isEmpty ? "" : " " + names)
        }
        var text = Self.comment(
            "Written by 'latchkey init --from \(source)', from \(titles.joined(separator: "; ")). latchkey.toml(5) "
                + "explains every key. This file holds no secret. Look it over, and try it with 'latchkey check'.")
        for note in notes { text += "#\n" + Self.comment(note) }
        text += vault.map { "vault = \"\(words($0))\"\n" } ?? "# vault = \"NAME\"\n"
        if suffix != .publicCloud, suffix.isOfAzure { text += "vault-suffix = \"\(suffix.text)\"\n" }
        if !identity.isEmpty {
            text += "\n[identity]\n" + identity.map { "\($0.key) = \(Self.quoted($0.value))\n" }.joined()
        }
        let variables = items.filter { !$0.isFile }
        if !variables.isEmpty { text += "\n[env]\n" }
        for item in variables { text += self.text(of: item, vault) }
        for item in items where item.isFile { text += "\n" + self.text(of: item, vault) }
        return text + """

            [refresh]
            every = "5m"
            # What the app is told when a secret changed: signal, restart, replace, exec or none.
            # on-change = "signal"

            """
    }

    private func text(of item: Item, _ vault: VaultAddress?) -> String {
        let name = PrintableText.escaped(item.target.name)
        var notes = item.notes
        if let obstacle = item.value.obstacle {
            notes.insert("\(item.isFile ? "file '\(name)'" : name): \(obstacle)", at: 0)
        }
        let start = item.value.obstacle == nil ? "" : "# "
        return notes.map(Self.comment).joined() + lines(item, vault).map { "\(start)\($0)\n" }.joined()
    }

    private func lines(_ item: Item, _ vault: VaultAddress?) -> [String] {
        guard let object = item.value.object else { return [] }
        let name = item.target.name
        let keys = keys(object, vault)
        guard item.isFile else {
            let isPlain = keys.count == 1 && object.kind == .secret && !object.isEncoded
            let value = isPlain ? Self.quoted(object.name) : "{ \(keys.joined(separator: ", ")) }"
            return ["\(name.utf8.allSatisfy(\.isBareKeyByte) ? name : Self.quoted(name)) = \(value)"]
        }
        return ["[files.\(Self.quoted(name))]"] + keys + (item.mode.map { ["mode = \"\($0)\""] } ?? [])
    }

    private func keys(_ object: ImportedObject, _ vault: VaultAddress?) -> [String] {
        let elsewhere = object.vault == vault ? nil : object.vault
        if object.isEncoded {
            let reference = (elsewhere.map { "\($0.url)/secrets/" } ?? "") + object.name
            return ["template = \(Self.quoted("{{base64(\(reference))}}"))"]
        }
        var keys = ["\(object.kind.rawValue) = \(Self.quoted(object.name))"]
        if let elsewhere { keys.append("vault = \"\(words(elsewhere))\"") }
        if let version = object.version { keys.append("version = \(Self.quoted(version))") }
        if let pointer = object.pointer { keys.append("json = \(Self.quoted(pointer))") }
        if let encoding = object.encoding { keys.append("encoding = \"\(encoding.rawValue)\"") }
        if let format = object.format { keys.append("format = \"\(format.rawValue)\"") }
        if let versions = object.versions { keys.append("versions = \(versions)") }
        return keys
    }

    private func words(_ vault: VaultAddress) -> String {
        vault == suffix.vault(named: vault.name) ? vault.name : vault.url
    }

    /// A basic string of TOML, in one line whatever is in it.
    private static func quoted(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { scalar in
            if scalar == "\"" || scalar == "\\" { return "\\\(scalar)" }
            guard PrintableText.isUnprintable(scalar) else { return String(scalar) }
            let digits = String(scalar.value, radix: 16)
            return "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
        }
        return "\"\(scalars.joined())\""
    }

    /// Lines of a comment. Nothing of an imported file can end one.
    private static func comment(_ text: String) -> String {
        WrappedText.lines(PrintableText.escaped(text), width: 98).map { "# \($0)\n" }.joined()
    }
}

extension ImportedConfiguration.Item {
    fileprivate var isFile: Bool { if case .file = target { true } else { false } }
}
