/// The descriptors that a worker is started with, by number.
package enum WorkerDescriptor {
    /// The original environment: sealed, NUL-ended entries.
    package static let environment: Int32 = 3
    /// The order: sealed, a `WorkerOrder`.
    package static let order: Int32 = 4
    /// The stream that messages go over.
    package static let report: Int32 = 5
    /// An empty memory file for the child's environment, to be filled and sealed.
    package static let childEnvironment: Int32 = 6
    /// An empty memory file for what the next worker needs to know, to be filled and sealed.
    package static let memoryOut: Int32 = 7
    /// What the last worker left, sealed; closed at the first one.
    package static let memoryIn: Int32 = 8
    /// The child's environment as it is delivered, sealed; closed at the first one.
    package static let environmentIn: Int32 = 9
    /// The worker's program, for the loader that starts it; closed where the kernel does.
    package static let program: Int32 = 10
    /// The first of the directories' descriptors, as many as the order's handover tells.
    package static let directories: Int32 = 11
}

/// The exit code of a worker that sends no report because another worker must begin the attempt anew: a file that it
/// needs appeared or changed after its sandbox was set, and the sandbox can't be widened.
package let workerBeginsAnewCode: Int32 = 121

/// The version that both programs must agree on; changed with every change of an order or a message.
package let workerProtocolVersion: UInt8 = 2

/// The first argument of a worker that a supervisor started; a command's name can't begin with it.
package let workerOrderArgument = "--supervised"
