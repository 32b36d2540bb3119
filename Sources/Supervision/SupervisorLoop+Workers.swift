import Glibc
import LinuxSystem
import Messages
import SecretsDirectory
import WorkerProtocol

extension SupervisorLoop {
    /// Starts a worker with an order. It gets no descriptors but its own.
    func startWorker(_ order: WorkerOrder) {
        do throws(SystemError) {
            let orders = try MemoryFile.create(name: "order")
            var order = order
            order.handover = directories.handover
            order.startup = machine.plan.startup
            if !order.isBegunAnew {
                order.begunAt = BootInstant.now.nanoseconds
                beginnings = 0
            }
            try writeAll(order.encoded.span, to: orders.number)
            try MemoryFile.seal(orders)
            filling.environment.put(try MemoryFile.create(name: "app-environment"))
            filling.memory.put(try MemoryFile.create(name: "memory"))
            received.removeAll(keepingCapacity: true)
            isPrepared = false
            let pair = try LocalSocket.pair()
            // What can fail comes before the spawn: the machine must know every worker that runs.
            try events.watch(pair.first.number, as: Watched.report.rawValue)
            let pid = try spawnWorker(orders: orders.number, report: pair.second.number)
            report.put(pair.takeFirst())
            hasAttempted = true
            dispatch(.workerStarted(pid: pid))
        } catch {
            closeReport()
            dispatch(.workerNotStarted(SpawnFailure(step: .fork, code: error.code)))
        }
    }

    /// How often an attempt may begin anew. It does each time that a file appears or is replaced.
    private static let beginningLimit = 20

    /// Starts another worker for the same attempt, if the one that has ended asks for it. To the machine they are one
    /// worker with one deadline.
    func beginsAnew(_ change: ChildEvent.Change) -> Bool {
        guard change == .exited(code: workerBeginsAnewCode), let worker = machine.worker, worker.state == .working,
            beginnings < Self.beginningLimit
        else { return false }
        beginnings += 1
        if filling.memory.isSealed { memory.take(from: filling.memory) }
        var order = worker.order
        order.isBegunAnew = true
        startWorker(order)
        return true
    }

    #if SANITIZED
        // The address sanitizer maps 16 TiB of addresses.
        private static let memoryLimit: UInt64 = 0
    #else
        // Measured: 71 MiB for a thousand secrets of 25 kB, below 160 MiB for ten thousand by their list. Threads of
        // name services reserve some 130 MiB each. The rest is for `az`, which inherits the limit.
        private static let memoryLimit: UInt64 = 2 << 30
    #endif

    private func spawnWorker(orders: CInt, report: CInt) throws(SystemError) -> Int32 {
        var request = workerProgram.request([Array(workerOrderArgument.utf8)] + setting.arguments)
        request.asStarted = false
        request.ownGroup = true
        request.deathSignal = SIGKILL
        request.memoryLimit = Self.memoryLimit
        request.descriptors =
            [
                setting.environment, orders, report, filling.environment.number ?? -1, filling.memory.number ?? -1,
                memory.number ?? -1, environment.number ?? -1, workerProgram.fileNumber,
            ] + directories.descriptors
        do throws(SpawnFailure) {
            return try request.spawn()
        } catch {
            throw SystemError(call: "execveat", code: error.code)
        }
    }

    /// Reads what the worker sent, and dispatches whole messages.
    func readReport() {
        while let number = report.number {
            do throws(SystemError) {
                guard let message = try LocalSocket.receive(from: number, into: &buffer, descriptorLimit: 4) else {
                    return
                }
                arrived.add(message.descriptors)
                guard arrived.count <= (isPrepared ? 0 : Self.descriptorLimit) else {
                    return garbage("descriptors that nobody asked for")
                }
                if message.count == 0 { return stopWatchingReport() }
                received += buffer.prefix(message.count)
                guard received.count <= WorkerMessage.sizeLimit + WorkerMessage.headerSize else {
                    return garbage("too long")
                }
                try takeMessages()
            } catch {
                return garbage(error.description)
            }
        }
    }

    private func takeMessages() throws(SystemError) {
        do throws(WireError) {
            while let message = try WorkerMessage.take(from: &received) {
                if case .prepared(let plan, let handover) = message { try adopt(plan, handover) }
                if case .finished(let report) = message {
                    mayLeaveProgress = false
                    try check(report)
                }
                dispatch(.workerMessage(message))
            }
        } catch {
            garbage(error.reason)
        }
    }

    /// As many as come with a handover, at most.
    private static let descriptorLimit = 3

    /// The first worker's plan brings the directories. The machine decides what counts of a later one.
    private func adopt(_ plan: SupervisorPlan, _ handover: Handover?) throws(WireError) {
        let descriptors = arrived
        arrived = OwnedList([])
        guard !isPrepared else { throw WireError("a second plan") }
        isPrepared = true
        guard !machine.hasPlan else {
            guard handover == nil, descriptors.count == 0 else { throw WireError("descriptors that nobody asked for") }
            return
        }
        guard descriptors.count == handover?.descriptorCount ?? 0 else {
            throw WireError("descriptors that nobody asked for")
        }
        keepsFiles = plan.keepsFiles || plan.once
        directories.adopt(handover, descriptors: descriptors.takeAll())
    }

    /// An environment is taken only if it is sealed: nobody can change it any more.
    private func check(_ report: WorkerReport) throws(WireError) {
        guard isPrepared || report.outcome != .delivered else { throw WireError("a delivery without a plan") }
        let isFirst = environment.number == nil && !setting.isSidecar && report.outcome == .delivered
        guard !(report.environmentChanged || isFirst) || filling.environment.isSealed else {
            throw WireError("an environment that is not sealed")
        }
    }

    private func garbage(_ reason: String) {
        stopWatchingReport()
        dispatch(.workerGarbage(reason: reason))
    }

    private func stopWatchingReport() {
        if let number = report.number { events.forget(number) }
        report.clear()
    }

    func closeReport() {
        stopWatchingReport()
        received.removeAll(keepingCapacity: true)
        arrived = OwnedList([])
    }

    func killWorker() {
        guard let worker = machine.worker?.pid else { return }
        // A worker that has not made its first step yet has no group of its own.
        try? Signals.send(SIGKILL, toGroup: worker)
        try? Signals.send(SIGKILL, to: worker)
    }
}
