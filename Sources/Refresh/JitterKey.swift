import Cryptography
package import WorkerProtocol

/// What an instance's jitter comes from: a digest of machine and instance.
///
/// An instance's refreshes come after the same intervals whenever it is started anew, and those of a fleet that is
/// started at once are as far apart as digests are. Pauses after failures are not drawn from it: two instances with one
/// key, if there ever are any, must not be refused together for ever.
package struct JitterKey: Sendable {
    private let seed: UInt64

    /// `parts` name the machine and the instance, in an order that does not change.
    package init(_ parts: [String]) {
        var text: [UInt8] = []
        for part in parts {
            text += Array(part.utf8)
            text.append(0)
        }
        seed = sha256(text.span).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The generator for what is drawn at the end of an attempt, which is counted from the start.
    package func generator(attempt: Int64) -> SplitMix64 {
        // Through the generator first: two attempts in a row would else have states of one sequence.
        var attempts = SplitMix64(state: UInt64(bitPattern: attempt))
        return SplitMix64(state: seed ^ attempts.next())
    }
}
