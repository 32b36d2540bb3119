import Secrets

/// The tables of the configuration file that hold entries, not options.
package enum EntryTable: String, CaseIterable, Sendable {
    case environment = "env"
    case files
    case select
    case fallback
    case credentials

    /// What the table holds, in one line.
    package var summary: String {
        switch self {
        case .environment: "variables: NAME = REFERENCE, or NAME = { … } with the keys below"
        case .files: "files: one table for each path below the secrets directory"
        case .select: "bulk selections: an array of tables"
        case .fallback: "vaults that stand in: VAULT = [VAULT, …]; the first that answers is taken"
        case .credentials: "what 'latchkey credential' serves: one table for each unit, NAME = REFERENCE"
        }
    }

    /// The keys of one entry. In `[fallback]` and `[credentials]` the user chooses the names.
    package var keys: [EntryKey] {
        switch self {
        case .environment: EntryKey.object + EntryKey.variable + [EntryKey.ifMissing]
        case .files: EntryKey.object + EntryKey.file + [EntryKey.ifMissing]
        case .select: EntryKey.select
        case .fallback, .credentials: []
        }
    }
}

/// One key of an entry: the source for reading, schema and manual.
package struct EntryKey: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case string
        case integer
        case strings
        /// A table of strings.
        case table
        case choice([String])
    }

    package let name: String
    package let kind: Kind
    package let summary: String

    init(_ name: String, _ kind: Kind = .string, _ summary: String) {
        self.name = name
        self.kind = kind
        self.summary = summary
    }

    static let object = [
        EntryKey("secret", "a secret's reference, or token:RESOURCE for an Entra token"),
        EntryKey("certificate", "a certificate's reference"),
        EntryKey("key", "a key's reference"),
        EntryKey("vault", "the vault, by name or URL, where the reference is a name"),
        EntryKey("version", "the version, where the reference has none: 32 hexadecimal digits"),
        EntryKey("json", "a part of a JSON secret: a JSON pointer, such as '/password'"),
        EntryKey("encoding", .choice(ValueEncoding.allCases.map(\.rawValue)), "how the secret's value is encoded"),
        EntryKey(
            "format", .choice((ObjectFormat.allCases.map(\.rawValue)) + SetFormat.allCases.map(\.rawValue)),
            "certificate: pem, pem-key, pem-chain, pfx, pkcs12-truststore; key: jwk, pem; set: dotenv, env-file, json"),
    ]

    static let variable = [
        EntryKey("template", "the variable's text, with {{name}} or {{url(name)}} for values")
    ]

    static let file = [
        EntryKey("template", "a Mustache template's path, relative to the configuration file"),
        EntryKey(
            "versions", .integer, "a directory of the newest enabled versions of the secret, as many as this: 0, 1, …"),
        EntryKey("set", .strings, "several secrets in one file"),
        EntryKey("password", "pfx, pkcs12-truststore: the secret whose value protects the file"),
        EntryKey("mode", "permissions in octal digits; 0400, or 0440 with a group, unless given"),
        EntryKey("env", "the variable that holds the file's path"),
    ]

    static let select = [
        EntryKey("vault", "the vault, by name or URL; the default vault unless given"),
        EntryKey("prefix", "how the secrets' names start; all of them unless given"),
        EntryKey("tags", .table, "tags that the secrets have"),
        EntryKey("as", .choice(BulkTarget.allCases.map(\.rawValue)), "variables or files; env unless given"),
        EntryKey("naming", .choice(NamingStyle.allCases.map(\.rawValue)), "how names are made"),
    ]

    static let ifMissing = EntryKey(
        "if-missing", .choice(MissingPolicy.allCases.map(\.rawValue)), "what to do if it does not exist")

    private init(_ name: String, _ summary: String) {
        self.init(name, .string, summary)
    }
}
