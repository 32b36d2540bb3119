import AzureEmulator
import Foundation
import Testing

struct ControlTests {
    private static let seed = """
        [vaults.demo.secrets]
        a = "canary-value-one"
        [[identity]]
        name = "system"
        system-assigned = true
        """

    @Test func `the journal says what was asked and never a token or a value`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let token = try test.token()
            _ = try await test.vault("PUT", "/secrets/b", token: token, body: #"{"value":"canary-value-two"}"#)
            _ = try await test.vault("GET", "/secrets/a", token: token, headers: ["X-Own": "canary-header"])
            _ = try await test.plain.send(
                "GET", "/msi/token?api-version=2019-08-01&resource=R", host: "127.0.0.1",
                headers: ["X-IDENTITY-HEADER": test.identityHeader])
            let reply = try await test.control("GET", "journal")
            for canary in ["canary-value-one", "canary-value-two", "canary-header", token, test.identityHeader] {
                #expect(!reply.bodyText.contains(canary))
            }
            let entries = try #require(try reply.json.array)
            #expect(entries.map { $0["method"]?.string } == ["PUT", "GET", "GET"])
            #expect(entries.map { $0["endpoint"]?.string } == ["vault", "vault", "app-service"])
            #expect(entries[1]["path"] == "/secrets/a" && entries[1]["query"] == "api-version=7.4")
            #expect(entries[1]["status"] == 200 && entries[1]["vault"] == "demo")
            #expect(entries[1]["header_names"]?.array?.contains("x-own") == true)
            #expect(entries[1]["token"]?["audience"]?.string == test.resource)
            #expect(entries[1]["token"]?["valid"] == true)
            #expect(entries[2]["token"] == .null)
            #expect(entries[2]["header_names"]?.array?.contains("x-identity-header") == true)
        }
    }

    @Test func `the journal is narrowed, written as lines, and cleared`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            for _ in 0..<3 { _ = try await test.vault("GET", "/secrets/a") }
            let lines = try await test.control("GET", "journal?format=lines&since=1").bodyText
            #expect(lines.split(separator: "\n").count == 2)
            #expect(try await test.control("GET", "journal?endpoint=imds").json == [])
            try await test.control("DELETE", "journal")
            #expect(try await test.journal().isEmpty)
        }
    }

    @Test func `a rotated secret has a new version`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let before = try await test.vault("GET", "/secrets/a").json["id"]
            let reply = try await test.control("PUT", "vaults/demo/secrets/a", #"{"value":"new","tags":{"x":"y"}}"#)
            #expect(reply.status == 200)
            let after = try await test.vault("GET", "/secrets/a").json
            #expect(after["value"] == "new" && after["tags"] == ["x": "y"] && after["id"] != before)
            try await test.control("PATCH", "vaults/demo/secrets/a", #"{"enabled":false}"#)
            #expect(try await test.vault("GET", "/secrets/a").status == 403)
            try await test.control("DELETE", "vaults/demo/secrets/a?purge=true")
            #expect(try await test.vault("GET", "/secrets/a").status == 404)
            #expect(try await test.control("PUT", "vaults/nowhere/secrets/a", #"{"value":""}"#).status == 404)
        }
    }

    @Test func `vaults come and go`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            #expect(try await test.control("PUT", "vaults/second", #"{"access":"policy"}"#).status == 204)
            #expect(try await test.vault("GET", "/secrets", vault: "second").status == 200)
            #expect(try await test.control("DELETE", "vaults/second").status == 204)
            #expect(try await test.vault("GET", "/secrets", vault: "second").status == 404)
        }
    }

    @Test func `permissions change at run time`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let path = "identities/system/permissions"
            #expect(try await test.control("PUT", path, #"{"demo":["list"]}"#).status == 204)
            #expect(try await test.vault("GET", "/secrets/a").status == 403)
            #expect(try await test.vault("GET", "/secrets").status == 200)
            #expect(try await test.control("PUT", path, #"["read"]"#).status == 400)
        }
    }

    @Test func `the clock lets tokens expire`() async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let token = try test.token()
            try await test.control("POST", "clock", #"{"advance":"25h"}"#)
            #expect(
                try await test.vault("GET", "/secrets/a", token: token).errorMessage?.hasPrefix("[TokenExpired]")
                    == true)
            #expect(try await test.vault("GET", "/secrets/a").status == 200)
            try await test.control("POST", "reset")
            #expect(try await test.vault("GET", "/secrets/a", token: token).status == 200)
        }
    }

    @Test(arguments: [
        ("POST", "faults", "{"), ("POST", "faults", #"{"wat":1}"#), ("POST", "clock", #"{"advance":"soon"}"#),
        ("POST", "identity", #"{"endpoint":"moon"}"#), ("POST", "tokens", #"{"identity":"nobody"}"#),
        ("PUT", "vaults/x", "{}"), ("PUT", "vaults/demo/secrets/a_b", #"{"value":"x"}"#),
        ("PUT", "vaults/demo/secrets/a", "{}"),
    ])
    func `what the control interface does not understand is refused with a reason`(
        method: String, path: String, body: String
    ) async throws {
        try await TestEmulator.serving(Self.seed) { test async throws in
            let reply = try await test.control(method, path, body)
            #expect(reply.status == 400)
            #expect(try reply.json["error"]?.string?.isEmpty == false)
        }
    }
}
