extension FaultGroup {
    /// One of the documented errors.
    private static func refusal(
        _ what: String, _ error: String, _ code: Int32, _ message: String, refresh: Fault.Refresh = .asStart
    ) -> Fault {
        // Who is told to come back later than the patience lasts gives up at once.
        let later = code == 75 ? ",\"retry-after\":120" : ""
        return Fault(
            what: what, answers: ["{\"endpoint\":\"vault\",\"token\":true,\"error\":\"\(error)\"\(later)}"],
            start: .ends(code, message), refresh: refresh)
    }

    static let vaultRefusals = FaultGroup(
        title: "What a vault refuses",
        rows: [
            refusal("a disabled secret", "secret-disabled", 77, "secret-disabled", refresh: .keeps("secret-gone")),
            refusal("no right, by policy", "forbidden-by-policy", 77, "secret-forbidden"),
            refusal("no right, by role", "forbidden-by-rbac", 77, "secret-forbidden"),
            refusal("its firewall", "forbidden-by-firewall", 77, "vault-firewall"),
            refusal("its perimeter", "forbidden-by-perimeter", 77, "vault-firewall"),
            refusal("private connections only", "forbidden-by-connection", 77, "vault-private"),
            refusal("no such secret", "not-found", 66, "secret-missing", refresh: .keeps("secret-gone")),
            refusal(
                "a deleted secret", "deleted-but-recoverable", 66, "secret-missing", refresh: .keeps("secret-gone")),
            refusal(
                "a secret that is being deleted", "being-deleted", 66, "secret-missing", refresh: .keeps("secret-gone")),
            refusal("a malformed request", "bad-parameter", 76, "vault-refused"),
            refusal("no token that it knows", "unauthorized", 77, "token-refused"),
            refusal("another tenant's token", "wrong-issuer", 77, "token-refused"),
            refusal("a token for another audience", "wrong-audience", 77, "token-refused"),
            refusal("a token that has expired", "token-expired", 77, "token-refused"),
            refusal("too many requests", "throttled", 75, "vault-throttled"),
            refusal("an internal error", "internal-error", 75, "vault-failing"),
            refusal("not available", "unavailable", 75, "vault-failing"),
        ])
}
