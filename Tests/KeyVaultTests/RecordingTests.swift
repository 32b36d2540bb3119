import FoundationEssentials
import HTTPTransport
import KeyVault
import LatchkeyTestSupport
import Messages
import Secrets
import Testing

/// The vaults' answers: the project's own, and those of the real service where a folder of them is there.
private enum Answers {
    static let all = (RecordedAnswer.own + RecordedAnswer.foreign).filter(\.isVaults)
    static let objects = all.filter { $0.expected == nil && $0.response.status == 200 && !isList($0) }
    static let lists = all.filter { $0.expected == nil && $0.response.status == 200 && isList($0) }
    static let refusals = all.filter { $0.expected != nil || $0.response.status != 200 }

    private static func isList(_ answer: RecordedAnswer) -> Bool { answer.response.body.hasPrefix("{\"value\":[") }

    /// Exit code and code of each refusal of the real service, by its number.
    private static let foreign: [Substring: (ExitCode, MessageCode)] = [
        "040": (.denied, .secretDisabled), "042": (.denied, .secretForbidden), "044": (.denied, .secretForbidden),
        "046": (.noInput, .secretMissing), "048": (.protocolFailure, .vaultRefused), "049": (.denied, .tokenRefused),
        "050": (.denied, .tokenRefused), "052": (.noInput, .secretMissing), "054": (.noInput, .secretMissing),
        "056": (.noInput, .secretMissing), "064": (.denied, .tokenRefused), "078": (.denied, .tokenRefused),
        "080": (.protocolFailure, .vaultRefused), "083": (.temporary, .vaultThrottled),
        "084": (.denied, .secretForbidden), "086": (.denied, .vaultFirewall), "088": (.denied, .vaultPrivate),
        "092": (.denied, .secretForbidden),
    ]

    static func expected(of answer: RecordedAnswer) -> (exit: ExitCode, code: MessageCode)? {
        guard let expected = answer.expected else { return foreign[answer.description.prefix(3)] }
        guard let exit = expected.exit.flatMap(ExitCode.init), let code = expected.code.flatMap(MessageCode.init) else {
            return nil
        }
        return (exit, code)
    }
}

/// Each answer is played to the client by itself, whatever it is.
struct RecordingTests {
    /// What an independent reader finds in an object's answer.
    private struct Answer: Decodable {
        struct Attributes: Decodable {
            var enabled: Bool
            var nbf: Int64?
            var exp: Int64?
            var created: Int64?
            var updated: Int64?
            var recoveryLevel: String?
            var recoverableDays: Int?
        }
        struct Key: Decodable { var kid: String }
        var value: String?
        var id: String?
        var cer: String?
        var key: Key?
        var contentType: String?
        var attributes: Attributes
        var tags: [String: String]?
        var managed: Bool?
    }

    private struct Page: Decodable { var value: [Answer] }

    private func parts(_ url: String) -> [String] { url.split(separator: "/").map(String.init) }

    private func expect(_ attributes: ObjectAttributes, of answer: Answer.Attributes) {
        #expect(attributes.enabled == answer.enabled)
        #expect(attributes.notBefore == answer.nbf)
        #expect(attributes.expires == answer.exp)
        #expect(attributes.created == answer.created)
        #expect(attributes.updated == answer.updated)
        #expect(attributes.recoveryLevel == answer.recoveryLevel)
        #expect(attributes.recoverableDays == answer.recoverableDays)
    }

    @Test(arguments: Answers.objects)
    func `each recorded object yields exactly what is in it`(recording: RecordedAnswer) throws {
        let answer = try JSONDecoder().decode(Answer.self, from: Data(recording.response.body.utf8))
        let id = try #require(answer.id ?? answer.key?.kid)
        // https: / host / collection / name / version; the recorder renamed some hosts in the request only.
        let parts = parts(id)
        let kind = try #require(VaultObjectKind.allCases.first { $0.collection == parts[2] })
        let wantsVersion = recording.path.count > 2
        let object = VaultObject(
            vault: VaultAddress(host: parts[1]), kind: kind, name: parts[3], version: wantsVersion ? parts[4] : nil)
        let harness = VaultHarness(
            answer: challenging(resource(of: parts[1])) { _ in
                .response(200, recording.response.headers.map { ($0.key, $0.value) }, body: recording.response.body)
            })
        let value = try #require(harness.fetch([object], certificates: .certificate).first).get()
        #expect(value.object.version == (parts.count > 4 ? parts[4] : nil))
        #expect(value.object.contentType == answer.contentType)
        #expect(value.object.tags == answer.tags ?? [:])
        #expect(value.object.isManaged == answer.managed ?? false)
        expect(value.object.attributes, of: answer.attributes)
        switch kind {
        case .secret: #expect(value.text == answer.value)
        case .key: #expect(recording.response.body.contains("\"key\":" + value.text))
        case .certificate:
            let der = try #require(answer.cer.flatMap { Data(base64Encoded: $0) })
            #expect(value.object.slot.count == der.count)
        }
    }

    private func resource(of host: String) -> String {
        "https://" + host.split(separator: ".").dropFirst().joined(separator: ".")
    }

    @Test(arguments: Answers.lists)
    func `each recorded page yields exactly its entries`(recording: RecordedAnswer) throws {
        let page = try JSONDecoder().decode(Page.self, from: Data(recording.response.body.utf8))
        let host = VaultAddress(
            host: try #require(parts(recording.request.url)[1].split(separator: ":").first.map(String.init)))
        let path = recording.path
        var pages = 0
        let harness = VaultHarness(
            answer: challenging(answering: { _ in
                pages += 1
                return .response(200, body: pages == 1 ? recording.response.body : "{\"value\":[],\"nextLink\":null}")
            }))
        let listed =
            path.last == "versions"
            ? try harness.client.versions(of: path[1], in: host, retryPolicy: harness.retryPolicy()).get()
            : try harness.client.list(host, retryPolicy: harness.retryPolicy()).get()
        #expect(listed.count == page.value.count)
        #expect(pages == (recording.response.body.contains("skiptoken") ? 2 : 1))
        for (entry, answer) in zip(listed, page.value) {
            let parts = parts(try #require(answer.id))
            #expect(entry.name == parts[3])
            #expect(entry.version == (parts.count > 4 ? parts[4] : nil))
            #expect(entry.contentType == answer.contentType)
            #expect(entry.tags == answer.tags ?? [:])
            #expect(entry.isManaged == answer.managed ?? false)
            expect(entry.attributes, of: answer.attributes)
        }
    }

    @Test(arguments: Answers.refusals)
    func `each recorded refusal yields its exit code and words, and none of its ids`(
        recording: RecordedAnswer
    ) throws {
        let (exit, code) = try #require(Answers.expected(of: recording), "an answer without an expectation")
        let parts = recording.path
        let kind = VaultObjectKind.allCases.first { parts.contains($0.collection) } ?? .secret
        let isNamed = parts.count > 1 && parts[1].allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" }
        let name = isNamed ? parts[1] : "db-password"
        let object = VaultObject(vault: contoso, kind: kind, name: name)
        let harness = VaultHarness(answer: { _ in
            .response(
                recording.response.status, recording.response.headers.map { ($0.key, $0.value) },
                body: recording.response.body)
        })
        let error = try #require(harness.fetch([object], retryPolicy: harness.retryPolicy(attempts: 2)).first?.error)
        let diagnosis = error.diagnosis
        #expect(diagnosis.exitCode == exit)
        #expect(diagnosis.code == code)
        // A challenge is refused for the whole vault, before anything is asked of it.
        #expect(diagnosis.text.contains(code == .vaultChallenge ? "'contoso-web'" : "'\(name)'"))
        let said = diagnosis.text + (diagnosis.hint ?? "")
        let everything = recording.response.body + recording.response.headers.values.joined(separator: " ")
        for id in everything.matches(of: /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12,13}/) {
            #expect(!said.contains(id.output))
        }
        for word in ["appid", "oid=", "/subscriptions/", "xms_mirid", "Caller"] { #expect(!said.contains(word)) }
    }
}
