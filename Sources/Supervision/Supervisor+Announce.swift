import LinuxSystem
import Messages
import WorkerProtocol

extension Supervisor {
    /// Tells the app of a change as the plan says.
    mutating func announce(_ report: WorkerReport, asked: Bool, at now: Moment) -> [SupervisorAction] {
        let changed = report.filesChanged || report.environmentChanged
        let stale: [SupervisorAction] = report.environmentChanged && !isSidecar ? [.log(environmentIsStale)] : []
        switch plan.action {
        case .unset:
            guard changed, !warnedUnannounced else { return [] }
            warnedUnannounced = true
            status.environmentIsStale = status.environmentIsStale || report.environmentChanged
            return [.log(unannounced)]
        case .none:
            status.environmentIsStale = status.environmentIsStale || report.environmentChanged
            return stale
        case .signal(let number):
            status.environmentIsStale = status.environmentIsStale || report.environmentChanged
            guard changed || asked else { return [] }
            return stale + signalChange(number)
        case .restart:
            guard changed else { return [] }
            guard phase == .running, child != nil else {
                // The child that is about to be started anew starts with it.
                isUnproven = isUnproven || phase == .restarting
                return []
            }
            isUnproven = true
            deadlines[.restart] = deadlines[.restart] ?? now.boot + Self.restartWindow
            return []
        case .exec(let words):
            guard changed else { return [] }
            return (actionProcess == nil ? [] : [.killAction])
                + [.startAction(words, changedNames: report.changedNames)]
        }
    }

    private func signalChange(_ number: Int32) -> [SupervisorAction] {
        if let target = plan.target { return [.signalTarget(target, number)] }
        return child == nil ? [] : [.signalChange(number)]
    }

    private var unannounced: Message {
        Message(
            .warning, .changeUnannounced, "secrets changed, and nothing tells \(isSidecar ? "the app" : "the command")",
            hint: "choose with --on-change: signal (it reads its files anew), restart, exec, or none")
    }

    private var environmentIsStale: Message {
        Message(
            .warning, .environmentStale, "changed environment variables can't reach a running process",
            hint: "use --on-change restart, or deliver these secrets as files")
    }

    mutating func changeSignalWithheld(
        _ number: Int32, _ reason: SupervisorEvent.WithheldReason
    ) -> [SupervisorAction] {
        switch reason {
        case .noHandler:
            guard !warnedUnhandled else { return [] }
            warnedUnhandled = true
            return [
                .log(
                    Message(
                        .warning, .signalUnhandled,
                        "the command has no handler for signal \(number), which would end it: not sent",
                        hint: "choose another one with --signal, or --on-change restart"))
            ]
        case .noTarget(let description):
            return [
                .log(
                    Message(
                        .warning, .signalTarget, "no process to signal: \(description)",
                        hint: "check --signal-pid; in Kubernetes the pod needs shareProcessNamespace: true"))
            ]
        }
    }
}
