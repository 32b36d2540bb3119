import LinuxSystem

/// How many exchanges one host may have under way at once. A value; the transport reports the exchanges' progress to
/// it.
///
/// A further connection costs a handshake, but saves waiting for answers. The first exchange of a host goes alone while
/// that is cheap, because its results make the others cheap: the address, the session to resume, whether one connection
/// carries all (h2), and how long an answer takes.
///
/// 1. The first one starts. Nothing else can be done before its name is resolved.
/// 2. If it is not accepted within `acceptPatience`, the host is distant: waiting costs more than handshakes. All
///    start, up to the bound.
/// 3. If it is accepted, the host is near. The others wait for its answer, at most for `answerPatience`.
/// 4. With a near host, a second exchange uses the same connection, because the first answer's time includes one-time
///    costs.
/// 5. The time of the answers then decides how many connections are worth their handshakes. Open ones are used in any
///    case.
struct ConnectionPlan {
    /// Measured on loopback: a server within one machine or one rack accepts in a fraction of this.
    static let acceptPatience = Duration.milliseconds(1)
    /// A full handshake and an answer take 3 to 6 ms on loopback.
    static let answerPatience = Duration.milliseconds(10)
    /// What a resumed handshake costs, on both sides and until it has paid off: of 0.25, 0.5 and 3 ms the one with
    /// which 200 requests on loopback were the fastest (Tests/Benchmarks).
    static let handshakeCost = Duration.microseconds(500)
    /// A host that answers faster than this is near.
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
    /// One of the host's connections carries only one exchange at a time.
    private var speaksPlainly = false

    /// A host about which nothing is known yet. `bound` is its limit of connections.
    init(bound: Int, isKnown: Bool = false) {
        self.bound = max(bound, 1)
        stage = isKnown ? .open : .cold
    }

    /// When an exchange may start without an event: check again at that time.
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
        // After a failure to connect, wait for the exchanges under way.
        if isFailing && active > 0 { return 0 }
        let limit =
            switch stage {
            case .cold, .first, .near: 1
            case .open: max(width(for: active + waiting), min(connections, bound))
            // One goes first again, because the connection may be closed.
            case .multiplexed: connected > 0 ? Self.streams : 1
            }
        return max(min(limit - active, waiting), 0)
    }

    private func width(for work: Int) -> Int {
        guard let answerTime else { return min(work, bound) }
        // The minimum of k·handshake + work/k·answer.
        let square = Double(work) * Double(answerTime.wholeNanoseconds) / Double(Self.handshakeCost.wholeNanoseconds)
        return min(max(Int(square.squareRoot().rounded()), 1), work, bound)
    }

    /// An exchange was started.
    mutating func started() {
        if stage == .cold { stage = .first(look: nil, accepted: false) }
    }

    /// Reports the progress of the first exchange.
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

    /// No exchange could connect: the next one goes first again.
    mutating func forget() {
        stage = .cold
        isFailing = false
        speaksPlainly = false
        connections = 0
    }
}
