import LinuxSystem

/// How many exchanges one host may have under way at once: a value that is told what the exchanges meet.
///
/// A further connection costs a handshake, and saves waiting for answers. The first exchange of a host goes alone as
/// long as that is cheap, because what it learns makes the others cheap too: the address, the session that they
/// resume, whether one connection carries them all (h2), and how long an answer takes.
///
/// 1. The first one starts. Nothing else can be done before its name is resolved.
/// 2. It is not accepted within `acceptPatience`: the host is some way off, where waiting costs more than handshakes.
///    Everything starts, up to the bound.
/// 3. It is accepted: the host is near. The others wait for its answer, but no longer than `answerPatience`.
/// 4. A near host answers a second one over the same connection: the first answer's time holds much that is paid once.
/// 5. The answers' time then says how many connections the work is worth; what is open already is used in any case.
struct ConnectionPlan {
    /// Measured on loopback: a server within one machine or one rack accepts in a fraction of this.
    static let acceptPatience = Duration.milliseconds(1)
    /// A full handshake and an answer take 3 to 6 ms on loopback.
    static let answerPatience = Duration.milliseconds(10)
    /// What a resumed handshake costs, on both sides and until it has paid off: of 0.25, 0.5 and 3 ms the one with
    /// which 200 requests on loopback were the fastest (Tests/Benchmarks).
    static let handshakeCost = Duration.microseconds(500)
    /// A host that answers faster is near.
    static let nearAnswer = Duration.milliseconds(5)
    /// The streams that every h2 server allows (RFC 9113, 6.5.2 recommends no fewer).
    static let streams = 100

    private enum Stage: Equatable {
        case cold
        case first(look: BootInstant?, accepted: Bool)
        case near(look: BootInstant?)
        case open
        case multiplexed
    }

    private var stage = Stage.cold
    private var answerTime: Duration?
    private let bound: Int
    /// Connections that were made and may still be there.
    private(set) var connections = 0

    private var isFailing = false
    /// A connection was seen that carries one exchange at a time: not all of the host's carry many.
    private var speaksPlainly = false

    /// A host of which nothing is known yet, or nothing needs to be; `bound` is the most connections that it gets.
    init(bound: Int, isKnown: Bool = false) {
        self.bound = max(bound, 1)
        stage = isKnown ? .open : .cold
    }

    /// When something may start without any event: to be looked at again then.
    var nextLook: BootInstant? {
        switch stage {
        case .first(let look, _), .near(let look): look
        case .cold, .open, .multiplexed: nil
        }
    }

    /// Whether the exchange that goes first, or the second one of a near host, is still being watched.
    var isWatchingFirst: Bool {
        switch stage {
        case .first, .near: true
        case .cold, .open, .multiplexed: false
        }
    }

    /// Whether one connection carries all exchanges.
    var isMultiplexed: Bool { stage == .multiplexed }

    /// How many more may start, with `active` under way (`connected` of them on a connection) and `waiting` in line.
    func room(active: Int, connected: Int, waiting: Int) -> Int {
        // After a failure to connect, those under way show whether there is any hope.
        if isFailing && active > 0 { return 0 }
        let limit =
            switch stage {
            case .cold, .first, .near: 1
            case .open: max(width(for: active + waiting), min(connections, bound))
            // One goes first again, should the connection have gone.
            case .multiplexed: connected > 0 ? Self.streams : 1
            }
        return max(min(limit - active, waiting), 0)
    }

    private func width(for work: Int) -> Int {
        guard let answerTime else { return min(work, bound) }
        // The least of k·handshake + work/k·answer.
        let square = Double(work) * Double(answerTime.wholeNanoseconds) / Double(Self.handshakeCost.wholeNanoseconds)
        return min(max(Int(square.squareRoot().rounded()), 1), work, bound)
    }

    /// An exchange was started.
    mutating func started() {
        if stage == .cold { stage = .first(look: nil, accepted: false) }
    }

    /// What the first exchange has met so far.
    mutating func watch(resolved: Bool, accepted: Bool, now: BootInstant) {
        if case .near(let look) = stage {
            stage = look.map { now >= $0 } ?? false ? .open : .near(look: look ?? now + Self.answerPatience)
        }
        guard case .first(let look, let wasAccepted) = stage, resolved else { return }
        if accepted && !wasAccepted {
            stage = .first(look: now + Self.answerPatience, accepted: true)
        } else if let look {
            if now >= look { stage = .open }
        } else {
            stage = .first(look: now + Self.acceptPatience, accepted: false)
        }
    }

    /// A request is about to be sent on a connection.
    mutating func connected(multiplexes: Bool) {
        isFailing = false
        if !multiplexes {
            speaksPlainly = true
            if stage == .multiplexed { stage = .open }
        } else if !speaksPlainly {
            stage = .multiplexed
        }
    }

    /// An answer has begun, `time` after its request was sent.
    mutating func answered(after time: Duration) {
        answerTime = min(answerTime ?? time, time)
        switch stage {
        case .first: stage = time < Self.nearAnswer ? .near(look: nil) : .open
        case .near: stage = .open
        case .cold, .open, .multiplexed: break
        }
    }

    /// An exchange has ended; `made` connections were made for it.
    mutating func ended(connectionsMade made: Int) {
        connections += made
        switch stage {
        case .first: stage = connections > 0 ? .open : .cold
        case .cold, .near, .open, .multiplexed: break
        }
    }

    /// An exchange could not get a connection.
    mutating func failedToConnect() {
        isFailing = true
    }

    /// Nothing could connect: the next exchange goes first again.
    mutating func forget() {
        stage = .cold
        isFailing = false
        speaksPlainly = false
        connections = 0
    }
}
