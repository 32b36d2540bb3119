import KeyVault
import LaunchConfiguration
import LinuxSystem
import Messages
import Refresh
import Secrets

// Each secret: whether it can be fetched, until when it is valid, where it goes.
extension Check {
    mutating func describe(_ entry: Inspection.Entry, _ client: VaultClient) {
        let object = entry.object
        let targets = entry.destinations.map(target)
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
            report.note(.secret, "\(object.kind.rawValue) '\(object.name)': could not be fetched, see above")
            add(entry, nil, targets, diagnosis.code.rawValue)
        }
    }

    /// A token that a run would deliver: its audience, its life and whose it is.
    mutating func describe(_ token: Inspection.Token, _ identity: String) {
        let targets = token.destinations.map(target)
        let left = Duration.seconds(max(0, token.expires - wallClockSeconds()))
        report.pass(
            .secret,
            "'\(identity)' gives a token for '\(token.resource.name)', which lives another \(Output.words(left))"
                + goes(targets))
        report.secrets.append([
            "name": .text(TokenResource.prefix + token.resource.name), "vault": .null, "type": .text("token"),
            "ok": .boolean(true), "expires": JSONValue(seconds: token.expires),
            "targets": .array(targets.map(\.json)),
        ])
    }

    private func target(_ destination: Inspection.Destination) -> CheckTarget {
        let isFile = destination.target.hasPrefix("file:")
        return CheckTarget(
            target: destination.target, mode: isFile ? mode(destination.mode) : nil,
            user: isFile ? report.directory?.user : nil, location: destination.location)
    }

    private func goes(_ targets: [CheckTarget]) -> String {
        let words = targets.map { target in
            let access = target.mode.map { " (\($0)\(target.user.map { ", user \($0)" } ?? ""))" } ?? ""
            return target.target + access + (isExplaining ? " by \(target.location)" : "")
        }
        return "; goes to " + words.joined(separator: ", ")
    }

    private mutating func add(
        _ entry: Inspection.Entry, _ fetched: FetchedObject?, _ targets: [CheckTarget], _ code: String?
    ) {
        report.secrets.append([
            "name": .text(entry.object.name), "vault": .text(entry.object.vault.name),
            "type": .text(entry.object.kind.rawValue), "ok": .boolean(fetched != nil),
            "version": JSONValue(fetched?.version), "not_before": JSONValue(seconds: fetched?.attributes.notBefore),
            "expires": JSONValue(seconds: fetched?.attributes.expires), "targets": .array(targets.map(\.json)),
            "code": JSONValue(code),
        ])
    }

    private func words(_ fetched: FetchedObject, _ targets: [CheckTarget]) -> String {
        var words = ["\(fetched.object.kind.rawValue) '\(fetched.object.name)' can be read"]
        if let version = fetched.version { words.append("version \(version)") }
        if let begins = fetched.attributes.notBefore { words.append("valid from \(UTCTime(seconds: begins).rfc3339)") }
        if let ends = fetched.attributes.expires { words.append("valid until \(UTCTime(seconds: ends).rfc3339)") }
        return words.joined(separator: ", ") + goes(targets)
    }

    private func mode(_ mode: UInt32?) -> String {
        let digits = String(mode ?? (plan.delivery.group == nil ? 0o400 : 0o440), radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    mutating func describeLimits(_ inspection: Inspection) {
        let limit = ExecLimit.current.total
        if let bytes = inspection.environmentBytes, plan.child.commandIndex != nil || isExplaining {
            report.pass(.limits, "the environment takes \(bytes) of \(limit) bytes")
        }
        if inspection.fileBytes > 0 { report.note(.limits, "the files take \(inspection.fileBytes) bytes") }
    }
}

/// Where a secret goes.
private struct CheckTarget {
    let target: String
    let mode: String?
    let user: String?
    let location: String

    var json: JSONValue {
        ["target": .text(target), "mode": JSONValue(mode), "user": JSONValue(user), "place": .text(location)]
    }
}

extension CheckReport {
    /// Whether a step already reports this failure.
    func hasSaid(_ diagnosis: Diagnosis) -> Bool {
        steps.contains { $0.code == diagnosis.code.rawValue && $0.detail == diagnosis.text }
            || (diagnosis.isOfVaultAnswer && steps.contains { $0.code == diagnosis.code.rawValue })
    }
}

extension Diagnosis {
    /// Whether the failure is a vault's answer about one object.
    fileprivate var isOfVaultAnswer: Bool {
        [.secretMissing, .secretDisabled, .secretForbidden].contains(code)
    }

    /// Deleted, disabled or never there.
    var isGone: Bool { code == .secretMissing || code == .secretDisabled }

    /// Whether other objects may still be readable: the failure is neither the identity's nor the vault's.
    var isAboutOneSecret: Bool {
        isOfVaultAnswer
            || [
                .valueNull, .valueSize, .valueEncoding, .valueJSON, .jsonMember, .nameRefused, .certificateFormat,
                .secretGone,
            ].contains(code)
    }

    /// The part of the report to which the failure belongs.
    var section: CheckReport.Section {
        if code.rawValue.hasPrefix("identity") || code == .tokenRefused { return .identity }
        if code.rawValue.hasPrefix("vault") { return .vault }
        if code.rawValue.hasPrefix("directory") { return .directory }
        if code.rawValue.hasPrefix("template") || code.rawValue.hasPrefix("config") { return .configuration }
        if code == .environmentSize { return .limits }
        return isAboutOneSecret ? .secret : .vault
    }
}
