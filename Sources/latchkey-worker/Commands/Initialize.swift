import Delivery
import KeyVault
import LaunchConfiguration
import LinuxSystem
import Messages
import Secrets

/// `latchkey init`: a commented `latchkey.toml` from what the vault holds, or from another tool's file; never over an
/// existing file (73).
enum Initialize {
    static func run(
        _ plan: LaunchPlan, _ source: ParsedCommand.Source, _ output: ParsedCommand.Output,
        _ environment: EnvironmentEntries, _ log: WorkerLog
    ) -> Int32 {
        do throws(Diagnosis) {
            if case .file(let path) = output, ProcessFiles.exists(path) { throw existing(path, "file exists") }
            let text: String
            switch source {
            case .imported(let imported): text = imported
            case .vault: text = self.text(plan, try List.listed(plan, environment, log))
            }
            switch output {
            case .standardOutput: Output.write(text)
            case .file(let path):
                try write(text, to: path)
                log.write(Message(.info, .fileWritten, "wrote '\(path)'; try it with 'latchkey check'"))
            }
            return 0
        } catch {
            log.end([error])
            return error.exitCode.rawValue
        }
    }

    /// The short name if that is enough.
    private static func vaultText(_ plan: LaunchPlan) -> String {
        guard let vault = plan.vault else { return "" }
        return vault == plan.vaultSuffix.vault(named: vault.name) ? vault.name : vault.url
    }

    /// Another cloud's suffix. An emulator's comes from its environment, so that the file is right in Azure too.
    private static func suffixText(_ plan: LaunchPlan) -> String {
        guard plan.vaultSuffix != .publicCloud, plan.vaultSuffix.isOfAzure else { return "" }
        return "vault-suffix = \"\(plan.vaultSuffix.text)\"\n"
    }

    private static func write(_ text: String, to path: String) throws(Diagnosis) {
        do throws(SystemError) {
            try ProcessFiles.create(path, Array(text.utf8), mode: 0o644)
        } catch {
            if error.isExisting { throw existing(path, error.reason) }
            throw Diagnosis(
                .outputFailed, exit: .cannotCreate, "'\(path)' can't be written: \(error.reason)",
                hint: "choose another place with --output, or '-' for standard output")
        }
    }

    private static func existing(_ path: String, _ reason: String) -> Diagnosis {
        Diagnosis(
            .fileExists, exit: .cannotCreate, "'\(path)': \(reason)",
            hint: "choose another one with --output, or '-' for standard output")
    }

    private static func text(_ plan: LaunchPlan, _ secrets: [ListedSecret]) -> String {
        let now = wallClockSeconds()
        let files = secrets.filter { isFile($0) }
        var text = """
            # Written by 'latchkey init'; latchkey.toml(5) explains every key. This file holds no secret.
            vault = "\(vaultText(plan))"
            \(suffixText(plan))
            # Variables: NAME = "secret". A certificate or a part of a JSON secret needs a table:
            #   SMTP_PASSWORD = { secret = "smtp", json = "/password" }
            [env]

            """
        for secret in secrets where !isFile(secret) { text += variable(secret, now) }
        for secret in files { text += "\n" + file(secret, now) }
        return text + """

            [refresh]
            every = "5m"
            # What the app is told when a secret changed: signal, restart, exec or none.
            # on-change = "signal"

            """
    }

    /// Whether the secret is delivered as a file: certificates, and values that their tag marks as binary.
    private static func isFile(_ secret: ListedSecret) -> Bool { isCertificate(secret) || isBinary(secret) }

    /// Whether the vault made the secret for a certificate. Managed secrets of storage accounts are texts.
    private static func isCertificate(_ secret: ListedSecret) -> Bool {
        secret.isManaged && secret.contentType?.lowercased().contains("sastoken") != true
    }

    /// Whether the value is decoded before it is delivered.
    private static func isBinary(_ secret: ListedSecret) -> Bool {
        let encoding = secret.tags["file-encoding"].flatMap { ValueEncoding(rawValue: $0.lowercased()) }
        return encoding == .base64 || encoding == .hex
    }

    /// A variable's line; a comment if the secret is disabled, or if bulk selection must not set the variable.
    private static func variable(_ secret: ListedSecret, _ now: Int64) -> String {
        var name = Selection.variableName(for: secret.name, .upperSnake)
        // No shell can read a name that begins with a digit.
        if !VariableName.isPortable(name) { name = "_" + name }
        var line = "\(name) = \"\(secret.name)\""
        var notes = notes(secret, now)
        if secret.contentType?.contains("json") == true {
            notes.append("JSON; a part of it: { secret = \"\(secret.name)\", json = \"/NAME\" }")
        }
        if !notes.isEmpty { line += "  # " + notes.joined(separator: "; ") }
        let isLeftOut = !secret.attributes.enabled || VariableName.isRefusedInBulk(name)
        return (isLeftOut ? "# " : "") + line + "\n"
    }

    /// A file's table; a comment if the secret is disabled.
    private static func file(_ secret: ListedSecret, _ now: Int64) -> String {
        let isCertificate = isCertificate(secret)
        let path = isCertificate ? "\(secret.name).pem" : secret.name
        let start = secret.attributes.enabled ? "" : "# "
        return notes(secret, now).map { "# \($0)\n" }.joined() + "\(start)[files.\"\(path)\"]\n"
            + "\(start)\(isCertificate ? "certificate" : "secret") = \"\(secret.name)\"\n"
    }

    /// What a user should know before relying on the secret.
    private static func notes(_ secret: ListedSecret, _ now: Int64) -> [String] {
        let attributes = secret.attributes
        var notes = attributes.enabled ? [] : ["disabled"]
        if let begins = attributes.notBefore, begins > now {
            notes.append("not valid before \(UTCTime(seconds: begins).rfc3339)")
        }
        if let ends = attributes.expires {
            notes.append("\(ends <= now ? "expired" : "expires") \(UTCTime(seconds: ends).rfc3339)")
        }
        return notes
    }
}
