import Secrets
import Testing

private let version = "6fd6c1e4ba1b4b5f8a6a1c0a0e0f0d0c"
private let contoso = VaultAddress(host: "contoso-web.vault.azure.net")
private let parser = ReferenceParser(defaultVault: VaultAddress(host: "default.vault.azure.net"), suffix: .publicCloud)

private struct Expected: Sendable {
    var host = "contoso-web.vault.azure.net"
    var port: UInt16?
    var kind = VaultObjectKind.secret
    var name = "db-password"
    var version: String?
    var pointer: String?
}

@Suite struct ReferenceParserTests {
    @Test(
        arguments: [
            ("db-password", Expected(host: "default.vault.azure.net")),
            ("db-password/\(version)", Expected(host: "default.vault.azure.net", version: version)),
            ("smtp#/password", Expected(host: "default.vault.azure.net", name: "smtp", pointer: "/password")),
            ("smtp#/a~1b/~0/", Expected(host: "default.vault.azure.net", name: "smtp", pointer: "/a~1b/~0/")),
            ("smtp#/a#b", Expected(host: "default.vault.azure.net", name: "smtp", pointer: "/a#b")),
            ("https://contoso-web.vault.azure.net/secrets/db-password", Expected()),
            ("https://contoso-web.vault.azure.net/secrets/db-password/", Expected()),
            ("https://contoso-web.vault.azure.net:443/secrets/db-password/\(version)", Expected(version: version)),
            ("https://contoso-web.vault.azure.net/secrets/db-password/\(version)/", Expected(version: version)),
            ("HTTPS://Contoso-Web.Vault.Azure.Net/secrets/db-password", Expected()),
            ("https://contoso-web.vault.azure.net/certificates/web-tls", Expected(kind: .certificate, name: "web-tls")),
            ("https://contoso-web.vault.azure.net/keys/signing", Expected(kind: .key, name: "signing")),
            (
                "https://demo.vault.localhost:8443/secrets/db-password#/x",
                Expected(host: "demo.vault.localhost", port: 8443, pointer: "/x")
            ),
            ("https://[::1]:8443/secrets/db-password", Expected(host: "[::1]", port: 8443)),
            ("akv://contoso-web/db-password", Expected()),
            ("akv://contoso-web/db-password/\(version.uppercased())", Expected(version: version)),
            ("akv://contoso-web/secrets/db-password", Expected()),
            ("akv://contoso-web/certificates/web-tls", Expected(kind: .certificate, name: "web-tls")),
            ("akv://contoso-web/keys/signing", Expected(kind: .key, name: "signing")),
            ("akv://contoso-web/keys", Expected(name: "keys")),
            ("akv://contoso-web/keys/", Expected(name: "keys")),
            ("AKV://contoso-web/db-password#/user", Expected(pointer: "/user")),
            (
                "akv://demo.vault.localhost:8443/db-password",
                Expected(host: "demo.vault.localhost", port: 8443)
            ),
            ("@Microsoft.KeyVault(SecretUri=https://contoso-web.vault.azure.net/secrets/db-password)", Expected()),
            ("@Microsoft.KeyVault(SecretUri=https://contoso-web.vault.azure.net/secrets/db-password/)", Expected()),
            (
                "@microsoft.keyvault(secreturi=https://contoso-web.vault.azure.net/secrets/db-password/\(version))",
                Expected(version: version)
            ),
            ("@Microsoft.KeyVault(VaultName=contoso-web;SecretName=db-password)", Expected()),
            ("@Microsoft.KeyVault(SecretName=db-password; VaultName=contoso-web;)", Expected()),
            ("@Microsoft.KeyVault(VaultName=contoso-web;SecretName=db-password;SecretVersion=)", Expected()),
            (
                "@Microsoft.KeyVault(vaultname=contoso-web;secretname=db-password;secretversion=\(version))",
                Expected(version: version)
            ),
            (
                "@Microsoft.KeyVault(VaultName=contoso-web;SecretName=smtp)#/password",
                Expected(name: "smtp", pointer: "/password")
            ),
        ])
    private func `every form is understood`(text: String, expected: Expected) throws {
        let object = VaultObject(
            vault: VaultAddress(host: expected.host, port: expected.port), kind: expected.kind, name: expected.name,
            version: expected.version)
        #expect(try parser.parse(text) == VaultReference(object: object, pointer: expected.pointer))
    }

    @Test(
        arguments: [
            ("", "it is empty", 0),
            ("#/a", "it is empty", 0),
            ("db_password", "a name has 1 to 127 letters, digits and hyphens", 0),
            ("pässword", "a name has 1 to 127 letters, digits and hyphens", 0),
            ("db password", "a name has 1 to 127 letters, digits and hyphens", 0),
            (String(repeating: "a", count: 128), "a name has 1 to 127 letters, digits and hyphens", 0),
            ("db-password/", "a version has 32 hexadecimal digits", 12),
            ("db-password/latest", "a version has 32 hexadecimal digits", 12),
            ("db-password/\(version)0", "a version has 32 hexadecimal digits", 12),
            ("db-password/\(version)/x", "a name is followed by nothing but a version", 45),
            ("smtp#", "a JSON pointer begins with '/'", 5),
            ("smtp#password", "a JSON pointer begins with '/'", 5),
            ("smtp#/a~2", "in a JSON pointer '~' is written '~0' and '/' in a name '~1'", 7),
            ("smtp#/a~", "in a JSON pointer '~' is written '~0' and '/' in a name '~1'", 7),
            ("http://contoso-web.vault.azure.net/secrets/a", "a vault is always https", 0),
            ("ftp://contoso-web/a", "a reference's scheme is https or akv", 0),
            ("https://contoso-web.vault.azure.net", "the vault is followed by '/secrets/NAME'", 35),
            ("https://contoso-web.vault.azure.net/", "the vault is followed by '/secrets/NAME'", 35),
            ("https://contoso-web.vault.azure.net/secrets", "the collection is followed by '/NAME'", 43),
            ("https://contoso-web.vault.azure.net/secrets/", "the collection is followed by '/NAME'", 44),
            (
                "https://contoso-web.vault.azure.net/a",
                "a vault's URL goes on with /secrets, /certificates or /keys", 36
            ),
            ("https://user@contoso.vault.azure.net/secrets/a", "a vault's URL has no user", 12),
            ("https://contoso.vault.azure.net?x=/secrets/a", "a vault's URL has no query", 31),
            ("https://contoso.vault.azure.net/secrets/a?x=1", "a reference has no query", 41),
            ("https:///secrets/a", "the vault's URL has no valid host", 8),
            ("https://con toso/secrets/a", "the vault's URL has no valid host", 8),
            ("https://contoso..net/secrets/a", "the vault's URL has no valid host", 8),
            ("https://contoso.net:0/secrets/a", "a port is a number from 1 to 65535", 20),
            ("https://contoso.net:65536/secrets/a", "a port is a number from 1 to 65535", 20),
            ("https://contoso.net:+80/secrets/a", "a port is a number from 1 to 65535", 20),
            ("https://contoso.net:/secrets/a", "a port is a number from 1 to 65535", 20),
            ("https://[::1/secrets/a", "the vault's URL has no valid host", 8),
            ("akv://contoso-web", "the vault is followed by '/NAME'", 17),
            ("akv://ab/db", "a vault's name has 3 to 24 letters, digits and hyphens", 6),
            ("akv:///db", "a vault's name has 3 to 24 letters, digits and hyphens", 6),
            ("akv://contoso-web/db//", "a version has 32 hexadecimal digits", 21),
            ("akv://contoso-web/keys/signing#/n", "only a secret has parts behind '#'", 30),
            ("@Microsoft.KeyVault(", "the parenthesis is not closed", 20),
            ("@Microsoft.KeyVault(SecretUri=https://a.b/secrets/c", "the parenthesis is not closed", 51),
            (
                "@Microsoft.KeyVault()",
                "between the parentheses both VaultName and SecretName are needed", 20
            ),
            (
                "@Microsoft.KeyVault(VaultName=contoso)",
                "between the parentheses both VaultName and SecretName are needed", 20
            ),
            (
                "@Microsoft.KeyVault(Vault=contoso;SecretName=a)",
                "between the parentheses stand SecretUri, or VaultName, SecretName and SecretVersion", 20
            ),
            (
                "@Microsoft.KeyVault(VaultName=contoso;vaultname=contoso;SecretName=a)",
                "a key between the parentheses is repeated", 38
            ),
            (
                "@Microsoft.KeyVault(SecretUri=https://a.b/secrets/c;VaultName=x)",
                "SecretUri stands alone between the parentheses", 20
            ),
            ("@Microsoft.KeyVault(SecretUri=akv://contoso/c)", "SecretUri is an https URL", 30),
            ("@Microsoft.KeyVault(SecretUri=http://a.b/secrets/c)", "SecretUri is an https URL", 30),
            ("@Microsoft.KeyVault(SecretUri=https://a.b/keys/c)", "SecretUri names a secret", 30),
            (
                "@Microsoft.KeyVault(VaultName=c.vault.azure.net;SecretName=a)",
                "a vault's name has 3 to 24 letters, digits and hyphens", 30
            ),
        ])
    func `what is no reference is refused with the rule and the place`(text: String, reason: String, offset: Int) {
        #expect(throws: ReferenceError(reason, at: offset)) { try parser.parse(text) }
    }

    @Test func `a bare name without a default vault is a mistake of its own`() {
        let error = #expect(throws: ReferenceError.self) {
            try ReferenceParser(suffix: .publicCloud).parse("db-password")
        }
        #expect(error?.problem == .vaultMissing)
    }

    @Test func `a malformed name is said to be so even without a default vault`() {
        let error = #expect(throws: ReferenceError.self) {
            try ReferenceParser(suffix: .publicCloud).parse("db_password")
        }
        #expect(error?.problem == .syntax)
    }

    @Test func `bare names can be certificates`() throws {
        let reference = try ReferenceParser(defaultVault: contoso, suffix: .publicCloud, bareKind: .certificate)
            .parse("web-tls")
        #expect(reference.object == VaultObject(vault: contoso, kind: .certificate, name: "web-tls"))
    }

    @Test(arguments: [
        ("@Microsoft.KeyVault(", true), ("@microsoft.keyvault(nonsense", true), ("akv://", true), ("AKV://x", true),
        ("akv:/x", false), (" akv://contoso/a", true), ("@Microsoft.KeyVault", false), ("", false),
        ("https://contoso.vault.azure.net/secrets/a", false), ("db-password", false),
    ])
    func `an inherited value is claimed by its beginning`(value: String, isClaimed: Bool) {
        #expect(ReferenceParser.claims(value.utf8) == isClaimed)
    }

    @Test func `bytes that are not UTF-8 are claimed by their beginning, too`() {
        #expect(ReferenceParser.claims(Array("akv://".utf8) + [0xFF]))
        #expect(!ReferenceParser.claims([0xFF, 0xFE]))
    }
}

@Suite struct VaultAddressParserTests {
    @Test(arguments: [
        ("contoso-web", "https://contoso-web.vault.azure.net"), ("Contoso", "https://contoso.vault.azure.net"),
        ("https://contoso-web.vault.azure.net", "https://contoso-web.vault.azure.net"),
        ("https://contoso-web.vault.azure.net/", "https://contoso-web.vault.azure.net"),
        ("https://contoso.vault.azure.cn:443", "https://contoso.vault.azure.cn"),
        ("https://demo.vault.localhost:8443", "https://demo.vault.localhost:8443"),
        ("https://127.0.0.1:8443", "https://127.0.0.1:8443"), ("https://[fe80::1]", "https://[fe80::1]"),
        // What libcurl connects to.
        ("https://0x7f.1:8443", "https://127.0.0.1:8443"), ("https://[0:0::0001]:8443", "https://[::1]:8443"),
    ])
    func `a name or an https URL is a vault`(text: String, url: String) throws {
        #expect(try VaultAddress(parsing: text, suffix: .publicCloud).url == url)
    }

    @Test(arguments: [
        ("", "a vault is a name or an https URL"),
        ("ab", "a vault's name has 3 to 24 letters, digits and hyphens"),
        (String(repeating: "a", count: 25), "a vault's name has 3 to 24 letters, digits and hyphens"),
        ("contoso_web", "a vault's name has 3 to 24 letters, digits and hyphens"),
        ("-contoso", "a vault's name has 3 to 24 letters, digits and hyphens"),
        ("contoso.vault.azure.net", "a vault that is not a name is an https URL, with 'https://' in front"),
        ("http://contoso.vault.azure.net", "a vault is always https"),
        ("file:///etc/passwd", "a vault is always https"),
        ("https://contoso.vault.azure.net/secrets", "a vault's URL has no path"),
        ("https://contoso.vault.azure.net//", "a vault's URL has no path"),
        ("https://u:p@contoso.vault.azure.net", "a vault's URL has no user"),
        ("https://contoso.vault.azure.net?a", "a vault's URL has no query"),
        ("https://contoso.vault.azure.net#a", "a vault's URL has no fragment"),
        ("https://", "the vault's URL has no valid host"),
        ("https://a\u{0}b", "the vault's URL has no valid host"),
        ("https://contoso.vault.azure.net.", "the vault's URL has no valid host"),
        ("https://contoso%2evault.azure.net%2f.evil", "the vault's URL has no valid host"),
        ("https://[fe80::1%25eth0]", "the vault's URL has no valid host"),
        ("https://[::1]:x", "a port is a number from 1 to 65535"),
    ])
    func `nothing else is`(text: String, reason: String) {
        let error = #expect(throws: ReferenceError.self) { try VaultAddress(parsing: text, suffix: .publicCloud) }
        #expect(error?.reason == reason)
    }
}

@Suite struct VaultSuffixTests {
    @Test(
        arguments: [
            ("vault.azure.cn", "contoso-web.vault.azure.cn", nil),
            ("Vault.Localhost:8443", "contoso-web.vault.localhost", 8443),
            ("vault.azure.net:443", "contoso-web.vault.azure.net", nil), ("internal", "contoso-web.internal", nil),
        ] as [(String, String, UInt16?)])
    func `a vault's name gets the suffix in every form`(text: String, host: String, port: UInt16?) throws {
        let suffix = try VaultSuffix(parsing: text)
        let vault = VaultAddress(host: host, port: port)
        #expect(try VaultAddress(parsing: "contoso-web", suffix: suffix) == vault)
        let parser = ReferenceParser(suffix: suffix)
        for reference in [
            "akv://contoso-web/db-password", "@Microsoft.KeyVault(VaultName=contoso-web;SecretName=db-password)",
        ] {
            #expect(try parser.parse(reference).object == VaultObject(vault: vault, name: "db-password"))
        }
        let whole = try parser.parse("akv://contoso-web.vault.azure.net/db-password")
        #expect(whole.object.vault == contoso)
        #expect(suffix.isOfAzure == host.contains("azure"))
    }

    @Test(arguments: [
        ("", "a suffix is a host's name, without 'https://' or a dot in front"),
        (".vault.azure.net", "a suffix is a host's name, without 'https://' or a dot in front"),
        ("https://vault.azure.net", "a suffix is a host's name, without 'https://' or a dot in front"),
        ("vault.azure.net/", "a suffix is a host's name, without 'https://' or a dot in front"),
        ("127.0.0.1:8443", "a suffix is a host's name, and no address"),
        ("[::1]", "a suffix is a host's name, and no address"), ("0x7f.1", "a suffix is a host's name, and no address"),
        ("vault.localhost:x", "a port is a number from 1 to 65535"),
        ("vault localhost", "the vault's URL has no valid host"),
        ("a@vault.azure.net", "a vault's URL has no user"),
        ("web.vault.azure.net", "no vault's name is followed by more than 'vault.azure.net'"),
        ("x.y.managedhsm.azure.cn:1", "no vault's name is followed by more than 'managedhsm.azure.cn'"),
    ])
    func `nothing else is a suffix`(text: String, reason: String) {
        let error = #expect(throws: ReferenceError.self) { try VaultSuffix(parsing: text) }
        #expect(error?.reason == reason)
    }
}
