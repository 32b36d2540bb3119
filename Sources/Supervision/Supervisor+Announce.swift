import LinuxSystem
import Messages
import WorkerProtocol

extension Supervisor {
    /// Tells the app of a change as the plan says.
    mutating func announce(_ report: WorkerReport, _ cause: RefreshCause, at now: Moment) -> [SupervisorAction] {
        let changed = report.filesChanged || report.environmentChanged
        status.staleVariables = Set(status.staleVariables).union(report.changedVariables).sorted()
        let stale: [SupervisorAction] = report.environmentChanged && !isSidecar ? [.log(environmentIsStale)] : []
        switch plan.action {
        case .unset, .none, .signal: if report.environmentChanged { status.environmentIsStale = true }
        case .restart, .exec: break
        }
        switch plan.action {
        case .unset: return changed ? warnOnce(unannounced) : []
        case .none: return stale
        case .signal(let number): return changed || cause == .request ? stale + signalChange(number) : []
        case .restart:
            if changed { scheduleRestart(at: now) }
            return []
        case .exec(let words):
            guard changed else { return [] }
            return (actionProcess == nil ? [] : [.killAction])
                + [.startAction(words, changedNames: report.changedNames)]
        }
    }

    /// A child that stops or starts already, and one whose restart is scheduled, will have this generation too.
    private mutating func scheduleRestart(at now: Moment) {
        switch phase {
        case .running(.steady): phase = .running(.scheduled)
        case .running(.probation): phase = .running(.superseded)
        default: return
        }
        deadlines[.restart] = now.boot + Self.restartWindow
    }

    private func signalChange(_ number: Int32) -> [SupervisorAction] {
        if let target = plan.target { return [.signalTarget(target, number)] }
        return child == nil ? [] : [.signalChange(number)]
    }

    private mutating func warnOnce(_ message: Message) -> [SupervisorAction] {
        warned.insert(message.diagnosis.code).inserted ? [.log(message)] : []
    }

    /// A sidecar warns at its start, and not only at the first change, when the process to signal is missing.
    func findTarget() -> [SupervisorAction] {
        guard case .signal = plan.action, let target = plan.target else { return [] }
        return [.findTarget(target)]
    }

    private var unannounced: Message {
        Message(
            .warning, .changeUnannounced, "secrets changed, and nothing tells \(isSidecar ? "the app" : "the command")",
            hint: "choose with --on-change: signal (it reads its files anew), restart, exec, or none")
    }

    /// `: DB_PASSWORD, SMTP_PASSWORD and 3 more`: a message has its limit.
    private static func listed(_ names: [String]) -> String {
        guard !names.isEmpty else { return "" }
        let rest = names.count > 10 ? " and \(names.count - 10) more" : ""
        return ": " + names.prefix(10).joined(separator: ", ") + rest
    }

    private var environmentIsStale: Message {
        Message(
            .warning, .environmentStale,
            "changed environment variables can't reach a running process\(Self.listed(status.staleVariables))",
            hint: "use --on-change restart, or deliver these secrets as files")
    }

    mutating func changeSignalWithheld(
        _ number: Int32, _ reason: SupervisorEvent.WithheldReason
    ) -> [SupervisorAction] {
        switch reason {
        case .noHandler:
            return warnOnce(
                Message(
                    .warning, .signalUnhandled,
                    "the command has no handler for signal \(number), which would end it: not sent",
                    hint: "choose another one with --signal, or --on-change restart"))
        case .noTarget(let description):
            return [
                .log(
                    Message(
                        .warning, .signalTarget, "no process to signal: \(description)",
                        hint: Self.targetRemedy))
            ]
        }
    }

    static let targetRemedy = "check --signal-pid; in Kubernetes the pod needs shareProcessNamespace: true"
}
