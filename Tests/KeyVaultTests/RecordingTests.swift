import FoundationEssentials
import HTTPTransport
import KeyVault
import LatchkeyTestSupport
import Messages
import Secrets
import Testing

/// Answers of the real service, where a folder of them is there: `LATCHKEY_RECORDINGS`, or `../shared/recordings`
/// beside the package.
enum Recordings {
    struct Recording: Decodable, CustomTestStringConvertible, Sendable {
        struct Request: Decodable, Sendable {
            var method: String
            var url: String
        }
        struct Response: Decodable, Sendable {
            var status: Int
            var headers: [String: String]
            var body: String
        }
        var request: Request
        var response: Response
        var file: String?
        var testDescription: String { file ?? "" }
    }

    static let directory: String? = {
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let candidates = [
            ProcessInfo.processInfo.environment["LATCHKEY_RECORDINGS"], root + "/../shared/recordings",
        ]
        return candidates.compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0) }
    }()

    /// Those that a vault gave.
    static let all: [Recording] = {
        guard let directory, let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
            return []
        }
        return names.sorted().filter { $0.hasSuffix(".json") }.compactMap { name in
            guard let data = FileManager.default.contents(atPath: directory + "/" + name),
                var recording = try? JSONDecoder().decode(Recording.self, from: data)
            else {
                Issue.record("\(name) can't be read")
                return nil
            }
            recording.file = name
            let isVaults = ["vault.azure.net", "managedhsm.azure.net"].contains { recording.request.url.contains($0) }
            return isVaults || recording.response.body.contains("Throttled") ? recording : nil
        }
    }()

    static let objects = all.filter { $0.response.status == 200 && !$0.response.body.hasPrefix("{\"value\":[") }
    static let lists = all.filter { $0.response.status == 200 && $0.response.body.hasPrefix("{\"value\":[") }
    static let refusals = all.filter { $0.response.status != 200 }

    /// Exit code and code of each recorded refusal, by its number.
    static let expected: [String: (ExitCode, MessageCode)] = [
        "040": (.denied, .secretDisabled), "042": (.denied, .secretForbidden), "044": (.denied, .secretForbidden),
        "046": (.noInput, .secretMissing), "048": (.protocolFailure, .vaultRefused), "049": (.denied, .tokenRefused),
        "050": (.denied, .tokenRefused), "052": (.noInput, .secretMissing), "054": (.noInput, .secretMissing),
        "056": (.noInput, .secretMissing), "064": (.denied, .tokenRefused), "078": (.denied, .tokenRefused),
        "080": (.protocolFailure, .vaultRefused), "083": (.temporary, .vaultThrottled),
        "084": (.denied, .secretForbidden), "086": (.denied, .vaultFirewall), "088": (.denied, .vaultPrivate),
        "092": (.denied, .secretForbidden),
    ]
}

@Suite(.enabled(if: Recordings.directory != nil, "no recordings: LATCHKEY_RECORDINGS names none"))
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

    @Test(arguments: Recordings.objects)
    fileprivate func `each recorded object yields exactly what is in it`(recording: Recordings.Recording) throws {
        let answer = try JSONDecoder().decode(Answer.self, from: Data(recording.response.body.utf8))
        let id = try #require(answer.id ?? answer.key?.kid)
        // https: / host / collection / name / version; the recorder renamed some hosts in the request only.
        let parts = parts(id)
        let kind = try #require(VaultObjectKind.allCases.first { $0.collection == parts[2] })
        let wantsVersion = self.parts(recording.request.url.split(separator: "?")[0].description).count > 4
        let object = VaultObject(
            vault: VaultAddress(host: parts[1]), kind: kind, name: parts[3], version: wantsVersion ? parts[4] : nil)
        let bench = Bench(
            answer: challenging(resource(of: parts[1])) { _ in
                .response(200, recording.response.headers.map { ($0.key, $0.value) }, body: recording.response.body)
            })
        let value = try #require(bench.fetch([object], certificates: .certificate).first).get()
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

    @Test(arguments: Recordings.lists)
    fileprivate func `each recorded page yields exactly its entries`(recording: Recordings.Recording) throws {
        let page = try JSONDecoder().decode(Page.self, from: Data(recording.response.body.utf8))
        let host = VaultAddress(
            host: try #require(parts(recording.request.url)[1].split(separator: ":").first.map(String.init)))
        let path = parts(recording.request.url.split(separator: "?")[0].description)
        var pages = 0
        let bench = Bench(
            answer: challenging(answering: { _ in
                pages += 1
                return .response(200, body: pages == 1 ? recording.response.body : "{\"value\":[],\"nextLink\":null}")
            }))
        let listed =
            path.last == "versions"
            ? try bench.client.versions(of: path[3], in: host, patience: bench.patience()).get()
            : try bench.client.list(host, patience: bench.patience()).get()
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

    @Test(arguments: Recordings.refusals)
    fileprivate func `each recorded refusal yields its exit code and words, and none of its ids`(
        recording: Recordings.Recording
    ) throws {
        let number = String(recording.testDescription.prefix(3))
        let (exit, code) = try #require(Recordings.expected[number], "a recording without an expectation")
        let parts = parts(recording.request.url.split(separator: "?")[0].description)
        let kind = VaultObjectKind.allCases.first { parts.contains($0.collection) } ?? .secret
        let isNamed = parts.count > 3 && parts[3].allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" }
        let name = isNamed ? parts[3] : "db-password"
        let object = VaultObject(vault: contoso, kind: kind, name: name)
        let bench = Bench(answer: { _ in
            .response(
                recording.response.status, recording.response.headers.map { ($0.key, $0.value) },
                body: recording.response.body)
        })
        let error = try #require(bench.fetch([object], patience: bench.patience(attempts: 2)).first?.error)
        let diagnosis = error.diagnosis
        #expect(diagnosis.exitCode == exit)
        #expect(diagnosis.code == code)
        #expect(diagnosis.text.contains("'\(name)'"))
        let said = diagnosis.text + (diagnosis.hint ?? "")
        let everything = recording.response.body + recording.response.headers.values.joined(separator: " ")
        for id in everything.matches(of: /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12,13}/) {
            #expect(!said.contains(id.output))
        }
        for word in ["appid", "oid=", "/subscriptions/", "xms_mirid", "Caller"] { #expect(!said.contains(word)) }
    }
}
