package import LinuxSystem
package import Messages

/// How long and how often something is tried again.
package struct RetryPolicy: Sendable {
    /// Nothing is tried after this.
    package var deadline: BootInstant
    /// The most tries of one request; nil: until the deadline (before the start).
    package var attempts: Int?

    package init(deadline: BootInstant, attempts: Int? = nil) {
        self.deadline = deadline
        self.attempts = attempts
    }
}

/// What a run waits for next.
package enum AwaitedAnswer: Equatable, Sendable {
    /// A token from the source of this name.
    case identity(String)
    /// Vaults, by their names.
    case vaults([String])
    /// The next part of the list of a vault's secrets, after so many.
    case list(vault: String, listed: Int)
}

/// Observes waits: for the first failure's message, for progress, for the service manager.
package protocol WaitObserver: AnyObject {
    /// A wait for this answer begins.
    func awaiting(_ answer: AwaitedAnswer)
    /// A failure that may pass was seen; the next try comes after `pause`.
    func retrying(_ diagnosis: Diagnosis, after pause: Duration)
    /// `done` of `total` objects have arrived.
    func fetched(_ done: Int, of total: Int)
    /// An exchange ended with this status, or with 0 for none: for the metrics.
    func exchanged(endpoint: String, status: Int)
}
