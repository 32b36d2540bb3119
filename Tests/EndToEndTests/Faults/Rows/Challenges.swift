extension FaultGroup {
    private static func challenge(
        _ what: String, _ members: String, token: Bool = false, _ code: Int32 = 76,
        _ message: String = "vault-challenge"
    ) -> Fault {
        Fault(
            what: what, answers: ["{\"endpoint\":\"vault\",\"vault\":\"other\",\"token\":\(token),\(members)}"],
            // Once a vault has named its resource it is not asked for it again: a new one comes with the refresh.
            entry: "elsewhere = { secret = \"OTHER/secrets/api-key\" }", start: .ends(code, message))
    }

    /// A vault under no suffix that is known must name the resource of its tokens, and be under it.
    static let challenges = FaultGroup(
        title: "Challenges",
        rows: [
            challenge("another resource", #""challenge":"wrong-resource""#),
            challenge(
                "a resource whose name continues the vault's",
                #""challenge-resource":"https://vault.localhost.example.net""#),
            challenge("a resource that is the end of a word", #""challenge-resource":"https://ault.localhost""#),
            challenge("the vault itself as the resource", #""challenge-resource":"OTHER""#),
            challenge("another port", #""challenge-resource":"https://vault.localhost:1""#),
            challenge("a resource of plain http", #""challenge-resource":"http://vault.localhost""#),
            challenge("a user in the resource", #""challenge-resource":"https://user@vault.localhost""#),
            challenge("a tab in the resource", #""challenge-resource":"https://vault.local\thost""#),
            challenge("two challenges, the first of them foreign", #""challenge":"twice""#),
            challenge("no challenge", #""challenge":"missing""#),
            challenge("a challenge that can't be read", #""challenge":"malformed""#),
            challenge("no challenge but an answer", #""status":200,"body":{"value":[]}"#),
            challenge(
                "the same challenge again, for a token", #""error":"unauthorized""#, token: true, 77, "token-refused"),
            challenge("another resource, for a token", #""status":401,"challenge":"wrong-resource""#, token: true),
            challenge(
                "claims that no token meets", #""challenge":"insufficient-claims""#, token: true, 77, "token-refused"),
        ])

    private static func redirect(_ what: String, _ endpoint: String, _ target: String, _ status: Int) -> Fault {
        Fault(
            what: what,
            answers: [
                "{\"endpoint\":\"\(endpoint)\",\"token\":\(endpoint == "vault"),\"redirect\":\"\(target)\",\"status\":\(status)}"
            ],
            start: .ends(76, endpoint == "vault" ? "vault-redirect" : "identity-answer"))
    }

    static let redirects = FaultGroup(
        title: "Redirects",
        rows: [
            redirect("of a vault to http", "vault", "STRANGER/secrets/db-password/", 302),
            redirect("of a vault to a file", "vault", "file:///etc/hostname", 301),
            redirect("of a vault to another host", "vault", "https://other.vault.localhost/secrets/db-password/", 307),
            redirect("of a vault to itself", "vault", "VAULT/secrets/smtp/?api-version=7.4", 308),
            redirect("of the identity to http", "identity", "STRANGER/msi/token", 302),
            redirect("of the identity to a file", "identity", "file:///etc/hostname", 303),
            redirect("of the identity to another host", "identity", "https://169.254.169.254.example.net/", 307),
        ])
}
