import Foundation
import ServiceLifecycle
package import UnixSignals

/// How the emulator is started.
package struct EmulatorOptions: Sendable {
    package var settings = Settings()
    package var ports = PortWishes()
    /// A seed file in TOML, JSON or as `.env`; nil for a demonstration.
    package var seedFile: String?
    /// Nil for a directory of its own that is removed at the end.
    package var stateDirectory: String?
    /// For all vaults, over what the seed says.
    package var ceiling: Int?
    /// Told of what happens, one line each.
    package var notice: @Sendable (String) -> Void = { _ in }

    package init() {}
}

/// The whole emulator: state, seed, certificates, servers.
package final class Emulator: Sendable {
    package let azure: Azure
    package let authority: CertificateAuthority
    package let state: StateDirectory
    private let options: EmulatorOptions
    private let removesState: Bool

    package init(_ options: EmulatorOptions) throws(SetupError) {
        self.options = options
        removesState = options.stateDirectory == nil
        let path = options.stateDirectory ?? "\(NSTemporaryDirectory())/latchkey-emulator-\(Hex.random(digits: 12))"
        state = try StateDirectory(path: path)
        authority = try state.authority()
        azure = Azure(settings: options.settings)
        do throws(SeedError) {
            try apply(try readSeed())
        } catch {
            throw SetupError(error.message)
        }
    }

    private func readSeed() throws(SeedError) -> Seed {
        guard let path = options.seedFile else { return Seed.demonstration }
        return try SeedFile(path: path).read(now: azure.now())
    }

    private func apply(_ seed: Seed) throws(SeedError) {
        var seed = seed
        if let ceiling = options.ceiling {
            for index in seed.vaults.indices { seed.vaults[index].ceiling = ceiling }
        }
        let finished = seed
        let now = Int(azure.now())
        azure.locked { $0.apply(finished, made: MadeObjects(), now: now) }
    }

    /// Serves until cancelled or until one of the signals; `ready` is called once with where everything is.
    package func run(stopOn signals: [UnixSignal] = [], _ ready: @escaping @Sendable (JSON) -> Void) async throws {
        let suffix = options.settings.vaultSuffix
        let server = try authority.issue(
            names: ["*.\(suffix)", suffix, options.settings.loginHost, "localhost"],
            addresses: [[127, 0, 0, 1], Array(repeating: 0, count: 15) + [1]])
        let control = ControlRoutes(azure: azure) { [self] in endpoints }
        let servers = EmulatorServer(azure: azure, server: server, wishes: options.ports, control: control)
        defer {
            state.remove("emulator.json")
            state.remove("environment")
            if removesState { try? FileManager.default.removeItem(atPath: state.path) }
        }
        let following = Task { await follow() }
        defer { following.cancel() }
        try await servers.run(stopOn: signals) { [self] _ in
            do throws(SetupError) {
                try announce()
                ready(endpoints)
            } catch {
                options.notice(error.message)
            }
        }
    }

    /// Looks at the seed file twice a second and applies what was edited. A broken edit changes nothing.
    private func follow() async {
        guard let path = options.seedFile else { return }
        let file = SeedFile(path: path)
        var last = file.stamp
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(500))
            guard let stamp = file.stamp, stamp != last else { continue }
            last = stamp
            do throws(SeedError) {
                try apply(try readSeed())
                options.notice("seed file read again")
            } catch {
                let message = error.message
                azure.locked { $0.seedError = message }
                options.notice("the seed file's last edit is not used: \(message)")
            }
        }
    }

    /// The environment of an app that uses App Service's endpoint.
    private var environment: String {
        "IDENTITY_ENDPOINT=\(identityURL)/msi/token\nIDENTITY_HEADER=\(options.settings.identityHeader)\n"
    }

    private func announce() throws(SetupError) {
        try state.write(environment, to: "environment")
        try state.write(endpoints.text + "\n", to: "emulator.json", mode: 0o644)
    }

    private var identityURL: String { "http://\(options.settings.address):\(azure.ports.identity)" }

    /// Where everything is. The identity header itself is only in the file that is named here.
    package var endpoints: JSON {
        let (names, tenant) = azure.locked { ($0.vaults.keys.sorted(), $0.tenant) }
        return .compact([
            "vault_url": .string(azure.vaultURL("NAME")),
            "vaults": .object(names.map { JSON.Member($0, .string(azure.vaultURL($0))) }),
            "vault_port": .integer(azure.ports.vault), "vault_resource": .string(azure.vaultResource),
            "identity_port": .integer(azure.ports.identity),
            "identity_endpoint": .string("\(identityURL)/msi/token"),
            "environment_file": .string(state.file("environment")),
            "imds_endpoint": .string(identityURL), "authority_host": .string(azure.authority),
            "tenant": .string(tenant), "control": .string("\(identityURL)/_emulator"),
            "ca_file": .string(state.file("ca.pem")), "state_directory": .string(state.path),
        ])
    }
}
