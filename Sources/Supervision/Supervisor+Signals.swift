import Glibc
import LinuxSystem
import Messages
import WorkerProtocol

extension Supervisor {
    mutating func received(_ signal: ReceivedSignal, at now: Moment) -> [SupervisorAction] {
        switch signal.number {
        case SIGCHLD, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS: return []
        case SIGHUP: return receivedHangUp(signal, at: now)
        case SIGINT, SIGQUIT, SIGTERM: return receivedEnding(signal, at: now)
        default: return forward(signal)
        }
    }

    private mutating func receivedHangUp(_ signal: ReceivedSignal, at now: Moment) -> [SupervisorAction] {
        guard signal.isFromKernel else { return refresh(.request, at: now) }
        guard child != nil else {
            if case .stopping = phase { return [] }
            return finish(.signal(SIGHUP))
        }
        interrupted()
        // The terminal is gone. It tells the leader of its session alone; if that is another process, the foreground's
        // group hears of it by the leader's end (setpgid(2), tty_ioctl(4)), and the child is in it.
        return leadsSession ? signalToEnd(SIGHUP) + signalSecond(SIGHUP) : []
    }

    private mutating func receivedEnding(_ signal: ReceivedSignal, at now: Moment) -> [SupervisorAction] {
        guard child != nil || second != nil else {
            return isSidecar && signal.number != SIGQUIT ? end(code: 0) : end(by: signal.number)
        }
        // A terminal sends INT and QUIT to its whole foreground group: the child has it already, and decides itself.
        // No terminal sends TERM: from the kernel it comes by SysRq or a debugger.
        if signal.isFromKernel, signal.number != SIGTERM {
            interrupted()
            return []
        }
        if case .stopping = phase { return (child == nil ? [] : killChild()) + killSecond() }
        // Between two incarnations, and one before them is still about to end.
        guard child != nil else { return finish(.signal(signal.number)) }
        return stopChild(with: signal.number == SIGTERM ? plan.stopSignal : signal.number, at: now)
    }

    private mutating func interrupted() {
        child?.wasInterrupted = true
        second?.wasInterrupted = true
    }

    /// Begins the shutdown: the child gets the signal, and KILL once the stop timeout has passed.
    mutating func stopChild(with number: Int32, exitCode: Int32? = nil, at now: Moment) -> [SupervisorAction] {
        var actions: [SupervisorAction] = [.notify("STOPPING=1")]
        // A child that stops for its restart was told, and its time is running.
        if rollout != .stoppingOld {
            deadlines[.stop] = now.boot + .milliseconds(plan.stopTimeoutMilliseconds)
            actions += signalToEnd(number)
        }
        // One that was told before has its own time.
        if rollout == .overlapping, second != nil {
            deadlines[.retire] = deadlines[.stop]
            actions += signalSecond(number)
        }
        phase = .stopping(exitCode: exitCode)
        return actions + stopWaiting()
    }

    private func forward(_ signal: ReceivedSignal) -> [SupervisorAction] {
        guard child != nil else {
            let stops = !isInit && [SIGTSTP, SIGTTIN, SIGTTOU].contains(signal.number)
            return stops ? [.stopSelf(by: signal.number)] : []
        }
        // What the terminal sends, the child gets from there.
        guard !signal.isFromKernel else { return [] }
        let send = SupervisorAction.signalChild(signal.number, queuedValue: signal.isQueued ? signal.value : nil)
        return signal.number == SIGCONT && plan.groupSignal ? [.giveTerminal, send] : [send]
    }

    /// Ends as the command has ended.
    mutating func end(_ ending: Ending) -> [SupervisorAction] {
        switch ending {
        case .code(let code): end(code: code)
        case .signal(let number): end(by: number)
        }
    }

    /// Ends without a child, by a signal.
    mutating func end(by number: Int32) -> [SupervisorAction] {
        end(code: 0, isInit ? .exit(code: 128 + number) : .dieOf(number))
    }

    /// Ends without a child, with a code.
    mutating func end(code: Int32) -> [SupervisorAction] {
        end(code: code, .exit(code: code))
    }

    private mutating func end(code: Int32, _ last: SupervisorAction) -> [SupervisorAction] {
        phase = .ended
        let state = code == 0 ? "STOPPING=1" : "STOPPING=1\nEXIT_STATUS=\(code)"
        let endAction: [SupervisorAction] = actionProcess == nil ? [] : [.killAction]
        return abandonAttempt() + endAction + [.notify(state), .clean, last]
    }
}
