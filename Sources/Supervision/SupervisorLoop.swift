import Glibc
package import LinuxSystem
import ServiceNotify
import WorkerProtocol

/// Runs the state machine: one thread, one epoll over signals, timer, the worker's stream and the notify socket.
///
/// `SupervisorLoop+….swift` do the machine's actions.
package final class SupervisorLoop {
    let setting: SupervisorSetting
    let workerProgram: WorkerProgram
    var machine: Supervisor
    let events: EventLoop
    let signals: SignalDescriptor
    let timer: BootTimer
    let process: Int32
    var timerIsSet: BootInstant?

    /// The current worker's stream, and what came over it so far.
    let report = OwnedSlot()
    var received: [UInt8] = []
    /// How often the current attempt was begun anew.
    var beginnings = 0
    /// A worker was started since memory was last released.
    var hasAttempted = false
    /// The memory files that the worker fills.
    var filling: (environment: OwnedSlot, memory: OwnedSlot) = (OwnedSlot(), OwnedSlot())
    /// The child's environment, and the one before it.
    let environment = OwnedSlot()
    let previousEnvironment = OwnedSlot()
    let memory = OwnedSlot()
    let directories = InstanceDirectories()
    let sockets = ListenSockets()
    let manager: ManagerLink
    /// Events that wait until the actions of the event before them are done.
    private var pending: [SupervisorEvent] = []
    private var isDispatching = false
    /// Descriptors of a message that is not complete yet.
    var arrived = OwnedList([])
    /// The current worker has sent its plan.
    var isPrepared = false
    /// By the plan, files stay when Latchkey ends.
    var keepsFiles = false
    var buffer = [UInt8](repeating: 0, count: 16_384)
    /// We were stopped and continued, and the CONT that did it is still to be read.
    var wasContinued = false
    var result: LoopResult?

    /// What the loop ends with.
    package enum LoopResult: Equatable, Sendable {
        case exit(Int32)
        case die(Int32)
    }

    /// The first worker's line of progress may still be on the terminal. The worker erases it before it reports.
    var mayLeaveProgress: Bool

    /// What epoll watches.
    enum Watched: UInt64 {
        case signals = 1, timer, report, notify
    }

    package init(
        _ setting: SupervisorSetting, _ workerProgram: consuming WorkerProgram, process: Int32
    ) throws(SystemError) {
        self.setting = setting
        self.workerProgram = workerProgram
        mayLeaveProgress = setting.hasProgress
        self.process = process
        events = try EventLoop()
        signals = try SignalDescriptor()
        timer = try BootTimer()
        manager = ManagerLink(setting.manager)
        machine = Supervisor(
            isSidecar: setting.isSidecar, isInit: process == 1, leadsSession: ProcessFiles.leadsSession,
            watchdogPeriod: setting.manager.watchdogPeriod,
            seed: UInt64(bitPattern: BootInstant.now.nanoseconds) ^ UInt64(process) << 32)
        try events.watch(signals.number, as: Watched.signals.rawValue)
        try events.watch(timer.number, as: Watched.timer.rawValue)
    }

    /// Supervises until the end.
    package func run() throws(SystemError) -> LoopResult {
        dispatch(.begun)
        while true {
            if let result {
                manager.journal?.flush()
                return result
            }
            setTimer()
            releaseMemory()
            var ready: InlineArray<5, Bool> = .init(repeating: false)
            try events.wait { name in
                if name < 5 { ready[Int(name)] = true }
            }
            // Signals first: an order to end that came before the report keeps the child from being started.
            // The last message of a worker that has ended is read when it is reaped.
            if ready[Int(Watched.signals.rawValue)] { readSignals() }
            if result == nil, ready[Int(Watched.report.rawValue)] { readReport() }
            if ready[Int(Watched.notify.rawValue)] { readNotifications() }
            if ready[Int(Watched.timer.rawValue)] {
                timer.acknowledge()
                timerIsSet = nil
                for name in Deadlines.Name.allCases { dispatch(.deadline(name)) }
            }
        }
    }

    /// Gives an event to the machine and does its actions. An event that an action brings waits until all of them are
    /// done, so that the machine alone sets their order.
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

    /// Releases what only an attempt needs, once its worker is gone: a long sleep begins.
    private func releaseMemory() {
        guard hasAttempted, machine.worker == nil else { return }
        hasAttempted = false
        received = []
        ProcessStart.releaseProgramPages()
    }

    private func readSignals() {
        while result == nil, let signal = signals.next() {
            if signal.number == SIGCHLD {
                reap()
            } else if !isOurs(signal), !isContinuedAlready(by: signal) {
                dispatch(.signal(signal))
            }
        }
    }

    /// Our own write to a pipe that nobody reads, or a terminal's signal that we were started to ignore (nohup(1)).
    private func isOurs(_ signal: ReceivedSignal) -> Bool {
        if signal.number == SIGPIPE, signal.sender == process { return true }
        // The child, which was started to ignore it too, may have taken a handler since.
        if signal.number == SIGHUP, machine.child != nil { return false }
        return signal.isFromKernel && ProcessStart.wasIgnored(signal.number)
    }

    /// Takes all events of children: standard signals coalesce, and orphans may end in thousands.
    private func reap() {
        while result == nil, let event = ChildEvent.next() {
            if event.change.isEnd, event.pid == machine.worker?.pid {
                readReport()
                closeReport()
                if beginsAnew(event.change) { continue }
            }
            if event.change.isEnd, event.pid == machine.child?.pid || event.pid == machine.second?.pid {
                // The child's last messages may be behind those of others, as long as the queue can be (unix(7)).
                readNotifications(atMost: 4096)
                if machine.plan.groupSignal { Terminal.takeBack(from: event.pid) }
            }
            dispatch(.child(event))
        }
    }
}
