import Messages

/// An error of Entra's token endpoint, by its number (Microsoft's page "Microsoft Entra authentication and
/// authorization error codes"); the texts that come with it hold ids and are left out.
package struct EntraRefusal: Equatable, Sendable {
    package var kind: IdentityKind
    package var status: Int
    /// The number behind `AADSTS`.
    package var code: Int?
    /// The OAuth error word (RFC 6749, 5.2).
    package var word: String?
    /// As configured, never from the answer.
    package var tenant: String
    package var clientID: String

    init(kind: IdentityKind, status: Int, code: Int?, word: String?, tenant: String, clientID: String) {
        self.kind = kind
        self.status = status
        self.code = code
        self.word = word
        self.tenant = tenant
        self.clientID = clientID
    }

    var diagnosis: Diagnosis {
        let entry = code.flatMap { meaning(of: $0) } ?? general
        let number = code.map { ", AADSTS\($0)" } ?? word.map { ", \($0)" } ?? ""
        return Diagnosis(
            entry.message, exit: entry.exit, "identity '\(kind.rawValue)': \(entry.text) (HTTP \(status)\(number))",
            hint: entry.hint)
    }

    private struct Entry {
        var message: MessageCode
        var exit = ExitCode.denied
        var text: String
        var hint: String?
    }

    private var general: Entry {
        switch (status, word) {
        case (401, _), (403, _), (_, "invalid_client"), (_, "unauthorized_client"), (_, "invalid_grant"):
            Entry(
                message: .identityDenied, text: "Entra denied a token to client id '\(clientID)'",
                hint: "the application's sign-in log in Entra shows the reason; check its tenant and its credential")
        default:
            Entry(
                message: .identityRefused, exit: .protocolFailure, text: "Entra refused the request",
                hint: code.map { "see 'https://login.microsoftonline.com/error?code=\($0)'" })
        }
    }

    private func meaning(of code: Int) -> Entry? {
        switch code {
        case 90002, 900021, 900023:
            Entry(
                message: .identityUnknown, text: "tenant '\(tenant)' is unknown",
                hint:
                    "correct AZURE_TENANT_ID ('az account show --query tenantId'), and AZURE_AUTHORITY_HOST for another cloud"
            )
        case 700016, 7000229:
            Entry(
                message: .identityUnknown, text: "client id '\(clientID)' is unknown in tenant '\(tenant)'",
                hint:
                    "correct AZURE_CLIENT_ID or AZURE_TENANT_ID; 'az ad sp show --id \(clientID)' shows whether it is there"
            )
        case 7000112:
            Entry(
                message: .identityDenied, text: "the application '\(clientID)' is disabled in tenant '\(tenant)'",
                hint: "enable it with 'az ad sp update --id \(clientID) --set accountEnabled=true'")
        case 7000215, 7000222:
            secretEntry(expired: code == 7000222)
        case 700027, 7000272:
            Entry(
                message: .identityDenied,
                text: "the certificate is not one of client id '\(clientID)', or its signature is wrong",
                hint: "register it with 'az ad app credential reset --id \(clientID) --cert @certificate.pem --append'")
        case 700024:
            Entry(
                message: .identityDenied, text: "the assertion is outside of its time",
                hint: "check this machine's clock ('timedatectl'), and that the federated token's file is renewed")
        case 70021, 700211, 700212, 700213, 7002131:
            Entry(
                message: .identityDenied,
                text:
                    "no federated credential of client id '\(clientID)' matches the token's issuer, subject and audience",
                hint: "compare with 'az identity federated-credential list --identity-name NAME --resource-group GROUP'"
            )
        case 500011:
            Entry(
                message: .identityRefused, text: "the resource is unknown in tenant '\(tenant)'",
                hint: "correct AZURE_TENANT_ID or AZURE_AUTHORITY_HOST if the vault is in another cloud or tenant; "
                    + "correct the resource of a 'token:RESOURCE'")
        case 53003:
            Entry(
                message: .identityDenied, text: "a conditional access policy blocks client id '\(clientID)'",
                hint: "the application's sign-in log in Entra names the policy; let it permit this address")
        case 90033, 90055, 50196:
            Entry(message: .identityFailing, exit: .temporary, text: "Entra can't answer for now")
        default: nil
        }
    }

    private func secretEntry(expired: Bool) -> Entry {
        Entry(
            message: .identityDenied,
            text: expired
                ? "the client secret of client id '\(clientID)' has expired"
                : "the client secret of client id '\(clientID)' is wrong",
            hint:
                "make a new one with 'az ad app credential reset --id \(clientID) --append', and use its value, not its id"
        )
    }
}
