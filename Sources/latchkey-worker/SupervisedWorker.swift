import Cryptography
import Glibc
import HTTPTransport
import LaunchConfiguration
import LinuxSystem
import Messages
import Refresh
import SecretsDirectory
import Systemd
import WorkerProtocol

/// One attempt for a supervisor: the first fetch and every refresh take the same path.
///
/// 1. Read order and environment; parse the command line anew, the configuration file with it.
/// 2. Choose and lock the directories and send the plan (first attempt), or adopt the directories that the supervisor
///    lends; restrict the access to all other files.
/// 3. Fetch; deliver; fill and seal the memory files; report; exit.
struct SupervisedWorker {
    let order: WorkerOrder
    let arguments: [[UInt8]]
    let environment: EnvironmentEntries
    let log: WorkerLog
    let confinement: Confinement
    var memory: DeliveryState
    /// The files that the sandbox allows.
    private var sight = FileSight([])
    /// The random numbers for pauses after failures.
    var generator = SystemRandomNumberGenerator()
    /// The random numbers for the interval.
    var jitter = SplitMix64(state: 0)

    /// Runs an attempt with `latchkey`'s own arguments; returns the exit code, which nobody reads.
    static func run(_ arguments: [[UInt8]]) -> Int32 {
        let confinement = Confinement.begin()
        // The worker's group is never in the foreground: without this, a message would stop it.
        Terminal.writeFromBackground()
        do throws(SystemError) {
            let block = try MemoryFile.contents(of: WorkerDescriptor.environment, limit: 64 << 20)
            let orderBytes = try MemoryFile.contents(of: WorkerDescriptor.order, limit: 1 << 20)
            let environment = EnvironmentEntries(block: block)
            let entries = EnvironmentEntries(
                entries: environment.entries.filter { !ServiceManagerVariable.includes($0) })
            let order = try decoded(orderBytes)
            var worker = try SupervisedWorker(
                order: order, arguments: arguments, environment: entries, confinement: confinement)
            defer { worker.log.flush() }
            try worker.attempt()
            return 0
        } catch {
            return 71
        }
    }

    private static func decoded(_ bytes: [UInt8]) throws(SystemError) -> WorkerOrder {
        do throws(WireError) {
            return try WorkerOrder(decoding: bytes)
        } catch {
            throw SystemError(call: error.reason, code: 71)
        }
    }

    private init(
        order: WorkerOrder, arguments: [[UInt8]], environment: EnvironmentEntries, confinement: Confinement
    ) throws(SystemError) {
        self.confinement = confinement
        self.order = order
        self.arguments = arguments
        self.environment = environment
        log = WorkerLog(environment: environment)
        memory = try Self.kept(order) ?? DeliveryState(key: randomBytes(32))
    }

    /// The state that the last worker left; nil if there is none. If it is malformed, everything is fetched anew.
    private static func kept(_ order: WorkerOrder) throws(SystemError) -> DeliveryState? {
        guard order.task != .first || order.isBegunAnew else { return nil }
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try MemoryFile.contents(of: WorkerDescriptor.memoryIn, limit: 16 << 20)
        } catch {
            // There is no state. Any other error fails this attempt, because the count of generations must not begin
            // anew.
            guard error.code == EBADF || error.code == EFBIG else { throw error }
            return nil
        }
        return try? DeliveryState(decoding: bytes)
    }

    /// Whether this is the run's first worker.
    private var isBeginning: Bool { order.task == .first && !order.isBegunAnew }

    private mutating func attempt() throws(SystemError) {
        let parsed: ParsedCommand
        let startup = try? StartupSettings(decoding: order.startup)
        let invocation = Invocation(arguments, environment, startup: startup)
        do throws(ConfigurationError) {
            parsed = try CommandLine.parse(invocation)
        } catch {
            return try couldNotParse(error, invocation)
        }
        switch parsed {
        case .run(let plan): try attempt(plan, isSidecar: false)
        case .sidecar(let plan): try attempt(plan, isSidecar: true)
        default:
            // Help, of whatever command.
            let code = CommandWorker.perform(parsed, arguments, environment, log)
            try report(WorkerReport(outcome: .ended(exitCode: code)))
        }
    }

    private mutating func couldNotParse(
        _ error: ConfigurationError, _ invocation: Invocation
    ) throws(SystemError) {
        if order.task == .first {
            log.end(error, of: invocation)
            return try report(WorkerReport(outcome: .ended(exitCode: error.diagnosis.exitCode.rawValue)))
        }
        var failure = error.diagnosis
        failure.code = .configurationKept
        failure.text += "; the configuration from before stays in force"
        try fail(RefreshFailure([failure]), RefreshPlan())
    }

    /// Warns once for each set of keys that only a restart would apply.
    private mutating func noteRestartKeys(_ plan: LaunchPlan) {
        guard !plan.restartKeys.isEmpty else { return }
        let keys = plan.restartKeys.joined(separator: ", ")
        guard memory.warnedDays["restart " + keys] == nil else { return }
        memory.warnedDays["restart " + keys] = 0
        log.write(
            Message(
                .warning, .configurationRestart, "a change of \(keys) needs a restart to take effect",
                hint: "restart Latchkey, or take the change back"))
    }

    private mutating func attempt(_ plan: LaunchPlan, isSidecar: Bool) throws(SystemError) {
        var plan = plan
        log.configure(plan.log, instance: plan.instance ?? plan.defaultInstance)
        if isBeginning {
            plan.notices.forEach { log.write($0) }
            if let obstacle = CommandLookup(plan, environment).obstacleOnChange() {
                log.write(Message(.warning, obstacle))
            }
            if !isSidecar, let message = WithheldCredentials(plan, environment).message { log.write(message) }
        }
        noteRestartKeys(plan)
        let directories: DeliveryDirectories?
        do throws(Diagnosis) {
            directories = try takeDirectories(plan)
        } catch {
            log.end([error])
            return try report(WorkerReport(outcome: .ended(exitCode: error.exitCode.rawValue)))
        }
        plan.instance = directories?.instance?.name ?? plan.instance
        jitter = jitterKey(plan, directories).generator(attempt: order.attempt)
        // The supervisor keeps the directories that the first worker chose.
        let chosen = isBeginning ? directories : nil
        let prepared = SupervisorPlan(plan, isSidecar: isSidecar, format: log.format)
        try LocalSocket.send(
            WorkerMessage.prepared(prepared, chosen?.handover).encoded, descriptors: chosen?.descriptors ?? [],
            over: WorkerDescriptor.report)
        // Before the worker reads from the network, and before it has a second thread.
        let cache = StartCache(
            plan, environment, directories, log, isStart: order.task == .first, isBeginning: isBeginning)
        sight = confinement.apply(plan, environment, directories, cache, log)
        Confinement.keepOnly(WorkerNeeds(plan, directories), log)
        if order.task == .rollBack { return try rollBack(directories, cache, plan) }
        try refresh(plan, directories, cache)
    }

    /// The directory distinguishes instances with the same name; without a directory, the supervisor's PID does.
    private func jitterKey(_ plan: LaunchPlan, _ directories: DeliveryDirectories?) -> JitterKey {
        let machine = MachineIdentity.parts(machine: log.systemd?.machine)
        let directory = directories?.instance?.path ?? "process \(ProcessFiles.parentProcess)"
        return JitterKey(machine + [plan.instance ?? plan.defaultInstance, directory])
    }

    /// Chooses the directories, or adopts the lent ones. A run without files goes on without any.
    private func takeDirectories(_ plan: LaunchPlan) throws(Diagnosis) -> DeliveryDirectories? {
        if let handover = order.handover {
            let first = WorkerDescriptor.directories
            return DeliveryDirectories.adopt(
                handover, descriptors: (0..<handover.descriptorCount).map { first + Int32($0) })
        }
        guard isBeginning else { return nil }
        return try plan.takeDirectories(environment, pid: ProcessFiles.parentProcess, log: log)
    }

    private mutating func refresh(
        _ plan: LaunchPlan, _ directories: DeliveryDirectories?, _ cache: StartCache
    ) throws(SystemError) {
        let isStart = order.task == .first
        let progress = isStart ? ProgressLine(environment, group: ProcessFiles.parentGroup) : nil
        let hasLogged = memory.warnedDays[Self.retryLogged] != nil
        let observer = RunObserver(log: log, isStart: isStart && !hasLogged, progress: progress)
        observer.waiting = { [self, unowned observer] pause in
            beginAnewIfDenied(observer)
            guard isStart else { return }
            let message = WorkerMessage.waiting(milliseconds: max(0, pause.wholeMilliseconds))
            try? LocalSocket.send(message.encoded, over: WorkerDescriptor.report)
        }
        let before = memory
        do throws(RefreshFailure) {
            try deliver(plan, directories, cache, observer)
        } catch {
            progress?.stop()
            // Keep the old state, so that the next attempt notices files that were swapped in but never reported.
            let (requests, warnedDays) = (memory.requests, memory.warnedDays)
            memory = before
            memory.requests = requests
            memory.warnedDays = warnedDays
            if isStart {
                log.end(error.diagnoses)
                return try report(
                    WorkerReport(outcome: .ended(exitCode: error.diagnoses.first?.exitCode.rawValue ?? 70)))
            }
            try fail(error, plan.refresh)
        }
    }

    /// The key that records that this start has logged a retry.
    private static let retryLogged = "start-retrying"

    /// Ends this worker, so that another one begins the attempt anew, if a file that it needs has appeared or was
    /// replaced and the sandbox denies it. Nothing has been delivered by then.
    private func beginAnewIfDenied(_ observer: RunObserver) {
        guard sight.seesNewlyDenied else { return }
        observer.progress?.stop()
        var memory = memory
        for (key, count) in observer.requests { memory.requests[key, default: 0] += count }
        if order.task == .first, observer.hasLogged { memory.warnedDays[Self.retryLogged] = 0 }
        do throws(SystemError) {
            try leave(memory)
        } catch {
            return
        }
        log.flush()
        ProcessStart.exit(workerBeginsAnewCode)
    }

    private mutating func deliver(
        _ plan: LaunchPlan, _ directories: DeliveryDirectories?, _ cache: StartCache, _ observer: RunObserver
    ) throws(RefreshFailure) {
        let attempt = Attempt(
            plan: plan, environment: environment, log: log, observer: observer, cache: cache,
            isStart: order.task == .first)
        defer { for (key, count) in observer.requests { memory.requests[key, default: 0] += count } }
        let fetchedSet = try attempt.fetch(retryPolicy(plan), key: memory.key, since: earlier(directories)) {
            beginAnewIfDenied(observer)
        }
        fetchedSet.warnings.filter { isDue($0) }.forEach { log.write($0) }
        if fetchedSet.isRefused {
            fetchedSet.learn(into: &memory)
            return try finish(fetchedSet, DeliveryOutcome(), plan, next: nil)
        }
        let outcome = try fetchedSet.deliver(task(plan, directories), plan, updating: &memory)
        let next = fetchedSet.outage.map { outage in
            Schedule.afterFailure(
                plan.refresh, failures: 0, retryAfter: outage.failure.retryAfter, using: &generator)
        }
        attempt.conclude(
            fetchedSet, &memory, isChanged: outcome.environmentChanged || outcome.filesChanged,
            next: plan.child.once ? nil : next)
        try finish(fetchedSet, outcome, plan, next: next)
    }

    private func retryPolicy(_ plan: LaunchPlan) -> RetryPolicy {
        guard order.task == .first else {
            return RetryPolicy(deadline: BootInstant(nanoseconds: order.begunAt) + .seconds(60), attempts: 4)
        }
        return RetryPolicy(deadline: BootInstant(nanoseconds: order.startedAt) + plan.startTimeout)
    }

    private func task(_ plan: LaunchPlan, _ directories: DeliveryDirectories?) -> DeliveryTask {
        var task = DeliveryTask(
            inherited: environment.block, secrets: directories?.secrets,
            environmentFile: WorkerDescriptor.childEnvironment,
            arguments: Array(arguments.dropFirst(plan.child.commandIndex ?? arguments.count)))
        task.keepsPrevious = order.keepsPrevious
        task.notesUntold = plan.child.commandIndex == nil
        if order.task == .refresh { task.earlierEnvironment = WorkerDescriptor.environmentIn }
        task.withheld = WithheldCredentials(plan, environment).variables
        return task
    }

    /// The last delivery, with which a refresh compares; nil for a first attempt.
    private func earlier(_ directories: DeliveryDirectories?) -> EarlierDelivery? {
        guard order.task == .refresh, !memory.delivered.recipes.isEmpty else { return nil }
        let values = DeliveredValues(environment: WorkerDescriptor.environmentIn, secrets: directories?.secrets)
        return EarlierDelivery(memory: memory, values: values, now: .now)
    }

    /// Whether to log a warning now: always at the start, later once a day.
    private mutating func isDue(_ warning: Message) -> Bool {
        let key =
            "\(warning.diagnosis.code.rawValue) \(warning.diagnosis.vault ?? "") \(warning.diagnosis.secret ?? "")"
        let day = wallClockSeconds() / 86_400
        defer { memory.warnedDays[key] = day }
        return order.task == .first || memory.warnedDays[key] != day
    }
}
