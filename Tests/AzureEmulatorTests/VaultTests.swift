import AzureEmulator
import Testing

struct VaultTests {
    private static let seed = """
        [vaults.demo.secrets]
        db-password = { value = "correct horse", content-type = "text/plain", tags = { app = "web" } }
        retired = { value = "x", enabled = false }
        dated = { value = "x", nbf = 1422864000, exp = 2527401600, version = "0123456789abcdef0123456789abcdef" }
        storage = { value = "?sv=1", managed-storage = true, exp = 1560545497 }
        [vaults.policy]
        access = "policy"
        [vaults.policy.secrets]
        a = "1"
        [[identity]]
        name = "system"
        system-assigned = true
        [[identity]]
        name = "reader"
        permissions = { demo = ["list"], "*" = [] }
        """

    @Test func `a request without a token is told where to get one and for what`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let reply = try await test.secure.send(
                "GET", "/secrets/db-password/?api-version=7.4", host: "demo.vault.localhost")
            #expect(reply.status == 401)
            let authority = test.emulator.azure.authority
            #expect(
                reply.header("WWW-Authenticate")
                    == "Bearer authorization=\"\(authority)/\(test.tenant)\", resource=\"\(test.resource)\"")
            #expect(authority == "https://login.localhost:\(test.secure.port)")
            #expect(test.resource == "https://vault.localhost:\(test.secure.port)")
            #expect(
                reply.bodyText
                    == #"{"error":{"code":"Unauthorized","message":"AKV10000: Request is missing a Bearer or PoP token."}}"#
            )
        }
    }

    @Test func `a secret has its members in Azure's order`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let reply = try await test.vault("GET", "/secrets/db-password/")
            let json = try reply.json
            #expect(json.members?.map(\.name) == ["value", "contentType", "id", "attributes", "tags"])
            #expect(json["value"] == "correct horse")
            let id = try #require(json["id"]?.string)
            #expect(id.hasPrefix("https://demo.vault.localhost:\(test.secure.port)/secrets/db-password/"))
            #expect(
                json["attributes"]?.members?.map(\.name)
                    == ["enabled", "created", "updated", "recoveryLevel", "recoverableDays"])
            let version = try #require(id.split(separator: "/").last)
            #expect(version.count == 32)
            #expect(try await test.vault("GET", "/secrets/DB-PASSWORD/\(version)").json == json)
        }
    }

    @Test func `every answer has the headers of Key Vault`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let reply = try await test.vault(
                "GET", "/secrets/db-password", headers: ["x-ms-client-request-id": "client's own"])
            #expect(reply.header("content-type") == "application/json; charset=utf-8")
            #expect(reply.header("x-ms-client-request-id") == "client's own")
            for name in [
                "x-ms-request-id", "x-ms-keyvault-region", "x-ms-keyvault-service-version",
                "x-ms-keyvault-network-info", "x-ms-keyvault-rbac-assignment-id", "strict-transport-security", "date",
            ] {
                #expect(reply.header(name) != nil, "\(name)")
            }
        }
    }

    @Test func `dates and versions are the seed's, and a managed secret has neither version nor creation`() async throws
    {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let dated = try await test.vault("GET", "/secrets/dated/0123456789abcdef0123456789abcdef").json
            #expect(dated["attributes"]?["nbf"] == 1_422_864_000)
            #expect(dated["attributes"]?["exp"] == 2_527_401_600)
            let managed = try await test.vault("GET", "/secrets/storage").json
            #expect(managed["id"]?.string?.hasSuffix("/secrets/storage") == true)
            #expect(managed["managed"] == true)
            #expect(
                managed["attributes"] == ["enabled": true, "exp": 1_560_545_497, "recoveryLevel": "Purgeable"])
        }
    }

    @Test(arguments: [
        ("GET", "/secrets/retired", 403, "Forbidden", "SecretDisabled"),
        ("GET", "/secrets/nothing", 404, "SecretNotFound", nil),
        ("GET", "/secrets/db-password/ffffffffffffffffffffffffffffffff", 404, "SecretNotFound", nil),
        ("GET", "/secrets/a_b", 400, "BadParameter", nil),
        ("GET", "/secrets/db-password?api-version=1.0", 400, "BadParameter", nil),
        ("GET", "/secrets/db-password?api-version=", 400, "BadParameter", nil),
        ("GET", "/secrets?maxresults=26", 400, "BadParameter", nil),
        ("GET", "/secrets/db-password?outContentType=application/x-pem-file", 400, "BadParameter", nil),
        ("GET", "/deletedsecrets/db-password", 404, "SecretNotFound", nil),
        ("POST", "/deletedsecrets/db-password/recover", 400, "MethodNotAllowed", "RequestNotAllowedOnNonDeletedObject"),
        ("GET", "/nonsense", 400, "BadParameter", nil), ("GET", "/keys/nothing", 404, "KeyNotFound", nil),
        ("GET", "/certificates/nothing", 404, "CertificateNotFound", nil),
        ("PUT", "/secrets/new", 400, "BadParameter", nil),
    ])
    func `refusals have Azure's status and codes`(
        method: String, path: String, status: Int, code: String, inner: String?
    ) async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let reply = try await test.vault(method, path, body: method == "PUT" ? "{}" : "")
            #expect(reply.status == status)
            #expect(reply.errorCode == code)
            #expect(reply.innerCode == inner)
        }
    }

    @Test func `refusals have Azure's words`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            #expect(
                try await test.vault("GET", "/secrets/retired").bodyText
                    == "{\"error\":{\"code\":\"Forbidden\",\"message\":\"Operation get is not allowed on a disabled "
                    + "secret.\",\"innererror\":{\"code\":\"SecretDisabled\"}}}")
            let missing = try await test.vault("GET", "/secrets/nothing").errorMessage
            #expect(
                missing?.hasPrefix("A secret with (name/id) nothing was not found in this key vault. If you") == true)
            let version = try await test.vault("GET", "/secrets/db-password?api-version=1.0").errorMessage
            #expect(
                version == "The specified version (1.0) is not recognized. Consider using the latest supported version "
                    + "(2026-04-01).")
        }
    }

    @Test(arguments: [("demo", "ForbiddenByRbac"), ("policy", "ForbiddenByPolicy")])
    func `who lacks the permission is refused in the words of the vault's access model`(
        vault: String, code: String
    ) async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let reply = try await test.vault("GET", "/secrets/a", vault: vault, identity: "reader")
            #expect(reply.status == 403)
            #expect(reply.innerCode == code)
            #expect(reply.errorMessage?.contains("appid=") == true)
            if vault == "demo" {
                #expect(reply.errorMessage?.contains("Microsoft.KeyVault/vaults/secrets/getSecret/action") == true)
                #expect(try await test.vault("GET", "/secrets", identity: "reader").status == 200)
            }
        }
    }

    @Test func `audience, issuer, expiry and signature of a token are checked`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            func message(_ body: String) async throws -> String? {
                let token = try #require(try await test.control("POST", "tokens", body).json["access_token"]?.string)
                let reply = try await test.vault("GET", "/secrets/db-password", token: token)
                #expect(reply.status == (body == "{}" ? 200 : 401))
                #expect((reply.header("WWW-Authenticate") == nil) == (body == "{}"))
                return reply.errorMessage
            }
            #expect(try await message("{}") == nil)
            #expect(
                try await message(#"{"audience":"https://management.azure.com/"}"#)?.hasPrefix(
                    "AKV10022: Invalid audience.")
                    == true)
            #expect(
                try await message(#"{"issuer-tenant":"0f00"}"#)?.hasPrefix("AKV10032: Invalid issuer.") == true)
            #expect(try await message(#"{"lifetime":"-1s"}"#)?.hasPrefix("[TokenExpired]") == true)
            let forged = TokenIssuer().token(
                for: TokenClaims(
                    audience: test.resource, issuer: "x", tenant: "x", clientID: "x", objectID: "x", issuedAt: 0,
                    expires: 1 << 40))
            #expect(try await test.vault("GET", "/secrets/db-password", token: forged).status == 401)
            // Clients that leave the port away name the bare suffix.
            #expect(
                try await test.vault(
                    "GET", "/secrets/db-password", token: test.token(audience: "https://vault.localhost")
                ).status == 200)
        }
    }

    @Test func `a secret is set, changed, deleted, recovered and purged`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let made = try await test.vault(
                "PUT", "/secrets/new", body: #"{"value":"1","contentType":"t","attributes":{"exp":2000000000}}"#)
            #expect(made.status == 200)
            #expect(try made.json["attributes"]?["exp"] == 2_000_000_000)
            let version = try #require(try made.json["id"]?.string?.split(separator: "/").last)
            let changed = try await test.vault(
                "PATCH", "/secrets/new/\(version)", body: #"{"attributes":{"enabled":false},"tags":{"a":"b"}}"#)
            #expect(try changed.json["value"] == nil)
            #expect(try changed.json["tags"] == ["a": "b"])
            #expect(try await test.vault("GET", "/secrets/new").innerCode == "SecretDisabled")
            let deleted = try await test.vault("DELETE", "/secrets/new").json
            #expect(deleted["recoveryId"]?.string?.hasSuffix("/deletedsecrets/new") == true)
            #expect(try await test.vault("GET", "/secrets/new").status == 404)
            let conflict = try await test.vault("PUT", "/secrets/new", body: #"{"value":"2"}"#)
            #expect(conflict.status == 409 && conflict.innerCode == "ObjectIsDeletedButRecoverable")
            #expect(try await test.vault("GET", "/deletedsecrets").json["value"]?.array?.count == 1)
            #expect(try await test.vault("POST", "/deletedsecrets/new/recover").status == 200)
            #expect(try await test.vault("GET", "/secrets/new/versions").json["value"]?.array?.count == 1)
            #expect(try await test.vault("DELETE", "/secrets/new").status == 200)
            #expect(try await test.vault("DELETE", "/deletedsecrets/new").status == 204)
            #expect(try await test.vault("GET", "/deletedsecrets/new").status == 404)
        }
    }

    @Test(arguments: [
        (#"{"value":""}"#, 200), ("{\"value\":\"\(String(repeating: "x", count: 25_600))\"}", 200),
        ("{\"value\":\"\(String(repeating: "x", count: 25_601))\"}", 400),
        ("{\"value\":\"x\",\"contentType\":\"\(String(repeating: "x", count: 256))\"}", 400),
        ("{\"value\":\"x\",\"tags\":{\((0..<16).map { "\"\($0)\":\"\"" }.joined(separator: ","))}}", 400),
        ("{\"value\":\"x\",\"tags\":{\"a\":\"\(String(repeating: "x", count: 257))\"}}", 400), ("no JSON", 400),
    ])
    func `a secret has Key Vault's limits`(body: String, status: Int) async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            #expect(try await test.vault("PUT", "/secrets/limits", body: body).status == status)
        }
    }

    @Test func `a long list is followed to its end, past empty pages`() async throws {
        try await TestEmulator.serving("[vaults.demo]\nempty-pages = 2\nfill = { count = 60 }") { test async throws in
            var path: String? = "/secrets?api-version=7.4"
            var names: [String] = []
            var pages = 0
            while let target = path {
                let json = try await test.vault("GET", target).json
                pages += 1
                for item in json["value"]?.array ?? [] {
                    names.append(try #require(item["id"]?.string?.split(separator: "/").last.map(String.init)))
                    #expect(item["value"] == nil)
                }
                let link = json["nextLink"]?.string
                let base = "https://demo.vault.localhost:\(test.secure.port)"
                #expect(link?.hasPrefix(base) ?? true)
                path = link.map { String($0.dropFirst(base.utf8.count)) }
            }
            #expect(names.count == 60 && names == names.sorted())
            #expect(pages == 9)
            #expect(
                try await test.vault("GET", "/secrets/nothing/versions?api-version=7.4").json["value"] == nil
                    ? false : true)
        }
    }

    @Test func `a vault refuses what is over its ceiling, without saying when to come back`() async throws {
        try await TestEmulator.serving("[vaults.demo]\nceiling = 2\n[vaults.demo.secrets]\na = \"1\"") {
            test async throws in
            try await test.control("POST", "clock", #"{"stopped":true}"#)
            for _ in 0..<2 { #expect(try await test.vault("GET", "/secrets/a").status == 200) }
            let refused = try await test.vault("GET", "/secrets/a")
            #expect(refused.status == 429)
            #expect(refused.errorCode == "Throttled")
            #expect(refused.header("Retry-After") == nil)
            try await test.control("PUT", "vaults/demo", #"{"retry-after":7}"#)
            #expect(try await test.vault("GET", "/secrets/a").header("Retry-After") == "7")
            try await test.control("POST", "clock", #"{"advance":"11s"}"#)
            #expect(try await test.vault("GET", "/secrets/a").status == 200)
        }
    }

    @Test func `a vault that is not there says so`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            #expect(try await test.vault("GET", "/secrets/a", vault: "nowhere").errorCode == "VaultNotFound")
        }
    }
}
