import HTTPTransport
import KeyVault
import LaunchConfiguration
import LinuxSystem
import ManagedIdentity
import Messages
import NameServices
import Refresh
import Secrets
import WorkerProtocol

/// `latchkey check`: a dry run, step by step. It starts nothing and writes nothing; 0 only if `run` would start.
///
/// The steps are a run's, in its order, so that the first failure is the one that a run would end with: directory,
/// identity, vault, secrets, environment, command. After a failure the later steps are still checked.
struct Check {
    let plan: LaunchPlan
    let isExplaining: Bool
    let arguments: [[UInt8]]
    let environment: EnvironmentEntries
    let log: WorkerLog
    var report = CheckReport()

    static func run(
        _ plan: LaunchPlan, json: Bool, explain: Bool, _ arguments: [[UInt8]], _ environment: EnvironmentEntries,
        _ log: WorkerLog
    ) -> Int32 {
        var check = Check(
            plan: plan, isExplaining: explain, arguments: arguments, environment: environment, log: log)
        check.look()
        Output.write(json ? check.report.json.document : Array(check.report.text(TextStyle(environment)).utf8))
        return check.report.exitCode
    }

    private mutating func look() {
        lookAtSuffix()
        lookAtConfiguration()
        lookAtDirectory()
        lookAtSockets()
        lookAtAzure()
        lookAtCommands()
        lookAtSurroundings()
    }

    /// Another suffix leads every short name to other vaults, so the report begins with it.
    private mutating func lookAtSuffix() {
        report.vaultSuffix = plan.vaultSuffix.text
        guard plan.vaultSuffix != .publicCloud else { return }
        let whose = plan.vaultSuffix.isOfAzure ? "" : ", which are not Azure's"
        let location = plan.vaultSuffixLocation.map { " (\($0))" } ?? ""
        report.vaultSuffixNote = "vaults are those under '\(plan.vaultSuffix.text)'\(whose)\(location)"
    }

    private mutating func lookAtConfiguration() {
        if let path = plan.configurationPath {
            report.pass(.configuration, "read '\(path)'")
        } else if isExplaining {
            report.note(.configuration, "no file: neither --config nor LATCHKEY_CONFIG, and no ./latchkey.toml")
        }
        for file in plan.environmentFiles { report.pass(.configuration, "environment file \(file)") }
        guard isExplaining else { return }
        report.note(.configuration, "instance: '\(plan.instance ?? plan.defaultInstance)'")
        let interval = plan.refresh.interval.map { "every \(Output.words($0)), ± \(plan.refresh.jitter) %" }
        report.note(.configuration, "refresh: \(interval ?? "only on request")")
        report.note(.configuration, "on a change: \(plan.refresh.onChange.words)")
    }

    private mutating func lookAtAzure() {
        guard needsAzure else { return }
        let observer = RunObserver(log: log, isStart: false, progress: ProgressLine(environment))
        defer { observer.progress?.stop() }
        do throws(Diagnosis) {
            let azure = try AzureSession(plan, environment, observer: observer, notesPeers: true)
            let retryPolicy = RetryPolicy(deadline: .now + plan.startTimeout)
            let command = plan.child.commandIndex ?? arguments.count
            let inspection = Inspection(
                plan, from: azure.sources(retryPolicy), inherited: environment.block,
                arguments: Array(arguments.dropFirst(command)))
            let probed = plan.hasEntries ? nil : plan.vault.map { azure.client.list($0, retryPolicy: retryPolicy) }
            describe(azure, inspection, probed)
        } catch {
            report.fail(.identity, error)
        }
    }

    /// A run without entries sends no request. A check of a vault without entries still says whether it can be read.
    private var needsAzure: Bool { plan.hasEntries || plan.vault != nil }
}

extension LaunchPlan {
    fileprivate var hasEntries: Bool {
        !(items.isEmpty && selections.isEmpty)
    }
}

extension ChangeAction {
    fileprivate var words: String {
        switch self {
        case .unset: "nothing, with a warning at the first one; choose with --on-change"
        case .none: "nothing"
        case .signal(let number): "the command gets signal \(number)"
        case .restart: "the command is restarted"
        case .replace: "a second command takes the place of the running one when it is ready"
        case .exec: "the command of --exec-on-change is run"
        case .reloadUnit(let unit): "unit '\(unit)' is reloaded, or restarted where it can't reload"
        }
    }
}
