extension FaultGroup {
    private static func entry(
        _ what: String, _ entry: String, _ code: Int32, _ message: String, _ answers: [String] = []
    ) -> Fault {
        Fault(what: what, answers: answers, entry: entry, start: .ends(code, message))
    }

    /// A value that the vault gives for one secret.
    private static func value(_ json: String) -> [String] {
        let id = #""id":"VAULT/secrets/pair/6fd6c1e4ba1b4b5f8a6a1c0a0e0f0d0c""#
        let body = "{\"value\":\(json),\(id),\"attributes\":{\"enabled\":true}}"
        let text = body.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return [
            "{\"endpoint\":\"vault\",\"token\":true,\"path\":\"^/secrets/pair\",\"status\":200,\"body\":\"\(text)\"}"
        ]
    }

    private static let variable = "[env]\nPAIR = \"pair\""

    static let values = FaultGroup(
        title: "Values that can't be delivered",
        rows: [
            entry("a NUL byte in a variable", variable, 65, "value-null", value("\"a\\u0000b\"")),
            entry(
                "a variable of 200 kB", variable, 65, "value-size",
                value("\"\(String(repeating: "x", count: 200_000))\"")),
            entry("a value that is not JSON", ##"part = { secret = "db-password#/a" }"##, 65, "value-json"),
            entry("a member that does not exist", ##"part = { secret = "smtp#/nothing" }"##, 66, "json-member"),
            entry(
                "a JSON value nested 100,000 deep", ##"part = { secret = "pair#/a" }"##, 65, "value-json",
                value("\"\(String(repeating: "[", count: 100_000))\"")),
            entry(
                "a value that is not base64", #"part = { secret = "smtp", encoding = "base64" }"#, 65, "value-encoding"),
            entry("a secret that does not exist", #"other = { secret = "no-such-secret" }"#, 66, "secret-missing"),
            entry("a secret that is disabled", #"other = { secret = "retired" }"#, 77, "secret-disabled"),
            entry("a certificate that does not exist", #"other = { certificate = "web" }"#, 66, "secret-missing"),
            entry("a template that does not exist", #"other = { template = "/nowhere" }"#, 66, "template-missing"),
            Fault(
                what: "a template that can't be understood", files: ["t": "{{#db-password}}"],
                entry: #"other = { template = "SCRATCH/t" }"#, start: .ends(65, "template-syntax")),
            Fault(
                what: "a template that names nothing", files: ["t": "{{no-such-secret}}"],
                entry: #"other = { template = "SCRATCH/t" }"#, start: .ends(66, "secret-missing")),
        ])

    /// What can't be used as a configuration: that from before stays in force.
    private static func mistake(_ what: String, _ entry: String, _ code: Int32, _ message: String) -> Fault {
        var fault = Self.entry(what, entry, code, message)
        fault.refresh = .keeps("config-kept")
        return fault
    }

    static let configurations = FaultGroup(
        title: "Configurations that can't be used",
        rows: [
            mistake("no TOML", "other = [", 78, "config-syntax"),
            mistake(
                "tables nested 10,000 deep", "other = " + String(repeating: "[", count: 10_000), 78, "config-syntax"),
            mistake("an unknown key", #"other = { secret = "smtp", colour = "red" }"#, 78, "config-key"),
            mistake("a value of another type", "other = 7", 78, "config-value"),
            mistake("a path out of the directory", #""../other" = "smtp""#, 78, "config-value"),
            mistake("a path from the root", #""/etc/other" = "smtp""#, 78, "config-value"),
            mistake("one file twice", #""database" = "smtp""#, 78, "config-duplicate"),
            mistake("a name that is no variable's", "[env]\n\"A=B\" = \"smtp\"", 78, "config-value"),
        ])
}
