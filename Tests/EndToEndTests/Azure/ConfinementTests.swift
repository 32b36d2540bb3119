import Foundation
import Testing

/// Tokens, identity headers and requests for metadata go where they belong and nowhere else: read from the emulator's
/// journal, and from a stranger who would have been told.
struct ConfinementTests {
    private static let identities = [
        "app-service", "app-service-2017", "azure-ml", "imds", "cloud-shell", "service-fabric", "client-secret-app",
        "workload-identity-app",
    ]

    @Test(arguments: identities, [302, 307])
    func `nothing follows a redirect of a token endpoint, with`(identity: String, status: Int) throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            let stranger = try RecordingListener()
            try azure.fault(
                #"{"endpoint":["identity","entra"],"redirect":"\#(stranger.url)/msi/token","status":\#(status)}"#)
            let outcome = try azure.printSecret(
                try azure.environment(identity), options: ["--identity", Self.source(identity)], in: scratch)
            #expect(outcome.ending == .code(76), "\(outcome.errors)")
            #expect(outcome.failures.first?.contains("redirects (HTTP \(status))") == true, "\(outcome.errors)")
            #expect(try stranger.heard().isEmpty)
            #expect(try azure.journal().allSatisfy { $0.token?.audience == nil })
        }
    }

    /// The option's word for a hosting environment of the emulator's.
    private static func source(_ environment: String) -> String {
        switch environment {
        case "app-service-2017", "azure-ml": "app-service"
        default: environment.replacingOccurrences(of: "-app", with: "", options: [.anchored, .backwards])
        }
    }

    @Test func `nothing follows a redirect of the vault's`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let stranger = try RecordingListener()
            try azure.fault(#"{"endpoint":"vault","token":true,"redirect":"\#(stranger.url)/secrets/db-password/"}"#)
            let outcome = try azure.printSecret(try azure.environment(), in: scratch)
            #expect(outcome.ending == .code(76), "\(outcome.errors)")
            #expect(outcome.failures.first?.contains("vault-redirect") == true, "\(outcome.errors)")
            #expect(try stranger.heard().isEmpty)
        }
    }

    @Test(arguments: [
        #""challenge":"wrong-resource""#, #""challenge":"missing""#, #""challenge":"malformed""#,
        #""challenge-resource":"https://vault.localhost.example.net""#,
        #""challenge-resource":"https://ault.localhost""#, #""challenge-resource":"https://vault.localhost:1""#,
        #""challenge-resource":"http://vault.localhost""#, #""challenge-resource":"https://user@vault.localhost""#,
        #""challenge-resource":"https://demo.vault.localhost""#,
    ])
    func `no token is fetched, let alone sent, after the challenge`(challenge: String) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            try azure.fault("{\"endpoint\":\"vault\",\(challenge)}")
            let outcome = try azure.printSecret(try azure.environment(), in: scratch)
            #expect(outcome.ending == .code(76), "\(outcome.errors)")
            #expect(outcome.failures.first?.contains("vault-challenge") == true, "\(outcome.errors)")
            #expect(try azure.journal().allSatisfy { $0.endpoint == "vault" && $0.token == nil })
        }
    }

    @Test func `a vault that proves nothing is asked nothing`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let arguments = ["run", "--vault", azure.vault, "-e", "DB_PASSWORD=db-password", "--", "true"]
            let outcome = try azure.start(arguments, in: scratch).end()
            #expect(outcome.ending == .code(76), "\(outcome.errors)")
            #expect(try azure.journal().isEmpty)
        }
    }

    @Test func `Service Fabric's header is not sent to another certificate`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            var identity = try azure.environment("service-fabric")
            let thumbprint = try #require(identity["IDENTITY_SERVER_THUMBPRINT"])
            identity["IDENTITY_SERVER_THUMBPRINT"] = String(thumbprint.reversed())
            let outcome = try azure.printSecret(identity, in: scratch)
            #expect(outcome.ending == .code(76), "\(outcome.errors)")
            #expect(outcome.errors.contains("IDENTITY_SERVER_THUMBPRINT"), "\(outcome.errors)")
            #expect(try azure.tokenRequests().isEmpty)
        }
    }

    @Test func `a thumbprint may have colons, spaces and small letters`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            var identity = try azure.environment("service-fabric")
            let digits = Array(try #require(identity["IDENTITY_SERVER_THUMBPRINT"]).lowercased())
            let pairs = stride(from: 0, to: digits.count, by: 2).map { String(digits[$0..<$0 + 2]) }
            identity["IDENTITY_SERVER_THUMBPRINT"] =
                pairs.prefix(10).joined(separator: ":") + " " + pairs.dropFirst(10).joined(separator: " ")
            #expect(try azure.printSecret(identity, in: scratch).output == "c4n4ry-database\n")
        }
    }

    @Test(arguments: ["app-service", "app-service-2017", "imds", "cloud-shell", "service-fabric"])
    func `no proxy hears of the machine's identity, with`(identity: String) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let stranger = try RecordingListener()
            var variables = ["no_proxy": ".vault.localhost"]
            for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
                variables[name] = stranger.url
            }
            let outcome = try azure.printSecret(
                try azure.environment(identity), environment: variables, in: scratch)
            #expect(outcome.output == "c4n4ry-database\n", "\(outcome.errors)")
            #expect(try stranger.heard().isEmpty)
        }
    }

    @Test func `the vault is reached by the proxy of https_proxy, which hears its name only`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let stranger = try RecordingListener()
            let outcome = try azure.printSecret(
                try azure.environment(), options: ["--start-timeout", "1s"], environment: ["https_proxy": stranger.url],
                in: scratch)
            #expect(outcome.ending == .code(75), "\(outcome.errors)")
            let authority = azure.vault.dropFirst("https://".count)
            let requests = try stranger.heard().filter { $0.contains("HTTP/1.1") }
            #expect(!requests.isEmpty && requests.allSatisfy { $0 == "CONNECT \(authority) HTTP/1.1" }, "\(requests)")
            #expect(try azure.journal().allSatisfy { $0.endpoint != "vault" })
        }
    }

    @Test func `a list's next page on another host is not asked for`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let next = "\(azure.vault("other"))/secrets?api-version=7.4&$skiptoken=x"
            try azure.fault(
                #"{"endpoint":"vault","path":"^/secrets$","token":true,"status":200,"#
                    + #""body":{"value":[],"nextLink":"\#(next)"}}"#)
            let arguments = ["list", "--vault", azure.vault, "--ca-file", azure.authority]
            let outcome = try azure.start(arguments, in: scratch).end()
            #expect(outcome.ending == .code(76), "\(outcome.errors)")
            #expect(outcome.failures.first?.contains("next page") == true, "\(outcome.errors)")
            #expect(try azure.journal().allSatisfy { $0.vault != "other" })
        }
    }

    @Test func `each cloud's token is sent to its own vaults only`() throws {
        try Emulator.serving { azure in
            try Emulator.serving { elsewhere in
                let scratch = try Scratch()
                let authorities = try [azure, elsewhere].map {
                    try String(contentsOfFile: $0.authority, encoding: .utf8)
                }
                let bundle = try scratch.write(authorities.joined(), to: "authorities.pem")
                let arguments = [
                    "run", "--vault", azure.vault, "--ca-file", bundle, "-e", "A=db-password", "-e",
                    "B=\(elsewhere.vault)/secrets/db-password", "--", "true",
                ]
                let outcome = try azure.start(arguments, in: scratch).end()
                // This machine's identity is a stranger to the other cloud.
                #expect(outcome.ending == .code(77), "\(outcome.errors)")
                let bearers = try [azure, elsewhere].map { try $0.journal().compactMap { $0.token?.audience } }
                #expect(bearers[0].allSatisfy { $0 == azure.resource })
                #expect(bearers[1].allSatisfy { $0 == elsewhere.resource })
                #expect(!bearers[1].isEmpty && azure.resource != elsewhere.resource)
            }
        }
    }

    // MARK: files that come while a worker waits

    /// A start whose token endpoint fails until a file is another one; it succeeds with that.
    private func replace(
        _ variable: String, _ environment: String, prepare: (String, Scratch) throws -> String,
        change: (String, Scratch) throws -> Void
    ) throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            var identity = try azure.environment(environment)
            let original = try #require(identity[variable])
            identity[variable] = try prepare(original, scratch)
            try azure.fault(#"{"name":"out","endpoint":"entra","status":503}"#)
            let launch = try azure.start(
                ["run", "--vault", azure.vault, "--ca-file", azure.authority, "-e", "DB_PASSWORD=db-password"]
                    + ["--", "printenv", "DB_PASSWORD"], identity: identity, in: scratch, printsSecrets: true)
            try launch.expect(error: "warning[start-retrying]")
            try change(original, scratch)
            try azure.control("DELETE", "faults/out")
            let outcome = try launch.end()
            #expect(outcome.ending == .code(0) && outcome.output == "c4n4ry-database\n", "\(outcome.errors)")
            #expect(outcome.errors.components(separatedBy: "start-retrying").count == 2, "\(outcome.errors)")
        }
    }

    @Test func `a certificate that is replaced by a rename while a worker waits is read`() throws {
        try replace("AZURE_CLIENT_CERTIFICATE_PATH", "client-certificate-app") { original, scratch in
            try FileManager.default.copyItem(atPath: original, toPath: scratch.path + "/app.pem")
            return scratch.path + "/app.pem"
        } change: { original, scratch in
            try FileManager.default.copyItem(atPath: original, toPath: scratch.path + "/new.pem")
            #expect(unsafe rename(scratch.path + "/new.pem", scratch.path + "/app.pem") == 0)
        }
    }

    @Test func `a projected token whose volume is updated while a worker waits is read`() throws {
        let files = FileManager.default
        func fill(_ name: String, _ original: String, _ scratch: Scratch) throws {
            try files.createDirectory(atPath: scratch.path + "/" + name, withIntermediateDirectories: false)
            try files.copyItem(atPath: original, toPath: scratch.path + "/\(name)/token")
        }
        try replace("AZURE_FEDERATED_TOKEN_FILE", "workload-identity-app") { original, scratch in
            try fill("..1", original, scratch)
            try files.createSymbolicLink(atPath: scratch.path + "/..data", withDestinationPath: "..1")
            try files.createSymbolicLink(atPath: scratch.path + "/token", withDestinationPath: "..data/token")
            return scratch.path + "/token"
        } change: { original, scratch in
            try fill("..2", original, scratch)
            try files.createSymbolicLink(atPath: scratch.path + "/..data.new", withDestinationPath: "..2")
            #expect(unsafe rename(scratch.path + "/..data.new", scratch.path + "/..data") == 0)
            try files.removeItem(atPath: scratch.path + "/..1")
        }
    }

    @Test(.enabled(if: ArcAgent.canBePlayed && Programs.installed("unshare") != nil, "needs root: a mount of its own"))
    func `a directory of keys that Arc's agent makes while a worker waits is read, and nothing else above it`() throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            try azure.fault(#"{"name":"out","endpoint":"arc","status":503}"#)
            let agents = scratch.path + "/agents"
            try FileManager.default.createDirectory(atPath: agents, withIntermediateDirectories: false)
            let launch = try azure.start(
                ["run", "--vault", azure.vault, "--ca-file", azure.authority, "-e", "A=db-password", "--", "true"],
                identity: try azure.environment("arc"), in: scratch,
                shell:
                    "exec unshare -m --propagation private sh -ec 'mount --bind \(agents) /var/opt; exec \"$@\"' sh \"$@\""
            )
            try launch.expect(error: "warning[start-retrying]")
            try FileManager.default.createDirectory(
                atPath: agents + "/azcmagent/tokens", withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o755])
            try #require(
                FileManager.default.createFile(
                    atPath: agents + "/azcmagent/tokens/late.key", contents: Data("c4n4ry-key".utf8),
                    attributes: [.posixPermissions: 0o400]))
            let challenge = "Basic realm=\(ArcAgent.directory)/late.key"
            try azure.fault(
                #"{"endpoint":"arc","token":false,"status":401,"headers":{"WWW-Authenticate":"\#(challenge)"}}"#)
            try azure.control("DELETE", "faults/out")
            // It is no key of the emulator's; that it was sent shows that it was read.
            let outcome = try launch.end()
            #expect(outcome.ending == .code(77) && !outcome.errors.contains("let this user read"), "\(outcome.errors)")
            #expect(try azure.tokenRequests().contains { $0.headers.contains("authorization") })
        }
    }
}
