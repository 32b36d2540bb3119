import FoundationEssentials
import HTTPTransport
import LatchkeyTestSupport
import LinuxSystem
import ManagedIdentity
import Messages
import Secrets
import Testing

/// Answers that the real services gave, kept outside of the project: where they are, every identity's one is played.
private enum Recordings {
    /// `LATCHKEY_RECORDINGS`, else `../shared/recordings` beside the package; nil where there are none.
    static let directory: String? = {
        let beside = #filePath.split(separator: "/").dropLast(3).map(String.init)
        let candidates = [
            ProcessInfo.processInfo.environment["LATCHKEY_RECORDINGS"],
            "/" + (beside.dropLast() + ["shared", "recordings"]).joined(separator: "/"),
        ]
        return candidates.compactMap { $0 }.first { SecureFile.exists("\($0)/070-imds-token-200-system-assigned.json") }
    }()

    struct File: Decodable {
        struct Response: Decodable {
            var status: Int
            var headers: [String: String]
            var body: String
        }
        var response: Response
    }

    static func answer(_ name: String) throws -> FakeTransport.Answer {
        let bytes = try SystemIdentityFiles().read("\(try #require(directory))/\(name).json", limit: 1 << 20)
        let data = bytes.withBytes { bytes in Data(bytes.indices.map { bytes[$0] }) }
        let response = try JSONDecoder().decode(File.self, from: data).response
        return .response(response.status, response.headers.map { ($0.key, $0.value) }, body: response.body)
    }
}

private struct Played: Sendable, CustomTestStringConvertible {
    var file: String
    var variables: [String: String]
    var source = IdentityOptions.Source.auto
    var testDescription: String { file }
}

private let application = ["AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_ID": "app-1", "AZURE_CLIENT_SECRET": "s"]
private let legacy = ["MSI_ENDPOINT": "http://127.0.0.1:41741/MSI/token/", "MSI_SECRET": "h"]

private func play(_ played: Played) throws -> (IdentitySession, Stage) {
    let stage = Stage(try Recordings.answer(played.file))
    return (try session(environment(played.variables), IdentityOptions(source: played.source), stage), stage)
}

@Suite(.enabled(if: Recordings.directory != nil, "no recordings beside the project (LATCHKEY_RECORDINGS)"))
private struct RecordingTests {
    @Test(arguments: [
        (Played(file: "066-entra-token-client-certificate-200", variables: application), "access_token", now + 3599),
        (Played(file: "070-imds-token-200-system-assigned", variables: [:], source: .imds), "redacted", 1_740_272_916),
        (
            Played(
                file: "074-azureml-token-200-integers",
                variables: legacy.merging(["DEFAULT_IDENTITY_CLIENT_ID": "d"]) { $1 }), "redacted", 1_697_818_980
        ),
        (Played(file: "102-synthetic-appservice2017-expires_on-date-windows", variables: legacy), "****", 42),
    ])
    func `a recorded answer yields its token and expiry`(played: Played, token: String, expiry: Int64) throws {
        let (session, stage) = try play(played)
        let found = try session.token(for: vault, patience: stage.patience())
        #expect(text(found.secret) == token)
        #expect(found.expiresOn == expiry)
    }

    @Test(arguments: [
        (
            Played(file: "068-entra-err-400-invalid-tenant-openid-config", variables: application),
            MessageCode.identityUnknown, ExitCode.denied
        ),
        (
            Played(file: "076-entra-err-401-invalid_client-bad-secret", variables: application), .identityDenied,
            .denied
        ),
        (Played(file: "090-nmi-err-500-plain-text", variables: [:], source: .imds), .identityFailing, .temporary),
        (
            Played(
                file: "104-synthetic-cloudshell-malformed-expires_on",
                variables: ["MSI_ENDPOINT": "http://localhost:50342/oauth2/token"]), .identityAnswer, .protocolFailure
        ),
        (
            Played(
                file: "106-synthetic-servicefabric-404-secretheadernotfound",
                variables: [
                    "IDENTITY_ENDPOINT": "https://localhost:2377/t", "IDENTITY_HEADER": "h",
                    "IDENTITY_SERVER_THUMBPRINT": String(repeating: "ab", count: 20),
                ]), .identityDenied, .denied
        ),
        (
            Played(
                file: "108-synthetic-arc-401-challenge",
                variables: ["IDENTITY_ENDPOINT": "http://localhost:40342/t", "IMDS_ENDPOINT": "http://localhost:40342"]),
            .identityAnswer, .protocolFailure
        ),
    ])
    func `a recorded refusal yields its code and none of its ids`(
        played: Played, code: MessageCode, exit: ExitCode
    ) throws {
        let (session, stage) = try play(played)
        let found = try diagnosis { _ = try session.token(for: vault, patience: stage.patience()) }
        #expect((found.code, found.exitCode) == (code, exit))
        let whole = found.text + (found.hint ?? "")
        // No UUID, whole or as the start of one, and none of the service's own words.
        #expect(whole.firstMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}/) == nil)
        #expect(!whole.contains("Trace") && !whole.contains("pod list"))
    }

    @Test func `the recorded answer to a probe shows a metadata service`() throws {
        let stage = Stage(
            try Recordings.answer("072-imds-probe-400-no-metadata-header"),
            try Recordings.answer("070-imds-token-200-system-assigned"))
        let session = try session(environment(), IdentityOptions(), stage)
        #expect(try session.token(for: vault, patience: stage.patience()).expiresOn == 1_740_272_916)
    }
}
