package import LinuxSystem
import ServiceNotify
import WorkerProtocol

/// What the loop is given at the start.
package struct SupervisorSetting: Sendable {
    /// All arguments as the kernel gave them.
    package var arguments: [[UInt8]]
    package var isSidecar: Bool
    /// The worker's program, opened by `O_PATH` at the start: an upgrade can't mix versions unnoticed.
    package var workerProgram: CInt
    /// The loader that starts it, with its own arguments, in a bundle; empty elsewhere.
    package var workerArguments: [[UInt8]]
    /// The original environment, sealed.
    package var environment: CInt
    /// The service manager's variables, kept from workers: `NOTIFY_SOCKET`, `WATCHDOG_*`, `LISTEN_*`.
    package var manager: ManagerVariables
    /// Whether messages as text are coloured.
    package var hasColour: Bool
    /// Whether the first worker shows on a terminal what it waits for.
    package var hasProgress: Bool

    package init(
        arguments: [[UInt8]], isSidecar: Bool, workerProgram: CInt, workerArguments: [[UInt8]], environment: CInt,
        manager: ManagerVariables, hasColour: Bool, hasProgress: Bool
    ) {
        self.arguments = arguments
        self.isSidecar = isSidecar
        self.workerProgram = workerProgram
        self.workerArguments = workerArguments
        self.environment = environment
        self.manager = manager
        self.hasColour = hasColour
        self.hasProgress = hasProgress
    }
}

/// Runs the state machine: one thread, one epoll over signals, timer, the worker's stream and the notify socket.
///
/// `SupervisorLoop+….swift` hold how the actions are done.
package final class SupervisorLoop {
    let setting: SupervisorSetting
    var machine: Supervisor
    let events: EventLoop
    let signals: SignalDescriptor
    let timer: BootTimer
    let process: Int32
    var timerIsSet: BootInstant?

    /// The stream of the worker that is under way, and what came over it so far.
    let report = OwnedSlot()
    var received: [UInt8] = []
    var worker: Int32?
    /// A worker was there since memory was last let go.
    var hasAttempted = false
    /// The memory files that the worker fills.
    var filling: (environment: OwnedSlot, memory: OwnedSlot) = (OwnedSlot(), OwnedSlot())
    /// The child's environment, and the one before it.
    let environment = OwnedSlot()
    let previousEnvironment = OwnedSlot()
    let memory = OwnedSlot()
    let directories = InstanceDirectories()
    /// The child's id. It is ours until we have reaped it, so that no other process can have it.
    var child: Int32?
    var actionProcess: Int32?
    let manager: ManagerLink
    /// Events that actions have brought, for when the actions before them are done.
    private var pending: [SupervisorEvent] = []
    private var isDispatching = false
    /// Descriptors that came with the first bytes of a message whose last ones are still to come.
    var arrived = OwnedList([])
    /// The first worker has told the plan.
    var isPrepared = false
    /// Files stay over the end, as far as the newest plan tells.
    var keepsFiles = false
    var buffer = [UInt8](repeating: 0, count: 16_384)
    /// We were stopped, and the CONT that ended it is still to be read.
    var wasContinued = false
    var result: LoopResult?

    /// What the loop ends with.
    package enum LoopResult: Equatable, Sendable {
        case exit(Int32)
        case die(Int32)
    }

    /// The first worker's line of progress may still stand on the terminal: it takes it away itself before it reports.
    var mayLeaveProgress: Bool

    /// The names of what epoll watches.
    enum Watched: UInt64 {
        case signals = 1, timer, report, notify
    }

    package init(_ setting: SupervisorSetting, process: Int32) throws(SystemError) {
        self.setting = setting
        mayLeaveProgress = setting.hasProgress
        self.process = process
        events = try EventLoop()
        signals = try SignalDescriptor()
        timer = try BootTimer()
        manager = ManagerLink(setting.manager)
        machine = Supervisor(
            isSidecar: setting.isSidecar, isInit: process == 1, watchdogPeriod: setting.manager.watchdogPeriod,
            seed: UInt64(bitPattern: BootInstant.now.nanoseconds) ^ UInt64(process) << 32)
        try events.watch(signals.number, as: Watched.signals.rawValue)
        try events.watch(timer.number, as: Watched.timer.rawValue)
    }

    /// Supervises until the end.
    package func run() throws(SystemError) -> LoopResult {
        dispatch(.begun)
        while true {
            if let result {
                manager.journal?.settle()
                return result
            }
            setTimer()
            releaseMemory()
            var ready: InlineArray<5, Bool> = .init(repeating: false)
            try events.wait { name in
                if name < 5 { ready[Int(name)] = true }
            }
            // Signals first: who was told to end before the report came starts no child any more. What a worker that has
            // ended had said is read with its end.
            if ready[Int(Watched.signals.rawValue)] { readSignals() }
            if result == nil, ready[Int(Watched.report.rawValue)] { readReport() }
            if ready[Int(Watched.notify.rawValue)] { readNotifications() }
            if ready[Int(Watched.timer.rawValue)] {
                timer.acknowledge()
                timerIsSet = nil
                dispatch(.deadline)
            }
        }
    }

    /// Gives an event to the machine and does what it says. An event that an action brings waits until all actions of
    /// the event before it are done: their order is the machine's.
    func dispatch(_ event: SupervisorEvent) {
        pending.append(event)
        guard !isDispatching else { return }
        isDispatching = true
        while result == nil, !pending.isEmpty {
            for action in machine.handle(pending.removeFirst(), at: now) where result == nil {
                perform(action)
            }
        }
        isDispatching = false
    }

    var now: Moment { Moment(boot: .now, wall: wallClockSeconds()) }

    private func setTimer() {
        let earliest = machine.deadlines.earliest
        guard earliest != timerIsSet else { return }
        timer.set(earliest)
        timerIsSet = earliest
    }

    /// Once an attempt is over and its worker gone, a long sleep begins: what only the attempt needed is let go.
    private func releaseMemory() {
        guard hasAttempted, worker == nil else { return }
        hasAttempted = false
        received = []
        ProcessStart.releaseProgramPages()
    }

    private func readSignals() {
        while result == nil, let signal = signals.next() {
            if signal.number == 17 {
                reap()
            } else if !isOurs(signal), !isContinuedAlready(by: signal) {
                dispatch(.signal(signal))
            }
        }
    }

    /// A write of ours to a pipe that nobody reads; or the terminal's signal that we were started to ignore (nohup(1)).
    private func isOurs(_ signal: ReceivedSignal) -> Bool {
        if signal.number == 13, signal.sender == process { return true }
        return signal.isFromKernel && ProcessStart.wasIgnored(signal.number)
    }

    /// Takes every child that has something to say: standard signals coalesce, and orphans may come in thousands.
    private func reap() {
        while result == nil, let event = ChildEvent.next() {
            if event.pid == worker, isEnd(event.change) {
                readReport()
                worker = nil
                closeReport()
            }
            if event.pid == child, isEnd(event.change) {
                child = nil
                if machine.plan.groupSignal { Terminal.takeBack(from: event.pid) }
            }
            if event.pid == actionProcess, isEnd(event.change) { actionProcess = nil }
            dispatch(.child(event))
        }
    }

    private func isEnd(_ change: ChildEvent.Change) -> Bool {
        switch change {
        case .exited, .killed: true
        case .stopped, .continued: false
        }
    }
}
