import LinuxSystem
import Messages
import WorkerProtocol

extension Supervisor {
    /// Begins an attempt. No worker may be there: there are never two at a time.
    mutating func startAttempt(
        _ task: WorkerOrder.Task, _ cause: RefreshCause = .schedule, at now: Moment
    ) -> [SupervisorAction] {
        deadlines[.refresh] = nil
        status.attempt += 1
        let order = WorkerOrder(
            task: task, attempt: status.attempt, failures: failures, startedAt: startedAt.nanoseconds,
            keepsPrevious: rollout?.isUnproven ?? false)
        worker = Worker(order: order, cause: cause)
        let limit = task == .first ? Self.planLimit : .milliseconds(plan.attemptTimeoutMilliseconds)
        deadlines[.worker] = now.boot + limit
        // The status names attempts that have begun, so that who waits for one does not mistake an older one for it.
        return [.startWorker(order)] + (task == .refresh ? [.writeStatus] : [])
    }

    /// Begins a refresh. One that can't begin now waits; however many are requested meanwhile, one follows.
    mutating func refresh(_ cause: RefreshCause, at now: Moment) -> [SupervisorAction] {
        switch phase {
        case .becoming, .stopping, .ended: return []
        case .starting, .running(.rollingBack):
            if cause == .request { pendingRefresh = .request }
            return []
        case .running where defersRefresh:
            if pendingRefresh != .request { pendingRefresh = cause }
            return reloading(cause)
        case .running, .watching:
            guard worker != nil else { return reloading(cause) + startAttempt(.refresh, cause, at: now) }
            if pendingRefresh != .request { pendingRefresh = cause }
            return reloading(cause)
        }
    }

    /// A refresh that was requested before the app ran.
    mutating func refreshIfRequested(at now: Moment) -> [SupervisorAction] {
        guard let cause = pendingRefresh else { return [] }
        pendingRefresh = nil
        return refresh(cause, at: now)
    }

    /// Kills the worker, and drops the refresh that waits for its end.
    mutating func abandonAttempt() -> [SupervisorAction] {
        pendingRefresh = nil
        guard worker != nil else { return [] }
        worker?.state = .abandoned
        return [.killWorker]
    }

    mutating func received(_ message: WorkerMessage, at now: Moment) -> [SupervisorAction] {
        guard let worker, worker.state == .working else { return [] }
        switch message {
        case .prepared(let plan, _):
            guard hasPlan else {
                (self.plan, hasPlan) = (plan, true)
                deadlines[.worker] = now.boot + .milliseconds(plan.attemptTimeoutMilliseconds)
                return (plan.listen.isEmpty ? [] : [.openSockets]) + [.writeStatus]
            }
            guard let part = self.plan.update(from: plan) else { return planChanged(at: now) }
            return killWorker(
                .workerReport, "the worker's plan has another \(part) than the start's, which no refresh changes",
                at: now)
        case .waiting(let milliseconds):
            // The service manager's timeout is extended with ours (sd_notify(3), EXTEND_TIMEOUT_USEC).
            return phase == .starting ? [waitsForStart(milliseconds)] : []
        case .finished(let report):
            self.worker?.state = .reported
            deadlines[.worker] = now.boot + Self.exitLimit
            return finished(report, of: worker, at: now)
        }
    }

    private mutating func finished(
        _ report: WorkerReport, of worker: Worker, at now: Moment
    ) -> [SupervisorAction] {
        switch (worker.order.task, report.outcome) {
        case (.first, .delivered): return firstDelivered(report, at: now)
        case (.first, .ended(let code)): return end(code: code)
        case (.first, .failed(let failure)): return end(code: failure.exitCode)
        case (.rollBack, _): return rolledBack(report, at: now)
        case (.refresh, .delivered): return refreshed(report, of: worker, at: now)
        case (.refresh, .failed(let failure)): return refreshFailed(failure, report, worker.cause, at: now)
        case (.refresh, .ended(let code)):
            let text = "a refresh ended with \(code) and no word"
            let failure = WorkerFailure(code: MessageCode.workerReport.rawValue, exitCode: 70, message: text)
            return refreshFailed(failure, report, worker.cause, at: now)
        }
    }

    private mutating func firstDelivered(_ report: WorkerReport, at now: Moment) -> [SupervisorAction] {
        note(report, at: now)
        let kept: [SupervisorAction] = [.keepEnvironment(keepsPrevious: false), .keepMemory]
        if isSidecar {
            phase = .watching
            // What changed while no sidecar ran: the app still has what was there. A first environment is no change.
            let told = report.filesChanged ? announce(report, .schedule, at: now) : []
            return kept + told + [.writeStatus] + becameReady() + findTarget() + refreshIfRequested(at: now)
        }
        if plan.once {
            phase = .becoming
            // This is the last chance to tell the service manager.
            return kept + (plan.childNotifies ? [] : becameReady())
        }
        return kept + [.startChild]
    }

    /// The files were pointed back, or could not be: the app gets its chance either way.
    private mutating func rolledBack(_ report: WorkerReport, at now: Moment) -> [SupervisorAction] {
        let next = report.outcome == .delivered ? report.nextMilliseconds : backoff()
        schedule(next, at: now)
        status.rolledBack(report, next: deadlines[.refresh], at: now)
        let kept: [SupervisorAction] = report.outcome == .delivered ? [.keepMemory] : []
        return kept + (rollout == .reverting ? reverted() : [.startChild])
    }

    private mutating func refreshed(
        _ report: WorkerReport, of worker: Worker, at now: Moment
    ) -> [SupervisorAction] {
        let keepsPrevious = worker.order.keepsPrevious
        var actions: [SupervisorAction] = [.keepMemory]
        if report.environmentChanged {
            actions = [.keepEnvironment(keepsPrevious: keepsPrevious), .keepMemory]
        } else if report.filesChanged, !keepsPrevious {
            // The generation before this one has the same environment: there is none to restore.
            actions = [.forgetPreviousEnvironment, .keepMemory]
        }
        if loggedFailure != nil || (status.isStale && !report.stale) {
            actions.append(.log(Message(.info, .refreshRecovered, "refreshed again: \(report.summary)")))
        }
        note(report, at: now)
        if report.filesChanged || report.environmentChanged {
            let names = report.changedNames.isEmpty ? "" : " (\(report.changedNames.joined(separator: ",")))"
            actions.append(.log(Message(.info, .refreshed, "secrets changed\(names)")))
        }
        actions += announce(report, worker.cause, at: now)
        return actions + [.writeStatus] + reloaded(worker.cause)
    }

    private mutating func note(_ report: WorkerReport, at now: Moment) {
        // A start from what was kept has failed to fetch, and has said so.
        failures = report.stale ? 1 : 0
        loggedFailure = report.outage.map(Self.state(of:))
        schedule(report.nextMilliseconds, at: now)
        status.refreshed(report, at: now, next: deadlines[.refresh])
        hasNote = isSidecar
    }

    private mutating func schedule(_ milliseconds: Int64?, at now: Moment) {
        deadlines[.refresh] = milliseconds.map { now.boot + .milliseconds($0) }
    }

    private mutating func refreshFailed(
        _ failure: WorkerFailure, _ report: WorkerReport?, _ cause: RefreshCause, at now: Moment
    ) -> [SupervisorAction] {
        failures += 1
        schedule(report?.nextMilliseconds ?? backoff(), at: now)
        let state = Self.state(of: failure)
        let isNew = loggedFailure != state
        loggedFailure = state
        status.failed(failure, metrics: report?.metrics, isNew: isNew, at: now, next: deadlines[.refresh])
        var actions: [SupervisorAction] = report == nil ? [] : [.keepMemory]
        if isNew { actions.append(.log(failureMessage(failure, at: now))) }
        if failure.isGone, plan.stopsWhenGone {
            if phase == .watching { return actions + end(code: failure.exitCode) }
            if rollout?.isUp == true {
                let stop = stopChild(with: plan.stopSignal, exitCode: failure.exitCode, at: now)
                return actions + [.writeStatus] + stop
            }
        }
        return actions + [.writeStatus] + reloaded(cause)
    }

    /// Two failures of one state are logged once. Their words may differ, by the request's id.
    private static func state(of failure: WorkerFailure) -> String {
        [failure.code, failure.vault ?? "", failure.secret ?? ""].joined(separator: " ")
    }

    private func failureMessage(_ failure: WorkerFailure, at now: Moment) -> Message {
        // What only a person can change is an error with a code of its own.
        let lasting = [MessageCode.secretGone, .configurationKept].first { $0.rawValue == failure.code }
        let kept = status.refreshedAt.map { "; keeping the secrets of \(clock($0))" } ?? ""
        let next = deadlines[.refresh].map { "; next try in \(Self.words($0 - now.boot))" } ?? ""
        return Message(
            lasting == nil ? .warning : .error, lasting ?? .refreshFailed, failure.message + kept + next,
            hint: failure.hint, secret: failure.secret, vault: failure.vault)
    }

    /// `41s`, `2m`, `1h`: rounded up, so that nothing is promised too early.
    static func words(_ duration: Duration) -> String {
        let seconds = max((duration.wholeMilliseconds + 999) / 1000, 1)
        if seconds < 120 { return "\(seconds)s" }
        return seconds < 7200 ? "\((seconds + 59) / 60)m" : "\((seconds + 3599) / 3600)h"
    }

    /// For attempts that a worker could not schedule itself.
    private mutating func backoff() -> Int64 {
        let interval = plan.intervalMilliseconds.map { Duration.milliseconds($0) }
        var backoff = Backoff.betweenAttempts(interval: interval, after: failures - 1)
        return backoff.next(using: &generator).wholeMilliseconds
    }
}

extension Supervisor {
    mutating func workerCouldNotStart(_ failure: SpawnFailure, at now: Moment) -> [SupervisorAction] {
        guard worker?.state == .working else { return [] }
        // Steps before the execve fail for want of descriptors, processes or memory.
        let code: MessageCode = failure.step == .execute ? .workerMissing : .systemRefused
        return attemptBroke(code, "the worker could not be started: \(failure.reason)", at: now) + rollOutIfDue(at: now)
    }

    mutating func workerSentGarbage(_ reason: String, at now: Moment) -> [SupervisorAction] {
        guard worker?.state == .working else { return [] }
        return killWorker(.workerReport, "the worker's report can't be read: \(reason)", at: now)
    }

    mutating func workerHung(at now: Moment) -> [SupervisorAction] {
        guard worker?.state == .working else { return worker == nil ? [] : [.killWorker] }
        return killWorker(.workerHung, "the worker did not answer in time and was killed", at: now)
    }

    mutating func workerEnded(_ ending: Ending, at now: Moment) -> [SupervisorAction] {
        guard let ended = worker else { return [] }
        let actions =
            ended.state == .working
            ? attemptBroke(.workerCrashed, "the worker ended without a report (\(ending))", at: now) : []
        // It may have noted a change and not reported it: the next one does.
        if ended.state != .reported { hasNote = false }
        worker = nil
        deadlines[.worker] = nil
        switch phase {
        case .becoming: return [.becomeChild]
        case .running(.rollingBack):
            return ended.order.task == .rollBack ? actions : startAttempt(.rollBack, at: now)
        default:
            let begun = rollOutIfDue(at: now)
            guard begun.isEmpty, !defersRefresh, let cause = pendingRefresh else { return actions + begun }
            pendingRefresh = nil
            return actions + startAttempt(.refresh, cause, at: now)
        }
    }

    private mutating func killWorker(_ code: MessageCode, _ text: String, at now: Moment) -> [SupervisorAction] {
        guard let worker else { return [] }
        self.worker?.state = .abandoned
        return [.killWorker] + attemptFailed(worker, code, text, at: now)
    }

    /// The worker is gone, and its attempt with it.
    private mutating func attemptBroke(_ code: MessageCode, _ text: String, at now: Moment) -> [SupervisorAction] {
        guard let worker else { return [] }
        self.worker = nil
        deadlines[.worker] = nil
        return attemptFailed(worker, code, text, at: now)
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

    private mutating func attemptFailed(
        _ worker: Worker, _ code: MessageCode, _ text: String, at now: Moment
    ) -> [SupervisorAction] {
        let hint = Self.remedy(code)
        switch worker.order.task {
        case .first:
            let exitCode: ExitCode = code == .workerMissing || code == .systemRefused ? .system : .software
            let diagnosis = Diagnosis(code, exit: exitCode, text, hint: hint)
            return [.log(Message(.error, diagnosis))] + end(code: exitCode.rawValue)
        case .rollBack:
            status.endedAttempt = status.attempt
            schedule(backoff(), at: now)
            return [.log(Message(.error, code, text, hint: hint))]
                + (rollout == .reverting ? reverted() : [.startChild])
        case .refresh:
            let failure = WorkerFailure(code: code.rawValue, exitCode: 70, message: text, hint: hint)
            return refreshFailed(failure, nil, worker.cause, at: now)
        }
    }
}
