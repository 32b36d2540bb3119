import Glibc
import LinuxSystem
import Messages
import Supervision
import Testing
import WorkerProtocol

/// The state machine in a world of workers, children, commands, targets and clocks that do what they like.
struct RandomWalkTests {
    private static let walks: [(seed: UInt64, events: Int)] =
        runsFull ? [(UInt64.random(in: 1...UInt64.max), 1_000_000)] : (1...4).map { ($0, 5000) }

    /// No change stays untold while its receiver lives, nothing is told without a change, nobody is left behind, and
    /// every wait has an end.
    @Test(arguments: walks)
    func `whatever happens, every change is told, and nothing else is`(seed: UInt64, events: Int) {
        print("random walk: seed \(seed), \(events) events")
        var generator = SplitMix64(state: seed)
        var (count, runs) = (0, 0)
        var counts: [String: Int] = [:]
        while count < events {
            var world = World(seed: generator.next())
            world.run(events: 1000)
            count += world.count
            counts.merge(world.counts) { $0 + $1 }
            runs += 1
            if let fault = world.fault {
                Issue.record("seed \(seed), run \(runs): \(fault)\n\(world.history.suffix(40).joined(separator: "\n"))")
                return
            }
        }
        print("random walk: \(count) events in \(runs) runs:", counts.sorted { $0.key < $1.key }.map { "\($1) \($0)" })
        // A walk that meets none of these has seen little.
        let met = [
            "signals", "signals withheld", "commands", "commands that failed", "restarts", "rollbacks", "groups",
        ]
        for name in met { #expect(counts[name, default: 0] > 0, "\(name)") }
    }
}

/// A supervisor's surroundings. `fault` says what must not be.
private struct World {
    struct WorkerProcess {
        let pid: Int32
        let order: WorkerOrder
        var isPrepared = false
        var hasReported = false
        var isKilled = false
    }

    struct ChildProcess {
        let pid: Int32
        var handles: Bool
        var isKilled = false
        /// It has ended, and somebody of its group may be left.
        var hasEnded = false
        var groupLives = false
    }

    private var machine: Supervisor
    private var generator: SplitMix64
    private var plan = SupervisorPlan()
    private let isSidecar: Bool
    private var nanoseconds: Int64 = 1_000_000_000_000
    private var worker: WorkerProcess?
    private var child: ChildProcess?
    private var action: (pid: Int32, isKilled: Bool)?
    /// The process beside a sidecar: when it started, and whether it handles the signal.
    private var target: (start: BootInstant, handles: Bool)?
    /// What nobody was told of; what the running command was given.
    private var untold: Set<String> = []
    private var given: Set<String> = []
    /// Requests that may bring a signal without a change.
    private var requests = 0
    /// Everything goes well from here on.
    private var isFriendly = false
    private var hasEnded = false
    private var queue: [SupervisorEvent] = []
    private var lastPid: Int32 = 1000
    private(set) var count = 0
    /// What happened how often.
    private(set) var counts: [String: Int] = [:]
    private(set) var history: [String] = []
    private(set) var fault: String?

    init(seed: UInt64) {
        generator = SplitMix64(state: seed)
        let isSidecar = Bool.random(using: &generator)
        self.isSidecar = isSidecar
        machine = Supervisor(
            isSidecar: isSidecar, isInit: Bool.random(using: &generator), leadsSession: Bool.random(using: &generator),
            seed: seed)
        plan.action = randomAction()
        plan.target = isSidecar ? .process(7) : nil
        plan.groupSignal = Bool.random(using: &generator)
        plan.once = !isSidecar && chance(2)
        plan.stopsWhenGone = chance(20)
        plan.intervalMilliseconds = chance(90) ? 60_000 : nil
        if chance(50) { target = (now, chance(50)) }
    }

    private var now: BootInstant { BootInstant(nanoseconds: nanoseconds) }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }
    private mutating func pick(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &generator) }

    private mutating func newPid() -> Int32 {
        lastPid += 1
        return lastPid
    }

    private mutating func randomAction() -> ChangeAction {
        switch pick(0...9) {
        case 0: .none
        case 1: .unset
        case 2...4: .restart
        case 5: .exec(["/bin/reload"])
        case 6: isSidecar ? .reloadUnit("web.service") : .exec(["/bin/reload"])
        default: .signal(SIGUSR1)
        }
    }

    // MARK: the walk

    mutating func run(events: Int) {
        send(.begun)
        while !hasEnded, fault == nil, count < events { step() }
        drain()
    }

    /// From here on all goes well: whatever is owed is told in a while.
    private mutating func drain() {
        isFriendly = true
        target = target.map { ($0.start, true) } ?? (now, true)
        for _ in 0..<2000 where !hasEnded && fault == nil {
            if untold.isEmpty, given.isEmpty { return }
            if case .stopping = machine.phase { return }
            child?.handles = true
            step()
        }
        if !hasEnded, fault == nil { fault = "not told in the end: \(untold) \(given)" }
    }

    private mutating func step() {
        switch pick(0...(isFriendly ? 61 : 99)) {
        case 0..<15: passTime()
        case 15..<50: if worker != nil { goOn() }
        case 50..<62: endAction()
        case 62..<70: changeTarget()
        case 70..<88: signal()
        case 88..<92:
            let handles = chance(50)
            child?.handles = handles
        default: changeChild()
        }
        childGoesOn()
    }

    private mutating func passTime() {
        if let next = machine.deadlines.earliest, chance(isFriendly ? 100 : 60) {
            nanoseconds = max(nanoseconds, next.nanoseconds)
        } else {
            nanoseconds += pick(1...5_000_000_000)
        }
        for name in Deadlines.Name.allCases where machine.deadlines[name] != nil { send(.deadline(name)) }
    }

    /// The worker's next step.
    private mutating func goOn() {
        guard let current = worker else { return }
        if current.isKilled { return endWorker(.killed(signal: SIGKILL)) }
        if current.hasReported { return endWorker(.exited(code: 0)) }
        let isGood = isFriendly || current.order.task == .first && chance(90)
        if !isGood, chance(8) { return endWorker(.killed(signal: SIGSEGV)) }
        if !isGood, chance(4) { return send(.workerGarbage(reason: "garbage")) }
        if !current.isPrepared {
            worker?.isPrepared = true
            return prepare()
        }
        if !isFriendly, chance(15) { return send(.workerMessage(.waiting(milliseconds: 1000))) }
        worker?.hasReported = true
        let report = randomReport(current.order)
        if !current.isKilled, report.outcome == .delivered, report.filesChanged || report.environmentChanged,
            isSidecar
                ? current.order.task != .rollBack && report.filesChanged || current.order.task == .refresh
                : current.order.task == .refresh, isTold(machine.plan.action)
        {
            untold.formUnion(report.changedNames)
        }
        send(.workerMessage(.finished(report)))
    }

    private mutating func prepare() {
        var sent = plan
        if machine.hasPlan, !isFriendly {
            if chance(10) { sent.action = randomAction() }
            if chance(1) { sent.commandIndex = 99 }
        }
        let isTaken = sent.commandIndex == plan.commandIndex
        // Nobody is left to be told. Who starts anew already will have it.
        if isTaken, !isTold(sent.action), machine.owed?.receiver != .restart { untold = [] }
        send(.workerMessage(.prepared(sent, nil)))
        if isTaken {
            plan = sent
        } else if machine.plan != plan {
            fault = "another command was taken"
        }
    }

    private func isTold(_ action: ChangeAction) -> Bool {
        switch action {
        case .none, .unset: false
        case .restart, .replace: !isSidecar
        case .signal, .exec, .reloadUnit: true
        }
    }

    private mutating func randomReport(_ order: WorkerOrder) -> WorkerReport {
        if !isFriendly, chance(order.task == .first ? 2 : 15) {
            var report = WorkerReport(
                outcome: .failed(
                    WorkerFailure(code: "vault-unreachable", exitCode: 75, message: "no", isGone: chance(5))))
            report.nextMilliseconds = pick(1000...60_000)
            return report
        }
        var report = WorkerReport(outcome: .delivered)
        report.nextMilliseconds = chance(95) ? pick(1000...60_000) : nil
        guard !isFriendly, chance(50) else { return report }
        report.filesChanged = chance(70)
        report.environmentChanged = !report.filesChanged || chance(30)
        report.changedNames = (0...pick(0...2)).map { _ in "secret-\(pick(1...9))" }
        return report
    }

    private mutating func endWorker(_ change: ChildEvent.Change) {
        guard let pid = worker?.pid else { return }
        worker = nil
        send(.child(ChildEvent(pid: pid, change: change)))
    }

    private mutating func endAction() {
        guard let current = action, current.isKilled || chance(60) else { return }
        action = nil
        let isDone = !current.isKilled && (isFriendly || chance(60))
        // Nobody has a change that was not told if the plan has no receiver any more.
        if !isDone, isTold(machine.plan.action) { untold.formUnion(given) }
        counts[isDone ? "commands" : "commands that failed", default: 0] += 1
        given = []
        let change: ChildEvent.Change =
            current.isKilled ? .killed(signal: SIGKILL) : .exited(code: isDone ? 0 : 1)
        send(.child(ChildEvent(pid: current.pid, change: change)))
    }

    private mutating func changeTarget() {
        let start = chance(50) ? now : target?.start ?? now
        target = chance(40) ? nil : (start, chance(60))
    }

    private mutating func signal() {
        switch pick(0...99) {
        case 0..<60:
            requests += 1
            send(.signal(ReceivedSignal(number: SIGHUP, code: SignalCode.user)))
        case 60..<62: if chance(10) { send(.signal(ReceivedSignal(number: SIGHUP, code: SignalCode.kernel))) }
        case 62: send(.signal(ReceivedSignal(number: SIGTERM)))
        case 63..<75: send(.signal(ReceivedSignal(number: SIGINT, code: SignalCode.kernel)))
        case 75..<85: send(.signal(ReceivedSignal(number: SIGTSTP, code: SignalCode.kernel)))
        default: send(.signal(ReceivedSignal(number: SIGUSR2)))
        }
    }

    private mutating func changeChild() {
        if machine.rollout == .probation, child?.hasEnded == false, chance(20) { return endChild(.exited(code: 3)) }
        guard let current = child, !current.hasEnded else {
            return send(.child(ChildEvent(pid: newPid(), change: .exited(code: 1))))
        }
        switch pick(0...99) {
        case 0: endChild(.exited(code: 0))
        case 1: endChild(.exited(code: 3))
        case 2: endChild(.killed(signal: SIGSEGV))
        case 3..<30: send(.child(ChildEvent(pid: current.pid, change: .stopped(signal: SIGTSTP))))
        case 30..<60: send(.child(ChildEvent(pid: current.pid, change: .continued)))
        default: send(.childReady)
        }
    }

    /// A child that was told to end does so sooner or later; after KILL, soon.
    private mutating func childGoesOn() {
        guard let current = child, !hasEnded, isStopping else { return }
        if !current.hasEnded, chance(current.isKilled ? 50 : 5) { endChild(.killed(signal: SIGTERM)) }
        if current.hasEnded, chance(current.isKilled ? 50 : 5) { child?.groupLives = false }
    }

    private var isStopping: Bool {
        if case .stopping = machine.phase { return true }
        return machine.rollout == .stoppingOld || child?.hasEnded == true || child?.isKilled == true
    }

    private mutating func endChild(_ change: ChildEvent.Change) {
        guard let pid = child?.pid else { return }
        child?.hasEnded = true
        let isLeft = plan.groupSignal && chance(50)
        child?.groupLives = isLeft
        if !plan.groupSignal { child = nil }
        send(.child(ChildEvent(pid: pid, change: change)))
    }

    // MARK: the supervisor

    private mutating func send(_ event: SupervisorEvent) {
        queue.append(event)
        while !queue.isEmpty, !hasEnded, fault == nil {
            let event = queue.removeFirst()
            count += 1
            let actions = machine.handle(event, at: Moment(boot: now, wall: nanoseconds / 1_000_000_000))
            history.append("\(nanoseconds / 1_000_000) \(event) -> \(machine.phase): \(actions)")
            if history.count > 200 { history.removeFirst(100) }
            for action in actions where fault == nil && !hasEnded { perform(action) }
        }
        if fault == nil, !hasEnded { check() }
    }

    private mutating func perform(_ action: SupervisorAction) {
        switch action {
        case .startWorker(let order):
            guard worker == nil else { return fault = "two workers" }
            if !isFriendly, chance(3) {
                queue.append(.workerNotStarted(SpawnFailure(step: .fork, code: EAGAIN)))
            } else {
                let pid = newPid()
                worker = WorkerProcess(pid: pid, order: order)
                queue.append(.workerStarted(pid: pid))
            }
        case .killWorker: worker?.isKilled = true
        case .startChild: startChild()
        case .becomeChild: hasEnded = true
        case .signalChild(let number, _): if number == SIGKILL { child?.isKilled = true }
        case .lookAtGroup:
            let lives = child?.groupLives == true
            if !lives { child = nil }
            if lives { counts["groups", default: 0] += 1 }
            queue.append(.groupSeen(isGone: !lives))
        case .signalChange(let number): tell(child.map { ($0.handles, false) }, number)
        case .signalTarget(_, let number, let since):
            tell(target.map { target in (target.handles, since.map { target.start > $0 } ?? false) }, number)
        case .findTarget: if target == nil { queue.append(.targetMissing("nobody")) }
        case .startAction(_, let names): startAction(names)
        case .startReload: startAction(Array(untold))
        case .killAction: self.action?.isKilled = true
        case .log(let message):
            if message.diagnosis.code == .childRolledBack {
                untold = []
                counts["rollbacks", default: 0] += 1
            }
        case .forgetUntold: if !untold.isEmpty || !given.isEmpty { fault = "a change is forgotten" }
        case .exit, .dieOf: end()
        default: break
        }
    }

    private mutating func startChild() {
        // What KILL has not ended was given up.
        guard child == nil || child?.hasEnded == true && child?.isKilled == true else { return fault = "two children" }
        child = nil
        if !isFriendly, chance(3) {
            queue.append(.childNotStarted(SpawnFailure(step: .execute, code: ENOENT)))
            return
        }
        let pid = newPid()
        let handles = chance(50)
        child = ChildProcess(pid: pid, handles: handles)
        // It has all that is delivered.
        if machine.rollout == .startingNew {
            switch machine.owed?.receiver {
            case .child, .restart: untold = []
            default: break
            }
        }
        if machine.status.restarts > 0 { counts["restarts", default: 0] += 1 }
        queue.append(.childStarted(pid: pid))
    }

    private mutating func startAction(_ names: [String]) {
        guard action == nil else { return fault = "two commands" }
        guard !names.isEmpty, Set(names) == untold else { return fault = "told \(names) for \(untold)" }
        if !isFriendly, chance(3) {
            queue.append(.actionNotStarted(SpawnFailure(step: .execute, code: ENOENT)))
            return
        }
        (given, untold) = (untold, [])
        let pid = newPid()
        action = (pid, false)
        queue.append(.actionStarted(pid: pid))
    }

    /// `receiver`: whether it handles the signal, and whether it has started since; nil for nobody.
    private mutating func tell(_ receiver: (handles: Bool, isNew: Bool)?, _ number: Int32) {
        if untold.isEmpty {
            requests -= 1
            guard requests >= 0 else { return fault = "a signal for nothing" }
        }
        let isHeard = receiver.map { $0.isNew || $0.handles } ?? false
        counts[isHeard ? "signals" : "signals withheld", default: 0] += 1
        guard let receiver else {
            return queue.append(.changeSignalWithheld(number: number, reason: .noTarget("nobody")))
        }
        guard receiver.isNew || receiver.handles else {
            return queue.append(.changeSignalWithheld(number: number, reason: .noHandler))
        }
        untold = []
        queue.append(.changeTold(byStart: receiver.isNew))
    }

    private mutating func end() {
        hasEnded = true
        if let worker, !worker.isKilled, !worker.hasReported { fault = "a worker is left" }
        if let action, !action.isKilled { fault = "a command is left" }
        if let child, !(child.hasEnded && (child.isKilled || !child.groupLives)) { fault = "a child is left" }
    }

    // MARK: what must hold at any time

    private mutating func check() {
        let deadlines = machine.deadlines
        if worker != nil, worker?.isKilled == false, deadlines[.worker] == nil { fault = "a worker may hang for ever" }
        if let action, !action.isKilled, deadlines[.action] == nil { fault = "a command may run for ever" }
        switch machine.phase {
        case .starting, .becoming, .running(.rollingBack): if worker == nil { fault = "nobody goes on" }
        case .stopping, .running(.stoppingOld):
            if child == nil { fault = "nobody is left to stop" }
            if child?.isKilled == false, deadlines[.stop] == nil { fault = "a stop may last for ever" }
        case .running(.scheduled), .running(.superseded):
            if child?.hasEnded == false, deadlines[.restart] == nil { fault = "a restart that never comes" }
        default: break
        }
        if child?.hasEnded == true, deadlines[.group] == nil { fault = "nobody looks at the group" }
        guard machine.phase == .watching || machine.rollout != nil else { return }
        let owed = Set(machine.pending?.names ?? [])
        if owed != untold.union(given) { fault = "owed are \(owed), untold \(untold) and \(given)" }
        if machine.pending == nil, machine.deadlines[.owed] != nil { fault = "a try for nothing" }
        if !owed.isEmpty, action == nil, child?.isKilled != true, deadlines.earliest == nil {
            fault = "what is owed waits for ever"
        }
    }
}
