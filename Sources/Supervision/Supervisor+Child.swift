import Glibc
import LinuxSystem
import Messages
import WorkerProtocol

extension Supervisor {
    mutating func childDidStart(_ pid: Int32, at now: Moment) -> [SupervisorAction] {
        let isRestart = rollout == .startingNew
        switch phase {
        case .running(.overlapping): return secondDidStart(pid, at: now)
        case .starting, .running(.rollingBack): phase = .running(.steady)
        case .running(.startingNew):
            phase = .running(.probation)
            deadlines[.probation] = now.boot + Self.probation
            // It starts with all that is delivered.
            if owed?.receiver.isChild == true { (owed, deadlines[.owed]) = (nil, nil) }
        default: return []
        }
        child = Child(pid: pid, startedAt: now.boot)
        var actions: [SupervisorAction] = [
            .log(Message(.debug, .childStarted, "the command runs as process \(pid)")), .writeStatus,
        ]
        if !plan.childNotifies { actions += becameReady() }
        // In a restart, a refresh waits for a worker's end and not for the child.
        return isRestart ? actions : actions + refreshIfRequested(at: now)
    }

    mutating func childCouldNotStart(_ failure: SpawnFailure, at now: Moment) -> [SupervisorAction] {
        let exitCode: ExitCode = failure.isNotFound ? .notFound : failure.isNotExecutable ? .notExecutable : .system
        switch phase {
        case .starting, .becoming, .running(.rollingBack):
            return [.notify("ERRNO=\(failure.code)")] + finish(.code(exitCode.rawValue))
        case .running(.overlapping) where second == nil:
            return withdraw("it could not be started: \(failure.reason)", at: now)
        case .running(.startingNew): return rollBack(.code(exitCode.rawValue), at: now)
        default: return []
        }
    }

    /// Something happened to a process below us: the child, the worker, the command on change, an orphan.
    mutating func happened(_ event: ChildEvent, at now: Moment) -> [SupervisorAction] {
        if event.pid == child?.pid { return childChanged(event.change, at: now) }
        if event.pid == second?.pid { return secondChanged(event.change, at: now) }
        guard let ending = Ending(event.change) else { return [] }
        if event.pid == checkProcess { return checkEnded(ending == .code(0) ? nil : "\(ending)", at: now) }
        if event.pid == worker?.pid { return workerEnded(ending, at: now) }
        guard event.pid == actionProcess else { return [] }
        // The limit has passed if it waits for nothing any more.
        guard deadlines[.action] != nil else {
            return actionEnded(actionFailed("was killed: it took longer than 60s"), at: now)
        }
        return actionEnded(actionFailure(ending), at: now)
    }

    /// How a process ended.
    enum Ending: Equatable, CustomStringConvertible {
        case code(Int32)
        case signal(Int32)

        /// nil: it has not ended.
        init?(_ change: ChildEvent.Change) {
            switch change {
            case .exited(let code): self = .code(code)
            case .killed(let signal): self = .signal(signal)
            case .stopped, .continued: return nil
            }
        }

        var description: String {
            switch self {
            case .code(let code): "exit code \(code)"
            case .signal(let number): "signal \(number)"
            }
        }
    }

    private mutating func childChanged(_ change: ChildEvent.Change, at now: Moment) -> [SupervisorAction] {
        if let ending = Ending(change) {
            guard plan.groupSignal else { return childEnded(ending, at: now) }
            child?.ending = ending
            child?.isStopped = false
            for name in [Deadlines.Name.restart, .probation] { deadlines[name] = nil }
            return [.lookAtGroup]
        }
        guard case .stopped(let signal) = change else {
            child?.isStopped = false
            return []
        }
        child?.isStopped = true
        // A shell has to see a stop by its terminal. A STOP concerns its sender and the child alone.
        return !isInit && [SIGTSTP, SIGTTIN, SIGTTOU].contains(signal) ? [.stopSelf(by: signal)] : []
    }

    /// Waits for what is left of a group whose leader has ended.
    mutating func groupSeen(isGone: Bool, at now: Moment) -> [SupervisorAction] {
        guard let child, let ending = child.ending else { return [] }
        guard !isGone else { return childEnded(ending, at: now) }
        deadlines[.group] = now.boot + Self.groupPause
        guard deadlines[.stop] == nil else { return [] }
        deadlines[.stop] = now.boot + (child.wasKilled ? Self.killLimit : .milliseconds(plan.stopTimeoutMilliseconds))
        return child.wasKilled ? [] : signalToEnd(plan.stopSignal)
    }

    /// The time to stop has passed. What KILL has not ended by its own limit is given up: others' processes that we may
    /// not signal, or that wait in the kernel.
    mutating func stopTimePassed(at now: Moment) -> [SupervisorAction] {
        if let child, let ending = child.ending, child.wasKilled { return childEnded(ending, at: now) }
        return killChild()
    }

    mutating func killChild() -> [SupervisorAction] {
        child?.wasKilled = true
        return [.signalChild(SIGKILL, queuedValue: nil)]
    }

    private mutating func childEnded(_ ending: Ending, at now: Moment) -> [SupervisorAction] {
        let hasFailed = ending != .code(0) && child?.wasInterrupted == false
        child = nil
        for name in [Deadlines.Name.stop, .group, .restart, .probation] { deadlines[name] = nil }
        switch phase {
        case .running(.stoppingOld): return startNew()
        case .running(.overlapping): return promoteSecond(at: now)
        // A newer generation waits for a restart: this is it.
        case .running(.superseded) where hasFailed: return startNew()
        case .running(.probation) where hasFailed: return rollBack(ending, at: now)
        case .stopping(let exitCode?): return finish(.code(exitCode))
        default: return finish(ending)
        }
    }

    private mutating func startNew() -> [SupervisorAction] {
        phase = .running(.startingNew)
        status.restarts += 1
        return [.startChild]
    }

    /// The changes of the last two seconds become one restart.
    mutating func stopForRestart(at now: Moment) -> [SupervisorAction] {
        phase = .running(.stoppingOld)
        deadlines[.probation] = nil
        deadlines[.stop] = now.boot + .milliseconds(plan.stopTimeoutMilliseconds)
        return takeWatchdogBack() + [.log(Message(.info, .childRestarting, "secrets changed: restarting the command"))]
            + signalToEnd(plan.stopSignal)
    }

    /// A stopped child has to continue before it can end.
    func signalToEnd(_ number: Int32) -> [SupervisorAction] {
        let numbers = child?.isStopped == true ? [number, SIGCONT] : [number]
        return numbers.map { .signalChild($0, queuedValue: nil) }
    }

    /// The child failed right after a restart: it is started once more, with the generation before.
    private mutating func rollBack(_ ending: Ending, at now: Moment) -> [SupervisorAction] {
        phase = .running(.rollingBack)
        // What the child failed with is not tried again, whoever was to be told of it.
        owed = nil
        deadlines[.owed] = nil
        let text = "the command failed with the new secrets (\(ending)); starting it with the previous ones"
        let message = Message(
            .error, .childRolledBack, text, hint: "correct the secret in the vault; these versions are not tried again")
        // A requested refresh that is abandoned here is made up for once the child runs.
        let isRequested = worker?.cause == .request || pendingRefresh == .request
        let actions = takeWatchdogBack() + [.log(message), .restoreEnvironment] + abandonAttempt()
        pendingRefresh = isRequested ? .request : nil
        return worker == nil ? actions + startAttempt(.rollBack, at: now) : actions
    }
}
