import ArgumentParser
import AzureEmulator
import Foundation
import UnixSignals

@main
struct EmulatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latchkey-emulator",
        abstract: "A local Azure for development and tests: identity endpoints and Key Vault over TLS.",
        discussion: """
            Example:

              latchkey-emulator --seed secrets.toml --state-directory ~/.azure-emulator &
              set -a; . ~/.azure-emulator/environment; set +a
              latchkey run --vault demo -e DB_PASSWORD=db-password -- ./app

            The environment names the vaults' suffix and the certificate authority to latchkey (LATCHKEY_VAULT_SUFFIX, \
            LATCHKEY_CA_FILE), so that short names, akv:// and App Service references lead here. \
            Once it serves, one line of JSON on standard output says where everything is; the same is in emulator.json \
            in the state directory. Without --seed there is a vault 'demo' with a secret 'db-password'; --example-seed \
            shows what a seed file can hold. Faults, the journal of requests and rotations at run time: under /_emulator \
            at the identity port, for example

              curl -X PUT -d '{"value":"new"}' http://127.0.0.1:PORT/_emulator/vaults/demo/secrets/db-password
              curl -X POST -d '{"endpoint":"vault","status":503,"times":2}' http://127.0.0.1:PORT/_emulator/faults
              curl http://127.0.0.1:PORT/_emulator/journal?format=lines
            """)

    @Option(help: "Vaults, secrets, identities and faults: TOML, JSON or .env. Edits are followed.")
    var seed: String?

    @Option(help: "Port of the vaults and of Entra, over TLS; 0 for any.")
    var vaultPort = 0

    @Option(help: "Port of the machine's identity endpoints and of the control interface; 0 for any.")
    var identityPort = 0

    @Option(help: "Port where Arc's endpoint has the agent's own path (40342 is the agent's); 0 for any.")
    var arcPort: Int?

    @Option(help: "Where Arc's key files are written; clients look in /var/opt/azcmagent/tokens only.")
    var arcTokenDirectory = "/var/opt/azcmagent/tokens"

    @Option(help: "Address to listen at.")
    var address = "127.0.0.1"

    @Option(help: "Where ca.pem, environment and emulator.json are written; the authority persists there.")
    var stateDirectory: String?

    @Option(help: "Vaults are named NAME.SUFFIX.")
    var vaultSuffix = "vault.localhost"

    @Option(help: "Host of Entra's token endpoint (default: the suffix with 'login' in place of 'vault').")
    var loginHost: String?

    @Option(help: "Requests in any 10 seconds that each vault answers.")
    var ceiling: Int?

    @Option(help: "What is proved over TLS: right, expired, not-yet-valid, other-name, other-authority.")
    var certificate = "right"

    @Option(help: "Descriptor that the line of JSON is written to as well, and that is closed then.")
    var readyFd: Int32?

    @Flag(help: "Say nothing on standard error but errors.")
    var quiet = false

    @Flag(help: "Print a seed file with everything that one can hold, and end.")
    var exampleSeed = false

    func validate() throws {
        for (name, port) in [
            ("--vault-port", vaultPort), ("--identity-port", identityPort), ("--arc-port", arcPort ?? 0),
        ]
        where !(0...65_535).contains(port) {
            throw ValidationError("\(name): \(port) is no port")
        }
        guard ServerCertificate(rawValue: certificate) != nil else {
            let known = ServerCertificate.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--certificate: no '\(certificate)' (known: \(known))")
        }
    }

    func run() async throws {
        if exampleSeed {
            print(Seed.example)
            return
        }
        var options = EmulatorOptions()
        options.settings.vaultSuffix = vaultSuffix.lowercased()
        options.settings.loginHost = loginHost ?? Self.loginHost(for: options.settings.vaultSuffix)
        options.settings.address = address
        options.ports = PortWishes(vault: vaultPort, identity: identityPort, arc: arcPort)
        options.settings.arcTokenDirectory = arcTokenDirectory
        options.seedFile = seed
        options.stateDirectory = stateDirectory
        options.ceiling = ceiling
        options.certificate = ServerCertificate(rawValue: certificate) ?? .right
        let isQuiet = quiet
        options.notice = { line in
            if !isQuiet { Self.say(line) }
        }
        do {
            let emulator = try Emulator(options)
            let descriptor = readyFd
            try await emulator.run(stopOn: [.sigterm, .sigint], overdue: { Self.exit() }) { endpoints in
                let line = Data((endpoints.text + "\n").utf8)
                FileHandle.standardOutput.write(line)
                if !isQuiet, isatty(STDOUT_FILENO) == 1 { Self.greet(endpoints) }
                guard let descriptor else { return }
                let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
                handle.write(line)
                try? handle.close()
            }
        } catch let error as SetupError {
            Self.say("error: \(error.message)")
            throw ExitCode(1)
        }
    }

    /// For who started it by hand.
    private static func greet(_ endpoints: JSON) {
        say("serving until Ctrl-C")
        for vault in endpoints["vaults"]?.members ?? [] { say("vault '\(vault.name)': \(vault.value.string ?? "")") }
        for (what, name) in [
            ("certificate authority", "ca_file"), ("an app's variables", "environment_file"),
            ("control interface", "control"),
        ] {
            say("\(what): \(endpoints[name]?.string ?? "")")
        }
    }

    private static func say(_ line: String) {
        FileHandle.standardError.write(Data("latchkey-emulator: \(line)\n".utf8))
    }

    private static func loginHost(for suffix: String) -> String {
        suffix.hasPrefix("vault.") ? "login." + suffix.dropFirst(6) : "login." + suffix
    }
}
