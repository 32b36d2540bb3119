import Delivery
import KeyVault
import LaunchConfiguration
import LinuxSystem
import Messages
import Secrets

/// `latchkey init`: a commented `latchkey.toml` from what the vault holds; never over an existing file (73).
enum Initialize {
    static func run(
        _ plan: LaunchPlan, _ output: ParsedCommand.Output, _ environment: EnvironmentEntries, _ log: WorkerLog
    ) -> Int32 {
        do throws(Diagnosis) {
            if case .file(let path) = output, ProcessFiles.exists(path) { throw existing(path, "file exists") }
            let listed = try List.listed(plan, environment, log)
            let text = text(plan, Selection.select(from: listed))
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

    /// The short name where that is enough.
    private static func vaultText(_ plan: LaunchPlan) -> String {
        guard let vault = plan.vault else { return "" }
        return vault.host == vault.name + ".vault.azure.net" && vault.port == nil ? vault.name : vault.url
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

    /// A variable; one that would change how programs load stands in a comment.
    private static func line(_ secret: ListedSecret) -> String {
        let name = Selection.variableName(for: secret.name, .upperSnake)
        var line = "\(name) = \"\(secret.name)\""
        if secret.contentType?.contains("json") == true {
            line += "  # JSON; a part of it: { secret = \"\(secret.name)\", json = \"/NAME\" }"
        }
        return (VariableName.isRefusedInBulk(name) ? "# " : "") + line + "\n"
    }

    private static func text(_ plan: LaunchPlan, _ secrets: [ListedSecret]) -> String {
        var text = """
            # Written by 'latchkey init'; latchkey.toml(5) explains every key. This file holds no secret.
            vault = "\(vaultText(plan))"

            # Variables: NAME = "secret". A certificate or a part of a JSON secret needs a table:
            #   SMTP_PASSWORD = { secret = "smtp", json = "/password" }
            [env]

            """
        for secret in secrets where !secret.isManaged { text += line(secret) }
        for secret in secrets where secret.isManaged {
            text += "\n[files.\"\(secret.name).pem\"]\ncertificate = \"\(secret.name)\"\n"
        }
        return text + """

            [refresh]
            every = "5m"
            # What the app is told when a secret changed: signal, restart, exec or none.
            # on-change = "signal"

            """
    }
}
