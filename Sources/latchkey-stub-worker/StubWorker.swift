import Glibc
import LinuxSystem
import Messages
import WorkerProtocol

/// A worker that answers at once, for tests of the supervisor: no configuration, no network.
///
/// What it does is read from the environment that it is handed, from `STUB_*`: `STUB_FIRST`, `STUB_REFRESH` and
/// `STUB_ROLLBACK` say how an attempt goes (`deliver`, `change`, `crash`, `hang`, `garbage`, `silent`, `fail`, `unsealed`,
/// `ended`, `anew` once, `anew-always`, and those of `StubAttack`), the rest sets fields of the plan. Ways with commas
/// between them are those of one refresh after the other, the last one of all that follow. The child's environment is the
/// one handed in, byte for byte.
@main
enum StubWorker {
    static func main() {
        do throws(SystemError) {
            let block = try MemoryFile.contents(of: WorkerDescriptor.environment, limit: 64 << 20)
            let entries = block.split(separator: 0, omittingEmptySubsequences: false).dropLast().map { Array($0) }
            try StubAttempt(block: block, setting: StubSetting(entries: entries)).run()
            ProcessStart.exit(0)
        } catch {
            ProcessStart.exit(71)
        }
    }
}

/// The variables `STUB_…` of an environment.
struct StubSetting {
    let entries: [[UInt8]]

    func text(_ name: String) -> String? {
        let start = Array("STUB_\(name)=".utf8)
        return entries.first { $0.starts(with: start) }
            .map { String(decoding: $0.dropFirst(start.count), as: UTF8.self) }
    }

    func number(_ name: String) -> Int64? { text(name).flatMap { Int64($0) } }
    func isSet(_ name: String) -> Bool { text(name) == "1" }
}

struct StubAttempt {
    let block: [UInt8]
    let setting: StubSetting

    func run() throws(SystemError) {
        let bytes = try MemoryFile.contents(of: WorkerDescriptor.order, limit: 1 << 20)
        guard let order = try? WorkerOrder(decoding: bytes) else { throw SystemError(call: "order", code: 71) }
        let way: String
        switch order.task {
        case .first: way = setting.text("FIRST") ?? "deliver"
        case .refresh:
            let ways = (setting.text("REFRESH") ?? "deliver").split(separator: ",")
            way = String(ways[min(Int(order.attempt) - 2, ways.count - 1)])
        case .rollBack: way = setting.text("ROLLBACK") ?? "deliver"
        }
        if way == "hang-early" { hang() }
        let attack = StubAttack(rawValue: way)
        try attack?.begin(plan)
        if attack != .noPlan { try send(.prepared(attack?.changed(plan) ?? plan, nil)) }
        try attack?.go(on: plan, WorkerReport(outcome: .delivered))
        switch way {
        case "crash": Signals.die(of: 11)
        case "hang": hang()
        case "garbage": try LocalSocket.send([UInt8](repeating: 0xA5, count: 4096), over: WorkerDescriptor.report)
        case "silent": return
        case "anew-always": ProcessStart.exit(workerBeginsAnewCode)
        case "anew" where !order.isBegunAnew: ProcessStart.exit(workerBeginsAnewCode)
        case "fail": try report(failure, order)
        case "ended": try report(WorkerReport(outcome: .ended(exitCode: 66)), order)
        default: try deliver(order, isChange: way == "change" || attack != nil, isSealed: way != "unsealed")
        }
        if setting.isSet("LINGER") { hang() }
    }

    private func hang() -> Never {
        if setting.isSet("TELL") { try? writeAll(Array("hanging\n".utf8).span, to: 1) }
        while true { Signals.stopSelf() }
    }

    private var failure: WorkerReport {
        WorkerReport(outcome: .failed(WorkerFailure(code: "vault-unreachable", exitCode: 75, message: "no way")))
    }

    private var plan: SupervisorPlan {
        var plan = SupervisorPlan()
        plan.instance = "stub"
        if let user = setting.number("USER") {
            plan.identity = UserIdentity(user: UInt32(user), group: UInt32(user), groups: [UInt32(user)])
        }
        plan.once = setting.isSet("ONCE")
        plan.stopSignal = Int32(setting.number("STOP_SIGNAL") ?? Int64(SIGTERM))
        plan.stopTimeoutMilliseconds = setting.number("STOP_TIMEOUT") ?? 25_000
        plan.attemptTimeoutMilliseconds = setting.number("ATTEMPT_TIMEOUT") ?? 60_000
        plan.intervalMilliseconds = setting.number("INTERVAL") ?? plan.intervalMilliseconds
        plan.groupSignal = setting.isSet("GROUP_SIGNAL")
        plan.childNotifies = setting.isSet("CHILD_NOTIFIES")
        plan.target = setting.text("TARGET").map { .pidFile($0) }
        switch setting.text("READY") {
        case "notify": plan.ready = .notify
        case let command? where command.hasPrefix("/"):
            plan.ready = .command(command.split(separator: " ").map(String.init))
        default: plan.ready = .after(milliseconds: setting.number("READY") ?? 1)
        }
        plan.readyTimeoutMilliseconds = setting.number("READY_TIMEOUT") ?? 60_000
        switch setting.text("ACTION") {
        case "signal": plan.action = .signal(Int32(setting.number("SIGNAL") ?? Int64(SIGHUP)))
        case "restart": plan.action = .restart
        case "replace": plan.action = .replace(signal: setting.number("SIGNAL").map { Int32($0) })
        case "none": plan.action = .none
        case "exec":
            plan.action = .exec((setting.text("EXEC") ?? "").split(separator: " ").map(String.init))
        default: plan.action = .unset
        }
        let arguments = ProcessStart.arguments.dropFirst(2)
        plan.commandIndex = arguments.firstIndex { $0.elementsEqual("--".utf8) }.map { $0 - arguments.startIndex + 1 }
        return plan
    }

    private func deliver(_ order: WorkerOrder, isChange: Bool, isSealed: Bool) throws(SystemError) {
        var result = WorkerReport(outcome: .delivered)
        result.generation = order.attempt
        result.environmentChanged = order.task == .first || isChange
        result.changedNames = result.environmentChanged ? changedNames(order) : []
        result.summary = "1 secret of 1 vault"
        if result.environmentChanged {
            let added = order.task == .first ? [] : Array("STUB_GENERATION=\(order.attempt)".utf8) + [0]
            try writeAll((block + added).span, to: WorkerDescriptor.childEnvironment)
            if isSealed { try MemoryFile.seal(WorkerDescriptor.childEnvironment) }
        }
        try report(result, order)
    }

    private func changedNames(_ order: WorkerOrder) -> [String] {
        guard let count = setting.number("CHANGED") else { return ["STUB-\(order.attempt)"] }
        return (1...count).map { number in
            let digits = String(number)
            return "STUB-" + String(repeating: "0", count: 6 - digits.utf8.count) + digits
        }
    }

    private func report(_ report: WorkerReport, _ order: WorkerOrder) throws(SystemError) {
        var report = report
        report.nextMilliseconds = setting.number("NEXT")
        try writeAll(order.encoded.span, to: WorkerDescriptor.memoryOut)
        try MemoryFile.seal(WorkerDescriptor.memoryOut)
        try send(.finished(report))
    }

    private func send(_ message: WorkerMessage) throws(SystemError) {
        try LocalSocket.send(message.encoded, over: WorkerDescriptor.report)
    }
}
