import Foundation
import LaunchConfiguration
import Messages
import Secrets
import Testing

/// `init --from`: every entry of another tool's file is found again in `latchkey.toml`, or a comment says why not.
@Suite struct ImportTests {
    /// Files in the forms that the tools write, with names of their own.
    static let sources = ["json", "env"].flatMap { Repository.files("Tests/ImportSources", ending: "." + $0) }

    private static func text(_ source: String, options: [String] = []) throws -> String {
        let directory = Directory()
        let name = String(source.split(separator: "/").last ?? "")
        directory.write(try Repository.text(source), to: name)
        let command = try directory.parse(["init", "--from", name] + options)
        guard case .initialize(_, .imported(let text), _) = command else {
            Issue.record("nothing was imported")
            return ""
        }
        return text
    }

    private static func golden(_ source: String) -> String {
        source.split(separator: ".").dropLast().joined(separator: ".") + ".toml"
    }

    @Test(arguments: sources)
    func `a file becomes the configuration that was looked over`(source: String) throws {
        try Repository.check(Self.golden(source), is: Self.text(source))
    }

    @Test(arguments: sources)
    func `what is written is a configuration, and so is an entry that somebody uncomments`(source: String) throws {
        let text = try Self.text(source)
        let plan = try Directory(text).plan()
        #expect(!plan.items.isEmpty || source.contains("terraform"), "\(text)")
        // Each entry in a comment by itself: a name that another one has would be a mistake.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let keys = /(secret|certificate|key|vault|version|encoding|format|versions|mode|json) = .*/
        for (index, line) in lines.enumerated() {
            guard line.hasPrefix("# ") else { continue }
            var entry = String(line.dropFirst(2))
            let isVariable = entry.contains(/^\w+ = ["{].*["}]$/) && !entry.contains("directory = ")
            guard isVariable || entry.hasPrefix("[files.\"") else { continue }
            for more in lines[(index + 1)...] {
                guard !isVariable, more.hasPrefix("# "), more.dropFirst(2).wholeMatch(of: keys) != nil else { break }
                entry += "\n" + more.dropFirst(2)
            }
            let uncommented = "vault = \"contoso-shop\"\n" + (isVariable ? "[env]\n" : "") + entry
            guard !entry.contains("$") else { continue }
            #expect(try Directory(uncommented).plan().items.count == 1, "\(uncommented)")
        }
    }

    /// The names that an app knows its secrets by.
    private static let names: [String: [String]] = [
        "secret-provider-class.json": [
            "db-password", "mail/password", "license.bin", "banner", "signing-keys", "web-tls", "web-tls.pub",
            "web-tls.p12", "web-tls.p12.txt", "mail", "54826b22-0000-4000-8000-b7b93a3e9c5a",
        ],
        "secret-provider-class-with-deployment.json": [
            "dbpassword", "shop-tls", "registry", "DB_PASSWORD", "API_TOKEN", "LOG_LEVEL", "POD_NAME", "tls.key",
            "tls.crt",
            ".dockerconfigjson", "shop-ingress", "shop-registry", "/mnt/secrets-store",
        ],
        "secret-provider-class-of-terraform.json": [
            "$KEYVAULT_NAME", "db-password", "$SECRET_NAME", "shop-tls", "retries", "usePodIdentity", "vault.azure.cn",
        ],
        "akv2k8s.json": [
            "DB_PASSWORD", "SMTP_USER", "TLS_KEY", "TLS_CERT", "LOGIN", "TOKEN", "LOG_LEVEL", "CACHE_PASSWORD", "ALL",
            "shop-mail/mail", "shop-old-mail/old-mail", "shop-tls/tls.crt", "shop-tls/tls.key", "shop-login/username",
            "shop-login/password", "shop-license/license.bin", "shop-motd/motd.txt", "shop-signing/key",
            "/etc/shop/tls",
        ],
        "azure-key-vault-secret.json": ["PARTNER_TOKEN", "partner-token@azurekeyvault", "shop-identity"],
        "app-service-settings.json": [
            "DB_PASSWORD", "SMTP_PASSWORD", "PARTNER__TOKEN", "BROKEN", "WEBSITE_RUN_FROM_PACKAGE", "APPINSIGHTS_KEY",
            "DOCKER_REGISTRY_SERVER_PASSWORD",
        ],
        "container-app.json": [
            "DB_PASSWORD", "PARTNER_TOKEN", "SESSION_KEY", "MISSPELT", "LOG_LEVEL", "app.yaml", "UNUSED",
            "/mnt/secrets",
            "userAssignedIdentities/shop",
        ],
        "container-app-secrets.json": ["DB_PASSWORD", "SESSION_KEY"],
        "variables.env": ["DB_PASSWORD", "SMTP_PASSWORD", "TLS", "LOG_LEVEL", "BROKEN"],
    ]

    @Test(arguments: sources)
    func `every entry is found again, and no value of its own`(source: String) throws {
        let names = try #require(Self.names[String(source.split(separator: "/").last ?? "")])
        let text = try Self.text(source)
        for name in names { #expect(text.contains(name), "\(name) is nowhere in \(text)") }
        #expect(!text.contains("c4n4ry"))
    }

    @Test func `the objects are those that the tools would fetch`() throws {
        let shop = VaultAddress(host: "contoso-shop.vault.azure.net")
        let version = "6fd6c1e4ba1b4b5f8a6a1c0a0e0f0d0c"
        let plan = try Directory(Self.text("Tests/ImportSources/secret-provider-class.json")).plan()
        #expect(plan.vault == shop)
        #expect(
            plan.identity
                == IdentityOptions(source: .workloadIdentity, clientID: "7d1c6a52-0000-4000-8000-3b1f2f5e6a10"))
        let files = Dictionary(uniqueKeysWithValues: plan.files.map { ($0.target.name, $0) })
        func object(
            _ name: String, kind: VaultObjectKind = .secret, version: String? = nil, encoding: ValueEncoding? = nil,
            format: ObjectFormat? = nil
        ) -> ObjectRequest {
            ObjectRequest(
                reference: secret(name, version: version, kind: kind, in: shop), encoding: encoding, format: format)
        }
        #expect(files["db-password"]?.content == .object(object("db-password")))
        #expect(files["mail/password"]?.content == .object(object("smtp-password", version: version)))
        #expect(files["mail/password"]?.mode == 0o440)
        #expect(files["license.bin"]?.content == .object(object("license", encoding: .base64)))
        #expect(files["license.bin"]?.mode == nil)
        #expect(files["signing-keys"]?.content == .versions(object("signing-keys"), count: 3))
        #expect(files["web-tls"]?.content == .object(object("web-tls", kind: .certificate, format: .pemChain)))
        #expect(files["web-tls.pub"]?.content == .object(object("web-tls", kind: .key, format: .pem)))
        #expect(files["web-tls.p12"]?.content == .object(object("web-tls", kind: .certificate, format: .pfx)))
        #expect(files["web-tls.p12.txt"]?.content == .object(object("web-tls")))
        #expect(files["mail"] == nil)
    }

    @Test func `the default vault and the suffix are the source's, and what it lacks is --vault's`() throws {
        let china = "Tests/ImportSources/secret-provider-class-of-terraform.json"
        let text = try Self.text(china, options: ["--vault", "contoso-cn"])
        #expect(text.contains("\nvault-suffix = \"vault.azure.cn\"\n"))
        let settings = try Directory(
            Self.text("Tests/ImportSources/app-service-settings.json", options: ["--vault", "contoso-other"])
        ).plan()
        #expect(settings.vault == VaultAddress(host: "contoso-shop.vault.azure.net"))
    }

    @Test(
        arguments: [
            ("{", "1:2: the text is not JSON in UTF-8"), ("{}", "1:1: it is nothing that is known"),
            ("[]", "1:1: it is nothing that is known"),
            ("[{\"value\":\"c4n4ry\"}]", "1:1: it is nothing that is known"),
            (
                "{\n\"kind\": \"Secret\"}",
                "2:9: 'Secret' is none of SecretProviderClass, AzureKeyVaultSecret, Deployment"
            ),
            ("{\"kind\": \"List\", \"items\": []}", "1:1: the list is empty"),
            ("{\"kind\": \"List\", \"items\": [{\"kind\":\"Deploymnet\"}]}", "1:36: 'Deploymnet' is none of"),
            (
                "{\"kind\":\"SecretProviderClass\",\"spec\":{\"provider\":\"vault\",\"parameters\":{}}}",
                "1:38: the provider is 'vault', not 'azure'"
            ),
            (
                "{\"kind\":\"SecretProviderClass\",\"spec\":{\"provider\":\"azure\",\"parameters\":{}}}",
                "1:71: there is no 'objects'"
            ),
            (
                "{\"kind\":\"SecretProviderClass\",\"spec\":{\"provider\":\"azure\",\"parameters\":{\"objects\":\"x: c4n4ry\"}}}",
                "1:82: 'objects' can't be understood"
            ),
            ("apiVersion: v1\nkind: Deployment\n", "1:1: it is YAML, and only JSON is read"),
        ])
    func `what can't be read is 65 with its place and without its values`(text: String, start: String) {
        let directory = Directory()
        directory.write(text, to: "source")
        let mistake = directory.mistake(["init", "--from", "source"])
        #expect(mistake.code == 65)
        #expect(mistake.lines[0].hasPrefix("latchkey: error[source-syntax]: source:\(start)"), "\(mistake)")
        #expect(!mistake.description.contains("c4n4ry"))
        #expect(!text.contains("Deploymnet") || mistake.lines[1] == "latchkey: hint: did you mean 'Deployment'?")
    }

    @Test func `a malformed line of variables is named, and a file that is not there is 66`() {
        let directory = Directory()
        directory.write("A=akv://contoso/a\nB\n", to: ".env")
        let line = directory.mistake(["init", "--from", ".env"])
        #expect(line.code == 78 && line.lines[0].contains("error[env-file-syntax]: .env:2:1: expected NAME=value"))
        let missing = directory.mistake(["init", "--from", "no.json"])
        #expect(missing.code == 66 && missing.lines[0].hasPrefix("latchkey: error[source-missing]: 'no.json': "))
    }

    @Test func `a pointer with control characters is written as TOML has it`() throws {
        let directory = Directory()
        directory.write("A='akv://contoso-shop/smtp#/a\u{1e}\"\\b\u{e0001}'\n", to: ".env")
        let command = try directory.parse(["init", "--from", ".env"])
        guard case .initialize(_, .imported(let text), _) = command else { return }
        let pointer = try Directory(text).plan().items.first?.content.references.first?.pointer
        #expect(pointer == "/a\u{1e}\"\\b\u{e0001}", "\(text)")
    }

    @Test func `nothing of a file can end a comment or a string`() throws {
        let directory = Directory()
        let evil = "x\\nvault = \\\"evil\\\"\\n\\u2028[env]\\\"\\\\"
        directory.write(
            """
            {"kind": "List", "items": [
              {"kind": "Deployment", "metadata": {"name": "\(evil)"}, "spec": {"template": {"spec": {"containers": [
                {"env": [{"name": "\(evil)", "value": "a@azurekeyvault"}, {"name": "B", "value": "\(evil)@azurekeyvault"},
                         {"name": "\(evil)"}]}]}}}},
              {"kind": "AzureKeyVaultSecret", "metadata": {"name": "a"},
               "spec": {"vault": {"name": "contoso", "object": {"type": "secret", "name": "\(evil)"}},
                        "output": {"secret": {"name": "\(evil)", "dataKey": "\(evil)"}}}}]}
            """, to: "source")
        let command = try directory.parse(["init", "--from", "source"])
        guard case .initialize(_, .imported(let text), _) = command else { return }
        let plan = try Directory(text).plan()
        #expect(plan.vault == nil && plan.items.isEmpty, "\(text)")
    }
}
