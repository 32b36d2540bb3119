extension FaultGroup {
    private static func answer(
        _ what: String, _ members: String, _ code: Int32 = 76, _ message: String = "identity-answer",
        from endpoint: String = "identity", isSlow: Bool = false
    ) -> Fault {
        Fault(
            what: what, answers: ["{\"endpoint\":\"\(endpoint)\",\(members)}"], start: .ends(code, message),
            isSlow: isSlow)
    }

    private static func body(_ text: String) -> String {
        "\"status\":200,\"body\":\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }

    static let identityBodies = FaultGroup(
        title: "Invalid answers of an identity endpoint",
        rows: [
            answer("a body of 3 MB", #""body-size":3000000"#),
            answer("a body that never ends", #""endless":true"#),
            answer("a body compressed without having been asked for", #""gzip":true"#),
            answer("a gzip bomb of 20 MB", #""gzip":true,"body-size":20000000"#),
            answer("a body that ends early", #""truncate":20"#, 75, "identity-unreachable"),
            answer("an empty body", body("")),
            answer("a page of HTML, not UTF-8", #""garbage":true"#),
            answer("100,000 brackets in each other", body(String(repeating: "[", count: 100_000))),
            // {"access_token":"\xFF"}
            answer("a token that is not UTF-8", #""status":200,"body-base64":"eyJhY2Nlc3NfdG9rZW4iOiL/In0=""#),
            answer("no token", body(#"{"expires_in":"3600"}"#)),
            answer("an empty token", body(#"{"access_token":""}"#)),
            answer("a token that is a number", body(#"{"access_token":7}"#)),
            answer("a line end in the token", body(#"{"access_token":"a\r\nX-Other: b"}"#)),
            answer("an expiry that is no time", body(#"{"access_token":"a","expires_on":"soon"}"#)),
            answer("an expiry without end", body(#"{"access_token":"a","expires_in":"99999999999999999999"}"#)),
            answer("two tokens", body(#"{"access_token":"a","access_token":"b"}"#)),
            answer("headers of 400 kB", "\"headers\":{\"X-Long\":\"\(String(repeating: "x", count: 400_000))\"}"),
            answer(
                "a body that drips for minutes", #""drip":{"bytes":1,"every":1000}"#, 75, "identity-unreachable",
                isSlow: true),
        ])

    private static let later = #","retry-after":120"#

    static let identityRefusals = FaultGroup(
        title: "What the metadata service refuses", environment: "imds",
        rows: [
            answer("no such identity (400)", #""error":"identity-not-found""#, 77, "identity-unknown"),
            answer("several, and none is chosen (400)", #""error":"identity-unchosen""#, 77, "identity-unknown"),
            answer(
                "a resource that its tenant does not know (400)", #""error":"identity-resource-unknown""#, 76,
                "identity-refused"),
            answer("not found (404)", #""error":"identity-missing""# + later, 75, "identity-failing"),
            answer("gone (410)", #""error":"identity-gone""# + later, 75, "identity-failing"),
            answer("too many requests (429)", #""error":"identity-throttled""# + later, 75, "identity-throttled"),
            answer("an error of its own (500)", #""error":"identity-failed""# + later, 75, "identity-failing"),
            answer("an error of AKS's own (500)", #""error":"identity-plain-failure""# + later, 75, "identity-failing"),
            answer("not available (503)", #""status":503"# + later, 75, "identity-failing"),
            answer("no route to it (403)", #""error":"identity-unreachable""#, 77, "identity-none"),
            answer("an invalid time in Retry-After", #""status":503,"retry-after":"soon""#, 75, "identity-failing"),
        ])

    static let serviceRefusals = FaultGroup(
        title: "What App Service's identity endpoint refuses",
        rows: [
            answer("no such identity (400)", #""error":"identity-not-found""#, 77, "identity-unknown"),
            answer(
                "another api-version (400)", refusal("The api-version '2019-08-01' is not supported."), 76,
                "identity-refused"),
            answer(
                "no identity that it can load (400)", refusal("Unable to load the proper Managed Identity."), 77,
                "identity-unknown"),
            answer(
                "a header that it does not know (401)", #""status":401,"body":{"statusCode":401,"message":"x"}"#, 77,
                "identity-denied"),
        ])

    private static func refusal(_ text: String) -> String {
        "\"status\":400,\"body\":{\"statusCode\":400,\"message\":\"\(text)\"}"
    }

    static let entraRefusals = FaultGroup(
        title: "What Entra refuses", environment: "client-secret-app",
        rows: [
            answer("a wrong secret", #""error":"invalid-secret""#, 77, "identity-denied", from: "entra"),
            answer("a secret that has expired", #""error":"expired-secret""#, 77, "identity-denied", from: "entra"),
            answer("no such application", #""error":"application-not-found""#, 77, "identity-unknown", from: "entra"),
            answer("no such tenant", #""error":"tenant-not-found""#, 77, "identity-unknown", from: "entra"),
            answer("no such resource", #""error":"resource-not-found""#, 77, "identity-refused", from: "entra"),
            answer("conditional access", #""error":"conditional-access""#, 77, "identity-denied", from: "entra"),
            answer("too many requests", #""error":"entra-throttled""# + later, 75, "identity-throttled", from: "entra"),
            answer("not available", #""error":"entra-unavailable""# + later, 75, "identity-failing", from: "entra"),
            answer("a redirect", #""redirect":"STRANGER/oauth2/v2.0/token","status":307"#, from: "entra"),
            answer("a page of HTML", #""garbage":true"#, from: "entra"),
            answer("a line end in the token", body(#"{"access_token":"a\r\nX-Other: b"}"#), from: "entra"),
        ])
}
