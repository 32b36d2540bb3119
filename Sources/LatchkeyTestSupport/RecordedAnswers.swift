import FoundationEssentials

/// One answer of an Azure service, with the request that it answers.
package struct RecordedAnswer: Decodable, CustomStringConvertible, Sendable {
    package struct Request: Decodable, Sendable {
        package var method: String
        package var url: String
    }

    package struct Response: Decodable, Sendable {
        package var status: Int
        package var headers: [String: String]
        package var body: String
    }

    /// What Latchkey makes of it, where no independent reader can tell.
    package struct Expectation: Decodable, Sendable {
        /// The exit code and the message code of a refusal.
        package var exit: Int32?
        package var code: String?
        /// A token's text and the second since 1970 at which it ends.
        package var token: String?
        package var expires: Int64?
        /// The variables and the source by which an identity is found.
        package var variables: [String: String]?
        package var source: String?

        package init(
            exit: Int32? = nil, code: String? = nil, token: String? = nil, expires: Int64? = nil,
            variables: [String: String]? = nil, source: String? = nil
        ) {
            self.exit = exit
            self.code = code
            self.token = token
            self.expires = expires
            self.variables = variables
            self.source = source
        }
    }

    package var request: Request
    package var response: Response
    package var expected: Expectation?
    package var file: String?

    package var description: String { file ?? request.url }

    /// A vault gave it, and no identity.
    package var isVaults: Bool {
        // A recording of 429 shows no address.
        request.url.contains(".vault.") || request.url.contains(".managedhsm.") || response.body.contains("Throttled")
    }

    /// The path's parts, behind `https:` and the host.
    package var path: [String] {
        request.url.split(separator: "?")[0].split(separator: "/").dropFirst(2).map(String.init)
    }

    /// The answers that the project brings with it, `Tests/AzureAnswers`: in the service's form and words, with names
    /// and ids that were made up.
    package static let own: [RecordedAnswer] = {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return load("/\(root)/Tests/AzureAnswers")
    }()

    /// Answers that the real service gave, kept outside of the project: `LATCHKEY_RECORDINGS`, else
    /// `../shared/recordings` beside the package; empty where there are none.
    package static let foreign: [RecordedAnswer] = {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return load(ProcessInfo.processInfo.environment["LATCHKEY_RECORDINGS"] ?? "/\(root)/../shared/recordings")
    }()

    /// One that can't be read stands there with its name and the status 0, so that its test fails.
    private static func load(_ directory: String) -> [RecordedAnswer] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.sorted().filter { $0.hasSuffix(".json") }.map { name in
            let data = FileManager.default.contents(atPath: "\(directory)/\(name)") ?? Data()
            var answer =
                (try? JSONDecoder().decode(RecordedAnswer.self, from: data))
                ?? RecordedAnswer(
                    request: Request(method: "", url: "unreadable"),
                    response: Response(status: 0, headers: [:], body: ""))
            answer.file = String(name.dropLast(".json".count))
            return answer
        }
    }
}
