import LinuxSystem
import Messages
import WorkerProtocol

extension Supervisor {
    /// Begins an attempt; while a worker is still there, it begins when that one is gone: never two at a time.
    mutating func startAttempt(_ task: WorkerOrder.Task, asked: Bool, at now: Moment) -> [SupervisorAction] {
        guard worker == nil else {
            queued = Queued(task: task, asked: asked || queued?.asked == true)
            return []
        }
        queued = nil
        deadlines[.refresh] = nil
        status.attempt += 1
        let order = WorkerOrder(
            task: task, attempt: status.attempt, failures: failures, startedAt: startedAt.nanoseconds,
            keepsPrevious: isUnproven)
        worker = Worker(pid: 0, order: order, asked: asked)
        let limit = task == .first ? Self.planLimit : .milliseconds(plan.attemptTimeoutMilliseconds)
        deadlines[.worker] = now.boot + limit
        // The status tells which attempts have begun: who waits for one must not take an older one for it.
        return [.startWorker(order)] + (task == .refresh ? [.writeStatus] : [])
    }

    /// A refresh by the timer, by HUP, by `latchkey refresh`; during one it is one more afterwards.
    mutating func refresh(asked: Bool, at now: Moment) -> [SupervisorAction] {
        switch phase {
        case .running, .watching, .restarting: break
        case .starting, .rollingBack:
            asksWaiting = asksWaiting || asked
            return []
        case .becoming, .stopping, .ended: return []
        }
        return reloading(asked: asked) + startAttempt(.refresh, asked: asked, at: now)
    }

    /// What was asked for before the app ran is done once it runs.
    mutating func refreshIfAsked(at now: Moment) -> [SupervisorAction] {
        guard asksWaiting else { return [] }
        asksWaiting = false
        return refresh(asked: true, at: now)
    }

    /// Kills the worker; whatever it would still say does not count.
    mutating func abandonAttempt() -> [SupervisorAction] {
        queued = nil
        guard worker != nil else { return [] }
        worker?.isAbandoned = true
        return [.killWorker]
    }

    mutating func received(_ message: WorkerMessage, at now: Moment) -> [SupervisorAction] {
        guard let worker, isAttempting else { return [] }
        switch message {
        case .prepared(let plan, _):
            guard worker.order.task == .first else { return [] }
            self.plan = plan
            deadlines[.worker] = now.boot + .milliseconds(plan.attemptTimeoutMilliseconds)
            return [.writeStatus]
        case .waiting(let milliseconds):
            // The manager's own time-out moves on with ours (sd_notify(3), EXTEND_TIMEOUT_USEC).
            guard phase == .starting else { return [] }
            return [waitsForStart(milliseconds)]
        case .finished(let report):
            self.worker?.hasFinished = true
            deadlines[.worker] = now.boot + Self.exitLimit
            return finished(report, of: worker, at: now)
        }
    }

    private mutating func finished(
        _ report: WorkerReport, of worker: Worker, at now: Moment
    ) -> [SupervisorAction] {
        if let plan = report.plan { self.plan = plan }
        switch (worker.order.task, report.outcome) {
        case (.first, .delivered): return firstDelivered(report, at: now)
        case (.first, .ended(let code)): return end(code: code)
        case (.first, .failed(let failure)): return end(code: failure.exitCode)
        case (.rollBack, _): return rolledBack(report, at: now)
        case (.refresh, .delivered): return refreshed(report, of: worker, at: now)
        case (.refresh, .failed(let failure)):
            return refreshFailed(failure, report: report, asked: worker.asked, at: now)
        case (.refresh, .ended(let code)):
            let text = "a refresh ended with \(code) and no word"
            let failure = WorkerFailure(code: MessageCode.workerReport.rawValue, exitCode: 70, message: text)
            return refreshFailed(failure, report: report, asked: worker.asked, at: now)
        }
    }

    private mutating func firstDelivered(_ report: WorkerReport, at now: Moment) -> [SupervisorAction] {
        note(report, at: now)
        let kept: [SupervisorAction] = [.keepEnvironment(keepsPrevious: false), .keepMemory]
        if isSidecar {
            phase = .watching
            return kept + [.writeStatus] + becameReady() + refreshIfAsked(at: now)
        }
        if plan.once {
            phase = .becoming
            // Nobody is left to say it afterwards.
            return kept + (plan.childNotifies ? [] : becameReady())
        }
        return kept + [.startChild]
    }

    /// The worker that pointed the files back has said so; with or without success the app gets its chance.
    private mutating func rolledBack(_ report: WorkerReport, at now: Moment) -> [SupervisorAction] {
        let next = report.outcome == .delivered ? report.nextMilliseconds : backoff()
        schedule(next, at: now)
        status.rolledBack(report, next: deadlines[.refresh], at: now)
        return (report.outcome == .delivered ? [.keepMemory] : []) + [.startChild]
    }

    private mutating func refreshed(
        _ report: WorkerReport, of worker: Worker, at now: Moment
    ) -> [SupervisorAction] {
        let (asked, keepsPrevious) = (worker.asked, worker.order.keepsPrevious)
        var actions: [SupervisorAction] = [.keepMemory]
        if report.environmentChanged {
            actions = [.keepEnvironment(keepsPrevious: keepsPrevious), .keepMemory]
        } else if report.filesChanged, !keepsPrevious {
            // The generation before this one has the same environment: there is none to go back to.
            actions = [.forgetPreviousEnvironment, .keepMemory]
        }
        if loggedFailure != nil || (status.isStale && !report.stale) {
            actions.append(.log(Message(.info, .refreshRecovered, "refreshed again: \(report.summary)")))
        }
        note(report, at: now)
        if report.filesChanged || report.environmentChanged {
            let names = report.changedNames.isEmpty ? "" : " (\(report.changedNames))"
            actions.append(.log(Message(.info, .refreshed, "secrets changed\(names)")))
        }
        actions += announce(report, asked: asked, at: now)
        return actions + [.writeStatus] + reloaded(asked: asked)
    }

    private mutating func note(_ report: WorkerReport, at now: Moment) {
        // A start from what was kept has failed to fetch, and has said so.
        failures = report.stale ? 1 : 0
        loggedFailure = report.outage.map(Self.state(of:))
        schedule(report.nextMilliseconds, at: now)
        status.refreshed(report, at: now, next: deadlines[.refresh])
    }

    private mutating func schedule(_ milliseconds: Int64?, at now: Moment) {
        deadlines[.refresh] = milliseconds.map { now.boot + .milliseconds($0) }
    }

    private mutating func refreshFailed(
        _ failure: WorkerFailure, report: WorkerReport?, asked: Bool, at now: Moment
    ) -> [SupervisorAction] {
        failures += 1
        schedule(report?.nextMilliseconds ?? backoff(), at: now)
        let state = Self.state(of: failure)
        let isNew = loggedFailure != state
        loggedFailure = state
        status.failed(failure, metrics: report?.metrics, isNew: isNew, at: now, next: deadlines[.refresh])
        var actions: [SupervisorAction] = report == nil ? [] : [.keepMemory]
        if isNew { actions.append(.log(failureMessage(failure, at: now))) }
        if failure.stops, phase == .running || phase == .watching {
            endCode = failure.exitCode
            if child == nil { return actions + end(code: failure.exitCode) }
            return actions + [.writeStatus] + stopChild(with: plan.stopSignal, at: now)
        }
        return actions + [.writeStatus] + reloaded(asked: asked)
    }

    /// What tells one state of failing from another: the words may differ from try to try, by the request's id.
    private static func state(of failure: WorkerFailure) -> String {
        [failure.code, failure.vault ?? "", failure.secret ?? ""].joined(separator: " ")
    }

    private func failureMessage(_ failure: WorkerFailure, at now: Moment) -> Message {
        // What only somebody's hand can change is an error, of its own code.
        let lasting = [MessageCode.secretGone, .configurationKept].first { $0.rawValue == failure.code }
        let kept = status.refreshedAt.map { "; keeping the secrets of \(clock($0))" } ?? ""
        let next = deadlines[.refresh].map { "; next try in \(Self.words($0 - now.boot))" } ?? ""
        return Message(
            lasting == nil ? .warning : .error, lasting ?? .refreshFailed, failure.message + kept + next,
            hint: failure.hint, secret: failure.secret, vault: failure.vault)
    }

    /// `41s`, `2m`, `1h`: rounded up, since a promise of an earlier time would be wrong.
    static func words(_ duration: Duration) -> String {
        let seconds = max((duration.wholeMilliseconds + 999) / 1000, 1)
        if seconds < 120 { return "\(seconds)s" }
        return seconds < 7200 ? "\((seconds + 59) / 60)m" : "\((seconds + 3599) / 3600)h"
    }

    /// For attempts that a worker could not schedule itself.
    private mutating func backoff() -> Int64 {
        backoffMilliseconds(
            after: failures - 1, upTo: max(plan.intervalMilliseconds ?? 300_000, 1000), using: &generator)
    }
}

extension Supervisor {
    mutating func workerCouldNotStart(_ failure: SpawnFailure, at now: Moment) -> [SupervisorAction] {
        let text = "the worker could not be started: \(failure.reason)"
        // Whatever comes before is a matter of descriptors, processes and memory.
        return attemptBroke(failure.step == .execute ? .workerMissing : .systemRefused, text, at: now)
    }

    mutating func workerSentGarbage(_ reason: String, at now: Moment) -> [SupervisorAction] {
        guard isAttempting else { return [] }
        worker?.isAbandoned = true
        return [.killWorker] + attemptFailed(.workerReport, "the worker's report can't be read: \(reason)", at: now)
    }

    mutating func workerHung(at now: Moment) -> [SupervisorAction] {
        guard isAttempting else { return worker == nil ? [] : [.killWorker] }
        worker?.isAbandoned = true
        return [.killWorker] + attemptFailed(.workerHung, "the worker did not answer in time and was killed", at: now)
    }

    mutating func workerEnded(_ ending: Ending, at now: Moment) -> [SupervisorAction] {
        let ended = worker
        deadlines[.worker] = nil
        if phase == .becoming {
            worker = nil
            return [.becomeChild]
        }
        var actions: [SupervisorAction] = []
        if isAttempting {
            actions = attemptBroke(.workerCrashed, "the worker ended without a report (\(ending))", at: now)
        }
        if worker == ended || worker?.isAbandoned == true { worker = nil }
        guard phase != .ended, worker == nil, let next = queued else { return actions }
        return actions + startAttempt(next.task, asked: next.asked, at: now)
    }

    /// The worker is gone, and its attempt with it.
    private mutating func attemptBroke(_ code: MessageCode, _ text: String, at now: Moment) -> [SupervisorAction] {
        let actions = attemptFailed(code, text, at: now)
        worker = nil
        deadlines[.worker] = nil
        return actions
    }

    private static func remedy(_ code: MessageCode) -> String? {
        switch code {
        case .workerMissing: "install latchkey-worker beside latchkey, or in ../libexec/latchkey"
        case .workerReport: "install latchkey and latchkey-worker of one version"
        case .workerHung: "see with 'latchkey check' what it waits for; a starved machine looks the same"
        case .workerCrashed:
            "see in the kernel's log whether memory ran out ('dmesg | tail'); if it did not, report it with this message"
        default: nil
        }
    }

    private mutating func attemptFailed(_ code: MessageCode, _ text: String, at now: Moment) -> [SupervisorAction] {
        guard let worker else { return [] }
        let hint = Self.remedy(code)
        switch worker.order.task {
        case .first:
            let exitCode: ExitCode = code == .workerMissing || code == .systemRefused ? .system : .software
            let diagnosis = Diagnosis(code, exit: exitCode, text, hint: hint)
            return [.log(Message(.error, diagnosis))] + end(code: exitCode.rawValue)
        case .rollBack:
            status.endedAttempt = status.attempt
            schedule(backoff(), at: now)
            return [.log(Message(.error, code, text, hint: hint)), .startChild]
        case .refresh:
            let failure = WorkerFailure(code: code.rawValue, exitCode: 70, message: text, hint: hint)
            return refreshFailed(failure, report: nil, asked: worker.asked, at: now)
        }
    }
}
