import Foundation
import Testing

/// Entra tokens that an app is given: the password of a database, for example.
struct TokenTests {
    private static let resource = "https://ossrdbms-aad.database.windows.net"

    private static func audience(of token: String) throws -> String {
        let parts = token.split(separator: ".")
        try #require(parts.count == 3, "not a JSON web token")
        var text = String(parts[1]).replacing("-", with: "+").replacing("_", with: "/")
        text += String(repeating: "=", count: (4 - text.count % 4) % 4)
        struct Claims: Decodable { var aud: String }
        let data = try #require(Data(base64Encoded: text))
        return try JSONDecoder().decode(Claims.self, from: data).aud
    }

    @Test(arguments: ["app-service", "imds", "app-service-2017", "workload-identity-app", "client-secret-app"])
    func `a token for another service is a variable, with the identity of`(host: String) throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            let launch = try azure.start(
                [
                    "run", "--vault", azure.vault, "--ca-file", azure.authority, "-e", "PW=token:\(Self.resource)/",
                    "-e", "DB=db-password", "--", Programs.probe, "print-on", "HUP", "--env", "PW", "--env", "DB",
                ], identity: try azure.environment(host), in: scratch)
            try launch.expect(line: "ready")
            let journal = try azure.journal()
            let asked = journal.filter { $0.endpoint != "vault" && $0.status == 200 }
            #expect(
                asked.contains { $0.query.contains("ossrdbms") || $0.form["scope"]?.contains("ossrdbms") == true },
                "\(asked.map(\.path))")
            #expect(launch.output.lines.contains { $0.hasPrefix("env=PW size=") })
            #expect(try launch.end(SIGTERM).failures.isEmpty)
        }
    }

    @Test func `a token as a file and in a template is for the service that is named`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            _ = try scratch.write("x\n{{token:\(Self.resource)}}\n", to: "t.mustache")
            let file = try scratch.write(
                """
                vault = "\(azure.vault)"
                [files.token]
                secret = "token:\(Self.resource)"
                mode = "0440"
                [files.both]
                template = "t.mustache"
                """, to: "latchkey.toml")
            let secrets = scratch.path + "/instance/secrets"
            let launch = try azure.start(
                ["run", "--config", file, "--ca-file", azure.authority, "--", Programs.probe, "print-on", "HUP"],
                in: scratch)
            try launch.expect(line: "ready")
            let token = try String(contentsOfFile: secrets + "/token", encoding: .utf8)
            #expect(try Self.audience(of: token) == Self.resource)
            #expect(try String(contentsOfFile: secrets + "/both", encoding: .utf8) == "x\n\(token)\n")
            let status = try String(contentsOfFile: scratch.path + "/instance/status.json", encoding: .utf8)
            #expect(status.contains("\"token:\(Self.resource)\"") && status.contains("\"token\""))
            try launch.end(SIGTERM)
        }
    }

    @Test(arguments: [
        "https://vault.azure.net", "https://vault.azure.net/.default", "HTTPS://VAULT.AZURE.NET/",
        "https://contoso.vault.azure.net", "https://managedhsm.azure.net", "https://vault.azure.cn",
        "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
    ])
    func `a token of vaults is refused before anything is asked for`(resource: String) throws {
        let outcome = try Launch(Programs.latchkey, ["run", "-e", "T=token:\(resource)", "--", "true"]).end()
        #expect(outcome.ending == .code(64))
        #expect(outcome.failures.count == 1 && outcome.errors.contains("never delivered"), "\(outcome.errors)")
    }

    @Test func `a token of the resource that a vault has named is refused`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try azure.run(
                "-e", "DB=db-password", "-e", "T=token:\(azure.resource)", command: [Programs.probe, "exit", "0"],
                in: scratch)
            let outcome = try launch.end()
            #expect(outcome.ending == .code(64), "\(outcome.errors)")
            #expect(outcome.failures.count == 1, "\(outcome.errors)")
        }
    }

    @Test func `check says for whom the token is and how long it lives, and not what it is`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try azure.start(
                [
                    "check", "--vault", azure.vault, "--ca-file", azure.authority, "-e", "PW=token:\(Self.resource)",
                    "--", "true",
                ], in: scratch)
            let outcome = try launch.end()
            #expect(outcome.ending == .code(0), "\(outcome.errors)")
            #expect(
                outcome.output.contains("gives a token for '\(Self.resource)', which lives another "),
                "\(outcome.output)")
            #expect(outcome.output.contains("goes to env:PW"))
        }
    }

    @Test func `a token is renewed at half of its life, and no more often`() throws {
        try Emulator.serving("token-lifetime = \"8s\"\n" + Emulator.seed) { azure in
            let scratch = try Scratch()
            let launch = try azure.run(
                "-f", "token=token:\(Self.resource)", "--refresh", "off", "--signal", "HUP",
                command: [Programs.probe, "print-on", "HUP", "token"], in: scratch)
            try launch.expect(line: "ready")
            // Each signal is a token that was renewed.
            try launch.expect(line: "end", count: 4)
            let asked = try azure.journal().filter { $0.query.contains("ossrdbms") }
            #expect(asked.count <= 5, "\(asked.count)")
            for (earlier, later) in zip(asked, asked.dropFirst()) {
                #expect(later.timestamp - earlier.timestamp >= 3)
            }
            try launch.end(SIGTERM)
        }
    }

    @Test func `an endpoint that hands out the same token is asked again, and that is no change`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let launch = try azure.run(
                "-e", "PW=token:\(Self.resource)", "-f", "db=db-password", "--refresh", "off", "--signal", "HUP",
                command: [Programs.probe, "print-on", "USR1", "db"], in: scratch)
            try launch.expect(line: "ready")
            launch.send(SIGHUP)
            try azure.waitForVaultRequests(1)
            // The token has most of its life: a refresh does not ask for another one.
            #expect(try azure.journal().filter { $0.query.contains("ossrdbms") }.count == 1)
            let outcome = try launch.end(SIGTERM)
            #expect(!outcome.errors.contains("variables-unchanged"), "\(outcome.errors)")
        }
    }

    @Test func `a token that can't be renewed is stale, and said once`() throws {
        try Emulator.serving("token-lifetime = \"6s\"\n" + Emulator.seed) { azure in
            let scratch = try Scratch()
            let launch = try azure.run(
                "-f", "token=token:\(Self.resource)", "--refresh", "off", "--on-change", "none",
                command: [Programs.probe, "print-on", "USR1"], in: scratch)
            try launch.expect(line: "ready")
            try azure.identity(isAvailable: false)
            try launch.expect(error: "warning[refresh-failed]")
            let attempt = try scratch.status().attempt
            let isTriedAgain = try eventually { try scratch.status().attempt > attempt + 1 }
            #expect(isTriedAgain)
            #expect(try scratch.status().state != "fresh")
            try azure.identity(isAvailable: true)
            let isFresh = try eventually { try scratch.status().state == "fresh" }
            #expect(isFresh)
            let outcome = try launch.end(SIGTERM)
            #expect(outcome.errors.components(separatedBy: "warning[refresh-failed]").count == 2, "\(outcome.errors)")
        }
    }
}
