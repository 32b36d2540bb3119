import Messages
package import SecretsDirectory

/// What the supervisor wants of a worker.
package struct WorkerOrder: Equatable, Sendable {
    package enum Task: UInt8, Sendable {
        /// Parse, open the directory, fetch, deliver: the app has not been started.
        case first = 1
        /// Fetch what changed and deliver it.
        case refresh = 2
        /// Point the files back to the generation before: the app did not start with the newest.
        case rollBack = 3
    }

    package var task: Task
    /// How many attempts came before.
    package var attempt: Int64
    /// How many attempts in a row failed just before: the backoff's exponent.
    package var failures: Int64
    /// When the first worker was started, nanoseconds of CLOCK_BOOTTIME: the start timeout counts from there.
    package var startedAt: Int64
    /// When the attempt's first worker was started, nanoseconds of CLOCK_BOOTTIME.
    package var begunAt: Int64 = 0
    /// Whether an earlier worker of the same attempt wanted it begun anew. It has told the plan and left a memory.
    package var isBegunAnew = false
    /// The app has not held out with the newest generation yet: what a rollback returns to stays what it is.
    package var keepsPrevious: Bool
    /// The directories whose descriptors come along; nil at the first attempt and where there are none.
    package var handover: Handover?
    /// The settings of the start, as the first worker sent them; empty at the first attempt.
    package var startup: [UInt8] = []

    package init(
        task: Task, attempt: Int64 = 0, failures: Int64 = 0, startedAt: Int64 = 0, keepsPrevious: Bool = false
    ) {
        self.task = task
        self.attempt = attempt
        self.failures = failures
        self.startedAt = startedAt
        self.keepsPrevious = keepsPrevious
    }

    /// The order as bytes.
    package var encoded: [UInt8] {
        var writer = WireWriter()
        writer.write(workerProtocolVersion)
        writer.write(Release.version)
        writer.write(task.rawValue)
        writer.write(attempt)
        writer.write(failures)
        writer.write(startedAt)
        writer.write(begunAt)
        writer.write(isBegunAnew)
        writer.write(keepsPrevious)
        writer.write(optional: handover) { $1.encode(into: &$0) }
        writer.write(startup)
        return writer.bytes
    }

    /// Reads an order; another version's is refused.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        var reader = WireReader(bytes[...])
        guard try reader.readByte() == workerProtocolVersion, try reader.readString() == Release.version else {
            throw WireError("an order of another version")
        }
        guard let task = Task(rawValue: try reader.readByte()) else { throw WireError("an unknown task") }
        self.task = task
        attempt = try reader.readInteger()
        failures = try reader.readInteger()
        startedAt = try reader.readInteger()
        begunAt = try reader.readInteger()
        isBegunAnew = try reader.readBool()
        keepsPrevious = try reader.readBool()
        handover = try reader.readOptional { reader throws(WireError) in try Handover(reading: &reader) }
        startup = try reader.readBytes()
        try reader.end()
    }
}
