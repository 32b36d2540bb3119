extension FaultGroup {
    private static func elsewhere(
        _ what: String, _ address: String, _ code: Int32, _ message: String, how: String? = nil, isSlow: Bool = false
    ) -> Fault {
        Fault(
            what: what, how: how, entry: "elsewhere = { secret = \"\(address)/secrets/api-key\" }",
            start: .ends(code, message), isSlow: isSlow)
    }

    /// A vault that comes with a change of the configuration, where the run is under way already.
    static let connections = FaultGroup(
        title: "Trust and connections",
        otherCertificates: ["expired", "not-yet-valid", "other-name", "other-authority"],
        rows: [
            elsewhere(
                "a certificate that has expired", "EXPIRED", 76, "vault-untrusted", how: "`--certificate` expired"),
            elsewhere(
                "a certificate of tomorrow", "NOT-YET-VALID", 76, "vault-untrusted",
                how: "`--certificate` not-yet-valid"),
            elsewhere(
                "a certificate for another name", "OTHER-NAME", 76, "vault-untrusted", how: "`--certificate` other-name"
            ),
            elsewhere(
                "a certificate of another authority", "OTHER-AUTHORITY", 76, "vault-untrusted",
                how: "`--certificate` other-authority"),
            elsewhere(
                "plain http where TLS should be", "https://demo.vault.localhost:PLAINPORT", 76, "vault-untrusted"),
            elsewhere("a name that does not exist", "https://nowhere.invalid", 75, "vault-unresolved"),
            elsewhere("a port where nothing listens", "https://demo.vault.localhost:1", 75, "vault-unreachable"),
            Fault(
                what: "a connection closed without an answer", answers: [#"{"endpoint":"vault","drop":true}"#],
                start: .ends(75, "vault-unreachable")),
            Fault(
                what: "a connection reset", answers: [#"{"endpoint":"vault","reset":true}"#],
                start: .ends(75, "vault-unreachable")),
            Fault(
                what: "a server that says nothing", answers: [#"{"endpoint":"vault","delay":600000}"#],
                start: .ends(75, "vault-timeout"), isSlow: true),
            Fault(
                what: "an identity endpoint that closes its connections", how: "the emulator's `identity`",
                begin: { try $0.azure.identity(isAvailable: false) }, end: { try $0.azure.identity(isAvailable: true) },
                start: .ends(75, "identity-unreachable")),
        ])
}
