import Glibc
import LinuxSystem
import Messages
import WorkerProtocol

// `--on-change replace`: a second child beside the first one, until one of them is left. From the second one's start on,
// no worker changes files or environment until the second one has proven itself or is withdrawn. So the generation before
// the newest is always the one that the first child runs with.

extension Supervisor {
    /// The changes of the last two seconds are due. A second child waits until no worker is at work, and until the process
    /// that was stopped last is gone: there are never three.
    mutating func rollOut(at now: Moment) -> [SupervisorAction] {
        guard case .replace = plan.action else { return stopForRestart(at: now) }
        guard rollout == .scheduled, worker == nil, second == nil, child?.ending == nil else { return [] }
        phase = .running(.overlapping)
        checkFailure = nil
        deadlines[.ready] = now.boot + .milliseconds(plan.readyTimeoutMilliseconds)
        let text = "secrets changed: starting a second command beside the running one"
        return (plan.childNotifies && isReady ? [.notifyReloading] : [])
            + [.log(Message(.info, .childReplacing, text)), .startSecond]
    }

    /// What a rollout waited for is over.
    mutating func rollOutIfDue(at now: Moment) -> [SupervisorAction] {
        rollout == .scheduled && deadlines[.restart] == nil && child?.ending == nil ? rollOut(at: now) : []
    }

    /// Whether a refresh waits, since a second child runs or has yet to prove itself.
    var defersRefresh: Bool {
        guard case .replace = plan.action else { return rollout == .overlapping || rollout == .reverting }
        switch rollout {
        case .overlapping, .reverting, .probation, .superseded: return true
        default: return false
        }
    }

    mutating func secondDidStart(_ pid: Int32, at now: Moment) -> [SupervisorAction] {
        guard second == nil else { return [] }
        second = Child(pid: pid, startedAt: now.boot)
        switch plan.ready {
        case .notify: break
        case .after(let milliseconds): deadlines[.check] = now.boot + .milliseconds(milliseconds)
        case .command: deadlines[.check] = now.boot + Self.checkInterval
        }
        return [.log(Message(.debug, .childStarted, "the second command runs as process \(pid)")), .writeStatus]
    }

    mutating func secondIsReady(at now: Moment) -> [SupervisorAction] {
        guard rollout == .overlapping, second != nil else { return [] }
        second?.isReady = true
        return plan.ready == .notify ? takeOver(at: now) : []
    }

    // MARK: --ready

    /// The second child has run for as long as it had to; or it is asked; or the command that asks has taken too long.
    mutating func checkIsDue(at now: Moment) -> [SupervisorAction] {
        guard rollout == .overlapping, let second else { return [] }
        guard case .command(let words) = plan.ready else { return takeOver(at: now) }
        guard let checkProcess else { return [.startCheck(words, child: second.pid)] }
        return [.killCheck(checkProcess)]
    }

    mutating func checkStarted(_ pid: Int32, at now: Moment) -> [SupervisorAction] {
        guard rollout == .overlapping else { return [.killCheck(pid)] }
        checkProcess = pid
        deadlines[.check] = now.boot + Self.checkLimit
        return []
    }

    /// `failure`: nil if the second child is ready.
    mutating func checkEnded(_ failure: String?, at now: Moment) -> [SupervisorAction] {
        checkProcess = nil
        guard rollout == .overlapping else { return [] }
        guard let failure else { return takeOver(at: now) }
        checkFailure = failure
        deadlines[.check] = now.boot + Self.checkInterval
        return []
    }

    private mutating func killCheck() -> [SupervisorAction] {
        guard let process = checkProcess else { return [] }
        checkProcess = nil
        return [.killCheck(process)]
    }

    mutating func readyTimedOut(at now: Moment) -> [SupervisorAction] {
        guard rollout == .overlapping, second != nil else { return [] }
        let limit = Self.words(.milliseconds(plan.readyTimeoutMilliseconds))
        let reason = checkFailure.map { "; the command of --ready: \($0)" } ?? ""
        return withdraw("not ready within \(limit)\(reason)", at: now)
    }

    // MARK: how an overlap ends

    /// The second child is ready: it is the child from here on, and the first one is stopped.
    private mutating func takeOver(at now: Moment) -> [SupervisorAction] {
        guard let ready = second else { return [] }
        (child, second) = (ready, child)
        // What is left of its group is looked at as the second one's from here on.
        if second?.ending != nil { deadlines[.secondGroup] = now.boot }
        for name in [Deadlines.Name.stop, .group] { deadlines[name] = nil }
        let begun = beginProbation(at: now)
        deadlines[.retire] = now.boot + .milliseconds(plan.stopTimeoutMilliseconds)
        let text = "the second command is ready as process \(ready.pid): stopping the one before"
        return begun + (plan.groupSignal ? [.passTerminal] : [])
            + [.log(Message(.info, .childReplaced, text))] + signalSecond(plan.stopSignal) + [.writeStatus]
            + unitIsReady()
    }

    /// The first child has ended by itself: the second one is the child, ready or not.
    mutating func promoteSecond(at now: Moment) -> [SupervisorAction] {
        guard let only = second else {
            // It is being started.
            for name in [Deadlines.Name.ready, .check] { deadlines[name] = nil }
            status.restarts += 1
            phase = .running(.startingNew)
            return []
        }
        (child, second) = (only, nil)
        let begun = beginProbation(at: now)
        let text = "the command has ended while it was being replaced: process \(only.pid) takes over"
        return begun + (plan.groupSignal ? [.passTerminal] : [])
            + [.log(Message(.info, .childReplaced, text)), .writeStatus] + unitIsReady()
    }

    private mutating func beginProbation(at now: Moment) -> [SupervisorAction] {
        phase = .running(.probation)
        for name in [Deadlines.Name.ready, .check] { deadlines[name] = nil }
        deadlines[.probation] = now.boot + Self.probation
        status.restarts += 1
        hasNewerFiles = false
        if owed?.receiver.isStarted == true { owed = nil }
        return killCheck()
    }

    /// The manager hears of the unit only: that it is ready again, unless the child says so itself.
    private func unitIsReady() -> [SupervisorAction] {
        guard plan.childNotifies, child?.isReady == true || (isReady && plan.ready != .notify) else { return [] }
        return [.notify("READY=1")]
    }

    /// The second child is given up: the first one runs on, and a worker points the files back.
    mutating func withdraw(_ reason: String, at now: Moment) -> [SupervisorAction] {
        phase = .running(.reverting)
        // What the second child failed with is not tried again.
        if owed?.receiver.isStarted == true { owed = nil }
        for name in [Deadlines.Name.ready, .check] { deadlines[name] = nil }
        let text =
            "the second command failed with the new secrets (\(reason)); the running one stays, with the previous ones"
        let message = Message(
            .error, .childRolledBack, text, hint: "correct the secret in the vault; these versions are not tried again")
        if second != nil { deadlines[.retire] = now.boot + .milliseconds(plan.stopTimeoutMilliseconds) }
        return killCheck() + [.log(message)] + signalSecond(plan.stopSignal) + [.restoreEnvironment]
            + startAttempt(.rollBack, at: now)
    }

    /// The files are those of the generation that the child runs with, or could not be pointed back. A child that may have
    /// read newer ones meanwhile is told, where a signal for that was chosen.
    mutating func reverted() -> [SupervisorAction] {
        phase = .running(.steady)
        let hadNewerFiles = hasNewerFiles
        hasNewerFiles = false
        var actions: [SupervisorAction] = []
        if hadNewerFiles, case .replace(let number?) = plan.action { actions = [.signalChange(number)] }
        return actions + [.writeStatus] + (plan.childNotifies && isReady ? [.notify("READY=1")] : [])
    }

    // MARK: the second process

    mutating func secondChanged(_ change: ChildEvent.Change, at now: Moment) -> [SupervisorAction] {
        guard let ending = Ending(change) else {
            if case .stopped = change { second?.isStopped = true } else { second?.isStopped = false }
            return []
        }
        guard plan.groupSignal else { return secondEnded(ending, at: now) }
        second?.ending = ending
        second?.isStopped = false
        let withdrawn = rollout == .overlapping ? withdraw("\(ending)", at: now) : []
        return withdrawn + [.lookAtSecondGroup]
    }

    private mutating func secondEnded(_ ending: Ending, at now: Moment) -> [SupervisorAction] {
        second = nil
        for name in [Deadlines.Name.retire, .secondGroup] { deadlines[name] = nil }
        switch phase {
        case .running(.overlapping): return withdraw("\(ending)", at: now)
        case .stopping: return child == nil ? end(outcome ?? ending) : []
        default: return [.writeStatus] + rollOutIfDue(at: now)
        }
    }

    /// With `--group-signal` it is over when its group is gone, as the child is (`groupSeen`).
    mutating func secondGroupSeen(isGone: Bool, at now: Moment) -> [SupervisorAction] {
        guard let ending = second?.ending else { return [] }
        guard !isGone else { return secondEnded(ending, at: now) }
        deadlines[.secondGroup] = now.boot + Self.groupPause
        if deadlines[.retire] == nil { deadlines[.retire] = now.boot + Self.killLimit }
        return []
    }

    /// The time to stop has passed (`stopTimePassed`).
    mutating func retireTimePassed(at now: Moment) -> [SupervisorAction] {
        guard let second else { return [] }
        if let ending = second.ending, second.wasKilled { return secondEnded(ending, at: now) }
        if second.ending != nil { deadlines[.retire] = now.boot + Self.killLimit }
        return killSecond()
    }

    mutating func killSecond() -> [SupervisorAction] {
        guard second != nil else { return [] }
        second?.wasKilled = true
        return [.signalSecond(SIGKILL)]
    }

    /// What the second process does, for the status.
    package var secondRole: (pid: Int32, role: String)? {
        second.map { ($0.pid, rollout == .overlapping ? "starting" : "stopping") }
    }

    /// A stopped process has to continue before it can end.
    func signalSecond(_ number: Int32) -> [SupervisorAction] {
        guard let second else { return [] }
        return (second.isStopped ? [number, SIGCONT] : [number]).map { .signalSecond($0) }
    }

    /// The child has ended, and Latchkey with it, as soon as nothing of the command is left.
    mutating func finish(_ ending: Ending) -> [SupervisorAction] {
        guard second != nil else { return end(ending) }
        phase = .stopping(exitCode: nil)
        outcome = ending
        return stopWaiting() + [.writeStatus]
    }

    /// From here on nothing begins any more.
    mutating func stopWaiting() -> [SupervisorAction] {
        for name in [Deadlines.Name.refresh, .restart, .probation, .ready, .check, .owed] { deadlines[name] = nil }
        return killCheck() + abandonAttempt()
    }

    /// How often the command of `--ready` is run.
    static let checkInterval = Duration.seconds(1)
    /// How long it may take.
    static let checkLimit = Duration.seconds(10)
}
