import FoundationEssentials
import HTTPTransport
import LatchkeyTestSupport
import LinuxSystem
import ManagedIdentity
import Messages
import Secrets
import Testing

private let application = ["AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_ID": "app-1", "AZURE_CLIENT_SECRET": "s"]
private let legacy = ["MSI_ENDPOINT": "http://127.0.0.1:41741/MSI/token/", "MSI_SECRET": "h"]
private let fabric = [
    "IDENTITY_ENDPOINT": "https://localhost:2377/t", "IDENTITY_HEADER": "h",
    "IDENTITY_SERVER_THUMBPRINT": String(repeating: "ab", count: 20),
]
private let arc = ["IDENTITY_ENDPOINT": "http://localhost:40342/t", "IMDS_ENDPOINT": "http://localhost:40342"]

/// The identities' answers: the project's own, and those of the real services where a folder of them is there.
private enum Answers {
    typealias Expectation = RecordedAnswer.Expectation

    static let all = (RecordedAnswer.own + RecordedAnswer.foreign).filter { !$0.isVaults }
    /// The answer to a request without the header that a probe leaves out.
    static let probes = all.filter { $0.response.status == 400 && $0.response.body.contains("metadata header") }
    static let played = all.filter { answer in !probes.contains { $0.description == answer.description } }
    static let tokens = played.filter { expected(of: $0)?.token != nil }
    static let refusals = played.filter { expected(of: $0)?.token == nil }

    private static func token(
        _ token: String, _ expires: Int64, _ variables: [String: String], source: String? = nil
    ) -> Expectation {
        Expectation(token: token, expires: expires, variables: variables, source: source)
    }

    private static func refusal(
        _ exit: ExitCode, _ code: MessageCode, _ variables: [String: String], source: String? = nil
    ) -> Expectation {
        Expectation(exit: exit.rawValue, code: code.rawValue, variables: variables, source: source)
    }

    /// What becomes of each answer of the real services, by its number.
    private static let foreign: [Substring: Expectation] = [
        "066": token("access_token", now + 3599, application),
        "068": refusal(.denied, .identityUnknown, application),
        "070": token("redacted", 1_740_272_916, [:], source: "imds"),
        "074": token("redacted", 1_697_818_980, legacy.merging(["DEFAULT_IDENTITY_CLIENT_ID": "d"]) { $1 }),
        "076": refusal(.denied, .identityDenied, application),
        "090": refusal(.temporary, .identityFailing, [:], source: "imds"),
        "102": token("****", 42, legacy),
        "104": refusal(.protocolFailure, .identityAnswer, ["MSI_ENDPOINT": "http://localhost:50342/oauth2/token"]),
        "106": refusal(.denied, .identityDenied, fabric),
        "108": refusal(.protocolFailure, .identityAnswer, arc),
    ]

    static func expected(of answer: RecordedAnswer) -> Expectation? {
        answer.expected ?? foreign[answer.description.prefix(3)]
    }
}

/// Each answer is given to every request of its identity.
struct RecordingTests {
    private func play(_ answer: RecordedAnswer, _ expected: RecordedAnswer.Expectation) throws -> AccessToken {
        let source = try #require(IdentityOptions.Source(rawValue: expected.source ?? "auto"))
        let harness = IdentityHarness(response(answer))
        let session = try session(environment(expected.variables ?? [:]), IdentityOptions(source: source), harness)
        return try session.token(for: vault, retryPolicy: harness.retryPolicy())
    }

    private func response(_ answer: RecordedAnswer) -> FakeTransport.Answer {
        let response = answer.response
        return .response(response.status, response.headers.map { ($0.key, $0.value) }, body: response.body)
    }

    @Test(arguments: Answers.tokens)
    func `a recorded answer yields its token and expiry`(answer: RecordedAnswer) throws {
        let expected = try #require(Answers.expected(of: answer))
        let found = try play(answer, expected)
        #expect(text(found.secret) == expected.token)
        #expect(found.expiresOn == expected.expires)
    }

    @Test(arguments: Answers.refusals)
    func `a recorded refusal yields its code and none of its ids`(answer: RecordedAnswer) throws {
        let expected = try #require(Answers.expected(of: answer), "an answer without an expectation")
        let found = try diagnosis { _ = try play(answer, expected) }
        #expect(found.code.rawValue == expected.code)
        #expect(found.exitCode.rawValue == expected.exit)
        let whole = found.text + (found.hint ?? "")
        // No UUID but the one that was configured, whole or as the start of one, and none of the service's own words.
        let ids = whole.matches(of: /[0-9a-f]{8}-[0-9a-f]{4}/).map { String($0.output) }
        #expect(ids.allSatisfy { id in expected.variables?.values.contains { $0.hasPrefix(id) } == true })
        for words in ["Trace", "pod list", "correlation"] { #expect(!whole.contains(words)) }
    }

    @Test func `a probe's answer shows a metadata service`() throws {
        let token = try #require(Answers.tokens.first { Answers.expected(of: $0)?.source == "imds" })
        for probe in Answers.probes {
            let harness = IdentityHarness(response(probe), response(token))
            let session = try session(environment(), IdentityOptions(), harness)
            let expiry = Answers.expected(of: token)?.expires
            #expect(try session.token(for: vault, retryPolicy: harness.retryPolicy()).expiresOn == expiry)
        }
        #expect(!Answers.probes.isEmpty)
    }
}
