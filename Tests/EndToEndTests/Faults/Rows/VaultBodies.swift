extension FaultGroup {
    private static func answer(_ members: String, token: Bool = true) -> [String] {
        ["{\"endpoint\":\"vault\",\"token\":\(token),\(members)}"]
    }

    private static func body(_ text: String) -> [String] {
        answer("\"status\":200,\"body\":\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"")
    }

    private static let id = #""id":"VAULT/secrets/db-password/6fd6c1e4ba1b4b5f8a6a1c0a0e0f0d0c""#

    static let vaultBodies = FaultGroup(
        title: "Invalid answers of a vault",
        rows: [
            Fault(what: "a body of 3 MB", answers: answer(#""body-size":3000000"#), start: .ends(76, "vault-answer")),
            Fault(
                what: "a body that never ends", answers: answer(#""endless":true"#), start: .ends(76, "vault-answer")),
            Fault(
                what: "a body compressed without having been asked for", answers: answer(#""gzip":true"#),
                start: .ends(76, "vault-answer")),
            Fault(
                what: "a gzip bomb of 20 MB", answers: answer(#""gzip":true,"body-size":20000000"#),
                start: .ends(76, "vault-answer")),
            Fault(
                what: "a body that ends early", answers: answer(#""truncate":20"#),
                start: .ends(75, "vault-unreachable")),
            Fault(what: "an empty body", answers: body(""), start: .ends(76, "vault-answer")),
            Fault(
                what: "a page of HTML, not UTF-8", answers: answer(#""garbage":true"#), start: .ends(76, "vault-answer")
            ),
            Fault(
                what: "100,000 brackets in each other", answers: body(String(repeating: "[", count: 100_000)),
                start: .ends(76, "vault-answer")),
            Fault(
                what: "a value that is not UTF-8",
                // {"value":"\xFF","id":…}
                answers: answer(#""status":200,"body-base64":"eyJ2YWx1ZSI6Iv8ifQ==""#), start: .ends(76, "vault-answer")
            ),
            Fault(
                what: "a value twice", answers: body(#"{"value":"a","value":"b",\#(id)}"#),
                start: .ends(76, "vault-answer")),
            Fault(what: "no value", answers: body("{\(id)}"), start: .ends(76, "vault-answer")),
            Fault(what: "no id", answers: body(#"{"value":"a"}"#), start: .ends(76, "vault-answer")),
            Fault(
                what: "a value that is a number", answers: body(#"{"value":7,\#(id)}"#),
                start: .ends(76, "vault-answer")),
            Fault(
                what: "another secret's answer",
                answers: body(#"{"value":"a","id":"VAULT/secrets/smtp/6fd6c1e4ba1b4b5f8a6a1c0a0e0f0d0c"}"#),
                start: .ends(76, "vault-answer")),
            Fault(
                what: "headers of 400 kB",
                answers: answer("\"headers\":{\"X-Long\":\"\(String(repeating: "x", count: 400_000))\"}"),
                start: .ends(76, "vault-answer")),
            Fault(
                what: "a body that drips for minutes", answers: answer(#""drip":{"bytes":1,"every":1000}"#),
                start: .ends(75, "vault-timeout"), isSlow: true),
        ])
}
