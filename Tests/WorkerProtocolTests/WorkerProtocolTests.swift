import LinuxSystem
import Messages
import SecretsDirectory
import Testing
import WorkerProtocol

/// Messages of every kind, with every optional part present and absent.
private let messages: [WorkerMessage] = {
    var plan = SupervisorPlan()
    plan.instance = "web"
    plan.commandIndex = 7
    plan.identity = UserIdentity(user: 33, group: 33, groups: [33, 44])
    plan.action = .exec(["/bin/reload", "grüße"])
    plan.target = .pidFile("/run/app.pid")
    plan.ready = .command(["curl", "-sf"])
    plan.listen = [
        ListenAddress(name: "http", place: .tcp(host: "::", port: 8080)),
        ListenAddress(place: .tcp(host: nil, port: 1)),
        ListenAddress(place: .unix(path: "/run/web.sock", mode: 0o660, user: 33, group: 44)),
    ]
    var report = WorkerReport(outcome: .delivered)
    plan.startup = [1, 2, 3]
    plan.stopsWhenGone = true
    report.filesChanged = true
    report.changedNames = ["DB", "TLS"]
    report.nextMilliseconds = 300_000
    report.statusJSON = Array("[]".utf8)
    let failure = WorkerFailure(code: "vault-unreachable", exitCode: 75, message: "grüße", hint: "try", isGone: true)
    let handover = Handover(
        instance: Handover.Instance(name: "web", path: "/run/latchkey/web", isOurs: true, isMemory: true),
        secrets: Handover.Secrets(
            path: "/run/latchkey/web/secrets",
            owner: DeliveryOwner(identity: nil, user: 1, group: 2, isGroupReadable: true), isShared: false,
            isMemory: true, isNamed: false, isOurs: true))
    return [
        .prepared(SupervisorPlan(), nil), .prepared(plan, handover), .waiting(milliseconds: 0),
        .waiting(milliseconds: 41_000), .finished(report), .finished(WorkerReport(outcome: .ended(exitCode: 255))),
        .finished(WorkerReport(outcome: .failed(failure))),
    ]
}()

private func taken(_ bytes: [UInt8]) -> Result<WorkerMessage?, WireError> {
    var buffer = bytes
    do throws(WireError) {
        return .success(try WorkerMessage.take(from: &buffer))
    } catch {
        return .failure(error)
    }
}

struct WorkerMessageTests {
    @Test(arguments: messages)
    func `a message comes back as it was`(message: WorkerMessage) throws {
        var buffer = message.encoded + [1, 2, 3]
        #expect(try WorkerMessage.take(from: &buffer) == message)
        #expect(buffer == [1, 2, 3])
    }

    @Test(arguments: messages)
    func `every beginning of a message asks for more`(message: WorkerMessage) {
        let bytes = message.encoded
        for count in bytes.indices { #expect(taken(Array(bytes[..<count])) == .success(nil)) }
    }

    @Test(arguments: messages)
    func `a body that is cut off under a header that says so is an error`(message: WorkerMessage) {
        let bytes = message.encoded
        for count in 0..<(bytes.count - WorkerMessage.headerSize) {
            var header = WireWriter()
            header.write(Int64(count))
            let cut = Array(bytes[..<2]) + header.bytes + bytes[WorkerMessage.headerSize...].prefix(count)
            guard case .failure = taken(cut) else {
                Issue.record("\(count) bytes were taken for a whole message")
                return
            }
        }
    }

    @Test(arguments: messages)
    func `a changed byte gives an error, more to come, or another valid message`(message: WorkerMessage) throws {
        let bytes = message.encoded
        for index in bytes.indices {
            for flip: UInt8 in [0x01, 0x80, 0xFF] {
                var changed = bytes
                changed[index] ^= flip
                guard case .success(let other?) = taken(changed) else { continue }
                #expect(other.encoded == changed)
            }
        }
    }

    @Test func `another version's message is refused`() {
        var bytes = WorkerMessage.waiting(milliseconds: 1).encoded
        bytes[0] = workerProtocolVersion + 1
        #expect(taken(bytes) == .failure(WireError("a report of another version")))
    }

    @Test func `a length over the limit is refused before any byte of it came`() {
        var header = WireWriter()
        header.write(workerProtocolVersion)
        header.write(UInt8(3))
        header.write(Int64(WorkerMessage.sizeLimit + 1))
        #expect(taken(header.bytes) == .failure(WireError("a number out of its range")))
    }

    @Test func `bytes behind a body's end are refused`() {
        var body = WireWriter()
        body.write(Int64(5))
        body.write(UInt8(0))
        var whole = WireWriter()
        whole.write(workerProtocolVersion)
        whole.write(UInt8(2))
        whole.write(body.bytes)
        #expect(taken(whole.bytes) == .failure(WireError("bytes behind the end")))
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func `random bytes never do harm`(seed: UInt64) {
        var state = seed
        for _ in 0..<2000 {
            var bytes: [UInt8] = [workerProtocolVersion, UInt8(truncatingIfNeeded: state % 5)]
            var length = WireWriter()
            length.write(Int64(state % 200))
            bytes += length.bytes
            for _ in 0..<200 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes.append(UInt8(truncatingIfNeeded: state >> 33) & (state & 64 == 0 ? 1 : 0xFF))
            }
            if case .success(let message?) = taken(bytes) { #expect(bytes.starts(with: message.encoded)) }
        }
    }
}

struct WorkerOrderTests {
    private static let order = WorkerOrder(task: .refresh, attempt: 7, failures: 2, startedAt: 123, keepsPrevious: true)

    @Test(arguments: [WorkerOrder.Task.first, .refresh, .rollBack])
    func `an order comes back as it was`(task: WorkerOrder.Task) throws {
        let order = WorkerOrder(task: task, attempt: 7, failures: 2, startedAt: 123, keepsPrevious: true)
        #expect(try WorkerOrder(decoding: order.encoded) == order)
    }

    @Test func `every beginning of an order is an error`() {
        let bytes = Self.order.encoded
        for count in bytes.indices {
            #expect(throws: WireError.self) { try WorkerOrder(decoding: Array(bytes[..<count])) }
        }
    }

    @Test func `an order with bytes behind its end is an error`() {
        #expect(throws: WireError.self) { try WorkerOrder(decoding: Self.order.encoded + [0]) }
    }
}

struct SupervisorPlanTests {
    @Test(
        arguments: [
            { $0.instance = "x" }, { $0.commandIndex = 1 }, { $0.once = true },
            { $0.identity = UserIdentity(user: 0, group: 0, groups: []) }, { $0.stopSignal = 9 },
            { $0.stopTimeoutMilliseconds = 0 }, { $0.groupSignal = true }, { $0.childNotifies = true },
            { $0.attemptTimeoutMilliseconds = 0 }, { $0.keepsFiles = true }, { $0.logFormat = .json },
            { $0.logLevel = .debug }, { $0.startup = [1] }, { $0.ready = .notify }, { $0.readyTimeoutMilliseconds = 1 },
            { $0.listen = [ListenAddress(place: .tcp(host: nil, port: 1))] },
        ] as [@Sendable (inout SupervisorPlan) -> Void])
    func `a plan that differs from the start's is not taken`(change: @Sendable (inout SupervisorPlan) -> Void) {
        var plan = SupervisorPlan()
        var later = plan
        later.action = .restart
        change(&later)
        #expect(plan.update(from: later) != nil)
        #expect(plan == SupervisorPlan())
    }

    @Test func `what stands in the file's table of refreshes is taken`() {
        var plan = SupervisorPlan()
        var later = plan
        later.action = .exec(["/bin/reload"])
        later.target = .process(7)
        later.intervalMilliseconds = nil
        later.stopsWhenGone = true
        #expect(plan.update(from: later) == nil)
        #expect(plan == later)
    }
}
