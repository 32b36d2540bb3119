import Foundation
import LatchkeyTestSupport
import Testing

/// Certificates for .NET and Java: PFX files that a secret's value protects, and trust stores.
struct ProtectedCertificateTests {
    private static let seed = """
        [vaults.demo.secrets]
        pfx-password = "c4n4ry-pfx"
        nul = { value = "YzRuNHJ5AHg=", content-type = "x", tags = { file-encoding = "base64" } }

        [vaults.demo.certificates.web-tls]
        subject = "CN=web.example.org"
        """

    private static let configuration = """
        [files."web.pfx"]
        certificate = "web-tls"
        format = "pfx"
        password = "pfx-password"

        [files."trust.p12"]
        certificate = "web-tls"
        format = "pkcs12-truststore"
        password = "pfx-password"

        [files."web.pem"]
        certificate = "web-tls"
        """

    /// The files of one `sync`, and where the password is.
    private func delivered(_ body: (Emulator, Scratch, String) throws -> Void) throws {
        try Emulator.serving(Self.seed) { azure in
            let scratch = try Scratch()
            let file = try scratch.write("vault = \"\(azure.vault)\"\n" + Self.configuration, to: "latchkey.toml")
            let outcome = try azure.start(
                ["sync", "--config", file, "--ca-file", azure.authority], in: scratch
            ).end()
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            _ = try scratch.write("c4n4ry-pfx", to: "password")
            try body(azure, scratch, scratch.path + "/instance/secrets")
        }
    }

    @Test(.enabled(if: Programs.installed("openssl") != nil, "openssl is not installed"))
    func `a PFX is protected by AES-256, PBKDF2 and SHA-256, and opens with the secret's value only`() throws {
        try delivered { _, scratch, secrets in
            func show(_ file: String, _ password: String) throws -> Outcome {
                try Launch(
                    Programs.installed("openssl") ?? "",
                    ["pkcs12", "-info", "-noout", "-in", "\(secrets)/\(file)", "-passin", password]
                ).end()
            }
            for file in ["web.pfx", "trust.p12"] {
                let outcome = try show(file, "file:\(scratch.path)/password")
                #expect(outcome.ending == .code(0), "\(outcome.errors)")
                #expect(outcome.errors.contains("MAC: sha256"), "\(outcome.errors)")
                #expect(outcome.errors.contains("PBES2, PBKDF2, AES-256-CBC"), "\(outcome.errors)")
                #expect(outcome.errors.contains("PRF hmacWithSHA256"), "\(outcome.errors)")
                #expect(try show(file, "pass:").ending == .code(1))
            }
        }
    }

    private static let noJava = RecipeBench.obstacle("java", "keytool")

    @Test(.enabled(if: noJava == nil, "\(noJava ?? "")"))
    func `keytool lists a private key in the PFX, and a trusted certificate in the trust store`() throws {
        try delivered { _, scratch, secrets in
            for (file, entry) in [("web.pfx", "PrivateKeyEntry"), ("trust.p12", "trustedCertEntry")] {
                let outcome = try Launch(
                    Programs.installed("keytool") ?? "",
                    [
                        "-list", "-keystore", "\(secrets)/\(file)", "-storetype", "PKCS12", "-storepass:file",
                        "\(scratch.path)/password",
                    ]
                ).end()
                #expect(outcome.ending == .code(0), "\(outcome.output)\(outcome.errors)")
                #expect(outcome.output.contains(entry), "\(outcome.output)")
            }
        }
    }

    private static let client = """
        import java.io.FileInputStream;
        import java.nio.file.*;
        import java.security.KeyStore;
        import javax.net.ssl.*;

        class Client {
            public static void main(String[] words) throws Exception {
                KeyStore store = KeyStore.getInstance("PKCS12");
                char[] password = words[3].equals("trust")
                    ? Files.readString(Path.of(words[1])).toCharArray() : new char[0];
                if (words[3].equals("trust")) store.load(new FileInputStream(words[0]), password);
                else store.load(null, null);
                TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
                if (store.size() > 0) trust.init(store); else trust.init((KeyStore) null);
                SSLContext context = SSLContext.getInstance("TLS");
                context.init(null, trust.getTrustManagers(), null);
                try (SSLSocket socket = (SSLSocket) context.getSocketFactory()
                        .createSocket("127.0.0.1", Integer.parseInt(words[2]))) {
                    socket.startHandshake();
                    System.out.println("trusted");
                } catch (SSLHandshakeException refused) {
                    System.out.println("refused");
                }
            }
        }
        """

    @Test(.enabled(if: noJava == nil, "\(noJava ?? "")"), arguments: [("trust", "trusted"), ("none", "refused")])
    func `a TLS client of Java trusts a server by the delivered trust store`(store: String, expected: String) throws {
        try delivered { _, scratch, secrets in
            let server = try Launch(
                Programs.installed("openssl") ?? "",
                [
                    "s_server", "-www", "-accept", "127.0.0.1:0", "-cert", "\(secrets)/web.pem", "-key",
                    "\(secrets)/web.pem",
                ])
            // "ACCEPT 127.0.0.1:PORT" once it listens.
            #expect(server.output.wait { $0.contains("ACCEPT ") }, "\(server.errors.text)")
            let port = try #require(server.output.text.firstMatch(of: /ACCEPT 127\.0\.0\.1:(\d+)/)).1
            let source = try scratch.write(Self.client, to: "Client.java")
            let outcome = try Launch(
                Programs.installed("java") ?? "",
                [source, "\(secrets)/trust.p12", "\(scratch.path)/password", String(port), store]
            ).end()
            #expect(outcome.output == expected + "\n", "\(outcome.errors)")
            try server.end(SIGTERM)
        }
    }

    @Test func `a changed password is a changed file, and an unchanged one is not`() throws {
        try Emulator.serving(Self.seed) { azure in
            let scratch = try Scratch()
            let file = try scratch.write("vault = \"\(azure.vault)\"\n" + Self.configuration, to: "latchkey.toml")
            let launch = try azure.start(
                [
                    "run", "--config", file, "--ca-file", azure.authority, "--on-change", "none", "--refresh", "off",
                    "--", Programs.probe, "print-on", "USR1",
                ], in: scratch)
            try launch.expect(line: "ready")
            let path = scratch.path + "/instance/secrets/web.pfx"
            let first = try Data(contentsOf: URL(fileURLWithPath: path))
            func refresh() throws {
                let outcome = try Launch(
                    Programs.latchkey, ["refresh", "--wait"],
                    environment: ["RUNTIME_DIRECTORY": scratch.path + "/instance"]
                ).end()
                #expect(outcome.ending == .code(0), "\(outcome.errors)")
            }
            try refresh()
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
            try azure.rotate("pfx-password", to: "c4n4ry-other")
            try refresh()
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) != first)
            try launch.end(SIGTERM)
        }
    }

    @Test(arguments: [
        ("certificate = \"web-tls\"\npassword = \"pfx-password\"", 78, "only a PFX has a password"),
        ("certificate = \"web-tls\"\nformat = \"pfx\"\npassword = \"nobody\"", 66, "'nobody' was not found"),
        ("certificate = \"web-tls\"\nformat = \"pfx\"\npassword = \"nul\"", 65, "NUL byte"),
    ])
    func `a password that can't be used is said`(entry: String, code: Int32, words: String) throws {
        try Emulator.serving(Self.seed) { azure in
            let scratch = try Scratch()
            let file = try scratch.write(
                "vault = \"\(azure.vault)\"\n[files.\"a.pfx\"]\n" + entry, to: "latchkey.toml")
            let outcome = try azure.start(["sync", "--config", file, "--ca-file", azure.authority], in: scratch).end()
            #expect(outcome.ending == .code(code), "\(outcome.errors)")
            #expect(outcome.failures.count == 1 && outcome.errors.contains(words), "\(outcome.errors)")
        }
    }
}
