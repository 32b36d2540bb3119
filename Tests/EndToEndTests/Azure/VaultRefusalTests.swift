import Foundation
import Testing

/// Each documented error of a vault: its exit code, its stable code, and a remedy that can be pasted.
struct VaultRefusalTests {
    struct Answer: CustomTestStringConvertible, Sendable {
        var error: String
        var code: Int32
        var message: String
        /// A part of the hint.
        var hint: String?
        var testDescription: String { error }
    }

    private static let scope = #"--scope "$(az keyvault show --name demo --query id --output tsv)""#

    private static let all = [
        Answer(
            error: "secret-disabled", code: 77, message: "secret-disabled",
            hint: "az keyvault secret set-attributes --vault-name demo --name db-password --enabled true"),
        Answer(
            error: "forbidden-by-policy", code: 77, message: "secret-forbidden",
            hint: "az keyvault set-policy --name demo --spn \(TestIdentity.clientID) --secret-permissions get"),
        Answer(
            error: "forbidden-by-rbac", code: 77, message: "secret-forbidden",
            hint: #"az role assignment create --role "Key Vault Secrets User" --assignee \#(TestIdentity.clientID) "#
                + scope),
        Answer(error: "access-denied", code: 77, message: "secret-forbidden"),
        Answer(error: "secret-managed", code: 77, message: "secret-forbidden"),
        Answer(
            error: "forbidden-by-firewall", code: 77, message: "vault-firewall",
            hint: "az keyvault network-rule add --name demo --ip-address"),
        Answer(
            error: "forbidden-by-perimeter", code: 77, message: "vault-firewall",
            hint: "az keyvault network-rule add --name demo --ip-address"),
        Answer(
            error: "forbidden-by-connection", code: 77, message: "vault-private",
            hint: "az keyvault update --name demo --public-network-access Enabled"),
        Answer(
            error: "not-found", code: 66, message: "secret-missing",
            hint: "az keyvault secret list --vault-name demo"),
        Answer(
            error: "deleted-but-recoverable", code: 66, message: "secret-missing",
            hint: "az keyvault secret recover --vault-name demo --name db-password"),
        Answer(error: "being-deleted", code: 66, message: "secret-missing"),
        Answer(error: "bad-parameter", code: 76, message: "vault-refused"),
        Answer(error: "unauthorized", code: 77, message: "token-refused"),
        Answer(
            error: "wrong-issuer", code: 77, message: "token-refused",
            hint: "az keyvault show --name demo --query properties.tenantId"),
        Answer(error: "wrong-audience", code: 77, message: "token-refused"),
        Answer(error: "token-expired", code: 77, message: "token-refused", hint: "clock"),
        Answer(error: "throttled", code: 75, message: "vault-throttled", hint: "--refresh"),
        Answer(error: "internal-error", code: 75, message: "vault-failing"),
        Answer(error: "unavailable", code: 75, message: "vault-failing"),
    ]

    @Test(arguments: all)
    func `a documented error has its code, names what it is about, and shows the way out`(answer: Answer) throws {
        try Emulator.serving(Emulator.testIdentities) { azure in
            let scratch = try Scratch()
            try azure.fault(#"{"endpoint":"vault","token":true,"error":"\#(answer.error)"}"#)
            let outcome = try azure.printSecret(
                try azure.environment(),
                options: ["--client-id", TestIdentity.clientID] + IdentityRefusalTests.options(answer.code), in: scratch
            )
            #expect(outcome.ending == .code(answer.code), "\(outcome.errors)")
            #expect(outcome.failures.count == 1 && outcome.output.isEmpty)
            let line = try #require(outcome.failures.first)
            #expect(line.contains("error[\(answer.message)]"), "\(line)")
            #expect(line.contains("'demo'") && line.contains("'db-password'") && line.contains("HTTP "), "\(line)")
            if let hint = answer.hint { #expect(outcome.hints.last?.contains(hint) == true, "\(outcome.errors)") }
            expectNoIDs(in: outcome.errors)
        }
    }

    /// The answers name tenant, subscription, application and object; of these the messages know only the client id
    /// that they were given as an option.
    private func expectNoIDs(in text: String) {
        let ids = text.matches(of: /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/).map(\.output)
        #expect(ids.allSatisfy { $0 == TestIdentity.clientID }, "\(ids)")
        for word in ["appid", "oid=", "/subscriptions/", "Caller"] { #expect(!text.contains(word)) }
    }

    @Test(arguments: [("truncate", "20"), ("garbage", "true"), ("endless", "true"), ("body-size", "3000000")])
    func `an invalid answer is refused or tried again, and not quoted`(fault: String, value: String) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            try azure.fault("{\"endpoint\":\"vault\",\"token\":true,\"\(fault)\":\(value)}")
            // A torn answer may be whole next time.
            let code: Int32 = fault == "truncate" ? 75 : 76
            let outcome = try azure.printSecret(
                try azure.environment(), options: IdentityRefusalTests.options(code), in: scratch)
            #expect(outcome.ending == .code(code), "\(outcome.errors)")
            #expect(outcome.failures.count == 1)
        }
    }

    @Test func `a token that has expired is asked for once more, at the start and in a refresh`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let expired = #"{"endpoint":"vault","token":true,"error":"token-expired","times":1}"#
            func tokens() throws -> Int { try azure.tokenRequests().count }
            try azure.fault(expired)
            let launch = try azure.start(
                [
                    "run", "--vault", azure.vault, "--ca-file", azure.authority, "-f", "a=db-password", "--instance",
                    "told",
                ]
                    + ["--refresh", "off", "--on-change", "none", "--", Programs.probe, "sleep"], in: scratch)
            try launch.expect(line: "ready")
            #expect(try tokens() == 2)
            try azure.fault(expired)
            #expect(try azure.start(["refresh", "--wait", "--instance", "told"], in: scratch).end().ending == .code(0))
            #expect(try tokens() == 4)
            let outcome = try launch.end(SIGTERM)
            #expect(outcome.failures.isEmpty && !outcome.errors.contains("warning["), "\(outcome.errors)")
        }
    }
}
