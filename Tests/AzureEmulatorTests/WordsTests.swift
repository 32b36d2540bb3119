import AzureEmulator
import Testing

/// Key Vault's refusals to the letter, as clients and scripts match them.
struct WordsTests {
    private func body(_ refusal: Refusal) -> String { String(decoding: refusal.answer.body, as: UTF8.self) }

    private let caller = CallerWords(clientID: "C", objectID: "O", issuer: "https://sts.windows.net/T/")

    @Test func `an object that is not there`() {
        let help = "help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182"
        for (kind, code, word) in [
            (ObjectKind.secrets, "SecretNotFound", "secret"), (.certificates, "CertificateNotFound", "certificate"),
            (.keys, "KeyNotFound", "key"),
        ] {
            #expect(
                body(kind.notFound("x"))
                    == "{\"error\":{\"code\":\"\(code)\",\"message\":\"A \(word) with (name/id) x was not found in this key "
                    + "vault. If you recently deleted this \(word) you may be able to recover it using the correct "
                    + "recovery command. For \(help)\"}}")
        }
        #expect(
            body(ObjectKind.secrets.deletedNotFound("x"))
                == #"{"error":{"code":"SecretNotFound","message":"Deleted Secret not found: x"}}"#)
    }

    @Test func `a name that is taken, or not deleted`() {
        #expect(
            body(ObjectKind.secrets.deletedButRecoverable("x"))
                == "{\"error\":{\"code\":\"Conflict\",\"message\":\"Secret x is currently in a deleted but recoverable "
                + "state, and its name cannot be reused; in this state, the secret can only be recovered or "
                + "purged.\",\"innererror\":{\"code\":\"ObjectIsDeletedButRecoverable\"}}}")
        #expect(
            body(ObjectKind.secrets.exists("x"))
                == "{\"error\":{\"code\":\"MethodNotAllowed\",\"message\":\"Secret exists already: x\","
                + "\"innererror\":{\"code\":\"RequestNotAllowedOnNonDeletedObject\"}}}")
    }

    @Test func `no permission by an access policy`() {
        #expect(
            body(caller.forbiddenByPolicy("get", .keys, vault: "v", location: "westus"))
                == "{\"error\":{\"code\":\"Forbidden\",\"message\":\"The user, group or application "
                + "'appid=C;oid=O;iss=https://sts.windows.net/T/' does not have keys get permission on key vault "
                + "'v;location=westus'. For help resolving this issue, please see "
                + "https://go.microsoft.com/fwlink/?linkid=2125287\",\"innererror\":{\"code\":\"ForbiddenByPolicy\"}}}")
    }

    @Test func `no permission by a role`() throws {
        let refusal = caller.forbiddenByRbac("get", .secrets, object: "x", vault: "v", location: "eastus")
        let message = try #require(try JSON(parsing: refusal.answer.body)["error"]?["message"]?.string)
        let lines = message.split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.count == 10)
        #expect(lines[0] == "Caller is not authorized to perform action on resource.")
        #expect(lines[2] == "Caller: appid=C;oid=O;iss=https://sts.windows.net/T/")
        #expect(lines[3] == "Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'")
        #expect(lines[4].hasSuffix("/providers/microsoft.keyvault/vaults/v/secrets/x'"))
        #expect(lines[7] == "DecisionReason: 'DeniedWithNoValidRBAC' ")
        #expect(lines[8] == "Vault: v;location=eastus" && lines[9].isEmpty)
    }

    @Test func `too many requests`() {
        let answer = DocumentedError.throttled.answer(for: nil, azure: nil)
        #expect(answer.status == 429)
        #expect(
            String(decoding: answer.body, as: UTF8.self)
                == "{\"error\":{\"code\":\"Throttled\",\"message\":\"Request was not processed because too many requests "
                + "were received. Reason: VaultRequestTypeLimitReached\"}}")
    }

    @Test(arguments: [
        ("secrets", "delete", "Microsoft.KeyVault/vaults/secrets/delete"),
        ("secrets", "set", "Microsoft.KeyVault/vaults/secrets/setSecret/action"),
        ("secrets", "list", "Microsoft.KeyVault/vaults/secrets/readMetadata/action"),
        ("keys", "get", "Microsoft.KeyVault/vaults/keys/read"),
    ])
    func `each operation has its data action`(kind: String, operation: String, action: String) throws {
        #expect(try #require(ObjectKind(rawValue: kind)).action(operation) == action)
    }
}
