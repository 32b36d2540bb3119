import Delivery
import KeyVault
import LaunchConfiguration
import Messages
import Secrets

// What somebody should know of a delivery that is made all the same.

extension Message {
    /// What a start says of what a bulk selection found.
    static func warnings(_ selection: BulkSelection, _ found: [ListedSecret]) -> [Message] {
        found.isEmpty ? [nothingSelected(selection)] : nameForNoShell(selection, found).map { [$0] } ?? []
    }

    /// A selection that a start finds nothing with is a mistyped prefix more often than an empty vault.
    private static func nothingSelected(_ selection: BulkSelection) -> Message {
        var words = ["no enabled secret"]
        if !selection.prefix.isEmpty { words.append("whose name begins with '\(selection.prefix)'") }
        let tags = selection.tags.sorted { $0.key < $1.key }.map { "'\($0.key)=\($0.value)'" }
        if !tags.isEmpty { words.append("with the tag \(tags.joined(separator: " and "))") }
        return Message(
            .warning, .nothingToDeliver, "vault '\(selection.vault.name)': \(words.joined(separator: " "))",
            hint: "see what there is with 'latchkey list'", vault: selection.vault.name)
    }
}

extension Message {
    /// What a start and each day say of the dates of an object. A token is renewed long before its end.
    static func ofValidity(_ known: KnownSource, _ now: Int64) -> [Message] {
        guard case .object(let object) = known.source else { return [] }
        func warning(_ code: MessageCode, _ text: String) -> Message {
            Message(
                .warning, code, "vault '\(object.vault.name)': \(object.kind.rawValue) '\(object.name)' \(text)",
                secret: object.name, vault: object.vault.name)
        }
        var warnings: [Message] = []
        if let begins = known.record.notBefore, begins > now {
            let date = UTCTime(seconds: begins).rfc3339
            warnings.append(warning(.secretNotYetValid, "is not valid before \(date); delivered all the same"))
        }
        guard let expires = known.record.expires else { return warnings }
        let date = UTCTime(seconds: expires).rfc3339
        if expires <= now {
            warnings.append(warning(.secretExpired, "expired \(date); delivered all the same"))
        } else if expires - now < 7 * 86_400 {
            warnings.append(warning(.secretExpires, "expires \(date)"))
        }
        return warnings
    }

    /// The warning for a file whose name promises another format than it gets; nil if they agree.
    static func otherForm(_ value: FetchedObject, as request: ObjectRequest, in path: String) -> Message? {
        guard let promised = FileForm(promisedBy: path), let form = FileForm(of: value, as: request), form != promised
        else { return nil }
        let object = value.object
        let subject = "vault '\(object.vault.name)': \(object.kind.rawValue) '\(object.name)'"
        return Message(
            .warning, .fileForm,
            "\(subject) is delivered as \(form.words), and a program takes '\(path)' for "
                + promised.words,
            hint: remedy(value, promised, path), secret: object.name, vault: object.vault.name)
    }

    private static func remedy(_ value: FetchedObject, _ promised: FileForm, _ path: String) -> String {
        let object = value.object
        let format = promised == .pfx ? "pfx" : "pem"
        switch object.kind {
        case .certificate, .key: return "give it format = \"\(format)\" in [files.\"\(path)\"], or rename the file"
        case .secret where value.isManaged && promised == .pem:
            return "name the certificate: '\(object.vault.url)/certificates/\(object.name)' is delivered as PEM"
        case .secret where value.isManaged:
            return "in [files.\"\(path)\"], write certificate = \"\(object.name)\" and format = \"\(format)\""
        case .secret: return "rename the file, or import the value into the vault as a certificate"
        }
    }

    /// The warning for a bulk selection that gives a variable a name that no shell can read; nil if it gives none. With
    /// another naming style than the shell's, such names are intended.
    static func nameForNoShell(_ selection: BulkSelection, _ secrets: [ListedSecret]) -> Message? {
        guard selection.target == .environment, selection.naming == .upperSnake else { return nil }
        for secret in secrets {
            let name = Selection.variableName(for: secret.name, selection.naming)
            guard !VariableName.isPortable(name) else { continue }
            return Message(
                .warning, .variableName,
                "\(selection.location): no shell can read a variable of the name '\(name)', made of secret '\(secret.name)'",
                hint: "name it yourself, as in '-e _\(name)=\(secret.name)'", secret: secret.name,
                vault: selection.vault.name)
        }
        return nil
    }
}
