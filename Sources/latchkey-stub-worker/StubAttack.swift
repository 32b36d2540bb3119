import LinuxSystem
import WorkerProtocol

/// What a worker does that was taken over, and wants the supervisor to run a command of its own.
enum StubAttack: String {
    /// Another plan after the first one.
    case secondPlan = "second-plan"
    /// A plan behind the report, as bytes.
    case planInReport = "plan-in-report"
    /// A report without a plan before it.
    case noPlan = "no-plan"
    /// Another user, or another command, in a plan that comes in time.
    case otherUser = "other-user"
    case otherCommand = "other-command"
    /// Descriptors with the beginning of a message that never ends: before the plan, or after it.
    case descriptorsEarly = "descriptors-early"
    case descriptorsLate = "descriptors-late"

    /// The plan that it wants: what it runs says so.
    private func wanted(_ plan: SupervisorPlan) -> SupervisorPlan {
        var wanted = plan
        wanted.identity = plan.identity == nil ? UserIdentity(user: 0, group: 0, groups: []) : nil
        wanted.action = .exec(["/bin/sh", "-c", "echo attacked >&2"])
        return wanted
    }

    func changed(_ plan: SupervisorPlan) -> SupervisorPlan {
        var changed = plan
        switch self {
        case .otherUser: return wanted(plan)
        case .otherCommand: changed.commandIndex = (plan.commandIndex ?? 0) + 1
        default: break
        }
        return changed
    }

    func begin(_ plan: SupervisorPlan) throws(SystemError) {
        if self == .descriptorsEarly { try flood() }
    }

    func go(on plan: SupervisorPlan, _ report: WorkerReport) throws(SystemError) {
        var report = report
        report.filesChanged = true
        switch self {
        case .secondPlan: try send(WorkerMessage.prepared(wanted(plan), nil).encoded)
        case .planInReport:
            // The body of a message, behind version, kind and length.
            let body = WorkerMessage.finished(report).encoded.dropFirst(WorkerMessage.headerSize)
            let plan = WorkerMessage.prepared(wanted(plan), nil).encoded.dropFirst(WorkerMessage.headerSize).dropLast()
            var whole = WireWriter()
            whole.write(workerProtocolVersion)
            whole.write(UInt8(3))
            whole.write(Array(body) + [1] + Array(plan))
            try send(whole.bytes)
        case .descriptorsLate: try flood()
        default: break
        }
    }

    /// Nine times three, and no message yet.
    private func flood() throws(SystemError) {
        var header = WireWriter()
        header.write(workerProtocolVersion)
        header.write(UInt8(3))
        header.write(Int64(1000))
        for byte in header.bytes.dropLast() {
            try LocalSocket.send([byte], descriptors: [0, 1, 2], over: WorkerDescriptor.report)
        }
        while true { Signals.stopSelf() }
    }

    private func send(_ bytes: [UInt8]) throws(SystemError) {
        try LocalSocket.send(bytes, over: WorkerDescriptor.report)
    }
}
