import Crypto
import Foundation
import ServiceLifecycle
import SwiftASN1
import Synchronization
package import UnixSignals
import X509

/// How the emulator is started.
package struct EmulatorOptions: Sendable {
    package var settings = Settings()
    package var ports = PortWishes()
    /// A seed file in TOML, JSON or as `.env`; nil for `seed`.
    package var seedFile: String?
    /// What there is without a seed file.
    package var seed = Seed.demonstration
    /// Nil for a directory of its own that is removed at the end.
    package var stateDirectory: String?
    /// Of all vaults, over what the seed says.
    package var ceiling: Int?
    package var certificate = ServerCertificate.right
    /// Told of what happens, one line each.
    package var notice: @Sendable (String) -> Void = { _ in }

    package init() {}
}

/// What the servers prove over TLS: who they are, or something that no client may take for it.
package enum ServerCertificate: String, CaseIterable, Sendable {
    case right
    case expired
    case notYetValid = "not-yet-valid"
    case otherName = "other-name"
    /// Of an authority that is not the one in `ca.pem`.
    case otherAuthority = "other-authority"
}

/// The whole emulator: state, seed, certificates, servers.
package final class Emulator: Sendable {
    package let azure: Azure
    package let authority: CertificateAuthority
    package let state: StateDirectory
    private let cluster: ClusterIssuer
    private let options: EmulatorOptions
    private let removesState: Bool
    private let server: KeyPair
    private let thumbprint: String
    /// Whether what tells clients where everything is was written by this emulator.
    private let isAnnounced = Atomic(false)

    package init(_ options: EmulatorOptions) throws(SetupError) {
        self.options = options
        removesState = options.stateDirectory == nil
        let path = options.stateDirectory ?? Self.temporaryPath
        let state = try StateDirectory(path: path)
        self.state = state
        authority = try state.authority()
        cluster = ClusterIssuer(keyPEM: state.read("cluster-key.pem")) { pem in
            try? state.write(pem, to: "cluster-key.pem")
        }
        var settings = options.settings
        if let kept = state.read("identity-header") {
            settings.identityHeader = kept
        } else {
            try state.write(settings.identityHeader, to: "identity-header")
        }
        azure = Azure(settings: settings)
        server = try Self.certificate(options, authority)
        do {
            let der = try Certificate(pemEncoded: server.certificatePEM).derBytes
            thumbprint = Hex.text(Insecure.SHA1.hash(data: Data(der))).uppercased()
        } catch {
            throw SetupError("the server's certificate cannot be read: \(error)")
        }
        do throws(SetupError) {
            try apply(try readSeed())
        } catch {
            cleanUp()
            throw error
        }
    }

    private static func certificate(
        _ options: EmulatorOptions, _ authority: CertificateAuthority
    ) throws(SetupError) -> KeyPair {
        let suffix = options.settings.vaultSuffix
        let names = ["*.\(suffix)", suffix, options.settings.loginHost, "localhost"]
        let addresses: [[UInt8]] = [[127, 0, 0, 1], Array(repeating: 0, count: 15) + [1]]
        let day = 86_400.0
        return switch options.certificate {
        case .right: try authority.issue(names: names, addresses: addresses)
        case .expired: try authority.issue(names: names, addresses: addresses, from: -8 * day, days: 7)
        case .notYetValid: try authority.issue(names: names, addresses: addresses, from: day, days: 7)
        case .otherName: try authority.issue(names: ["*.vault.example.org"], addresses: [])
        case .otherAuthority: try CertificateAuthority().issue(names: names, addresses: addresses)
        }
    }

    private static var temporaryPath: String {
        URL(fileURLWithPath: NSTemporaryDirectory())
            .appendingPathComponent("latchkey-emulator-\(Hex.random(digits: 12))").path
    }

    private var files: IdentityFiles { IdentityFiles(state: state, cluster: cluster) }
    private var environments: Environments { Environments(azure: azure, files: files, thumbprint: thumbprint) }

    private func readSeed() throws(SetupError) -> Seed {
        guard let path = options.seedFile else { return options.seed }
        do {
            return try SeedFile(path: path).read(now: azure.now())
        } catch {
            throw SetupError(error.message)
        }
    }

    /// Makes what the seed needs, then puts it into the world at once.
    private func apply(_ seed: Seed) throws(SetupError) {
        var seed = seed
        if let ceiling = options.ceiling {
            for index in seed.vaults.indices { seed.vaults[index].ceiling = ceiling }
        }
        seed.identities = try files.principals(of: seed)
        let finished = seed
        let made = try ObjectMaker(authority: authority).make(finished, before: azure.locked { $0.seed })
        let now = Int(azure.now())
        azure.locked { $0.apply(finished, made: made, now: now) }
        if azure.ports.vault != 0 { try announce() }
    }

    /// Serves until cancelled or until one of the signals; `ready` is called once with where everything is, `overdue`
    /// if it did not end in time.
    package func run(
        stopOn signals: [UnixSignal] = [], overdue: (@Sendable () -> Void)? = nil,
        _ ready: @escaping @Sendable (JSON) -> Void
    ) async throws {
        let control = ControlRoutes(azure: azure, cluster: cluster) { [self] in endpoints }
        let servers = EmulatorServer(
            azure: azure, server: server, wishes: options.ports, cluster: cluster, control: control)
        defer { cleanUp() }
        let following = Task { await follow() }
        defer { following.cancel() }
        var lastResort: (@Sendable () -> Void)?
        if let overdue {
            lastResort = { [self] in
                cleanUp()
                overdue()
            }
        }
        let giveUp = lastResort
        try await servers.run(stopOn: signals, overdue: giveUp) { [self] _ in
            do throws(SetupError) {
                try announce()
                ready(endpoints)
            } catch {
                options.notice(error.message)
            }
        }
    }

    /// Looks at the seed file twice a second and applies what was edited; a broken edit changes nothing. Service
    /// accounts get new tokens long before the old ones end.
    private func follow() async {
        let file = options.seedFile.map(SeedFile.init(path:))
        var last = file?.stamp
        var tokensWritten = azure.now()
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(500))
            if azure.now() - tokensWritten > IdentityFiles.tokenLifetime / 3 {
                tokensWritten = azure.now()
                try? writeTokens()
            }
            guard let stamp = file?.stamp, stamp != last else { continue }
            last = stamp
            do throws(SetupError) {
                try apply(try readSeed())
                options.notice("seed file read again")
            } catch {
                let message = error.message
                azure.locked { $0.seedError = message }
                options.notice("the seed file's last edit is not used: \(message)")
            }
        }
    }

    private func writeTokens() throws(SetupError) {
        try files.writeTokens(
            azure.locked { $0.identities }, issuer: "\(azure.authority)/cluster", now: azure.now())
    }

    /// Writes what tells clients where everything is.
    private func announce() throws(SetupError) {
        isAnnounced.store(true, ordering: .relaxed)
        try writeTokens()
        for environment in environments.all {
            try state.write(Environments.text(environment.variables), to: "environment-\(environment.name)")
            if environment.name == "app-service" {
                try state.write(Environments.text(environment.variables), to: "environment")
            }
        }
        try state.write(endpoints.text + "\n", to: "emulator.json", mode: 0o644)
    }

    private func cleanUp() {
        if removesState {
            try? FileManager.default.removeItem(atPath: state.path)
            return
        }
        guard isAnnounced.load(ordering: .relaxed) else { return }
        state.remove("emulator.json")
        state.remove("environment")
        for environment in environments.all { state.remove("environment-\(environment.name)") }
        for principal in azure.locked({ $0.identities }) { state.remove("federated-token-\(principal.name)") }
    }

    /// Where everything is. Secrets are only in the files that are named here.
    package var endpoints: JSON {
        let (names, tenant) = azure.locked { ($0.vaults.keys.sorted(), $0.tenant) }
        let machine = environments.machine
        return .compact([
            "vault_url": .string(azure.vaultURL("NAME")),
            "vaults": .object(names.map { JSON.Member($0, .string(azure.vaultURL($0))) }),
            "vault_port": .integer(azure.ports.vault), "vault_resource": .string(azure.vaultResource),
            "vault_suffix": .string(azure.vaultSuffix),
            "identity_port": .integer(azure.ports.identity),
            "identity_endpoint": .string("\(machine)/msi/token"), "imds_endpoint": .string(machine),
            "authority_host": .string(azure.authority), "tenant": .string(tenant),
            "control": .string("\(machine)/_emulator"), "ca_file": .string(state.file("ca.pem")),
            "server_thumbprint": .string(thumbprint), "environment_file": .string(state.file("environment")),
            "environments": .object(
                environments.all.map { JSON.Member($0.name, .string(state.file("environment-\($0.name)"))) }),
            "state_directory": .string(state.path),
        ])
    }
}
