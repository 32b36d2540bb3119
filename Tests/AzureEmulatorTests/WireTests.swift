import AzureEmulator
import Testing

struct WireTests {
    private static let seed = "[vaults.demo.secrets]\na = \"correct horse battery staple\""

    private func play(
        _ fault: String, _ check: @escaping @Sendable (TestEmulator, WireReply) async throws -> Void
    ) async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            #expect(try await test.control("POST", "faults", fault).status == 201)
            try await check(test, try await test.vault("GET", "/secrets/a"))
        }
    }

    @Test func `a dropped connection ends before any byte, and the next one is served`() async throws {
        try await play(#"{"drop":true,"times":1}"#) { test, reply async throws in
            #expect(reply.bytes.isEmpty)
            #expect(try await test.vault("GET", "/secrets/a").status == 200)
            #expect(try await test.journal().first?["status"] == 0)
        }
    }

    @Test func `a reset is no end of file`() async throws {
        try await play(#"{"reset":true,"times":1}"#) { _, reply async throws in
            #expect(reply.bytes.isEmpty && reply.isBroken)
        }
    }

    @Test func `a truncated body is shorter than was announced`() async throws {
        try await play(#"{"truncate":10,"times":1}"#) { _, reply async throws in
            #expect(reply.status == 200)
            #expect(reply.bodyText == #"{"value":""#)
            #expect(try #require(reply.header("content-length").flatMap { Int($0) }) > 100)
        }
    }

    @Test func `a body in drops is whole in the end`() async throws {
        try await play(#"{"drip":{"bytes":20,"every":1},"times":1}"#) { test, reply async throws in
            #expect(try await test.vault("GET", "/secrets/a").json == reply.json)
        }
    }

    @Test func `a large body has no length`() async throws {
        try await play(#"{"body-size":100000,"times":1}"#) { _, reply async throws in
            #expect(reply.header("content-length") == nil)
            #expect(reply.header("transfer-encoding") == "chunked")
            #expect(reply.body.count > 100_000)
        }
    }

    @Test func `garbage is neither JSON nor UTF-8`() async throws {
        try await play(#"{"garbage":true}"#) { _, reply async throws in
            #expect(reply.status == 200)
            #expect(throws: JSONSyntaxError.self) { try reply.json }
            #expect(String(validating: reply.body, as: UTF8.self) == nil)
        }
    }

    @Test func `a compressed body says so`() async throws {
        try await play(#"{"gzip":true}"#) { _, reply async throws in
            #expect(reply.header("content-encoding") == "gzip")
            #expect(reply.body.prefix(2) == [0x1F, 0x8B])
        }
    }

    @Test func `a bomb is small on the wire and unpacks to what was asked for`() async throws {
        try await play(#"{"gzip":true,"body-size":1000000}"#) { _, reply async throws in
            #expect(reply.header("content-encoding") == "gzip")
            #expect(reply.body.count < 10_000)
            // The size modulo 2^32 ends a gzip file (RFC 1952, 2.3.1).
            let size = reply.body.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            #expect((1_000_000..<1_000_300).contains(size))
        }
    }

    @Test func `a body can be any bytes`() async throws {
        try await play(#"{"body-base64":"/wAK"}"#) { _, reply async throws in
            #expect(reply.body == [0xFF, 0, 10])
        }
    }

    @Test func `a second challenge comes before the right one`() async throws {
        try await play(#"{"challenge":"twice"}"#) { test, _ async throws in
            let reply = try await test.vault("GET", "/secrets/a", token: "none")
            #expect(reply.status == 401)
            #expect(reply.header("www-authenticate")?.contains("vault.example.net") == true)
        }
    }

    @Test func `status, body, type and headers are as asked for`() async throws {
        let fault = """
            {"status":503,"body":"<p>sorry","content-type":"text/html","retry-after":5,"retry-after-ms":250,
             "headers":{"x-odd":"a, b;c"},"remove-headers":["Pragma"]}
            """
        try await play(fault) { _, reply async throws in
            #expect(reply.status == 503)
            #expect(reply.bodyText == "<p>sorry")
            #expect(reply.header("content-type") == "text/html")
            #expect(reply.header("retry-after") == "5" && reply.header("retry-after-ms") == "250")
            #expect(reply.header("x-odd") == "a, b;c")
        }
    }

    @Test func `a date to come back at is HTTP's`() async throws {
        try await play(#"{"status":429,"retry-after-date":"1h"}"#) { _, reply async throws in
            #expect(reply.header("retry-after")?.hasSuffix(" GMT") == true)
        }
    }

    @Test func `a redirect leads where it was told`() async throws {
        try await play(#"{"redirect":"https://elsewhere.example.org/"}"#) { _, reply async throws in
            #expect(reply.status == 302)
            #expect(reply.header("location") == "https://elsewhere.example.org/")
        }
    }

    @Test(
        arguments: [
            (#"{"challenge":"wrong-resource"}"#, "resource=\"https://vault.example.net\""),
            (#"{"challenge-resource":"https://evil.example.org"}"#, "resource=\"https://evil.example.org\""),
            (#"{"challenge-authority":"https://evil.example.org/t"}"#, "authorization=\"https://evil.example.org/t\""),
            (#"{"challenge":"malformed"}"#, "Bearer authorization="), (#"{"challenge":"missing"}"#, nil),
        ] as [(String, String?)])
    func `a challenge can be wrong`(fault: String, text: String?) async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            try await test.control("POST", "faults", fault)
            let reply = try await test.secure.send("GET", "/secrets/a?api-version=7.4", host: "demo.vault.localhost")
            #expect(reply.status == 401)
            guard let text else {
                #expect(reply.header("WWW-Authenticate") == nil)
                return
            }
            #expect(reply.header("WWW-Authenticate")?.contains(text) == true)
            #expect(try await test.vault("GET", "/secrets/a").status == 200)
        }
    }

    @Test func `revoked tokens want claims, new ones are good`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let token = try test.token()
            try await test.control("POST", "revoke")
            let reply = try await test.vault("GET", "/secrets/a", token: token)
            #expect(reply.status == 401)
            let challenge = try #require(reply.header("WWW-Authenticate"))
            #expect(challenge.contains("error=\"insufficient_claims\"") && challenge.contains("claims=\"ey"))
            #expect(try await test.vault("GET", "/secrets/a").status == 200)
        }
    }

    @Test func `a lost answer's request was carried out`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            try await test.control("POST", "faults", #"{"method":"PUT","drop":true,"execute":true}"#)
            #expect(try await test.vault("PUT", "/secrets/new", body: #"{"value":"1"}"#).bytes.isEmpty)
            #expect(try await test.vault("GET", "/secrets/new").status == 200)
        }
    }

    @Test func `vaults can have the names of the real ones`() async throws {
        try await TestEmulator.serving(
            Self.seed,
            options: { options in
                options.settings.vaultSuffix = "vault.azure.net"
                options.settings.loginHost = "login.microsoftonline.com"
            }
        ) { test async throws in
            let reply = try await test.secure.send("GET", "/secrets?api-version=7.4", host: "demo.vault.azure.net")
            #expect(reply.header("WWW-Authenticate")?.contains("https://login.microsoftonline.com:") == true)
            #expect(try await test.secure.send("GET", "/", host: "login.microsoftonline.com").status == 404)
        }
    }

    @Test func `every name is served with a certificate that only its own authority vouches for`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            for host in ["demo.vault.localhost", "vault.localhost", "login.localhost", "localhost"] {
                #expect(try await test.secure.send("GET", "/", host: host).status != 0)
            }
            let stranger = WireClient(port: test.secure.port, authority: try CertificateAuthority().pem)
            #expect(try await stranger.send("GET", "/", host: "demo.vault.localhost").bytes.isEmpty)
        }
    }
}
