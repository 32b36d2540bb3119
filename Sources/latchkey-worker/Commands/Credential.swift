import HTTPTransport
import KeyVault
import LaunchConfiguration
import LinuxSystem
import Messages
import Secrets
import Systemd

/// `latchkey credential`: answers systemd's `LoadCredential=NAME:SOCKET` from the vault, and ends when no unit asks.
///
/// 1. Wait until the service manager connects; accept all pending connections.
/// 2. Refuse what is not allowed.
/// 3. Fetch at once all credentials that the asking units may have, because the service manager asks for one after the
///    other. Give up after 15 s: by default the service manager waits 90 s for a unit's start.
/// 4. Answer. Keep the credentials that the units have not yet asked for, and give each out once.
final class Credential {
    private let plan: LaunchPlan
    private let environment: EnvironmentEntries
    private let log: WorkerLog
    private var provisions: [Provision] = []

    /// It ends after this time without work; the service manager starts it again for the next connection.
    private static let idle = Duration.seconds(5)

    static func run(_ plan: LaunchPlan, _ environment: EnvironmentEntries, _ log: WorkerLog) -> Int32 {
        let socket: CredentialSocket
        do throws(Diagnosis) {
            socket = try Self.socket(environment)
        } catch {
            log.end([error])
            return error.exitCode.rawValue
        }
        let server = Credential(plan, environment, log)
        defer { socket.end() }
        while case let clients = socket.next(within: idle), !clients.isEmpty { server.serve(clients) }
        return 0
    }

    /// If the configuration can't be used, all pending requests are refused, so that no unit waits for its timeout.
    static func refuseAll(_ diagnosis: Diagnosis, _ environment: EnvironmentEntries, _ log: WorkerLog) {
        guard let socket = try? socket(environment) else { return }
        defer { socket.end() }
        while case let clients = socket.next(within: idle), !clients.isEmpty {
            for client in clients {
                log.write(Refusal.message(for: client, because: diagnosis))
                client.refuse()
            }
        }
    }

    private static func socket(_ environment: EnvironmentEntries) throws(Diagnosis) -> CredentialSocket {
        guard let library = SystemdLibrary.load() else {
            throw Diagnosis(
                .systemRefused, exit: .system, "libsystemd can't be loaded: without it nobody can tell which unit asks",
                hint: SystemdLibrary.remedy)
        }
        guard let socket = CredentialSocket(library, { environment.text($0) }) else {
            throw Diagnosis(
                .usage, exit: .usage, "no listening socket was handed over",
                hint: "start it by its socket: 'systemctl enable --now latchkey-credential.socket'")
        }
        return socket
    }

    private init(_ plan: LaunchPlan, _ environment: EnvironmentEntries, _ log: WorkerLog) {
        self.plan = plan
        self.environment = environment
        self.log = log
    }

    private func serve(_ clients: [CredentialClient]) {
        let allowed = clients.filter { isAllowed($0) }
        provisions.removeAll { $0.isOld }
        let lacking = allowed.compactMap(\.request).filter { request in !provisions.contains { $0.holds(request) } }
        if !lacking.isEmpty { provisions.append(fetch(Set(lacking.map(\.unit)))) }
        for client in allowed { answer(client) }
    }

    private func isAllowed(_ client: CredentialClient) -> Bool {
        if let request = client.request, plan.credentials[request.unit]?[request.credential] != nil { return true }
        log.write(Refusal.message(for: client, configuration: plan.configurationPath))
        client.refuse()
        return false
    }

    private func fetch(_ units: Set<String>) -> Provision {
        var wanted: [CredentialRequest: VaultReference] = [:]
        for unit in units {
            for (name, reference) in plan.credentials[unit] ?? [:] {
                wanted[CredentialRequest(unit: unit, credential: name)] = reference
            }
        }
        do throws(Diagnosis) {
            let observer = RunObserver(log: log, isStart: true)
            let azure = try AzureSession(plan, environment, observer: observer)
            return Provision(wanted, through: azure.client, retryPolicy: .interactive)
        } catch {
            return Provision(failed: error, Array(wanted.keys))
        }
    }

    private func answer(_ client: CredentialClient) {
        guard let request = client.request, let provision = provisions.last(where: { $0.holds(request) }) else {
            return client.refuse()
        }
        do throws(Diagnosis) {
            try provision.give(request, to: client)
            log.write(Refusal.served(request, plan.credentials[request.unit]?[request.credential]?.object))
        } catch {
            log.write(Refusal.message(for: client, because: error))
            client.refuse()
        }
    }
}

/// The credentials of one fetch. Each is given out once, so that a unit that starts again gets the vault's newest
/// values.
private final class Provision {
    private var secrets = SecretSet()
    private var outcomes: [CredentialRequest: Result<SecretSet.Slot, Diagnosis>] = [:]
    private let fetchedAt = BootInstant.now

    private static let lifetime = Duration.seconds(5)

    init(_ wanted: [CredentialRequest: VaultReference], through client: VaultClient, retryPolicy: RetryPolicy) {
        let objects = Array(Set(wanted.values.map(\.object)))
        // A missing credential does not affect the others.
        let fetched = client.fetch(objects, into: &secrets, optional: Set(objects), retryPolicy: retryPolicy)
        let byObject = Dictionary(uniqueKeysWithValues: zip(objects, fetched))
        for (request, reference) in wanted {
            guard let outcome = byObject[reference.object] else { continue }
            do throws(VaultError) {
                let slot = try outcome.get().shaped(as: ObjectRequest(reference: reference), in: &secrets)
                outcomes[request] = .success(slot)
            } catch {
                outcomes[request] = .failure(error.diagnosis)
            }
        }
    }

    init(failed diagnosis: Diagnosis, _ requests: [CredentialRequest]) {
        for request in requests { outcomes[request] = .failure(diagnosis) }
    }

    var isOld: Bool { fetchedAt + Self.lifetime < .now }

    func holds(_ request: CredentialRequest) -> Bool { outcomes[request] != nil }

    func give(_ request: CredentialRequest, to client: CredentialClient) throws(Diagnosis) {
        guard let slot = try outcomes.removeValue(forKey: request)?.get() else { return client.refuse() }
        guard slot.count > 0 else { throw Diagnosis(.credentialRefused, exit: .data, "the secret's value is empty") }
        do throws(SystemError) {
            try secrets.withBytes(of: slot) { (bytes) throws(SystemError) in try client.answer(bytes) }
        } catch {
            throw Diagnosis(.credentialRefused, exit: .system, "it could not be sent: \(error.reason)")
        }
    }
}

/// The journal's message about each credential.
private enum Refusal {
    static func message(for client: CredentialClient, configuration: String?) -> Message {
        guard let request = client.request else { return Message(.error, notTheManager(client)) }
        var diagnosis = Diagnosis(
            .credentialRefused, exit: .denied,
            "unit '\(request.unit)' may not have the credential '\(request.credential)'",
            hint: "if it should, add \(request.credential) under [credentials.\"\(request.unit)\"] in "
                + "'\(configuration ?? "latchkey.toml")'",
            secret: request.credential)
        diagnosis.unit = request.unit
        return Message(.error, diagnosis)
    }

    static func message(for client: CredentialClient, because reason: Diagnosis) -> Message {
        guard let request = client.request else { return Message(.error, notTheManager(client)) }
        var diagnosis = Diagnosis(
            .credentialRefused, exit: reason.exitCode,
            "unit '\(request.unit)': credential '\(request.credential)' refused: \(reason.text)", hint: reason.hint,
            secret: reason.secret ?? request.credential, vault: reason.vault)
        diagnosis.unit = request.unit
        return Message(.error, diagnosis)
    }

    static func served(_ request: CredentialRequest, _ object: VaultObject?) -> Message {
        var diagnosis = Diagnosis(
            .credentialServed, exit: .success, "unit '\(request.unit)' has got the credential '\(request.credential)'",
            secret: object?.name, vault: object?.vault.name)
        diagnosis.unit = request.unit
        return Message(.info, diagnosis)
    }

    private static func notTheManager(_ client: CredentialClient) -> Diagnosis {
        let hint = "use it by 'LoadCredential=NAME:SOCKET' in a unit"
        guard client.user == 0, let claim = client.claim else {
            let who = client.user == 0 ? "a client that names no unit" : "user \(client.user)"
            return Diagnosis(
                .credentialRefused, exit: .denied, "\(who) asked for a credential: only the system's manager may",
                hint: hint)
        }
        let unit = client.unit.map { "unit '\($0)'" } ?? "a process of no unit that can be seen"
        return Diagnosis(
            .credentialRefused, exit: .denied,
            "\(unit) asked for the credential '\(claim.credential)' of unit '\(claim.unit)': only the manager may, as it "
                + "starts that unit", hint: hint)
    }
}
