import Foundation
import Testing

/// Every shape in which a vault's objects can be delivered, read back by others than us: openssl, and the JSON and
/// base64 readers of Foundation.
struct ShapeTests {
    private static let openssl = Programs.installed("openssl")
    private static let certificates =
        ["EC", "RSA"].flatMap { key in ["pem", "pfx"].map { format in Certificate(key: key, format: format) } }

    /// A certificate of the vault's: its key, and the form in which the vault holds it.
    struct Certificate: CustomTestStringConvertible, Sendable {
        var key: String
        var format: String
        var testDescription: String { "\(key) held as \(format)" }

        /// A seed with it, as `web-tls`, issued by the emulator's authority, and `locked`, whose key can't be exported.
        var seed: String {
            """
            [vaults.demo.certificates.web-tls]
            subject = "CN=web.example.org, O=Example"
            dns = ["web.example.org"]
            key = "\(key)"
            format = "\(format)"
            issued = true

            [vaults.demo.certificates.locked]
            key = "\(key)"
            format = "\(format)"
            exportable = false

            [vaults.demo.keys]
            signing = { type = "\(key)" }
            """
        }
    }

    /// Delivers the files that a configuration asks for, and runs a shell script among them.
    private func run(_ azure: Emulator, _ files: String, script: String) throws -> Outcome {
        let scratch = try Scratch()
        let configuration = try scratch.write(files, to: "latchkey.toml")
        return try azure.start(
            [
                "run", "--once", "--config", configuration, "--vault", azure.vault, "--ca-file", azure.authority, "--",
                "sh", "-ec", "cd $LATCHKEY_SECRETS\n" + script,
            ], environment: ["AUTHORITY": azure.authority], in: scratch, printsSecrets: true
        ).end()
    }

    /// What each file's name promises, and whether it is kept.
    private static let forms =
        [
            ("a.pem", "secret = \"web-tls\"", "PKCS #12 (PFX) in base64"), ("a.crt", "secret = \"web-tls\"", "base64"),
            ("a.key", "secret = \"web-tls\"", "/certificates/web-tls' is delivered as PEM"),
            ("a.pfx", "secret = \"web-tls\"", "certificate = \"web-tls\" and format = \"pfx\""),
            ("a.pem", "certificate = \"web-tls\"\nformat = \"pfx\"", "format = \"pem\""),
            ("a.p12", "certificate = \"web-tls\"", "format = \"pfx\" in [files.\"a.p12\"]"),
            ("a.pem", "key = \"signing\"", "JSON (JWK)"),
            ("a.pem", "certificate = \"web-tls\"", nil), ("a.pfx", "certificate = \"web-tls\"\nformat = \"pfx\"", nil),
            ("a.key", "key = \"signing\"\nformat = \"pem\"", nil), ("a.txt", "secret = \"web-tls\"", nil),
        ] as [(String, String, String?)]

    @Test(arguments: forms)
    func `a file whose name promises another form than it gets is a warning:`(
        path: String, entry: String, words: String?
    ) throws {
        try Emulator.serving(Certificate(key: "EC", format: "pfx").seed) { azure in
            let outcome = try run(azure, "[files.\"\(path)\"]\n\(entry)\n", script: "test -s \(path)")
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            #expect(outcome.errors.contains("warning[file-form]: ") == (words != nil), "\(outcome.errors)")
            if let words { #expect(outcome.errors.contains(words), "\(outcome.errors)") }
        }
    }

    @Test(.enabled(if: openssl != nil, "openssl is not installed"), arguments: certificates)
    func `openssl takes a certificate in each of its formats:`(certificate: Certificate) throws {
        try Emulator.serving(certificate.seed) { azure in
            let files = ["pem", "pem-key", "pem-chain", "pfx"].map { format in
                "[files.\"\(format)\"]\ncertificate = \"web-tls\"\nformat = \"\(format)\"\n"
            }
            let script = """
                openssl x509 -in pem -noout -subject -nameopt RFC2253
                openssl x509 -in pem-chain -noout -checkhost web.example.org
                openssl verify -CAfile "$AUTHORITY" -untrusted pem-chain pem-chain
                head -n 1 pem
                grep -c 'BEGIN CERTIFICATE' pem pem-chain
                grep -c 'PRIVATE KEY' pem-chain || true
                leaf=$(openssl x509 -in pem -noout -pubkey | openssl sha256 -r)
                for key in pem pem-key; do
                    test "$leaf" = "$(openssl pkey -in $key -pubout | openssl sha256 -r)" && echo $key has its key
                done
                openssl pkcs12 -in pfx -passin pass: -nodes -nocerts | openssl pkey -pubout | openssl sha256 -r |
                    grep -qF "$leaf" && echo pfx has its key
                openssl pkcs12 -in pfx -passin pass: -nokeys | grep -c 'BEGIN CERTIFICATE'
                """
            let outcome = try run(azure, files.joined(), script: script)
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            #expect(
                outcome.output == """
                    subject=O=Example,CN=web.example.org
                    Hostname web.example.org does match certificate
                    pem-chain: OK
                    -----BEGIN PRIVATE KEY-----
                    pem:2
                    pem-chain:2
                    0
                    pem has its key
                    pem-key has its key
                    pfx has its key
                    2

                    """)
        }
    }

    @Test(.enabled(if: openssl != nil, "openssl is not installed"), arguments: certificates)
    func `a certificate whose key stays in the vault is had without it:`(certificate: Certificate) throws {
        try Emulator.serving(certificate.seed) { azure in
            let chain = "[files.chain]\ncertificate = \"locked\"\nformat = \"pem-chain\"\n"
            let had = try run(azure, chain, script: "openssl x509 -in chain -noout && grep -c BEGIN chain")
            #expect(had.ending == .code(0) && had.output == "1\n", "\(had.errors)")
            for format in ["pem", "pem-key", "pfx"] {
                let files = "[files.a]\ncertificate = \"locked\"\nformat = \"\(format)\"\n"
                let refused = try run(azure, files, script: "true")
                #expect(refused.ending == .code(65), "\(format): \(refused.errors)")
                #expect(refused.failures.first?.contains("certificate 'locked' has no private key") == true)
                #expect(refused.hints.first?.contains("pem-chain") == true)
            }
        }
    }

    @Test(.enabled(if: openssl != nil, "openssl is not installed"), arguments: ["EC", "RSA"])
    func `a key's public part is the same as JWK and as PEM`(type: String) throws {
        try Emulator.serving(Certificate(key: type, format: "pem").seed) { azure in
            let files = """
                [files.jwk]
                key = "signing"

                [files.pem]
                key = "signing"
                format = "pem"
                """
            let outcome = try run(
                azure, files,
                script: """
                    cat jwk
                    echo
                    openssl pkey -pubin -in pem -pubout -outform DER | openssl base64 -A
                    """)
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            let lines = outcome.output.split(separator: "\n")
            try #require(lines.count == 2)
            struct Key: Decodable {
                var kty: String
                var n, x, y: String?
            }
            let key = try JSONDecoder().decode(Key.self, from: Data(lines[0].utf8))
            #expect(key.kty.hasPrefix(type))
            let der = try #require(Data(base64Encoded: String(lines[1])))
            let parts = [key.n, key.x, key.y].compactMap { $0 }.compactMap { Data(base64URL: $0) }
            #expect(parts.count == (type == "RSA" ? 1 : 2))
            for part in parts { #expect(der.range(of: part) != nil) }
        }
    }

    @Test func `a value is decoded as its tag or its entry says`() throws {
        let bytes = Data((0..<200).map { UInt8($0) })
        let lines = bytes.base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed])
        let hex = bytes.map { String(($0 >> 4), radix: 16) + String($0 & 15, radix: 16) }.joined()
        let seed = """
            [vaults.demo.secrets]
            lines = { value = '''\(lines)''', tags = { file-encoding = "base64" } }
            hex = { value = "\(hex)", tags = { file-encoding = "hex" } }
            text = { value = "Grüße", tags = { file-encoding = "utf-16le" } }
            plain = "SGVsbG8="
            tagged = { value = "SGVsbG8=", tags = { file-encoding = "base64" } }
            smtp = '{"user":"web","hosts":["a","b"],"port":587,"password":"p\\"w"}'
            """
        let files = """
            [files]
            lines = "lines"
            hex = "hex"
            text = "text"
            decoded = { secret = "plain", encoding = "base64" }
            kept = { secret = "tagged", encoding = "utf-8" }
            user = "smtp#/user"
            host = { secret = "smtp", json = "/hosts/1" }
            port = "smtp#/port"
            quoted = "smtp#/password"
            hosts = "smtp#/hosts"
            """
        try Emulator.serving(seed) { azure in
            let script = """
                base64 -w 0 lines
                for name in text decoded kept user host port quoted hosts; do echo; cat $name; done
                echo
                cmp lines hex && echo same
                """
            let outcome = try run(azure, files, script: script)
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            let expected =
                [bytes.base64EncodedString()]
                + ["Grüße", "Hello", "SGVsbG8=", "web", "b", "587", "p\"w", #"["a","b"]"#, "same", ""]
            #expect(outcome.output.components(separatedBy: "\n") == expected)
        }
    }

    /// What can't be had in the shape that was asked for, its exit code and message code.
    private static let refusals: [(entry: String, code: Int32, message: String)] = [
        (#"{ secret = "plain", encoding = "hex" }"#, 65, "value-encoding"),
        (#"{ secret = "plain", encoding = "base64" }"#, 65, "value-encoding"),
        (#""plain#/a""#, 65, "value-json"),
        (#""json#/b""#, 66, "json-member"),
        (#""json#/list/2""#, 66, "json-member"),
        (#"{ certificate = "plain" }"#, 65, "certificate-format"),
        (#"{ key = "plain" }"#, 66, "secret-missing"),
    ]

    @Test(arguments: refusals)
    func `what has not that shape is refused, and shown to nobody`(
        entry: String, code: Int32, message: String
    ) throws {
        let seed = """
            [vaults.demo.secrets]
            plain = "c4n4ry-plain"
            json = '{"a":"c4n4ry-json","list":["c4n4ry-0","c4n4ry-1"]}'
            """
        try Emulator.serving(seed) { azure in
            let scratch = try Scratch()
            let configuration = try scratch.write("[files]\na = \(entry)\n", to: "latchkey.toml")
            let outcome = try azure.start(
                [
                    "run", "--config", configuration, "--vault", azure.vault, "--ca-file", azure.authority, "--",
                    "true",
                ], in: scratch
            ).end()
            #expect(outcome.ending == .code(code), "\(outcome.errors)")
            #expect(outcome.failures.first?.contains("error[\(message)]") == true, "\(outcome.errors)")
        }
    }
}

extension Data {
    /// The bytes of base64url text without padding (RFC 7515, 2).
    fileprivate init?(base64URL text: String) {
        let plain = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        self.init(base64Encoded: plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4))
    }
}
