import Glibc
package import LinuxSystem
package import Messages

/// What the supervisor needs to know of the plan. The worker has read and checked it before it connects to anything.
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
    /// When a second child counts as ready, and how long it may take.
    package var ready = Readiness.after(milliseconds: 2000)
    package var readyTimeoutMilliseconds: Int64 = 60_000
    /// The sockets that every child gets, opened before the first one.
    package var listen: [ListenAddress] = []
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
    /// The child is stopped if a required secret is definitely gone (`--on-gone stop`).
    package var stopsWhenGone = false
    /// The settings of the start, for the workers of refreshes; opaque to the supervisor.
    package var startup: [UInt8] = []

    package init() {}

    /// Takes over what a refresh may change, from the plan of a later worker: the table `[refresh]` of the configuration
    /// file, which is read again each time. Returns the name of a part that is not the start's, and takes nothing then.
    ///
    /// | part | a later plan |
    /// |---|---|
    /// | action on change, its target, interval, stopping when a secret is gone | counts: `[refresh]` may be edited |
    /// | command, `--once`, user and groups | must be the start's: the only thing that runs as somebody else |
    /// | stop signal and timeout, group, readiness, sockets, who notifies | must be the start's: the child runs with them |
    /// | instance, whether files stay | must be the start's: the directories are chosen |
    /// | log, timeout of an attempt, settings of the start | must be the start's: workers get them from the supervisor |
    ///
    /// A report (`WorkerReport`) changes none of these: it comes after the network.
    package mutating func update(from later: SupervisorPlan) -> String? {
        let kept = [
            ("instance", instance == later.instance), ("command", commandIndex == later.commandIndex),
            ("process", once == later.once), ("user", identity == later.identity),
            ("stop signal", stopSignal == later.stopSignal),
            ("stop timeout", stopTimeoutMilliseconds == later.stopTimeoutMilliseconds),
            ("readiness", ready == later.ready && readyTimeoutMilliseconds == later.readyTimeoutMilliseconds),
            ("socket", listen == later.listen),
            ("process group", groupSignal == later.groupSignal), ("notify mode", childNotifies == later.childNotifies),
            ("time limit", attemptTimeoutMilliseconds == later.attemptTimeoutMilliseconds),
            ("cache", keepsFiles == later.keepsFiles),
            ("log", logFormat == later.logFormat && logLevel == later.logLevel), ("start", startup == later.startup),
        ]
        if let (part, _) = kept.first(where: { !$0.1 }) { return part }
        (action, target) = (later.action, later.target)
        (intervalMilliseconds, stopsWhenGone) = (later.intervalMilliseconds, later.stopsWhenGone)
        return nil
    }
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
        ready.encode(into: &writer)
        writer.write(readyTimeoutMilliseconds)
        writer.write(list: listen) { $1.encode(into: &$0) }
        action.encode(into: &writer)
        writer.write(optional: target) { $1.encode(into: &$0) }
        writer.write(childNotifies)
        writer.write(optional: intervalMilliseconds) { $0.write($1) }
        writer.write(attemptTimeoutMilliseconds)
        writer.write(keepsFiles)
        writer.write(logFormat.rawValue)
        writer.write(logLevel.rawValue)
        writer.write(stopsWhenGone)
        writer.write(startup)
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
        ready = try Readiness(reading: &reader)
        readyTimeoutMilliseconds = try reader.readInteger(in: Self.durations)
        listen = try reader.readList(atMost: ListenAddress.limit) { reader throws(WireError) in
            try ListenAddress(reading: &reader)
        }
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
        stopsWhenGone = try reader.readBool()
        startup = try reader.readBytes()
    }

    /// Milliseconds, up to a hundred years.
    static let durations: ClosedRange<Int64> = 0...3_155_760_000_000

    static func readSignal(_ reader: inout WireReader) throws(WireError) -> Int32 {
        Int32(try reader.readInteger(in: 1...64))
    }
}
