import Glibc
import LinuxSystem
import Messages
import Supervision
import WorkerProtocol

/// A state machine and a clock that tests move.
struct Fixture {
    static let workerPid: Int32 = 100
    static let childPid: Int32 = 200

    var machine: Supervisor
    var seconds: Int64 = 1000
    /// How far the wall clock is ahead of the boot clock.
    var wallShift: Int64 = 0
    var plan = SupervisorPlan()

    init(
        isSidecar: Bool = false, isInit: Bool = false, leadsSession: Bool = false, watchdog: Duration? = nil,
        plan: SupervisorPlan? = nil
    ) {
        machine = Supervisor(
            isSidecar: isSidecar, isInit: isInit, leadsSession: leadsSession, watchdogPeriod: watchdog, seed: 1)
        self.plan = plan ?? self.plan
    }

    @discardableResult
    mutating func handle(_ event: SupervisorEvent) -> [SupervisorAction] {
        machine.handle(event, at: Moment(boot: now, wall: seconds + wallShift))
    }

    var now: BootInstant { BootInstant(nanoseconds: seconds * 1_000_000_000) }

    /// Moves the clock and lets the deadlines pass.
    @discardableResult
    mutating func wait(_ duration: Int64) -> [SupervisorAction] {
        seconds += duration
        return Deadlines.Name.allCases.flatMap { handle(.deadline($0)) }
    }

    @discardableResult
    mutating func signal(_ number: Int32, code: Int32 = SignalCode.user, value: UInt64 = 0) -> [SupervisorAction] {
        handle(.signal(ReceivedSignal(number: number, code: code, sender: 50, value: value)))
    }

    @discardableResult
    mutating func ends(_ pid: Int32, _ change: ChildEvent.Change = .exited(code: 0)) -> [SupervisorAction] {
        handle(.child(ChildEvent(pid: pid, change: change)))
    }

    /// A worker has been started and has sent the plan.
    mutating func begin() {
        handle(.begun)
        handle(.workerStarted(pid: Self.workerPid))
        handle(.workerMessage(.prepared(plan, nil)))
    }

    /// The first worker delivers and exits; the child runs, or the sidecar watches.
    mutating func start() {
        begin()
        handle(.workerMessage(.finished(report())))
        if !machine.isSidecar { handle(.childStarted(pid: Self.childPid)) }
        ends(Self.workerPid)
    }

    /// A whole refresh, requested by HUP.
    @discardableResult
    mutating func refresh(_ report: WorkerReport) -> [SupervisorAction] {
        signal(SIGHUP)
        handle(.workerStarted(pid: Self.workerPid))
        return handle(.workerMessage(.finished(report))) + ends(Self.workerPid)
    }

    /// A restart that began with `change` and has the child running anew.
    mutating func restart() {
        refresh(report { $0.environmentChanged = true })
        wait(2)
        ends(Self.childPid, .killed(signal: SIGTERM))
        handle(.childStarted(pid: Self.childPid + 1))
    }

    func report(_ change: (inout WorkerReport) -> Void = { _ in }) -> WorkerReport {
        var report = WorkerReport(outcome: .delivered)
        report.nextMilliseconds = 300_000
        report.summary = "1 secret of 1 vault"
        change(&report)
        return report
    }

    func failure(
        _ message: String = "no way", code: String = "vault-unreachable", isGone: Bool = false
    ) -> WorkerReport {
        var report = WorkerReport(
            outcome: .failed(
                WorkerFailure(code: code, exitCode: 75, message: message, hint: nil, isGone: isGone)))
        report.nextMilliseconds = 1000
        return report
    }

    static func plan(_ change: (inout SupervisorPlan) -> Void) -> SupervisorPlan {
        var plan = SupervisorPlan()
        change(&plan)
        return plan
    }
}

extension [SupervisorAction] {
    /// The codes of what is logged.
    var codes: [MessageCode] {
        compactMap { action in
            if case .log(let message) = action { return message.diagnosis.code }
            return nil
        }
    }

    /// All actions but messages, status and notifications.
    var effects: [SupervisorAction] {
        filter { action in
            switch action {
            case .log, .notify, .notifyReloading, .writeStatus: false
            default: true
            }
        }
    }

    var startsWorker: Bool { order != nil }

    var order: WorkerOrder? {
        for case .startWorker(let order) in self { return order }
        return nil
    }
}
