import Foundation
import Synchronization
import Testing

/// A running `latchkey-emulator` with its own authority, free ports and a vault 'demo'.
final class Emulator: Sendable {
    /// The line that says where everything is.
    private struct Place: Decodable {
        var vaults: [String: String]
        var control: String
        var authority: String
        var resource: String
        var suffix: String
        var tenant: String
        var environments: [String: String]

        enum CodingKeys: String, CodingKey {
            case vaults, control, tenant, environments
            case authority = "ca_file"
            case resource = "vault_resource"
            case suffix = "vault_suffix"
        }
    }

    /// One request as the journal has it.
    struct Request: Decodable {
        struct Token: Decodable {
            var audience: String?
            var owner: String?
            var valid: Bool
        }

        var id: Int
        var endpoint: String
        var vault: String?
        var method: String
        var host: String
        var path: String
        var query: String
        var headerNames: [String]
        /// Of the headers, and of a form's fields, those that are no secret.
        var headers: [String: String]
        var formFields: [String]
        var form: [String: String]
        var token: Token?
        var status: Int?
        /// Seconds since 1970, by the emulator's clock.
        var timestamp: Double

        enum CodingKeys: String, CodingKey {
            case id, endpoint, vault, method, host, path, query, headers, form, token, status, timestamp
            case headerNames = "header_names"
            case formFields = "form_fields"
        }
    }

    static let seed = """
        [vaults.demo.secrets]
        db-password = "c4n4ry-database"
        smtp = { value = '{"user":"web","password":"c4n4ry-smtp"}', content-type = "application/json" }
        license = { value = "YzRuNHJ5LWxpY2Vuc2U=", tags = { file-encoding = "base64" } }
        pair = '{"left":"c4n4ry-0","right":"c4n4ry-0"}'
        retired = { value = "c4n4ry-retired", enabled = false }

        [vaults.other.secrets]
        api-key = "c4n4ry-elsewhere"
        """

    private let launch: Launch
    private let place: Place
    private let scratch: Scratch

    /// Runs the body while an emulator serves, then stops it.
    ///
    /// `arcKeys` is where Arc's agent writes its keys; the product looks in the agent's own directory only.
    static func serving<Result>(
        _ seed: String = Emulator.seed, arcKeys: String? = nil, options: [String] = [],
        _ body: (Emulator) throws -> Result
    ) throws -> Result {
        let emulator = try Emulator(seed, arcKeys: arcKeys, options)
        let result = try body(emulator)
        let outcome = try emulator.launch.end(SIGTERM)
        #expect(outcome.ending == .code(0))
        return result
    }

    private init(_ seed: String, arcKeys: String?, _ options: [String]) throws {
        scratch = try Scratch()
        try FileManager.default.createDirectory(
            atPath: scratch.path + "/state", withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
        // It keeps the header that it finds, so that this one can be searched for as well.
        _ = try scratch.write("c4n4ry-identity-header", to: "state/identity-header")
        launch = try Launch(
            Programs.emulator,
            [
                "--seed", try scratch.write(seed, to: "seed.toml"), "--state-directory", scratch.path + "/state",
                "--arc-token-directory", arcKeys ?? scratch.path + "/arc",
            ] + options)
        let isReady = launch.output.wait { $0.contains("\n") }
        try #require(isReady, "the emulator did not start: \(launch.errors.text)")
        place = try JSONDecoder().decode(Place.self, from: Data(launch.output.text.utf8))
    }

    var authority: String { place.authority }
    /// What the vaults' tokens are for.
    var resource: String { place.resource }
    /// What follows a vault's name.
    var suffix: String { place.suffix }
    var tenant: String { place.tenant }
    var controlURL: String { place.control }
    var vault: String { place.vaults["demo"] ?? "" }
    func vault(_ name: String) -> String { place.vaults[name] ?? "" }

    /// The variables of a hosting environment: `app-service`, `imds` and others. With `leadingNames` a vault's name leads
    /// here; most tests give addresses instead.
    func environment(_ name: String = "app-service", leadingNames: Bool = false) throws -> [String: String] {
        let text = try String(contentsOfFile: try #require(place.environments[name]), encoding: .utf8)
        var variables: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let halves = line.split(separator: "=", maxSplits: 1)
            variables[String(halves[0])] = String(halves[1])
        }
        guard leadingNames else { return variables.filter { !$0.key.hasPrefix("LATCHKEY_") } }
        return variables
    }

    /// Asks the control interface; the body goes by standard input, so that no value is an argument.
    @discardableResult
    func control(_ method: String, _ path: String, _ body: String = "{}") throws -> String {
        let curl = try #require(Programs.installed("curl"), "curl is not installed")
        let arguments = ["-sS", "--fail-with-body", "-X", method, "--data-binary", "@-", "\(place.control)/\(path)"]
        let outcome = try Launch(curl, arguments, input: body, printsSecrets: true).end()
        try #require(outcome.ending == .code(0), "\(method) \(path): \(outcome.output)\(outcome.errors)")
        // A list's next page is named by JSON in base64, which begins as a token does.
        Canary.check(outcome.output.replacing("skiptoken=eyJ", with: ""), in: "the control interface's answer")
        return outcome.output
    }

    /// A new version of a secret.
    func rotate(_ name: String, to value: String) throws {
        let body = try JSONEncoder().encode(["value": value])
        try control("PUT", "vaults/demo/secrets/\(name)", String(decoding: body, as: UTF8.self))
    }

    /// Edits the seed file, which the emulator follows: what has changed in it gets a new version.
    func reseed(_ text: String) throws {
        try text.write(toFile: scratch.path + "/seed.toml", atomically: true, encoding: .utf8)
    }

    /// Plays a fault: `{"endpoint":"vault","status":503,"times":2}`.
    func fault(_ json: String) throws { try control("POST", "faults", json) }

    /// Takes the machine's identity endpoints away, or gives them back.
    func identity(isAvailable: Bool) throws { try control("POST", "identity", "{\"available\":\(isAvailable)}") }

    /// Requests so far, oldest first.
    func journal() throws -> [Request] {
        try JSONDecoder().decode([Request].self, from: Data(try control("GET", "journal", "{}").utf8))
    }

    /// Waits until the vault has answered this many more requests.
    func waitForVaultRequests(_ count: Int) throws {
        func answered() throws -> Int { try journal().count { $0.endpoint == "vault" && $0.status != nil } }
        let before = try answered()
        let came = try eventually { try answered() >= before + count }
        try #require(came, "no more requests come to the vault")
    }
}
