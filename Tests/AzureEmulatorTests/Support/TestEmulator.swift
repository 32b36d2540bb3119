import AzureEmulator
import Foundation
import Testing

/// A running emulator with free ports, and requests to it.
struct TestEmulator: Sendable {
    let emulator: Emulator
    let secure: WireClient
    let plain: WireClient

    /// Runs the body while an emulator with this seed serves.
    static func serving(
        _ seed: String = "", options change: (inout EmulatorOptions) -> Void = { _ in },
        _ body: @escaping @Sendable (TestEmulator) async throws -> Void
    ) async throws {
        var options = EmulatorOptions()
        if !seed.isEmpty { options.seed = try SeedFile.parse(seed, name: "seed.toml", now: Moment.now()) }
        let arcDirectory = Command.temporaryPath()
        options.settings.arcTokenDirectory = arcDirectory
        change(&options)
        defer { try? FileManager.default.removeItem(atPath: arcDirectory) }
        let emulator = try Emulator(options)
        let (ready, announce) = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // A server that cannot start must not leave the test waiting.
                defer { announce.finish() }
                try await emulator.run { _ in announce.yield() }
            }
            var started = ready.makeAsyncIterator()
            guard await started.next() != nil else {
                try await group.waitForAll()
                return
            }
            let authority = try emulator.authority.pem
            let test = TestEmulator(
                emulator: emulator, secure: WireClient(port: emulator.azure.ports.vault, authority: authority),
                plain: WireClient(port: emulator.azure.ports.identity))
            let result = await Result { try await body(test) }
            group.cancelAll()
            while let _ = await group.nextResult() {}
            try result.get()
        }
    }

    /// The value of IDENTITY_HEADER.
    var identityHeader: String { emulator.azure.settings.identityHeader }
    var resource: String { emulator.azure.vaultResource }
    var tenant: String { emulator.azure.locked { $0.tenant } }

    /// A token of the identity with this name, the first one for none.
    func token(_ identity: String? = nil, audience: String? = nil) throws -> String {
        let principal = try #require(
            emulator.azure.locked { world in
                identity.map { name in world.identities.first { $0.name == name } } ?? world.identities.first
            })
        return emulator.azure.token(for: principal, resource: audience ?? resource, now: emulator.azure.now()).text
    }

    /// A request to a vault with a token; the version of the interface is added.
    func vault(
        _ method: String, _ path: String, vault: String = "demo", identity: String? = nil, token: String? = nil,
        headers: [String: String] = [:], body: String = ""
    ) async throws -> WireReply {
        var headers = headers
        headers["Authorization"] = "Bearer \(try token ?? self.token(identity))"
        let target = path.contains("api-version") ? path : path + (path.contains("?") ? "&" : "?") + "api-version=7.4"
        return try await secure.send(method, target, host: "\(vault).vault.localhost", headers: headers, body: body)
    }

    /// A request to the control interface.
    @discardableResult
    func control(_ method: String, _ path: String, _ body: String = "") async throws -> WireReply {
        try await plain.send(method, "/_emulator/\(path)", host: "127.0.0.1", body: body)
    }

    func journal() async throws -> [JSON] {
        try #require(try await control("GET", "journal").json.array)
    }
}

extension WireReply {
    var json: JSON {
        get throws { try JSON(parsing: body) }
    }

    /// `error.code` of a vault's refusal.
    var errorCode: String? { (try? json)?["error"]?["code"]?.string }
    var innerCode: String? { (try? json)?["error"]?["innererror"]?["code"]?.string }
    var errorMessage: String? { (try? json)?["error"]?["message"]?.string }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
