import FoundationEssentials
import HTTPTransport
import KeyVault
import LaunchConfiguration
import LinuxSystem
import ManagedIdentity
import Messages
import Refresh
import Secrets

/// `latchkey check`: a dry run, step by step. It starts nothing and writes nothing; 0 only if `run` would start.
struct Check {
    private struct Step: Encodable {
        let name: String
        let ok: Bool
        let detail: String
        let code: String?
        let hint: String?
    }

    private var steps: [Step] = []
    private var exitCode: Int32 = 0

    static func run(
        _ plan: LaunchPlan, json: Bool, explain: Bool, _ arguments: [[UInt8]], _ environment: EnvironmentEntries,
        _ log: WorkerLog
    ) -> Int32 {
        var check = Check()
        check.look(plan, explain: explain, environment, log)
        if let index = plan.child.commandIndex, index < arguments.count {
            check.lookAtCommand(String(decoding: arguments[index], as: UTF8.self), environment)
        }
        Output.write(json ? check.json : check.text)
        return check.exitCode
    }

    private mutating func pass(_ name: String, _ detail: String) {
        steps.append(Step(name: name, ok: true, detail: detail, code: nil, hint: nil))
    }

    private mutating func fail(_ name: String, _ diagnosis: Diagnosis) {
        if exitCode == 0 { exitCode = diagnosis.exitCode.rawValue }
        steps.append(
            Step(name: name, ok: false, detail: diagnosis.text, code: diagnosis.code.rawValue, hint: diagnosis.hint))
    }

    private mutating func look(
        _ plan: LaunchPlan, explain: Bool, _ environment: EnvironmentEntries, _ log: WorkerLog
    ) {
        if let path = plan.configurationPath { pass("configuration", "read '\(path)'") }
        let observer = RunObserver(log: log, isStart: false)
        do throws(RefreshFailure) {
            let azure = try AzureSession.open(plan, environment, observer: observer)
            if explain {
                for seen in azure.identity.decision.record {
                    pass("identity", "\(seen.taken ? "taken" : "passed over"): \(seen.source): \(seen.reason)")
                }
            }
            let gathered = try gather(
                plan, through: azure.client, patience: .interactive, wallClock: wallClockSeconds())
            describe(azure, gathered)
        } catch {
            for diagnosis in error.diagnoses { fail(diagnosis.secret == nil ? "vault" : "secret", diagnosis) }
        }
    }

    private mutating func describe(_ azure: AzureSession, _ gathered: borrowing Gathered) {
        var vaults: Set<VaultAddress> = []
        for object in gathered.objects where vaults.insert(object.object.vault).inserted {
            let owner = azure.client.owner(ofTokensFor: object.object.vault)
            let who = owner?.clientID.map { " as client \($0)" } ?? ""
            pass("identity", "\(azure.identity.decision.kind.rawValue)\(who)")
            pass("vault", "'\(object.object.vault.name)' answers at \(object.object.vault.url)")
        }
        for line in gathered.targets {
            let until = line.object.attributes.expires.map { ", valid until \(UTCTime(seconds: $0).rfc3339)" } ?? ""
            let version = line.object.version.map { ", version \($0)" } ?? ""
            pass("secret", "'\(line.object.object.name)'\(version)\(until): goes to \(line.target)")
        }
        for warning in gathered.warnings { pass("warning", warning.diagnosis.text) }
    }

    private mutating func lookAtCommand(_ name: String, _ environment: EnvironmentEntries) {
        let places =
            name.contains("/")
            ? [name] : (environment.text("PATH") ?? "/bin:/usr/bin").split(separator: ":").map { "\($0)/\(name)" }
        if let found = places.first(where: ProcessFiles.isExecutable) { return pass("command", "'\(found)'") }
        fail(
            "command",
            Diagnosis(
                .childNotFound, exit: .notFound, "command '\(name)': not found or not executable",
                hint: "check the name, or PATH"))
    }

    private var text: String {
        steps.map { step in
            let line = "\(step.ok ? "ok  " : "FAIL") \(step.name): \(PrintableText.clipped(step.detail, to: 900))\n"
            return line + (step.hint.map { "     hint: \($0)\n" } ?? "")
        }.joined() + (exitCode == 0 ? "'latchkey run' would start\n" : "'latchkey run' would end with \(exitCode)\n")
    }

    private struct Document: Encodable {
        let schema = 1
        let ok: Bool
        let exitCode: Int32
        let steps: [Step]

        enum CodingKeys: String, CodingKey {
            case schema, ok, steps
            case exitCode = "exit_code"
        }
    }

    private var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let data = (try? encoder.encode(Document(ok: exitCode == 0, exitCode: exitCode, steps: steps))) ?? Data()
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}
