import Foundation
import LaunchConfiguration
import Testing

/// What a file is to both the reader and the schema: fine, or wrong at a key.
struct SchemaExample: CustomTestStringConvertible, Sendable {
    let toml: String
    /// The keys that lead to what is wrong, as the schema's checker names it; nil for a file that is right.
    var mistake: String?

    var testDescription: String { toml.split(separator: "\n").joined(separator: "; ") }
}

@Suite struct ConfigurationSchemaTests {
    @Test func `the shipped schema is what the tables say`() throws {
        try Repository.check("deploy/latchkey.schema.json", is: try ConfigurationSchema.text)
    }

    static let broken = [
        SchemaExample(toml: "valt = \"contoso-web\"", mistake: ""),
        SchemaExample(toml: "vault = 1", mistake: "vault"),
        SchemaExample(toml: "allow-disk = \"yes\"", mistake: "allow-disk"),
        SchemaExample(toml: "cache = \"disk\"", mistake: "cache"),
        SchemaExample(toml: "[refresh]\nevery = \"soon\"", mistake: "refresh/every"),
        SchemaExample(toml: "[refresh]\nevery = \"5\"", mistake: "refresh/every"),
        SchemaExample(toml: "start-timeout = \"5\"", mistake: "start-timeout"),
        SchemaExample(toml: "[refresh]\njitter = 200", mistake: "refresh/jitter"),
        SchemaExample(toml: "[refresh]\nintervall = \"5m\"", mistake: "refresh"),
        SchemaExample(toml: "[child]\nonce = 1", mistake: "child/once"),
        SchemaExample(toml: "[identity]\nsource = \"aws\"", mistake: "identity/source"),
        SchemaExample(toml: "[log]\nlevel = \"loud\"", mistake: "log/level"),
        SchemaExample(toml: "vault = \"contoso-web\"\n[env]\nA = 1", mistake: "env/A"),
        SchemaExample(toml: "vault = \"contoso-web\"\n[env]\nA = { json = \"/x\" }", mistake: "env/A"),
        SchemaExample(
            toml: "vault = \"contoso-web\"\n[env]\nA = { secret = \"x\", key = \"y\" }", mistake: "env/A"),
        SchemaExample(
            toml: "vault = \"contoso-web\"\n[env]\nA = { secret = \"x\", json = \"password\" }", mistake: "env/A/json"),
        SchemaExample(
            toml: "vault = \"contoso-web\"\n[env]\nA = { secret = \"x\", version = \"1\" }", mistake: "env/A/version"),
        SchemaExample(
            toml: "vault = \"contoso-web\"\n[files.a]\nsecret = \"x\"\nmode = \"rw\"", mistake: "files/a/mode"),
        SchemaExample(toml: "vault = \"contoso-web\"\n[files.a]\nset = []", mistake: "files/a/set"),
        SchemaExample(toml: "vault = \"contoso-web\"\n[[select]]\nas = \"file\"", mistake: "select/0/as"),
        SchemaExample(toml: "vault = \"contoso-web\"\n[[select]]\nprefix = \"a_b\"", mistake: "select/0/prefix"),
        SchemaExample(
            toml: "vault = \"contoso-web\"\n[credentials.\"a.service\"]\nb = 1", mistake: "credentials/a.service/b"),
    ]

    /// Every key that there is, with a number that no key takes.
    static let ofWrongType =
        OptionTable.definitions.compactMap(\.key).map { key in
            SchemaExample(
                toml: (key.table.map { "[\($0)]\n" } ?? "") + "\(key.name) = 1.5",
                mistake: (key.table.map { "\($0)/" } ?? "") + key.name)
        }
        + EntryTable.allCases.flatMap { table in
            table.keys.map { key in
                let start = table == .select ? "[[select]]\n" : "[\(table.rawValue).a]\n"
                let source = ["secret", "certificate", "key", "template", "set"].contains(key.name)
                return SchemaExample(
                    toml: start + (source || table == .select ? "" : "secret = \"akv://v/x\"\n") + "\(key.name) = 1.5",
                    mistake: table == .select ? "select/0/\(key.name)" : "\(table.rawValue)/a/\(key.name)")
            }
        }

    /// Every table, with a key that it does not have.
    static let withUnknownKey =
        Set(OptionTable.definitions.compactMap { $0.key?.table }).sorted().map { table in
            SchemaExample(toml: "[\(table)]\nnonsense = \"x\"", mistake: table)
        } + [
            SchemaExample(toml: "[env.a]\nsecret = \"akv://v/x\"\nnonsense = \"x\"", mistake: "env/a"),
            SchemaExample(toml: "[files.a]\nsecret = \"akv://v/x\"\nnonsense = \"x\"", mistake: "files/a"),
            SchemaExample(toml: "vault = \"v\"\n[[select]]\nnonsense = \"x\"", mistake: "select/0"),
        ]

    private static let refused = broken + ofWrongType + withUnknownKey

    /// Every example in a page, and those in deploy, that is a latchkey.toml.
    static var published: [SchemaExample] {
        var texts = Repository.files("deploy", ending: ".toml").compactMap { try? Repository.text($0) }
        for page in Repository.pages where page.hasSuffix(".md") {
            let text = (try? Repository.text(page)) ?? ""
            texts += text.matches(of: /(?s)```toml\n(.*?)```/).map { String($0.1) }
        }
        return texts.filter { !$0.contains("[vaults.") && !$0.contains("[[identity]]") }.map { SchemaExample(toml: $0) }
    }

    /// The file names what lies outside of these tests: users, templates' paths.
    private func isAccepted(_ toml: String) -> Bool {
        let directory = Directory(toml)
        // Only a sidecar reloads a unit, and `check` reads for both.
        let words = toml.contains("[credentials") ? ["credential"] : toml.contains("unit =") ? ["check"] : ["run"]
        return (try? directory.parse(words + (words == ["run"] ? ["--", "app"] : []))) != nil
    }

    /// The places that the schema's checker names for each text, all in one go.
    private static func judge(_ examples: [SchemaExample]) throws -> [[String]] {
        let script = """
            import json, sys, tomllib, jsonschema
            schema = json.load(open(sys.argv[1]))
            jsonschema.Draft7Validator.check_schema(schema)
            validator = jsonschema.Draft7Validator(schema)
            print(json.dumps([["/".join(map(str, error.absolute_path)) for error in validator.iter_errors(tomllib.loads(text))]
                for text in json.load(sys.stdin)]))
            """
        let input = try JSONEncoder().encode(examples.map(\.toml))
        let result = try #require(
            try ToolResult.of(
                "python3", ["-W", "ignore", "-c", script, Repository.root + "/deploy/latchkey.schema.json"],
                input: String(decoding: input, as: UTF8.self)))
        try #require(result.code == 0, "\(result.text)")
        return try JSONDecoder().decode([[String]].self, from: Data(result.text.utf8))
    }

    private static let hasChecker: Bool = {
        (try? ToolResult.of("python3", ["-c", "import jsonschema, tomllib"]))?.code == 0
    }()

    @Test(.enabled(if: hasChecker, "jsonschema or Python 3.11 is not installed"))
    func `the schema accepts every published example and locations every mistake`() throws {
        let examples = Self.published + Self.refused
        for (example, locations) in zip(examples, try Self.judge(examples)) {
            #expect(locations == (example.mistake.map { [$0] } ?? []), "\(example.testDescription)")
        }
    }

    @Test(arguments: published)
    func `the reader accepts a published example`(example: SchemaExample) {
        #expect(isAccepted(example.toml))
    }

    @Test(arguments: refused)
    func `the reader refuses what the schema refuses`(example: SchemaExample) {
        #expect(!isAccepted(example.toml))
    }
}
