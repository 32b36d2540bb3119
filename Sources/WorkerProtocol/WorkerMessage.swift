package import SecretsDirectory

/// What a worker tells the supervisor, in this order: at most one `prepared`, any number of `waiting`, one `finished`.
///
/// `prepared` is sent before the worker connects to anything, and is the only one that brings a plan: what comes later
/// may be the words of whoever took the worker over. A `finished` changes the outcome, what is shown, and times.
package enum WorkerMessage: Equatable, Sendable {
    /// The plan is known and the directories are ours, where there are any: their descriptors come along with the
    /// first one.
    case prepared(SupervisorPlan, Handover?)
    /// The fetch goes on retrying; the next try comes after these milliseconds.
    case waiting(milliseconds: Int64)
    /// The attempt has ended.
    case finished(WorkerReport)
}

/// How an attempt ended.
package struct WorkerReport: Equatable, Sendable {
    package enum Outcome: Equatable, Sendable {
        /// Everything that is required is delivered.
        case delivered
        /// It ends here, and everything that was to be said was said: help, or an error before the start.
        case ended(exitCode: Int32)
        /// Nothing was changed.
        case failed(WorkerFailure)
    }

    package var outcome: Outcome
    /// The set of delivered files changed.
    package var filesChanged = false
    /// The child's environment changed; the memory file holds the new one.
    package var environmentChanged = false
    /// The number of the generation that is delivered.
    package var generation: Int64 = 0
    /// Names of what changed.
    package var changedNames: [String] = []
    /// Names of the variables whose values are not those that were delivered before.
    package var changedVariables: [String] = []
    /// What is served is a cached generation (`--cache memory`).
    package var stale = false
    /// How long ago the vault confirmed what is served, in milliseconds: more than 0 only with a cached generation.
    package var ageMilliseconds: Int64 = 0
    /// Why a cached generation is served.
    package var outage: WorkerFailure?
    /// When to come again; nil: only when asked.
    package var nextMilliseconds: Int64?
    /// `12 secrets of 2 vaults`.
    package var summary = ""
    /// The value of `secrets` in status.json, as JSON; opaque to the supervisor.
    package var statusJSON: [UInt8] = []
    /// The worker's lines of metrics.prom; opaque to the supervisor.
    package var metrics: [UInt8] = []

    package init(outcome: Outcome) {
        self.outcome = outcome
    }
}

/// A failed attempt in words and codes.
package struct WorkerFailure: Equatable, Sendable {
    /// The code in brackets.
    package var code: String
    /// What a command ends with because of it.
    package var exitCode: Int32
    package var message: String
    package var hint: String?
    /// The secret's and the vault's name, where the failure is about one.
    package var secret: String?
    package var vault: String?
    /// A required secret is definitely gone.
    package var isGone = false

    package init(code: String, exitCode: Int32, message: String, hint: String? = nil, isGone: Bool = false) {
        self.code = code
        self.exitCode = exitCode
        self.message = message
        self.hint = hint
        self.isGone = isGone
    }
}

extension WorkerMessage {
    /// The largest message that is taken, in bytes.
    package static let sizeLimit = 4 << 20
    /// Version, kind, length.
    package static let headerSize = 10

    /// The message as bytes: a header and the body.
    package var encoded: [UInt8] {
        var body = WireWriter()
        let kind: UInt8
        switch self {
        case .prepared(let plan, let handover):
            kind = 1
            plan.encode(into: &body)
            body.write(optional: handover) { $1.encode(into: &$0) }
        case .waiting(let milliseconds):
            kind = 2
            body.write(milliseconds)
        case .finished(let report):
            kind = 3
            report.encode(into: &body)
        }
        var whole = WireWriter()
        whole.write(workerProtocolVersion)
        whole.write(kind)
        whole.write(body.bytes)
        return whole.bytes
    }

    /// Takes the first whole message from the front of `buffer`; nil while more bytes are needed.
    package static func take(from buffer: inout [UInt8]) throws(WireError) -> WorkerMessage? {
        guard buffer.count >= headerSize else { return nil }
        var reader = WireReader(buffer[...])
        guard try reader.readByte() == workerProtocolVersion else { throw WireError("a report of another version") }
        let kind = try reader.readByte()
        let size = try reader.readInteger(in: 0...Int64(sizeLimit))
        guard reader.remaining >= size else { return nil }
        var body = WireReader(buffer[headerSize..<headerSize + Int(size)])
        let message: WorkerMessage
        switch kind {
        case 1:
            let plan = try SupervisorPlan(reading: &body)
            let handover = try body.readOptional { reader throws(WireError) in try Handover(reading: &reader) }
            message = .prepared(plan, handover)
        case 2: message = .waiting(milliseconds: try body.readInteger(in: SupervisorPlan.durations))
        case 3: message = .finished(try WorkerReport(reading: &body))
        default: throw WireError("a message of an unknown kind")
        }
        try body.end()
        buffer.removeFirst(headerSize + Int(size))
        return message
    }
}

extension WorkerReport {
    func encode(into writer: inout WireWriter) {
        switch outcome {
        case .delivered: writer.write(UInt8(0))
        case .ended(let exitCode):
            writer.write(UInt8(1))
            writer.write(Int64(exitCode))
        case .failed(let failure):
            writer.write(UInt8(2))
            failure.encode(into: &writer)
        }
        writer.write(filesChanged)
        writer.write(environmentChanged)
        writer.write(generation)
        writer.write(list: changedNames) { $0.write($1) }
        writer.write(list: changedVariables) { $0.write($1) }
        writer.write(stale)
        writer.write(ageMilliseconds)
        writer.write(optional: outage) { $1.encode(into: &$0) }
        writer.write(optional: nextMilliseconds) { $0.write($1) }
        writer.write(summary)
        writer.write(statusJSON)
        writer.write(metrics)
    }

    init(reading reader: inout WireReader) throws(WireError) {
        switch try reader.readByte() {
        case 0: outcome = .delivered
        case 1: outcome = .ended(exitCode: Int32(try reader.readInteger(in: 0...255)))
        case 2: outcome = .failed(try WorkerFailure(reading: &reader))
        default: throw WireError("an unknown outcome")
        }
        filesChanged = try reader.readBool()
        environmentChanged = try reader.readBool()
        generation = try reader.readInteger(in: 0...Int64.max)
        changedNames = try reader.readList(atMost: 100_000) { reader throws(WireError) in try reader.readString() }
        changedVariables = try reader.readList(atMost: 100_000) { reader throws(WireError) in try reader.readString() }
        stale = try reader.readBool()
        ageMilliseconds = try reader.readInteger(in: SupervisorPlan.durations)
        outage = try reader.readOptional { reader throws(WireError) in try WorkerFailure(reading: &reader) }
        nextMilliseconds = try reader.readOptional { reader throws(WireError) in
            try reader.readInteger(in: SupervisorPlan.durations)
        }
        summary = try reader.readString()
        statusJSON = try reader.readBytes()
        metrics = try reader.readBytes()
    }
}

extension WorkerFailure {
    func encode(into writer: inout WireWriter) {
        writer.write(code)
        writer.write(Int64(exitCode))
        writer.write(message)
        writer.write(optional: hint) { $0.write($1) }
        writer.write(optional: secret) { $0.write($1) }
        writer.write(optional: vault) { $0.write($1) }
        writer.write(isGone)
    }

    init(reading reader: inout WireReader) throws(WireError) {
        code = try reader.readString()
        exitCode = Int32(try reader.readInteger(in: 0...255))
        message = try reader.readString()
        hint = try reader.readOptional { reader throws(WireError) in try reader.readString() }
        secret = try reader.readOptional { reader throws(WireError) in try reader.readString() }
        vault = try reader.readOptional { reader throws(WireError) in try reader.readString() }
        isGone = try reader.readBool()
    }
}
