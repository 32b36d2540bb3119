import Glibc
package import LinuxSystem
package import Messages

/// What the supervisor needs to know of the plan. The worker has read and checked it.
package struct SupervisorPlan: Equatable, Sendable {
    /// The name for `status` and `refresh`.
    package var instance = ""
    /// Where COMMAND begins among the arguments; nil for a sidecar.
    package var commandIndex: Int?
    package var once = false
    package var identity: UserIdentity?
    package var stopSignal: Int32 = SIGTERM
    package var stopTimeoutMilliseconds: Int64 = 25_000
    package var groupSignal = false
    package var action = ChangeAction.unset
    package var target: SignalTarget?
    /// The child reports readiness itself (`--notify child`).
    package var childNotifies = false
    /// The refresh interval; nil: off.
    package var intervalMilliseconds: Int64? = 300_000
    /// How long an attempt may take before it counts as hung.
    package var attemptTimeoutMilliseconds: Int64 = 120_000
    /// Files stay over a clean stop (`--cache memory`).
    package var keepsFiles = false
    package var logFormat = MessageFormat.text
    package var logLevel = Severity.info

    package init() {}
}

extension SupervisorPlan {
    func encode(into writer: inout WireWriter) {
        writer.write(instance)
        writer.write(optional: commandIndex) { $0.write(Int64($1)) }
        writer.write(once)
        writer.write(optional: identity) { $1.encode(into: &$0) }
        writer.write(Int64(stopSignal))
        writer.write(stopTimeoutMilliseconds)
        writer.write(groupSignal)
        action.encode(into: &writer)
        writer.write(optional: target) { $1.encode(into: &$0) }
        writer.write(childNotifies)
        writer.write(optional: intervalMilliseconds) { $0.write($1) }
        writer.write(attemptTimeoutMilliseconds)
        writer.write(keepsFiles)
        writer.write(logFormat.rawValue)
        writer.write(logLevel.rawValue)
    }

    init(reading reader: inout WireReader) throws(WireError) {
        instance = try reader.readString()
        commandIndex = try reader.readOptional { reader throws(WireError) in
            Int(try reader.readInteger(in: 0...1_000_000))
        }
        once = try reader.readBool()
        identity = try reader.readOptional { reader throws(WireError) in try UserIdentity(reading: &reader) }
        stopSignal = try Self.readSignal(&reader)
        stopTimeoutMilliseconds = try reader.readInteger(in: Self.durations)
        groupSignal = try reader.readBool()
        action = try ChangeAction(reading: &reader)
        target = try reader.readOptional { reader throws(WireError) in try SignalTarget(reading: &reader) }
        childNotifies = try reader.readBool()
        intervalMilliseconds = try reader.readOptional { reader throws(WireError) in
            try reader.readInteger(in: Self.durations)
        }
        attemptTimeoutMilliseconds = try reader.readInteger(in: Self.durations)
        keepsFiles = try reader.readBool()
        guard let format = MessageFormat(rawValue: try reader.readByte()) else { throw WireError("an unknown format") }
        logFormat = format
        guard let level = Severity(rawValue: try reader.readByte()) else { throw WireError("an unknown level") }
        logLevel = level
    }

    /// Milliseconds, up to a hundred years.
    static let durations: ClosedRange<Int64> = 0...3_155_760_000_000

    static func readSignal(_ reader: inout WireReader) throws(WireError) -> Int32 {
        Int32(try reader.readInteger(in: 1...64))
    }
}
