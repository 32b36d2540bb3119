import Glibc
import HTTPTransport
import KeyVault
import LaunchConfiguration
import LinuxSystem
import ManagedIdentity
import Messages
import Refresh
import Secrets

/// The session of one worker with Azure: a transport, an identity and a vault client.
final class AzureSession {
    let transport: CurlTransport
    let identity: IdentitySession
    let client: VaultClient

    /// Opens a session; throws `RefreshFailure`.
    static func open(
        _ plan: LaunchPlan, _ environment: EnvironmentEntries, observer: any WaitObserver, isRefresh: Bool = false
    ) throws(RefreshFailure) -> AzureSession {
        do throws(Diagnosis) {
            return try AzureSession(plan, environment, observer: observer, isRefresh: isRefresh)
        } catch {
            throw RefreshFailure([error])
        }
    }

    /// `notesPeers`: keeps how the servers prove who they are, for `check`. `isRefresh`: opens no connections ahead,
    /// because nobody waits for a refresh.
    init(
        _ plan: LaunchPlan, _ environment: EnvironmentEntries, observer: any WaitObserver, notesPeers: Bool = false,
        isRefresh: Bool = false
    ) throws(Diagnosis) {
        var options = CurlTransportOptions()
        options.notesPeers = notesPeers
        options.endsWithProcess = true
        options.authoritiesFile = plan.authoritiesFile
        options.environment = { environment.text($0) }
        try Self.expectAuthorities(plan.authoritiesFile)
        if let name = options.mistakenProxy {
            throw Diagnosis(
                .environmentValue, exit: .configuration, "\(name) holds no address of a proxy",
                hint: "write it as http://HOST:PORT, or unset it")
        }
        transport = CurlTransport(options: options)
        let commands = systemCommands(environment: environment.entries)
        let surroundings = IdentityEnvironment(runCommand: commands) { environment[$0] }
        do throws(IdentityError) {
            let decision = try detectIdentity(plan.identity, in: surroundings)
            identity = IdentitySession(decision, environment: surroundings, transport: transport, observer: observer)
        } catch {
            throw error.diagnosis
        }
        var settings = VaultClient.Settings()
        settings.assignee = plan.identity.clientID
        settings.opensAhead = !isRefresh
        client = VaultClient(transport: transport, tokens: identity, observer: observer, settings: settings)
    }
}

extension AzureSession {
    /// Where an attempt fetches from now.
    /// `key`: the key of the digests.
    func sources(_ retryPolicy: RetryPolicy, key: [UInt8] = []) -> FetchSources {
        FetchSources(
            client: client, tokens: identity, retryPolicy: retryPolicy, wallClock: wallClockSeconds(), key: key)
    }
}

extension LaunchPlan {
    /// The identity that will ask the vault (`IdentityDecision.subject`); nil if there is none.
    func identitySubject(_ environment: EnvironmentEntries) -> String? {
        try? detectIdentity(identity, in: IdentityEnvironment { environment[$0] }).subject
    }
}

extension AzureSession {
    /// Throws if the file of authorities does not exist. The first handshake reports any other problem with it.
    private static func expectAuthorities(_ path: String?) throws(Diagnosis) {
        guard let path else { return }
        do throws(SystemError) {
            _ = try SecureFile.open(path)
        } catch {
            guard error.code == ENOENT else { return }
            throw Diagnosis(
                .optionValue, exit: .noInput, "--ca-file: the file '\(path)' does not exist",
                hint: "give the path of the certificate authorities in PEM, or leave it out to use the system's")
        }
    }
}

/// Observes the waits of an attempt: logs the first failure at once, and counts requests.
final class RunObserver: WaitObserver {
    private let log: WorkerLog
    /// Called before every pause.
    var waiting: (Duration) -> Void = { _ in }
    /// nil unless somebody watches a terminal.
    let progress: ProgressLine?
    /// Whether the first retry was logged. A refresh does not log it.
    private(set) var hasLogged = false
    /// Exchanges by endpoint and status: `vault 200`.
    private(set) var requests: [String: Int64] = [:]

    init(log: WorkerLog, isStart: Bool, progress: ProgressLine? = nil) {
        self.log = log
        self.progress = progress
        log.progress = progress
        hasLogged = !isStart
    }

    func awaiting(_ answer: AwaitedAnswer) {
        progress?.update { $0.await(answer) }
    }

    func retrying(_ diagnosis: Diagnosis, after pause: Duration) {
        defer { waiting(pause) }
        let seconds = max(1, (pause.wholeMilliseconds + 999) / 1000)
        progress?.update { $0.retry(at: .now + pause, reason: diagnosis.text) }
        guard !hasLogged else { return }
        hasLogged = true
        var message = Message(.warning, diagnosis)
        message.diagnosis.code = .startRetrying
        message.diagnosis.text += "; trying again, next in \(seconds)s"
        log.write(message)
    }

    func fetched(_ done: Int, of total: Int) {
        progress?.update { $0.count(done, of: total) }
    }

    func exchanged(endpoint: String, status: Int) {
        let digits = String(status)
        let code = String(repeating: "0", count: max(0, 3 - digits.count)) + digits
        requests["\(endpoint) \(code)", default: 0] += 1
    }
}
