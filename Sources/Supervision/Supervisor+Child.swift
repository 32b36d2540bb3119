import LinuxSystem
import Messages
import WorkerProtocol

extension Supervisor {
    mutating func childDidStart(_ pid: Int32, at now: Moment) -> [SupervisorAction] {
        child = pid
        childStartedAt = now.boot
        childIsReady = false
        childIsStopped = false
        terminalHasAsked = false
        phase = .running
        status.childProcess = pid
        var actions: [SupervisorAction] = [
            .log(Message(.debug, .childStarted, "the command runs as process \(pid)")), .writeStatus,
        ]
        if !plan.childNotifies { actions += becameReady() }
        return actions + refreshIfAsked(at: now)
    }

    mutating func childCouldNotStart(_ failure: SpawnFailure, at now: Moment) -> [SupervisorAction] {
        let exitCode: ExitCode = failure.isNotFound ? .notFound : failure.isNotExecutable ? .notExecutable : .system
        if phase == .restarting, !rolledBack {
            deadlines[.probation] = nil
            return rollBack(.code(exitCode.rawValue), at: now)
        }
        return [.notify("ERRNO=\(failure.code)")] + end(code: exitCode.rawValue)
    }

    /// Something happened to one of the processes below us: the child, the worker, the command on change, an orphan.
    mutating func happened(_ event: ChildEvent, at now: Moment) -> [SupervisorAction] {
        if event.pid == child { return childChanged(event.change, at: now) }
        let ending: Ending
        switch event.change {
        case .stopped, .continued: return []
        case .exited(let code): ending = .code(code)
        case .killed(let signal): ending = .signal(signal)
        }
        if event.pid == worker?.pid { return workerEnded(ending, at: now) }
        if event.pid == actionProcess {
            actionProcess = nil
            deadlines[.action] = nil
            return ending == .code(0) ? [] : [.log(Self.actionFailed("failed: \(ending)"))]
        }
        return []
    }

    /// How a process ended.
    enum Ending: Equatable, CustomStringConvertible {
        case code(Int32)
        case signal(Int32)

        var description: String {
            switch self {
            case .code(let code): "exit code \(code)"
            case .signal(let number): "signal \(number)"
            }
        }
    }

    private mutating func childChanged(_ change: ChildEvent.Change, at now: Moment) -> [SupervisorAction] {
        switch change {
        case .stopped(let signal):
            childIsStopped = true
            // What the terminal stopped is stopped for the shell too; a STOP from elsewhere is between those two.
            return !isInit && (20...22).contains(signal) ? [.stopSelf(by: signal)] : []
        case .continued:
            childIsStopped = false
            return []
        case .exited(let code): return childEnded(.code(code), at: now)
        case .killed(let signal): return childEnded(.signal(signal), at: now)
        }
    }

    private mutating func childEnded(_ ending: Ending, at now: Moment) -> [SupervisorAction] {
        let wasInProbation = deadlines[.probation].map { now.boot < $0 } ?? false
        child = nil
        childIsStopped = false
        status.childProcess = nil
        deadlines[.stop] = nil
        deadlines[.probation] = nil
        if phase == .restarting { return restarted(at: now) }
        if phase == .running, wasInProbation, ending != .code(0), !rolledBack, !terminalHasAsked {
            if deadlines[.restart] != nil {
                // A newer generation was waiting for its restart: the child has stopped by itself for it.
                deadlines[.restart] = nil
                phase = .restarting
                return restarted(at: now)
            }
            return rollBack(ending, at: now)
        }
        return end(with: ending)
    }

    /// The child is gone, and starts with the newest generation.
    private mutating func restarted(at now: Moment) -> [SupervisorAction] {
        status.restarts += 1
        deadlines[.probation] = now.boot + Self.probation
        return [.startChild]
    }

    private mutating func end(with ending: Ending) -> [SupervisorAction] {
        if let endCode { return end(code: endCode) }
        switch ending {
        case .code(let code): return end(code: code)
        case .signal(let number): return end(by: number)
        }
    }

    /// The child failed right after a restart: once more with what worked before.
    private mutating func rollBack(_ ending: Ending, at now: Moment) -> [SupervisorAction] {
        phase = .rollingBack
        isUnproven = false
        // The attempt that is given up was perhaps somebody's reload: it is made up for once the child runs.
        asksWaiting = asksWaiting || worker?.asked == true || queued?.asked == true
        rolledBack = true
        let text = "the command failed with the new secrets (\(ending)); starting it with the previous ones"
        return takeWatchdogBack() + [
            .log(
                Message(
                    .error, .childRolledBack, text,
                    hint: "correct the secret in the vault; these versions are not tried again")),
            .restoreEnvironment,
        ] + abandonAttempt() + startAttempt(.rollBack, asked: false, at: now)
    }

    /// The changes of the last seconds become one restart.
    mutating func restartChild(at now: Moment) -> [SupervisorAction] {
        guard phase == .running, child != nil else { return [] }
        phase = .restarting
        rolledBack = false
        deadlines[.stop] = now.boot + .milliseconds(plan.stopTimeoutMilliseconds)
        let note = Message(.info, .childRestarting, "secrets changed: restarting the command")
        var actions: [SupervisorAction] = takeWatchdogBack() + [.log(note)]
        actions.append(.signalChild(plan.stopSignal, queuedValue: nil))
        if childIsStopped { actions.append(.signalChild(18, queuedValue: nil)) }
        return actions
    }
}
