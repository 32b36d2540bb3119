import HTTPTransport
import KeyVault
import LaunchConfiguration
import LinuxSystem
import ManagedIdentity
import Messages
import NameServices
import Refresh
import Secrets

// Identity, vaults and secrets, after everything was asked.
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
        // What is wrong with a value shows only when it is put where it goes.
        for failure in inspection.failures where failure.isAboutOneSecret && !report.hasSaid(failure) {
            report.fail(.secret, failure)
        }
        for warning in inspection.warnings { report.warn(.secret, warning.diagnosis) }
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
        report.identity = CheckReport.Identity(
            source: decision.kind.rawValue, clientID: owner?.clientID, objectID: owner?.objectID,
            tenantID: owner?.tenantID, expires: end.map { UTCTime(seconds: $0).rfc3339 },
            considered: decision.record.map {
                CheckReport.Identity.Considered(source: $0.source, taken: $0.taken, reason: $0.reason)
            })
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
        report.vaults.append(
            CheckReport.Vault(
                name: vault.name, url: vault.url, answers: answers || (try? probed?.get()) != nil,
                addresses: addresses.map { .init(address: $0.text, isPrivate: $0.isPrivate) }, tls: peer?.version,
                issuer: peer?.issuer))
    }

    /// Whether the identity may list decides how a refresh looks for changes.
    private mutating func explainListing(_ vault: VaultAddress, _ client: VaultClient) {
        switch client.list(vault, patience: Patience(deadline: .now + .seconds(3), attempts: 1)) {
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

    private mutating func describe(_ entry: Inspection.Entry, _ client: VaultClient) {
        let object = entry.object
        let targets = entry.destinations.map { destination in
            CheckReport.Secret.Target(
                target: destination.target,
                mode: destination.target.hasPrefix("file:") ? mode(destination.mode) : nil,
                user: destination.target.hasPrefix("file:") ? report.directory?.user : nil,
                place: destination.place)
        }
        switch entry.outcome {
        case .success(let fetched):
            report.pass(.secret, words(fetched, targets))
            add(entry, fetched, targets, nil)
        case .failure(let diagnosis) where diagnosis.isAboutOneSecret:
            let said = NearSecret.improving(diagnosis, about: object, client)
            if entry.isOptional, diagnosis.isGone {
                report.warn(.secret, said)
            } else {
                report.fail(.secret, said)
            }
            add(entry, nil, targets, diagnosis.code.rawValue)
        case .failure(let diagnosis):
            report.note(.secret, "\(object.kind.rawValue) '\(object.name)': not had, see above")
            add(entry, nil, targets, diagnosis.code.rawValue)
        }
    }

    private mutating func add(
        _ entry: Inspection.Entry, _ fetched: FetchedObject?, _ targets: [CheckReport.Secret.Target], _ code: String?
    ) {
        report.secrets.append(
            CheckReport.Secret(
                name: entry.object.name, vault: entry.object.vault.name, type: entry.object.kind.rawValue,
                ok: fetched != nil, version: fetched?.version,
                notBefore: fetched?.attributes.notBefore.map { UTCTime(seconds: $0).rfc3339 },
                expires: fetched?.attributes.expires.map { UTCTime(seconds: $0).rfc3339 }, targets: targets,
                code: code))
    }

    private func words(_ fetched: FetchedObject, _ targets: [CheckReport.Secret.Target]) -> String {
        var words = ["\(fetched.object.kind.rawValue) '\(fetched.object.name)' can be read"]
        if let version = fetched.version { words.append("version \(version)") }
        if let begins = fetched.attributes.notBefore { words.append("valid from \(UTCTime(seconds: begins).rfc3339)") }
        if let ends = fetched.attributes.expires { words.append("valid until \(UTCTime(seconds: ends).rfc3339)") }
        let goes = targets.map { target in
            let access = target.mode.map { " (\($0)\(target.user.map { ", user \($0)" } ?? ""))" } ?? ""
            return target.target + access + (isExplaining ? " by \(target.place)" : "")
        }
        return words.joined(separator: ", ") + "; goes to " + goes.joined(separator: ", ")
    }

    private func mode(_ mode: UInt32?) -> String {
        let digits = String(mode ?? (plan.delivery.group == nil ? 0o400 : 0o440), radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    private mutating func describeLimits(_ inspection: Inspection) {
        let limit = ExecLimit.current.total
        if let bytes = inspection.environmentBytes, plan.child.commandIndex != nil || isExplaining {
            report.pass(.limits, "the environment takes \(bytes) of \(limit) bytes")
        }
        if inspection.fileBytes > 0 { report.note(.limits, "the files take \(inspection.fileBytes) bytes") }
    }
}

extension CheckReport {
    /// Whether a step says the same already.
    func hasSaid(_ diagnosis: Diagnosis) -> Bool {
        steps.contains { $0.code == diagnosis.code.rawValue && $0.detail == diagnosis.text }
            || (diagnosis.isOfVaultAnswer && steps.contains { $0.code == diagnosis.code.rawValue })
    }
}

extension Result<FetchedObject, Diagnosis> {
    /// Whether the vault said something about the object, be it no.
    fileprivate var isAnswered: Bool {
        switch self {
        case .success: true
        case .failure(let diagnosis): diagnosis.isAboutOneSecret
        }
    }
}

extension Diagnosis {
    /// What a vault answers about one object.
    fileprivate var isOfVaultAnswer: Bool {
        [.secretMissing, .secretDisabled, .secretForbidden].contains(code)
    }

    /// Deleted, disabled or never there.
    var isGone: Bool { code == .secretMissing || code == .secretDisabled }

    /// Whether others may well be had: all that is neither the identity's nor the vault's.
    var isAboutOneSecret: Bool {
        isOfVaultAnswer
            || [
                .valueNull, .valueSize, .valueEncoding, .valueJSON, .jsonMember, .nameRefused, .certificateFormat,
                .secretGone,
            ].contains(code)
    }

    /// The part of the report that it belongs to.
    var section: CheckReport.Section {
        if code.rawValue.hasPrefix("identity") || code == .tokenRefused { return .identity }
        if code.rawValue.hasPrefix("vault") { return .vault }
        if code.rawValue.hasPrefix("directory") { return .directory }
        if code.rawValue.hasPrefix("template") || code.rawValue.hasPrefix("config") { return .configuration }
        if code == .environmentSize { return .limits }
        return isAboutOneSecret ? .secret : .vault
    }
}
