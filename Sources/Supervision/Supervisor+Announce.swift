import LinuxSystem
import Messages
import WorkerProtocol

// Who is told of a change. `owed` holds what nobody was told of yet, `telling` what the running command on change was
// given; a try that failed is followed by the next one, by the deadline `owed`.

extension Supervisor {
    /// Owes a change to whom the plan says, and tries to tell it.
    mutating func announce(_ report: WorkerReport, _ cause: RefreshCause, at now: Moment) -> [SupervisorAction] {
        let changed = report.filesChanged || report.environmentChanged
        status.staleVariables = Set(status.staleVariables).union(report.changedVariables).sorted()
        var actions: [SupervisorAction] = []
        switch plan.action {
        case .unset, .none, .signal:
            if report.environmentChanged { status.environmentIsStale = true }
            if report.environmentChanged, !isSidecar, plan.action != .unset { actions = [.log(environmentIsStale)] }
        case .restart, .replace, .exec, .reloadUnit: break
        }
        guard let receiver else { return actions + (changed && plan.action == .unset ? warnOnce(unannounced) : []) }
        if changed {
            let change = OwedChange(
                receiver: receiver, names: report.changedNames.sorted(), since: now.wall, changedAt: now.boot)
            owed = owed?.joined(with: change) ?? change
            if report.filesChanged { hasNewerFiles = true }
            return actions + tell(at: now)
        }
        // Who asks for a refresh wants the signal in any case, and no pause before the next try.
        guard cause == .request else { return actions }
        if owed != nil { return actions + tell(at: now) }
        if case .signal = plan.action { return actions + signal(receiver) }
        return actions
    }

    /// Whom the plan wants to be told; nil for nobody.
    private var receiver: OwedChange.Receiver? {
        switch plan.action {
        case .unset, .none: nil
        case .signal(let number):
            isSidecar ? plan.target.map { .target($0, signal: number) } : .child(signal: number)
        case .restart: isSidecar ? nil : .restart
        case .replace: isSidecar ? nil : .replace
        case .exec(let words): .command(words)
        case .reloadUnit(let unit): .unit(unit)
        }
    }

    /// Tries to tell what is owed.
    mutating func tell(at now: Moment) -> [SupervisorAction] {
        deadlines[.owed] = nil
        guard let owed, phase == .watching || rollout != nil else { return [] }
        switch owed.receiver {
        case .child, .target:
            let actions = signal(owed.receiver, since: owed.changedAt)
            // Between two incarnations, and once the child has ended, there is none to tell.
            if actions.isEmpty { deadlines[.owed] = now.boot + owed.pause(interval: nil) }
            return actions
        case .command, .unit:
            // The running command ends by itself, in its time; what it was not told of is told by the next one.
            guard telling == nil else { return [] }
            telling = owed
            self.owed = nil
            if case .unit(let unit) = owed.receiver { return [.startReload(unit: unit)] }
            guard case .command(let words) = owed.receiver else { return [] }
            return [.startAction(words, changedNames: owed.names)]
        case .restart, .replace:
            scheduleRestart(at: now)
            return []
        }
    }

    private func signal(_ receiver: OwedChange.Receiver, since: BootInstant? = nil) -> [SupervisorAction] {
        switch receiver {
        case .child(let number): child == nil || child?.ending != nil ? [] : [.signalChange(number)]
        case .target(let target, let number): [.signalTarget(target, number, since: since)]
        case .command, .unit, .restart, .replace: []
        }
    }

    /// A child that stops or starts already, and one whose restart is scheduled, will have this generation too.
    private mutating func scheduleRestart(at now: Moment) {
        guard child?.ending == nil else { return }
        switch phase {
        case .running(.steady): phase = .running(.scheduled)
        case .running(.probation): phase = .running(.superseded)
        default: return
        }
        deadlines[.restart] = now.boot + Self.restartWindow
    }

    /// The receiver was told of all that is owed, by a signal or by its own start.
    mutating func wasTold(byStart: Bool) -> [SupervisorAction] {
        guard let told = owed, told.receiver.isSignalled else { return [] }
        owed = nil
        deadlines[.owed] = nil
        return done(told, byStart ? "has started since the change" : "was told of the change")
    }

    /// The log says that it was done only where it has said that it waits.
    private func done(_ told: OwedChange, _ how: String) -> [SupervisorAction] {
        if case .unit(let unit) = told.receiver {
            return [
                .log(Message(.info, .unitReloaded, "unit '\(unit)' was reloaded\(Self.listed(told.names))")),
                .writeStatus,
            ]
        }
        let message = Message(.info, .changeTold, "\(told.receiver.words) \(how)\(Self.listed(told.names))")
        return (told.isLogged ? [.log(message)] : []) + [.writeStatus]
    }

    /// A try has failed. The log says so once, and the next one comes.
    private mutating func wasNotTold(_ message: Message, at now: Moment) -> [SupervisorAction] {
        guard var owed, !owed.receiver.isStarted else { return warnOnce(message) }
        owed.tries += 1
        let pause = owed.pause(interval: plan.intervalMilliseconds.map { .milliseconds($0) })
        deadlines[.owed] = now.boot + pause
        let isNew = !owed.isLogged
        owed.isLogged = true
        self.owed = owed
        guard isNew else { return [] }
        var waiting = message
        waiting.diagnosis.text += "; the change is told as soon as it can be, next try in \(Self.words(pause))"
        return [.log(waiting), .writeStatus]
    }

    /// The command on change has ended, or could not be started: what it was given is told, or owed again.
    mutating func actionEnded(_ failure: Message?, at now: Moment) -> [SupervisorAction] {
        actionProcess = nil
        deadlines[.action] = nil
        let given = telling
        telling = nil
        guard let failure else { return (given.map { done($0, "was told of the change") } ?? []) + tell(at: now) }
        // By the plan as it is now, another receiver may have it, or none.
        guard var given, let receiver, phase == .watching || rollout != nil else { return [.log(failure)] }
        given.receiver = receiver
        let newer = owed
        owed = newer.map { given.joined(with: $0) } ?? given
        if newer == nil, receiver.isRun { return wasNotTold(failure, at: now) }
        // What is new, or whom the change is new to, is not tried yet.
        owed?.isLogged = true
        return (given.isLogged ? [] : [.log(failure)]) + tell(at: now)
    }

    /// The plan may have another receiver than before: what is owed is owed to that one. A restart is under way already.
    mutating func planChanged(at now: Moment) -> [SupervisorAction] {
        guard let owed, !owed.receiver.isStarted, owed.receiver != receiver else { return [] }
        guard let receiver else {
            self.owed = nil
            deadlines[.owed] = nil
            return [.writeStatus]
        }
        self.owed?.receiver = receiver
        return tell(at: now)
    }

    /// What somebody has yet to be told of.
    package var pending: OwedChange? {
        guard let telling else { return owed }
        return owed.map { telling.joined(with: $0) } ?? telling
    }

    private mutating func warnOnce(_ message: Message) -> [SupervisorAction] {
        warned.insert(message.diagnosis.code).inserted ? [.log(message)] : []
    }

    /// A sidecar warns at its start, and not only at the first change, when the process to signal is missing.
    func findTarget() -> [SupervisorAction] {
        guard owed == nil, case .target(let target, _) = receiver else { return [] }
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
        _ number: Int32, _ reason: SupervisorEvent.WithheldReason, at now: Moment
    ) -> [SupervisorAction] {
        switch reason {
        case .noHandler:
            return wasNotTold(
                Message(
                    .warning, .signalUnhandled,
                    "the command has no handler for signal \(number), which would end it: not sent",
                    hint: "choose another one with --signal, or --on-change restart"), at: now)
        case .noTarget(let description):
            return wasNotTold(
                Message(.warning, .signalTarget, "no process to signal: \(description)", hint: Self.targetRemedy),
                at: now)
        }
    }

    static let targetRemedy = "check --signal-pid; in Kubernetes the pod needs shareProcessNamespace: true"
}
