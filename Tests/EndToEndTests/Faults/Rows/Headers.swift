import Foundation

extension FaultGroup {
    private static let ofTheStart = Fault.Refresh.untried("the environment is the start's")

    private static func variable(
        _ what: String, _ variables: [String: String], _ code: Int32 = 78, _ message: String = "environment-value"
    ) -> Fault {
        Fault(what: what, variables: variables, start: .ends(code, message), refresh: ofTheStart)
    }

    static let headers = FaultGroup(
        title: "Line ends and other control characters",
        rows: [
            variable("a line end in the identity's header", ["IDENTITY_HEADER": "c4n4ry\r\nX-Other: b"]),
            variable("a line feed alone", ["IDENTITY_HEADER": "c4n4ry\nX-Other: b"]),
            variable("a space before the identity's header", ["IDENTITY_HEADER": " c4n4ry"]),
            variable("a line end in the identity's address", ["IDENTITY_ENDPOINT": "PLAIN/msi/token\r\nX-Other: b"]),
            variable("a user in the identity's address", ["IDENTITY_ENDPOINT": "http://user@127.0.0.1/msi/token"]),
            variable("a file as the identity's address", ["IDENTITY_ENDPOINT": "file:///etc/hostname"]),
            variable("a line end in the client id", ["AZURE_CLIENT_ID": "a\r\nX-Other: b"]),
            variable("a line end in a proxy", ["https_proxy": "STRANGER\r\nX-Other: b"]),
            Fault(
                what: "a line end in a vault's address", options: ["--vault", "VAULT/\r\nX-Other: b"],
                start: .ends(64, "option-value"), refresh: .untried("an option is the start's")),
            Fault(
                what: "a line end in a reference", entry: #"elsewhere = { secret = "smtp\r\nX-Other: b" }"#,
                start: .ends(78, "reference-syntax"), refresh: .keeps("config-kept")),
            Fault(
                what: "a vault of plain http", entry: #"elsewhere = { secret = "PLAIN/secrets/smtp" }"#,
                start: .ends(78, "reference-syntax"), refresh: .keeps("config-kept")),
        ])

    private static func quiet(
        _ what: String, _ variables: [String: String] = [:], options: [String] = [], files: [String: String] = [:],
        how: String? = nil, check: @escaping @Sendable (Scratch) throws -> String? = { _ in nil }
    ) -> Fault {
        Fault(
            what: what, how: how, files: files, variables: variables, options: options, check: check, start: .runs,
            refresh: .passes)
    }

    private static let everyProxy = Dictionary(
        uniqueKeysWithValues: ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
            .map { ($0, "STRANGER") })

    static let surroundings = FaultGroup(
        title: "Proxies, netrc, key log",
        rows: [
            quiet(
                "a proxy for everything but the vaults: the identity is not asked through it",
                everyProxy.merging(["no_proxy": ".vault.localhost"]) { $1 },
                how: "`http_proxy` and its like, `no_proxy`"),
            variable("a proxy where nothing listens", ["https_proxy": "http://127.0.0.1:1"], 75, "vault-unreachable"),
            variable("a proxy that knows no CONNECT", ["https_proxy": "PLAIN"], 75, "vault-unreachable"),
            variable("a proxy of another kind", ["https_proxy": "gopher://127.0.0.1:1"], 78, "environment-value"),
            quiet(
                "a netrc with names for all hosts: not read", ["NETRC": "SCRATCH/.netrc"],
                files: [".netrc": "default login c4n4ry password c4n4ry\n"], how: "`~/.netrc`, `NETRC`"),
            quiet("a key log: not written", ["SSLKEYLOGFILE": "SCRATCH/keys"]) { scratch in
                FileManager.default.fileExists(atPath: scratch.path + "/keys") ? "keys were logged" : nil
            },
            quiet(
                "other authorities for curl and OpenSSL: not read",
                [
                    "CURL_CA_BUNDLE": "/dev/null", "SSL_CERT_FILE": "/dev/null", "SSL_CERT_DIR": "/dev/null",
                    "OPENSSL_CONF": "SCRATCH/openssl.cnf", "OPENSSL_MODULES": "/nowhere",
                ], files: ["openssl.cnf": "openssl_conf = c4n4ry_missing\n[c4n4ry\n"]),
            Fault(
                what: "invalid authorities", files: ["none.pem": "no certificate\n"],
                options: ["--ca-file", "SCRATCH/none.pem"], start: .ends(76, "vault-untrusted"),
                refresh: .untried("an option is the start's")),
            Fault(
                what: "a file of authorities that does not exist", options: ["--ca-file", "/nowhere/ca.pem"],
                start: .ends(66, "option-value"), refresh: .untried("an option is the start's")),
            Fault(
                what: "authorities that were replaced by others", how: "`--ca-file` written anew",
                begin: { harness in try harness.run.replaceAuthorities(by: "no certificate\n") },
                end: { harness in try harness.run.replaceAuthorities(by: harness.authorities) },
                start: .untried("the row above"), refresh: .keeps("vault-untrusted")),
        ])
}
