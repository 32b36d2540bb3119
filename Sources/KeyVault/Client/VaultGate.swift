import HTTPTransport
import LinuxSystem

/// How many requests a vault gets at once from this run, and when: pure, without a clock.
///
/// 1. Up to `widest` requests are under way at once.
/// 2. A refusal of the whole vault (429, a `Retry-After`, no connection) pauses all requests that are not yet sent.
///    Without a `Retry-After` the pause has full jitter: a fleet that was refused together comes back spread out.
/// 3. After the pause one request goes as a probe. It passes: two go, then four, up to `widest`. It is refused:
///    the next pause.
/// 4. What was sent before the refusal tells nothing new: its failures are part of the same refusal, its successes
///    are kept and open nothing.
///
/// The bound of the jitter stays at 0.8 s for many refusals in a row, because throttled requests cost a vault's budget
/// nothing, while a fleet that sleeps too long leaves it unused; then it doubles to 3.2 s. In simulations 30 launchers
/// of 20 secrets under a ceiling of 60 a second took 1.1 times what the ceiling allows (1.3 times with a bound that
/// grows early), 1,000 launchers under Azure's 4,000 in ten seconds 1.02 times.
struct VaultGate {
    static let shortest = Duration.milliseconds(800)
    static let longest = Duration.milliseconds(3200)
    /// So many refusals in a row are met with the shortest bound: some 16 s, longer than the 10 s that Azure counts in.
    static let patientRefusals = 40

    private let widest: Int
    private(set) var window: Int
    private(set) var pausedUntil: BootInstant?
    /// Counts the refusals of the whole vault; a request belongs to the epoch it was sent in.
    private(set) var epoch = 0
    /// Refusals in a row, since the last request that passed or the beginning of the round.
    private(set) var refusals = 0
    private var backoff = Backoff(base: Self.shortest, cap: Self.longest)

    init(widest: Int) {
        self.widest = max(widest, 1)
        window = self.widest
    }

    /// Forgets how often the vault has refused, since another round has another policy. A pause goes on.
    mutating func beginRound() {
        refusals = 0
    }

    /// Whether one more request may be sent now.
    func admits(inFlight: Int, at now: BootInstant) -> Bool {
        inFlight < window && pausedUntil.map { now >= $0 } ?? true
    }

    /// An answer that is no refusal, to a request of `epoch`.
    mutating func passed(epoch: Int) {
        guard epoch == self.epoch else { return }
        refusals = 0
        window = min(window * 2, widest)
        backoff = Backoff(base: Self.shortest, cap: Self.longest)
    }

    /// A refusal of a request of `epoch`; `asked` is its `Retry-After`. Says how long the vault is left alone, or nil
    /// where this belongs to a refusal that is known already.
    mutating func refused(
        epoch: Int, asked: Duration?, at now: BootInstant, using generator: inout some RandomNumberGenerator
    ) -> Duration? {
        guard epoch == self.epoch else {
            if let asked, let pausedUntil, now + asked > pausedUntil { self.pausedUntil = now + asked }
            return nil
        }
        self.epoch += 1
        refusals += 1
        window = 1
        let pause = pause(asked: asked, using: &generator)
        pausedUntil = now + pause
        return pause
    }

    /// Brings the end of the pause forward: the last try before a deadline.
    mutating func resume(at instant: BootInstant) {
        guard let pausedUntil, instant < pausedUntil else { return }
        self.pausedUntil = instant
    }

    private mutating func pause(asked: Duration?, using generator: inout some RandomNumberGenerator) -> Duration {
        if let asked {
            // A tenth more, so that those who were asked the same do not come back as one.
            return asked + .nanoseconds(Int64.random(in: 0...asked.wholeNanoseconds / 10, using: &generator))
        }
        if refusals <= Self.patientRefusals {
            var first = Backoff(base: Self.shortest, cap: Self.shortest)
            return first.next(using: &generator)
        }
        return backoff.next(using: &generator)
    }
}
