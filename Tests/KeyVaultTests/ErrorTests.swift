import HTTPTransport
import KeyVault
import LatchkeyTestSupport
import Messages
import Secrets
import Testing

/// What a vault answers, and what a person is told.
struct RefusalCase: Sendable, CustomTestStringConvertible {
    var status: Int
    var body: String
    var exit: ExitCode
    var code: MessageCode
    var text: String
    var hint: String?

    var testDescription: String { "\(status) \(code.rawValue)" }
}

@Suite struct ErrorTests {
    static let refusals: [RefusalCase] = [
        RefusalCase(
            status: 403, body: errorBody("Forbidden", inner: "SecretDisabled"), exit: .denied, code: .secretDisabled,
            text: "vault 'contoso-web': secret 'db-password' is disabled (HTTP 403, request 6c1f0a3e…)",
            hint: "enable it with 'az keyvault secret set-attributes --vault-name contoso-web --name db-password "
                + "--enabled true', or remove it from [env]"),
        RefusalCase(
            status: 403, body: errorBody("Forbidden", inner: "ForbiddenByRbac"), exit: .denied,
            code: .secretForbidden,
            text: "vault 'contoso-web': the identity may not read secret 'db-password' (HTTP 403, request 6c1f0a3e…)",
            hint: "az role assignment create --role \"Key Vault Secrets User\" --assignee 11111111-client --scope "
                + "\"$(az keyvault show --name contoso-web --query id --output tsv)\""),
        RefusalCase(
            status: 403, body: errorBody("Forbidden", inner: "ForbiddenByPolicy"), exit: .denied,
            code: .secretForbidden,
            text: "vault 'contoso-web': the identity may not read secret 'db-password' (HTTP 403, request 6c1f0a3e…)",
            hint: "az keyvault set-policy --name contoso-web --spn 11111111-client --secret-permissions get"),
        RefusalCase(
            status: 403, body: errorBody("Forbidden", inner: "AccessDenied"), exit: .denied, code: .secretForbidden,
            text: "vault 'contoso-web': reading secret 'db-password' is not permitted (HTTP 403 AccessDenied, request "
                + "6c1f0a3e…)"),
        RefusalCase(
            status: 403, body: errorBody("Forbidden", inner: "SecretManagedByKeyVault"), exit: .denied,
            code: .secretForbidden, text: "HTTP 403 SecretManagedByKeyVault"),
        RefusalCase(
            status: 403, body: errorBody("Forbidden", inner: "SomethingNew"), exit: .denied, code: .secretForbidden,
            text: "(HTTP 403 SomethingNew, request 6c1f0a3e…)",
            hint: "az role assignment create"),
        RefusalCase(
            status: 403, body: "<html>blocked</html>", exit: .denied, code: .secretForbidden,
            text: "(HTTP 403, request 6c1f0a3e…)"),
        RefusalCase(
            status: 403, body: errorBody("Forbidden", inner: "ForbiddenByFirewall"), exit: .denied,
            code: .vaultFirewall, text: "firewall does not let this machine read secret 'db-password' (HTTP 403",
            hint: "az keyvault network-rule add --name contoso-web --ip-address ADDRESS"),
        RefusalCase(
            status: 403, body: errorBody("Forbidden", inner: "ForbiddenByConnection"), exit: .denied,
            code: .vaultPrivate, text: "lets nobody read secret 'db-password' from a public network (HTTP 403",
            hint: "az keyvault update --name contoso-web --public-network-access Enabled"),
        RefusalCase(
            status: 404, body: errorBody("SecretNotFound"), exit: .noInput, code: .secretMissing,
            text: "vault 'contoso-web': secret 'db-password' was not found (HTTP 404, request 6c1f0a3e…)",
            hint: "az keyvault secret recover --vault-name contoso-web --name db-password"),
        RefusalCase(
            status: 404, body: "", exit: .noInput, code: .secretMissing, text: "secret 'db-password' was not found"),
        RefusalCase(
            status: 409, body: errorBody("Conflict", inner: "ObjectIsDeletedButRecoverable"), exit: .noInput,
            code: .secretMissing, text: "secret 'db-password' is deleted (HTTP 409",
            hint: "az keyvault secret recover --vault-name contoso-web --name db-password"),
        RefusalCase(
            status: 409, body: errorBody("Conflict", inner: "ObjectIsBeingDeleted"), exit: .noInput,
            code: .secretMissing, text: "secret 'db-password' is deleted"),
        RefusalCase(
            status: 409, body: errorBody("Conflict"), exit: .protocolFailure, code: .vaultRefused,
            text: "the vault refused the request for secret 'db-password' (HTTP 409 Conflict"),
        RefusalCase(
            status: 400, body: errorBody("BadParameter"), exit: .protocolFailure, code: .vaultRefused,
            text: "the vault refused the request for secret 'db-password' (HTTP 400 BadParameter, request 6c1f0a3e…)"),
        RefusalCase(
            status: 400, body: errorBody("MethodNotAllowed", inner: "RequestNotAllowedOnNonDeletedObject"),
            exit: .protocolFailure, code: .vaultRefused, text: "HTTP 400 RequestNotAllowedOnNonDeletedObject"),
        RefusalCase(
            status: 301, body: "", exit: .protocolFailure, code: .vaultRedirect,
            text: "answered for secret 'db-password' with a redirect, which is never followed (HTTP 301"),
        RefusalCase(
            status: 204, body: "", exit: .protocolFailure, code: .vaultAnswer, text: "secret 'db-password'"),
        RefusalCase(
            status: 413, body: "", exit: .protocolFailure, code: .vaultRefused, text: "secret 'db-password'"),
    ]

    @Test(arguments: refusals)
    func `each refusal has its exit code, its words and a remedy`(refusal: RefusalCase) throws {
        let harness = VaultHarness(
            assignee: "11111111-client",
            answer: challenging(answering: { _ in
                .response(
                    refusal.status, [("x-ms-request-id", "6c1f0a3e-b600-47ba-bfac-27238ec41a3a")], body: refusal.body)
            }))
        let error = try #require(harness.fetch([secret("db-password")]).first?.error)
        let diagnosis = error.diagnosis
        #expect(diagnosis.exitCode == refusal.exit)
        #expect(diagnosis.code == refusal.code)
        #expect(diagnosis.text.contains(refusal.text), "\(diagnosis.text)")
        if let hint = refusal.hint { #expect(diagnosis.hint?.contains(hint) == true, "\(diagnosis.hint ?? "")") }
        #expect(diagnosis.secret == "db-password")
        #expect(diagnosis.vault == "contoso-web")
        #expect(!error.isTemporary)
        #expect(error.isGone == [.secretMissing, .secretDisabled].contains(refusal.code))
        #expect(harness.transport.requests.compactMap(\.bearer).count == 1)
    }

    @Test(arguments: [
        (
            HTTPFailure.untrusted(reason: "self-signed certificate"), ExitCode.protocolFailure,
            MessageCode.vaultUntrusted
        ),
        (.tooLarge(limit: 1 << 20), .protocolFailure, .vaultAnswer),
        (.malformed(reason: "no status line"), .protocolFailure, .vaultAnswer),
        (.invalidRequest(reason: "bad header"), .software, .internalError),
    ])
    func `a failure of the transport that does not pass ends at once`(
        failure: HTTPFailure, exit: ExitCode, code: MessageCode
    ) throws {
        let harness = VaultHarness(answer: challenging(answering: { _ in .failure(failure) }))
        let error = try #require(harness.fetch([secret("a")]).first?.error)
        #expect(error.exitCode == exit)
        #expect(error.messageCode == code)
        #expect(harness.observer.retries.isEmpty)
    }

    @Test func `ids and sentences of an answer never reach a message`() throws {
        let ids = ["f850650c-1fcf-4489-b46f-71af2e30d360", "/subscriptions/", "rg-platform", "10.10.1.5"]
        let body = errorBody("Forbidden", inner: "ForbiddenByRbac", message: ids.joined(separator: ";"))
        let harness = VaultHarness(
            answer: challenging(answering: { _ in
                .response(
                    403, [("x-ms-request-id", "x\u{1B}[31m'; rm"), ("x-ms-keyvault-network-info", ids[3])], body: body)
            }))
        let diagnosis = try #require(harness.fetch([secret("a")]).first?.error).diagnosis
        for id in ids { #expect(!(diagnosis.text + (diagnosis.hint ?? "")).contains(id)) }
        #expect(diagnosis.text.hasSuffix("(HTTP 403)"))
        #expect(diagnosis.hint?.contains("--assignee IDENTITY") == true)
    }

    @Test(arguments: [
        (VaultObjectKind.key, "Key Vault Crypto User"), (.certificate, "Key Vault Certificate User"),
        (.secret, "Key Vault Secrets User"),
    ])
    func `a remedy names the role that suffices for the kind of object`(kind: VaultObjectKind, role: String) {
        let object = VaultObject(vault: contoso, kind: kind, name: "a")
        let error = VaultError(.forbidden(.roles), vault: contoso, subject: .object(object), status: 403)
        #expect(error.diagnosis.hint?.contains("--role \"\(role)\"") == true)
        #expect(error.diagnosis.text.contains("\(kind.rawValue) 'a'"))
    }

    @Test func `a managed HSM has its own commands`() {
        let hsm = VaultAddress(host: "contoso.managedhsm.azure.net")
        let object = VaultObject(vault: hsm, kind: .key, name: "a")
        let denied = VaultError(.forbidden(.roles), vault: hsm, subject: .object(object), status: 403)
        #expect(denied.diagnosis.hint?.contains("az keyvault role assignment create --hsm-name contoso") == true)
        let missing = VaultError(.missing, vault: hsm, subject: .object(object), status: 404)
        #expect(missing.diagnosis.hint?.contains("az keyvault key recover --hsm-name contoso --name a") == true)
    }

    @Test func `a missing version is told as the reference that was written`() {
        let error = VaultError(
            .missing, vault: contoso, subject: .object(secret("a", version: version)), status: 404)
        #expect(error.diagnosis.text == "vault 'contoso-web': secret 'a/\(version)' was not found (HTTP 404)")
        #expect(error.diagnosis.hint?.contains("list-versions") == true)
    }

    @Test func `failures that mean the same are one line, the most important first`() {
        let about = { VaultError.Subject.object(secret($0)) }
        let errors = [
            VaultError(.timedOut, vault: contoso, subject: about("slow")),
            VaultError(.missing, vault: contoso, subject: about("a"), status: 404),
            VaultError(.disabled, vault: contoso, subject: about("off"), status: 403),
            VaultError(.missing, vault: contoso, subject: about("b"), status: 404),
            VaultError(.missing, vault: contoso, subject: about("c"), status: 404),
            VaultError(.answer(.json(.syntax(offset: 0))), vault: contoso, subject: about("odd"), status: 200),
        ]
        let lines = VaultError.summarize(errors)
        #expect(lines.map(\.exitCode) == [.protocolFailure, .denied, .noInput, .temporary])
        #expect(lines[2].text == "vault 'contoso-web': secrets 'a', 'b' and 'c' were not found (HTTP 404)")
        #expect(lines[2].secret == nil)
        #expect(lines[1].secret == "off")
    }

    @Test func `two hundred names fit a line`() {
        let errors = (1...200).map {
            VaultError(
                .missing, vault: contoso,
                subject: .object(secret(String(repeating: "x", count: 120) + "\($0)")), status: 404)
        }
        let lines = VaultError.summarize(errors)
        #expect(lines.count == 1)
        #expect(lines[0].text.utf8.count < 900)
        #expect(lines[0].text.contains(" and 196 more were not found"))
    }
}
