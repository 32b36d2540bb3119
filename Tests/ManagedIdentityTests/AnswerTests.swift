import LatchkeyTestSupport
import ManagedIdentity
import Messages
import Secrets
import Testing

private let named = IdentityOptions(source: .imds)

/// What a 200's body leads to.
private func token(_ body: String) throws -> AccessToken {
    let harness = IdentityHarness(.response(200, body: body))
    return try session(environment(), named, harness).token(for: vault, retryPolicy: harness.retryPolicy())
}

@Test(arguments: [
    (#""expires_on":"1740272916""#, 1_740_272_916), (#""expires_on":1740272916"#, 1_740_272_916),
    (#""expires_on":1740272916.0"#, 1_740_272_916), (#""expires_on":1.740272916e9"#, 1_740_272_916),
    (#""expires_on":"06/20/2019 02:57:58 +00:00""#, 1_560_999_478),
    (#""expires_on":"1/16/2020 5:24:12 AM +00:00""#, 1_579_152_252),
    (#""expires_on":"1/16/2020 5:24:12 PM +00:00""#, 1_579_195_452),
    (#""expires_on":"1/1/1970 12:00:42 AM +00:00""#, 42), (#""expires_on":"1/1/1970 12:00:42 PM +00:00""#, 43_242),
    (#""expires_on":"06/20/2019 02:57:58""#, 1_560_999_478), (#""expires_on":"2019-06-20 02:57:58""#, 1_560_999_478),
    (#""expires_on":"2019-06-20 02:57:58 +00:00""#, 1_560_999_478),
    (#""expires_on":"2019-06-20T02:57:58Z""#, 1_560_999_478),
    (#""expires_on":"2019-06-20T04:57:58+02:00""#, 1_560_999_478),
    (#""expires_on":"2019-06-20t02:57:58.1234567Z""#, 1_560_999_478),
    (#""expires_on":"","expires_in":"3599""#, Int(now) + 3599),
    (#""expires_on":null,"expires_in":3599"#, Int(now) + 3599),
    (#""expires_in":"0""#, Int(now)), (#""expires_on":"1740272916","expires_in":"garbage""#, 1_740_272_916),
    (#""unknown":{"deep":[1,2]}"#, Int(now) + 3600),
])
func `an expiry is read in every documented form`(member: String, expected: Int) throws {
    #expect(try token(#"{"access_token":"synthetic-token",\#(member)}"#).expiresOn == Int64(expected))
}

@Test(arguments: [
    #""expires_on":"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n""#, #""expires_on":"15609740s28""#,
    #""expires_on":"soon""#, #""expires_on":"13/13/2019 02:57:58 +00:00""#,
    #""expires_on":"1/16/2020 13:24:12 PM +00:00""#, #""expires_on":"2019-06-20T25:00:00Z""#,
    #""expires_on":"2019-06-20T02:57:58+2:0x""#, #""expires_on":"2019-06-20""#, #""expires_on":{}"#,
    #""expires_on":[1]"#, #""expires_on":true"#, #""expires_on":"1/16/2020""#, #""expires_on":"//2020 ::""#,
    #""expires_in":"x""#, #""expires_in":-5"#, #""expires_on":"99999999999999999999""#, #""expires_on":" ""#,
    #""expires_on":9223372036854775807"#, #""expires_on":-9223372036854775808"#,
    #""expires_on":"9223372036854775807""#, #""expires_on":"-9223372036854775808""#,
    #""expires_on":99999999999999999999"#, #""expires_on":1e300"#, #""expires_in":9223372036854775807"#,
    #""expires_in":"-9223372036854775808""#, #""expires_in":1e16"#, #""expires_on":253402300800"#,
    #""expires_on":"2019-06-20 02:57:58.""#, #""expires_on":"\u0660\u0661/01/2019 02:57:58""#,
])
func `an invalid expiry ends with a clear failure`(member: String) throws {
    let found = try diagnosis { _ = try token(#"{"access_token":"synthetic-token",\#(member)}"#) }
    #expect((found.code, found.exitCode) == (.identityAnswer, .protocolFailure))
    #expect(!found.text.contains("synthetic-token"))
}

@Test(arguments: [
    "", "null", "[]", "{}", "{", "\u{feff}", #""text""#, "0", #"{"access_token":null}"#,
    #"{"access_token":""}"#, #"{"access_token":5}"#, #"{"access_token":{}}"#, #"{"access_token":"a b"}"#,
    #"{"access_token":"a\r\nX: y"}"#, #"{"access_token":"\u0000"}"#, #"{"access_token":"caf\u00e9"}"#,
    #"{"access_token":"\ud800"}"#, #"{"access_token":"a"} trailing"#,
    String(repeating: "[", count: 100_000), String(repeating: #"{"a":"#, count: 100_000),
])
func `an answer without a token ends with a clear failure`(body: String) throws {
    let found = try diagnosis { _ = try token(body) }
    #expect((found.code, found.exitCode) == (.identityAnswer, .protocolFailure))
    #expect(found.text.utf8.count < 200)
}

/// ASCII in UTF-16 has a zero before or behind every byte.
@Test(arguments: [true, false])
func `an answer in UTF-16 is said to be not JSON in UTF-8`(littleEndian: Bool) throws {
    let body = #"{"access_token":"synthetic-token","expires_on":1}"#
        .map { littleEndian ? "\($0)\u{0}" : "\u{0}\($0)" }.joined()
    let found = try diagnosis { _ = try token(body) }
    #expect((found.code, found.exitCode) == (.identityAnswer, .protocolFailure))
    #expect(found.text.contains("the token's answer is not JSON in UTF-8"))
}

@Test(arguments: [
    (#"{"access_token":5}"#, "has a malformed 'access_token'"), ("[]", "is not JSON in UTF-8"),
    (#"{"access_token":"a","expires_on":{}}"#, "has a malformed 'expires_on'"),
    (
        #"{"access_token":"a","expires_on":9223372036854775807}"#,
        "no number of seconds and no date, up to the year 9999"
    ),
])
func `a malformed answer says what is malformed`(body: String, words: String) throws {
    #expect(try diagnosis { _ = try token(body) }.text.contains(words))
}

@Test func `a token shows itself nowhere`() throws {
    let found = try token(tokenBody)
    #expect(!"\(found)".contains("synthetic"))
    #expect(!String(reflecting: found).contains("synthetic"))
    var dumped = ""
    dump(found, to: &dumped)
    #expect(!dumped.contains("synthetic"))
}

@Test(arguments: [
    #"{"access_token":"a","access_token":"b"}"#, #"{"access_token":"a","access_token":"a"}"#,
    #"{"access_token":"a","access\u005ftoken":"b"}"#, #"{"expires_in":1,"access_token":"a","expires_in":"2"}"#,
    #"{"x":[{"access_token":"b"}],"access_token":"a","x":{}}"#,
])
func `an answer with a member twice ends with a clear failure`(body: String) throws {
    let found = try diagnosis { _ = try token(body) }
    #expect((found.code, found.exitCode) == (.identityAnswer, .protocolFailure))
    #expect(found.text.contains("has a member twice"))
}

@Test func `names below an answer's members, and in its texts, are not its own`() throws {
    let nested = #""x":{"access_token":"b","a":[{"a":1},{"a":2}]},"a":"\",\"access_token\":\"c\\","y":["x","x"]"#
    #expect(try token(#"{"access_token":"synthetic-token",\#(nested)}"#).expiresOn == now + 3600)
}
