import LinuxSystem
import Messages
import WorkerProtocol

extension Supervisor {
    mutating func received(_ signal: ReceivedSignal, at now: Moment) -> [SupervisorAction] {
        switch Kind(signal.number) {
        case .child, .fault: return []
        case .hangUp:
            // From the kernel it is a terminal that closed, and the child gets it from there itself.
            if signal.isFromKernel {
                terminalHasAsked = true
                return child == nil && !isSidecar ? end(by: signal.number) : []
            }
            return refresh(asked: true, at: now)
        case .ending: return receivedEnding(signal, at: now)
        case .jobControl: return receivedJobControl(signal)
        case .other: return forward(signal)
        }
    }

    private enum Kind {
        case child, fault, hangUp, ending, jobControl, other

        init(_ number: Int32) {
            switch number {
            case 17: self = .child
            case 4, 5, 6, 7, 8, 11, 31: self = .fault
            case 1: self = .hangUp
            case 2, 3, 15: self = .ending
            case 18, 20, 21, 22: self = .jobControl
            default: self = .other
            }
        }
    }

    private mutating func receivedEnding(_ signal: ReceivedSignal, at now: Moment) -> [SupervisorAction] {
        guard child != nil else {
            if isSidecar && signal.number != 3 { return end(code: 0) }
            return end(by: signal.number)
        }
        // A terminal sends to the whole foreground group: the child has it already, and decides itself. No terminal sends
        // TERM; from the kernel it is SysRq's, or a debugger's.
        if signal.isFromKernel, signal.number != 15 {
            terminalHasAsked = true
            return []
        }
        switch phase {
        case .stopping: return [.signalChild(9, queuedValue: nil)]
        case .restarting:
            phase = .stopping
            return [.notify("STOPPING=1")] + abandonAttempt()
        default: return stopChild(with: signal.number == 15 ? plan.stopSignal : signal.number, at: now)
        }
    }

    /// Begins the shutdown: the child gets the signal, and KILL when the stop timeout has passed.
    mutating func stopChild(with number: Int32, at now: Moment) -> [SupervisorAction] {
        phase = .stopping
        deadlines[.stop] = now.boot + .milliseconds(plan.stopTimeoutMilliseconds)
        deadlines[.refresh] = nil
        deadlines[.restart] = nil
        var actions: [SupervisorAction] = [.notify("STOPPING=1"), .signalChild(number, queuedValue: nil)]
        if childIsStopped { actions.append(.signalChild(18, queuedValue: nil)) }
        return actions + abandonAttempt()
    }

    private mutating func receivedJobControl(_ signal: ReceivedSignal) -> [SupervisorAction] {
        if signal.number == 18 {
            guard child != nil, !signal.isFromKernel else { return [] }
            return (plan.groupSignal ? [.giveTerminal] : []) + [.signalChild(18, queuedValue: nil)]
        }
        guard child != nil else { return isInit ? [] : [.stopSelf(by: signal.number)] }
        // From the terminal the child has it; whether it stops is seen when it does.
        return signal.isFromKernel ? [] : [.signalChild(signal.number, queuedValue: nil)]
    }

    private func forward(_ signal: ReceivedSignal) -> [SupervisorAction] {
        guard child != nil, !signal.isFromKernel else { return [] }
        return [.signalChild(signal.number, queuedValue: signal.isQueued ? signal.value : nil)]
    }

    /// Ends without a child, by a signal.
    mutating func end(by number: Int32) -> [SupervisorAction] {
        let actions = abandonAttempt() + farewell()
        phase = .ended
        return actions + [isInit ? .exit(code: 128 + number) : .dieOf(number)]
    }

    /// Ends without a child, with a code.
    mutating func end(code: Int32) -> [SupervisorAction] {
        let actions = abandonAttempt() + farewell(code: code)
        phase = .ended
        return actions + [.exit(code: code)]
    }
}
