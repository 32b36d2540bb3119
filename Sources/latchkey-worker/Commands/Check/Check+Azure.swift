import HTTPTransport
import KeyVault
import LaunchConfiguration
import LinuxSystem
import ManagedIdentity
import Messages
import NameServices
import Refresh
import Secrets

// The parts of the report about identity, vaults and secrets, after all requests.
extension Check {
    mutating func describe(
        _ azure: AzureSession, _ inspection: Inspection, _ probed: Result<[ListedSecret], VaultError>?
    ) {
        var vaults: [VaultAddress] = []
        for vault in inspection.entries.map(\.object.vault) + (plan.vault.map { [$0] } ?? [])
        where !vaults.contains(vault) && (vault != plan.vault || probed != nil || isUsed(vault, inspection)) {
            vaults.append(vault)
        }
        describeIdentity(azure, vaults, inspection)
        if let first = inspection.failures.first { report.end(with: first.exitCode) }
        let failures = inspection.failures.filter { !$0.isAboutOneSecret }
        for failure in failures { report.fail(failure.section, failure) }
        for vault in vaults { describe(vault, azure, inspection, probed) }
        for entry in inspection.entries { describe(entry, azure.client) }
        for fallback in inspection.fallbacks { describe(fallback) }
        for token in inspection.tokens { describe(token, azure.identity.decision.kind.rawValue) }
        // A problem with a value shows only when the environment and files are built.
        for failure in inspection.failures where failure.isAboutOneSecret && !report.hasSaid(failure) {
            report.fail(.secret, failure)
        }
        // A secret that was left out has been reported above with its own remedy.
        for warning in inspection.warnings where warning.diagnosis.code != .secretLeftOut {
            report.warn(.secret, warning.diagnosis)
        }
        describeLimits(inspection)
    }

    private func isUsed(_ vault: VaultAddress, _ inspection: Inspection) -> Bool {
        inspection.entries.contains { $0.object.vault == vault } || plan.selections.contains { $0.vault == vault }
    }

    private mutating func describeIdentity(
        _ azure: AzureSession, _ vaults: [VaultAddress], _ inspection: Inspection
    ) {
        let decision = azure.identity.decision
        if isExplaining {
            for seen in decision.record where !seen.taken {
                report.note(.identity, "passed over \(seen.source): \(seen.reason)")
            }
        }
        let answered = vaults.first { azure.client.owner(ofTokensFor: $0) != nil }
        let owner = answered.flatMap { azure.client.owner(ofTokensFor: $0) }
        let end = answered.flatMap { azure.client.end(ofTokensFor: $0) }
        if let owner, let end {
            var words = ["'\(decision.kind.rawValue)' answered"]
            if let id = owner.clientID { words.append("client \(id)") }
            if let id = owner.objectID { words.append("object \(id)") }
            if let id = owner.tenantID { words.append("tenant \(id)") }
            let left = Duration.seconds(max(0, end - wallClockSeconds()))
            words.append("its token lives another \(Output.words(left))")
            report.pass(.identity, words.joined(separator: ", "))
        }
        if isExplaining, let taken = decision.record.last(where: \.taken) {
            report.note(.identity, "taken because \(taken.reason)")
        }
        let considered = decision.record.map { seen -> JSONValue in
            ["source": .text(seen.source), "taken": .boolean(seen.taken), "reason": .text(seen.reason)]
        }
        report.identity = [
            "source": .text(decision.kind.rawValue), "client_id": JSONValue(owner?.clientID),
            "object_id": JSONValue(owner?.objectID), "tenant_id": JSONValue(owner?.tenantID),
            "expires": JSONValue(seconds: end), "considered": .array(considered),
        ]
    }

    private mutating func describe(
        _ vault: VaultAddress, _ azure: AzureSession, _ inspection: Inspection,
        _ probed: Result<[ListedSecret], VaultError>?
    ) {
        let addresses = HostAddress.all(of: vault.host)
        let shown = addresses.map { "\($0.text) (\($0.isPrivate ? "private" : "public"))" }.joined(separator: ", ")
        let answers = inspection.entries.contains { $0.object.vault == vault && $0.outcome.isAnswered }
        if answers {
            report.pass(.vault, "'\(vault.name)' answers at \(vault.url)")
        }
        if !addresses.isEmpty {
            report.note(.vault, "\(vault.host) is \(shown)")
        }
        let peer = azure.transport.peer(of: vault.host)
        if let peer {
            report.pass(
                .vault, "\(peer.version), its certificate issued by '\(peer.issuer)', checked against \(authorities)")
        } else if isExplaining {
            report.note(.vault, "its certificate is checked against \(authorities)")
        }
        if isExplaining, answers { explainListing(vault, azure.client) }
        switch probed {
        case .success(let listed):
            report.pass(.vault, "'\(vault.name)' answers at \(vault.url), with \(listed.count) secrets to list")
        case .failure(let error):
            report.warn(error.diagnosis.section, error.diagnosis)
        case nil: break
        }
        let reached = addresses.map { address -> JSONValue in
            ["address": .text(address.text), "private": .boolean(address.isPrivate)]
        }
        report.vaults.append([
            "name": .text(vault.name), "url": .text(vault.url),
            "answers": .boolean(answers || (try? probed?.get()) != nil), "addresses": .array(reached),
            "tls": JSONValue(peer?.version), "issuer": JSONValue(peer?.issuer),
        ])
    }

    private mutating func describe(_ fallback: Inspection.Fallback) {
        let subject = "fallback '\(fallback.standIn.name)' of '\(fallback.vault.name)'"
        func names(_ names: [String]) -> String { names.map { "'\($0)'" }.joined(separator: ", ") }
        var parts: [String] = []
        if !fallback.lacking.isEmpty { parts.append("lacks \(names(fallback.lacking))") }
        if !fallback.different.isEmpty { parts.append("has another value for \(names(fallback.different))") }
        if let failure = fallback.failure {
            report.warn(
                .vault,
                Diagnosis(failure.code, exit: failure.exitCode, "\(subject): \(failure.text)", hint: failure.hint))
        } else if parts.isEmpty {
            report.pass(.vault, "\(subject) has the same secrets")
        } else {
            report.warn(
                .vault,
                Diagnosis(
                    .vaultFallback, exit: .success, "\(subject) \(parts.joined(separator: ", and "))",
                    hint: "copy what is missing, or it can't stand in"))
        }
    }

    /// How a refresh looks for changes depends on whether the identity may list.
    private mutating func explainListing(_ vault: VaultAddress, _ client: VaultClient) {
        switch client.list(vault, retryPolicy: RetryPolicy(deadline: .now + .seconds(3), attempts: 1)) {
        case .success:
            report.note(.vault, "the identity may list '\(vault.name)': many secrets are compared by its list")
        case .failure(let error) where error.diagnosis.exitCode == .denied:
            report.note(.vault, "the identity may not list '\(vault.name)': a refresh asks for each secret")
        case .failure: break
        }
    }

    private var authorities: String {
        if let file = plan.authoritiesFile { return "the authorities in '\(file)' (--ca-file)" }
        if let file = environment.text("SSL_CERT_FILE"), !file.isEmpty {
            return "the authorities in '\(file)' (SSL_CERT_FILE)"
        }
        return "the system's authorities"
    }
}

extension Result<FetchedObject, Diagnosis> {
    /// Whether the vault answered about the object, even with a refusal.
    fileprivate var isAnswered: Bool {
        switch self {
        case .success: true
        case .failure(let diagnosis): diagnosis.isAboutOneSecret
        }
    }
}
