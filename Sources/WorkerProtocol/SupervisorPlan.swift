package import Messages

/// What the supervisor needs to know of the plan: numbers and words that somebody else made sense of.
package struct SupervisorPlan: Equatable, Sendable {
    /// What is done when something changed.
    package enum Action: Equatable, Sendable {
        /// Nothing was chosen.
        case unset
        case none
        case signal(Int32)
        case restart
        case exec([[UInt8]])
    }

    /// Whom a sidecar signals.
    package enum Target: Equatable, Sendable {
        case process(Int32)
        case pidFile(String)
        case command(String)
    }

    package struct Identity: Equatable, Sendable {
        package var user: UInt32
        package var group: UInt32
        package var groups: [UInt32]

        package init(user: UInt32, group: UInt32, groups: [UInt32]) {
            self.user = user
            self.group = group
            self.groups = groups
        }
    }

    /// The name for `status` and `refresh`.
    package var instance = ""
    /// Where COMMAND begins among the arguments; nil for a sidecar.
    package var commandIndex: Int?
    package var once = false
    package var identity: Identity?
    package var stopSignal: Int32 = 15
    package var stopTimeoutMilliseconds: Int64 = 25_000
    package var groupSignal = false
    package var action = Action.unset
    package var target: Target?
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
        writer.write(optional: identity) { writer, identity in
            writer.write(Int64(identity.user))
            writer.write(Int64(identity.group))
            writer.write(list: identity.groups) { $0.write(Int64($1)) }
        }
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
        identity = try reader.readOptional { reader throws(WireError) in
            let ids: ClosedRange<Int64> = 0...Int64(UInt32.max - 1)
            return Identity(
                user: UInt32(try reader.readInteger(in: ids)), group: UInt32(try reader.readInteger(in: ids)),
                groups: try reader.readList(atMost: 65_536) { reader throws(WireError) in
                    UInt32(try reader.readInteger(in: ids))
                })
        }
        stopSignal = try Self.readSignal(&reader)
        stopTimeoutMilliseconds = try reader.readInteger(in: Self.durations)
        groupSignal = try reader.readBool()
        action = try Action(reading: &reader)
        target = try reader.readOptional { reader throws(WireError) in try Target(reading: &reader) }
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

extension SupervisorPlan.Action {
    func encode(into writer: inout WireWriter) {
        switch self {
        case .unset: writer.write(UInt8(0))
        case .none: writer.write(UInt8(1))
        case .signal(let number):
            writer.write(UInt8(2))
            writer.write(Int64(number))
        case .restart: writer.write(UInt8(3))
        case .exec(let words):
            writer.write(UInt8(4))
            writer.write(list: words) { $0.write($1) }
        }
    }

    init(reading reader: inout WireReader) throws(WireError) {
        switch try reader.readByte() {
        case 0: self = .unset
        case 1: self = .none
        case 2: self = .signal(try SupervisorPlan.readSignal(&reader))
        case 3: self = .restart
        case 4: self = .exec(try reader.readList(atMost: 4096) { reader throws(WireError) in try reader.readBytes() })
        default: throw WireError("an unknown action")
        }
    }
}

extension SupervisorPlan.Target {
    func encode(into writer: inout WireWriter) {
        switch self {
        case .process(let pid):
            writer.write(UInt8(0))
            writer.write(Int64(pid))
        case .pidFile(let path):
            writer.write(UInt8(1))
            writer.write(path)
        case .command(let name):
            writer.write(UInt8(2))
            writer.write(name)
        }
    }

    init(reading reader: inout WireReader) throws(WireError) {
        switch try reader.readByte() {
        case 0: self = .process(Int32(try reader.readInteger(in: 1...Int64(Int32.max))))
        case 1: self = .pidFile(try reader.readString())
        case 2: self = .command(try reader.readString())
        default: throw WireError("an unknown target")
        }
    }
}
