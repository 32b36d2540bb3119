import LinuxSystem
import Messages
import WorkerProtocol

// What the service manager is told (sd_notify(3)): by us, or with `--notify child` by the child.

extension Supervisor {
    /// As long as a line may be: what a worker says must not make the message one that the manager drops (4096 bytes).
    private var statusLine: String { "STATUS=\(PrintableText.clipped(status.summary, to: PrintableText.lineLimit))" }

    /// The first fetch goes on retrying: the manager's timeout is extended. One try may take twice the limit of a
    /// request, since a token is fetched first.
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
        // The READY=1 of a child that reports itself is passed on as it came. A sidecar has no child.
        return [.notify(plan.childNotifies && !isSidecar ? statusLine : "READY=1\n" + statusLine)]
    }

    /// A reload begins. Before the child is ready there is none, since a reload ends with READY=1.
    func reloading(_ cause: RefreshCause) -> [SupervisorAction] {
        cause == .request && isReady ? [.notifyReloading] : []
    }

    /// A refresh has ended, and the reload with it, unless another one was requested meanwhile.
    func reloaded(_ cause: RefreshCause) -> [SupervisorAction] {
        let isOver = cause == .request && isReady && pendingRefresh != .request
        return [.notify(isOver ? "READY=1\n" + statusLine : statusLine)]
    }

    // MARK: --notify child

    /// With `--notify child` the watchdog is the child's from its READY=1 to its end. While it starts or stops, we
    /// answer. A child that is not ready after 90 s counts as hung: nobody answers for it.
    func watchdogIsOurs(at now: Moment) -> Bool {
        guard plan.childNotifies, let child, rollout?.isUp == true else { return true }
        return !child.isReady && now.boot < child.startedAt + Self.childStartLimit
    }

    private static let childStartLimit = Duration.seconds(90)

    /// The child is told to end: from here on it need not answer the watchdog.
    func takeWatchdogBack() -> [SupervisorAction] {
        plan.childNotifies && watchdogPeriod != nil ? [.notify("WATCHDOG=1")] : []
    }
}
