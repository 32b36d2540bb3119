import Cryptography
package import WorkerProtocol

/// The source of an instance's jitter: a digest of machine and instance.
///
/// An instance has the same intervals after each new start, and the refreshes of a fleet that starts at once are spread
/// like digests. Pauses after failures don't use it: two instances with the same key must not be refused together for
/// ever.
package struct JitterKey: Sendable {
    private let seed: UInt64

    /// `parts` identify the machine and the instance, always in the same order.
    package init(_ parts: [String]) {
        var text: [UInt8] = []
        for part in parts {
            text += Array(part.utf8)
            text.append(0)
        }
        seed = sha256(text.span).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The generator for the end of an attempt. Attempts are counted from the start.
    package func generator(attempt: Int64) -> SplitMix64 {
        // The number goes through the generator first: otherwise successive attempts would have successive states.
        var attempts = SplitMix64(state: UInt64(bitPattern: attempt))
        return SplitMix64(state: seed ^ attempts.next())
    }
}
