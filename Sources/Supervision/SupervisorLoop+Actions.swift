import Glibc
import LinuxSystem
import Messages
import ServiceNotify
import WorkerProtocol

extension SupervisorLoop {
    func perform(_ action: SupervisorAction) {
        switch action {
        case .startWorker(let order): startWorker(order)
        case .killWorker: killWorker()
        case .keepEnvironment(let keepsPrevious):
            // A sidecar's worker leaves it unsealed.
            if filling.environment.isSealed {
                if !keepsPrevious || previousEnvironment.number == nil { previousEnvironment.take(from: environment) }
                environment.take(from: filling.environment)
            }
        case .forgetPreviousEnvironment: previousEnvironment.clear()
        case .restoreEnvironment:
            if previousEnvironment.number != nil { environment.take(from: previousEnvironment) }
        case .keepMemory:
            if filling.memory.isSealed { memory.take(from: filling.memory) }
        case .openSockets:
            let failure = sockets.open(machine.plan.listen, behind: setting.manager.listenCount)
            if let failure { dispatch(.socketFailed(failure)) }
        case .startChild: startChild(takesTerminal: true)
        case .startSecond: startChild(takesTerminal: false)
        case .signalSecond(let number):
            if let second = machine.second?.pid { signal(second, number, queuedValue: nil) }
        case .lookAtSecondGroup:
            if let second = machine.second?.pid {
                dispatch(.secondGroupSeen(isGone: Signals.isGone(group: second)))
            }
        case .startCheck(let words, let child): startCheck(words, child: child)
        case .killCheck(let process): try? Signals.send(SIGKILL, toGroup: process)
        case .passTerminal: passTerminal()
        case .becomeChild: becomeChild()
        case .signalChild(let number, let value): signalChild(number, queuedValue: value)
        case .lookAtGroup:
            if let child = machine.child?.pid { dispatch(.groupSeen(isGone: Signals.isGone(group: child))) }
        case .signalChange(let number): signalChange(number)
        case .signalTarget(let target, let number, let since): signalTarget(target, number, since: since)
        case .findTarget(let target): findTarget(target)
        case .startAction(let words, let names): startAction(words, changedNames: names)
        case .startReload(let unit): startReload(of: unit)
        case .killAction:
            if let process = machine.actionProcess { try? Signals.send(SIGKILL, toGroup: process) }
        case .stopSelf(let number): stopSelf(by: number)
        case .giveTerminal: giveTerminal()
        case .notify(let state): manager.send(state)
        case .notifyReloading: manager.sendReloading()
        case .log(let message): log(message)
        case .writeStatus: writeStatus()
        case .forgetUntold: directories.forgetUntold()
        case .clean: clean()
        case .exit(let code):
            eraseProgress()
            result = .exit(code)
        case .dieOf(let number):
            eraseProgress()
            result = .die(number)
        }
    }

    private var childRequest: SpawnRequest {
        let plan = machine.plan
        var request = SpawnRequest(
            arguments: Array(setting.arguments.dropFirst(plan.commandIndex ?? setting.arguments.count)),
            environment: environment.number ?? setting.environment)
        request.extra = manager.childEntries(becoming: plan.once && plan.childNotifies)
        request.identity = plan.identity
        return request
    }

    /// A second child leaves the terminal to the first one's group.
    private func startChild(takesTerminal: Bool) {
        if machine.plan.childNotifies, manager.childSocketNumber == nil,
            let number = manager.openChildSocket(forUs: machine.plan.ready == .notify)
        {
            try? events.watch(number, as: Watched.notify.rawValue)
        }
        var request = childRequest
        request.extra = manager.childEntries(becoming: false, listening: machine.plan.listen.map(\.name))
        request.listeners = sockets.numbers
        request.firstListener = 3 + CInt(setting.manager.listenCount)
        request.deathSignal = machine.plan.stopSignal
        request.ownGroup = machine.plan.groupSignal
        request.terminal = takesTerminal && machine.plan.groupSignal ? Terminal.inForeground() : nil
        do throws(SpawnFailure) {
            dispatch(.childStarted(pid: try request.spawn()))
        } catch {
            log(Message(.error, childFailure(error)))
            dispatch(.childNotStarted(error))
        }
    }

    private func becomeChild() {
        let failure = childRequest.become()
        log(Message(.error, childFailure(failure)))
        dispatch(.childNotStarted(failure))
    }

    private func childFailure(_ failure: SpawnFailure) -> Diagnosis {
        let index = machine.plan.commandIndex ?? 0
        let name = index < setting.arguments.count ? String(decoding: setting.arguments[index], as: UTF8.self) : ""
        if failure.isNotFound {
            // The kernel's error is the same where the interpreter of a script or the loader of a program is missing.
            let exists = name.contains("/") && ProcessFiles.exists(name)
            let reason =
                exists ? "the interpreter that its first line names, or its loader, does not exist" : failure.reason
            let hint =
                exists
                ? "see which with 'latchkey check -- \(name)'"
                : name.contains("/") ? "check the path" : "check the name, or PATH in the command's environment"
            return Diagnosis(.childNotFound, exit: .notFound, "command '\(name)': \(reason)", hint: hint)
        }
        if failure.isNotExecutable {
            let isLookedAt = failure.code == EACCES || failure.code == ENOEXEC
            let hint = isLookedAt ? "see what keeps it back with 'latchkey check -- \(name)'" : nil
            return Diagnosis(
                .childNotExecutable, exit: .notExecutable, "command '\(name)': \(failure.reason)", hint: hint)
        }
        return Diagnosis(
            .systemRefused, exit: .system, "command '\(name)' could not be started (\(failure.step)): \(failure.reason)"
        )
    }

    private func signalChild(_ number: Int32, queuedValue: UInt64?) {
        if let child = machine.child?.pid { signal(child, number, queuedValue: queuedValue) }
    }

    private func signal(_ process: Int32, _ number: Int32, queuedValue: UInt64?) {
        if machine.plan.groupSignal {
            try? Signals.send(number, toGroup: process)
        } else {
            try? Signals.send(number, to: process, queuedValue: queuedValue)
        }
    }

    private func signalChange(_ number: Int32) {
        guard let pid = machine.child?.pid else { return }
        if Signals.handles(number, process: pid) == false {
            dispatch(.changeSignalWithheld(number: number, reason: .noHandler))
        } else {
            signalChild(number, queuedValue: nil)
            dispatch(.changeTold(byStart: false))
        }
    }

    private func signalTarget(_ target: SignalTarget, _ number: Int32, since: BootInstant?) {
        do throws(SystemError) {
            let handle = try target.find(of: targetUsers)
            if let since, let started = ProcessFiles.start(of: handle.pid), started > since {
                dispatch(.changeTold(byStart: true))
            } else if Signals.handles(number, process: handle.pid) == false {
                dispatch(.changeSignalWithheld(number: number, reason: .noHandler))
            } else {
                try handle.send(number)
                dispatch(.changeTold(byStart: false))
            }
        } catch {
            dispatch(.changeSignalWithheld(number: number, reason: .noTarget("\(target.words) (\(error.reason))")))
        }
    }

    /// The users whose processes a sidecar means by a name: its own and the one that it delivers for.
    private var targetUsers: Set<UInt32> {
        let own = ProcessFiles.ownUser
        return [own, machine.plan.identity?.user ?? own]
    }

    private func findTarget(_ target: SignalTarget) {
        do throws(SystemError) {
            _ = try target.find(of: targetUsers)
        } catch {
            dispatch(.targetMissing("\(target.words) (\(error.reason))"))
        }
    }

    private func startAction(_ words: [String], changedNames: [String]) {
        var request = childRequest
        request.arguments = words.map { Array($0.utf8) }
        request.extra = [Array("LATCHKEY_CHANGED=\(Self.bounded(changedNames.joined(separator: ",")))".utf8)]
        request.isHelper = true
        request.deathSignal = SIGKILL
        request.output = STDERR_FILENO
        // A sidecar's own are for giving files away and for signals; the command of a run's app has the app's.
        request.dropsCapabilities = setting.isSidecar
        do throws(SpawnFailure) {
            dispatch(.actionStarted(pid: try request.spawn()))
        } catch {
            dispatch(.actionNotStarted(error))
        }
    }

    private func startCheck(_ words: [String], child: Int32) {
        var request = childRequest
        request.arguments = words.map { Array($0.utf8) }
        request.extra = [Array("LATCHKEY_CHILD_PID=\(child)".utf8)]
        request.isHelper = true
        request.deathSignal = SIGKILL
        request.output = STDERR_FILENO
        do throws(SpawnFailure) {
            dispatch(.checkStarted(pid: try request.spawn()))
        } catch {
            dispatch(.checkNotStarted(error))
        }
    }

    private func startReload(of unit: String) {
        var request = workerProgram.request([Array(workerReloadArgument.utf8), Array(unit.utf8)])
        request.asStarted = false
        request.isHelper = true
        request.deathSignal = SIGKILL
        let others = [CInt](repeating: -1, count: Int(WorkerDescriptor.program) - 3)
        request.descriptors = others + [workerProgram.fileNumber]
        do throws(SpawnFailure) {
            dispatch(.actionStarted(pid: try request.spawn()))
        } catch {
            dispatch(.actionNotStarted(error))
        }
    }

    /// As many names as have room in what every environment leaves free for additions, and `...` where some are left out:
    /// a list that is too long would keep the command from being started (execve(2), E2BIG).
    private static func bounded(_ names: String) -> String {
        guard names.utf8.count > changedNamesLimit else { return names }
        let ending = ",..."
        let start = String(decoding: names.utf8.prefix(changedNamesLimit - ending.utf8.count + 1), as: UTF8.self)
        return start[..<(start.lastIndex(of: ",") ?? start.startIndex)] + ending
    }

    private static let changedNamesLimit = 2048

    private func stopSelf(by number: Int32) {
        if machine.plan.groupSignal, let child = machine.child { Terminal.takeBack(from: child.pid) }
        wasContinued = Signals.stop(by: number)
        // We were continued, by the shell's fg or bg or by another process.
        if machine.plan.groupSignal { giveTerminal() }
        // We could not stop, since nothing would continue us: the child must not stay stopped either.
        if !wasContinued, number == SIGTSTP { signalChild(SIGCONT, queuedValue: nil) }
    }

    /// Whether the CONT that ended our stop has reached the child too: shells send it to the whole group.
    func isContinuedAlready(by signal: ReceivedSignal) -> Bool {
        guard signal.number == SIGCONT, wasContinued else { return false }
        wasContinued = false
        guard !machine.plan.groupSignal, let child = machine.child else { return false }
        return ProcessFiles.statusLine("State:", of: child.pid)?.hasPrefix("T") == false
    }

    private func giveTerminal() {
        // After bg the terminal belongs to another group, and stays there.
        if let terminal = Terminal.inForeground(), let child = machine.child {
            Terminal.setForeground(terminal, group: child.pid)
        }
    }

    /// The first child had the terminal, if anybody of us has it.
    private func passTerminal() {
        if let second = machine.second { Terminal.takeBack(from: second.pid) }
        giveTerminal()
    }

    func log(_ message: Message) {
        guard message.severity <= machine.plan.logLevel else { return }
        let usual = manager.journal == nil ? MessageFormat.text : .journal
        let format = machine.hasPlan ? machine.plan.logFormat : usual
        if format == .journal, let journal = manager.journal {
            let entry = JournalEntry(message, instance: machine.plan.instance)
            if journal.send(entry) { return }
        }
        eraseProgress()
        let renderer = MessageRenderer(format: format, colour: setting.hasColour, instance: machine.plan.instance)
        StandardError.writeNow(Array(renderer.render(message, at: UTCTime(seconds: now.wall)).utf8))
    }

    /// Erases the line of progress that a killed worker left.
    private func eraseProgress() {
        guard mayLeaveProgress, Terminal.isForeground(STDERR_FILENO, group: ProcessFiles.ownGroup) else { return }
        StandardError.writeNow(Terminal.eraseLine)
    }

    private func writeStatus() {
        directories.write(
            StatusDocument(
                instance: machine.plan.instance, process: process, child: machine.child?.pid, status: machine.status,
                pending: machine.pending, second: machine.secondRole, listening: machine.plan.listen))
    }

    private func clean() {
        // A worker that was killed may still be in a system call, and its last message may be unread.
        if let worker = machine.worker?.pid {
            try? ProcessHandle(pid: worker).waitForEnd(milliseconds: 150)
            readReport()
        }
        // Nor does the command on change outlive us.
        if let action = machine.actionProcess { try? ProcessHandle(pid: action).waitForEnd(milliseconds: 150) }
        sockets.removePaths()
        directories.clean(keepingFiles: keepsFiles)
    }

    /// Passes on datagrams of the child and its descendants, as far as `ChildNotification` allows.
    func readNotifications(atMost limit: Int = 32) {
        guard let number = manager.childSocketNumber else { return }
        // Any process can write to this socket. A flood must not keep the loop from its other work.
        for _ in 0..<limit {
            guard let message = try? LocalSocket.receive(from: number, into: &buffer) else { return }
            let descriptors = OwnedList(message.descriptors)
            if message.count > 0, let sender = ancestor(of: message.sender),
                let notification = ChildNotification(
                    datagram: Array(buffer.prefix(message.count)), isRestarting: machine.rollout?.mayRestart ?? false)
            {
                if sender == machine.child?.pid {
                    manager.send(
                        notification.forwarded, descriptors: notification.takesDescriptors ? message.descriptors : [])
                    if notification.isReady { dispatch(.childReady) }
                } else if notification.isReady {
                    // The manager knows one child, the one that serves.
                    dispatch(.secondReady)
                }
            }
            _ = descriptors.count
        }
    }

    /// The child, or the second one, that a process comes from.
    private func ancestor(of sender: Int32) -> Int32? {
        let children = [machine.child?.pid, machine.second?.pid]
        var process = sender
        for _ in 0..<64 {
            if children.contains(process) { return process }
            guard process > 1, let parent = ProcessFiles.parent(of: process) else { return nil }
            process = parent
        }
        return nil
    }
}
