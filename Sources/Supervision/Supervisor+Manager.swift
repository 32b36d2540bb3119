import LinuxSystem
import Messages
import WorkerProtocol

// What the service manager is told (sd_notify(3)), and whose words it hears: ours, or with `--notify child` the child's.

extension Supervisor {
    private var statusLine: String { "STATUS=\(PrintableText.escaped(status.summary))" }

    /// The first fetch goes on retrying: the manager's time-out moves on with it. One try may take twice the limit of
    /// a request, since a token is fetched first.
    func waitsForStart(_ milliseconds: Int64) -> SupervisorAction {
        let wait = Self.words(.milliseconds(milliseconds))
        return .notify(
            "EXTEND_TIMEOUT_USEC=\((milliseconds + Self.tryLimitMilliseconds) * 1000)\n"
                + "STATUS=the first fetch is being retried, next try in \(wait)")
    }

    private static let tryLimitMilliseconds: Int64 = 45_000

    mutating func becameReady() -> [SupervisorAction] {
        guard !isReady else { return [] }
        isReady = true
        // A child that reports itself has its READY passed on as it came; a sidecar has none.
        return [.notify(plan.childNotifies && !isSidecar ? statusLine : "READY=1\n" + statusLine)]
    }

    /// A reload begins. Before the child has said that it is ready there is none: READY=1 at its end would be a lie.
    func reloading(asked: Bool) -> [SupervisorAction] {
        asked && isReady ? [.notifyReloading] : []
    }

    /// A refresh has ended, and the reload with it, unless another one was asked for meanwhile.
    func reloaded(asked: Bool) -> [SupervisorAction] {
        let isOver = asked && isReady && queued?.asked != true
        return [.notify(isOver ? "READY=1\n" + statusLine : statusLine)]
    }

    /// The last words, and the end of what was delivered.
    func farewell(code: Int32 = 0) -> [SupervisorAction] {
        [.notify(code == 0 ? "STOPPING=1" : "STOPPING=1\nEXIT_STATUS=\(code)"), .clean]
    }

    // MARK: --notify child

    /// Whether the child may be started again after its end.
    package func mayRestartChild(at now: Moment) -> Bool {
        switch phase {
        case .restarting, .rollingBack: true
        case .running: deadlines[.probation].map { now.boot < $0 } ?? false
        default: false
        }
    }

    /// With `--notify child` the watchdog is the child's, from its READY=1 to its end; between two incarnations, and
    /// while one starts, it is ours. A new one that is not ready after 90 s counts as hung: nobody pings for it.
    func watchdogIsOurs(at now: Moment) -> Bool {
        guard plan.childNotifies, phase == .running else { return true }
        return !childIsReady && now.boot < childStartedAt + Self.childStartLimit
    }

    private static let childStartLimit = Duration.seconds(90)

    /// The child is told to end: from here on it need not ping.
    func takeWatchdogBack() -> [SupervisorAction] {
        plan.childNotifies && watchdogPeriod != nil ? [.notify("WATCHDOG=1")] : []
    }
}
