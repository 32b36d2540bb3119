import HTTPTypes

/// Which requests a fault is played for. Everything that is given must fit.
package struct FaultMatch: Equatable, Sendable {
    /// Empty for every endpoint but the control interface.
    package var endpoints: Set<Endpoint> = []
    package var vault: String?
    package var method: String?
    /// A regular expression that is looked for in the path.
    package var path: String?
    /// A regular expression that is looked for in the query.
    package var query: String?
    /// Only requests with (or without) a bearer token.
    package var token: Bool?

    package init() {}

    package func fits(_ call: Call, vault name: String?) -> Bool {
        guard call.endpoint != .control else { return false }
        if !endpoints.isEmpty, !endpoints.contains(call.endpoint) { return false }
        if let vault, vault.lowercased() != name { return false }
        if let method, method.uppercased() != call.method.rawValue { return false }
        if let token, token != (call.header("authorization") != nil) { return false }
        return Self.finds(path, in: call.path) && Self.finds(query, in: call.queryText)
    }

    private static func finds(_ pattern: String?, in text: String) -> Bool {
        guard let pattern else { return true }
        guard let expression = try? Regex(pattern) else { return false }
        return text.firstMatch(of: expression) != nil
    }
}

/// What happens to a request's answer.
package struct FaultEffect: Equatable, Sendable {
    /// Waited for before anything else, in seconds.
    package var delay: Double?
    /// The connection is closed before any byte of an answer.
    package var drop = false
    /// With `drop`: by a reset instead of an orderly close.
    package var reset = false
    /// The name of one of Azure's documented errors (see `DocumentedError`).
    package var error: String?
    package var status: Int?
    package var body: [UInt8]?
    package var contentType: String?
    package var headers: [String: String] = [:]
    package var removedHeaders: [String] = []
    package var retryAfter: String?
    /// Seconds from now, sent as a date.
    package var retryAfterDate: Double?
    package var retryAfterMilliseconds: Int?
    package var redirect: String?
    package var challenge: ChallengeFault?
    /// Bytes of the body that are sent before the connection is closed; Content-Length stays as it was.
    package var truncate: Int?
    /// So many bytes at a time, with a pause of so many seconds between them.
    package var drip: Drip?
    /// A body of so many bytes in place of the real one; it is chunked, so that no length gives it away.
    package var bodySize: Int?
    /// A body that never ends.
    package var endless = false
    /// A body that is no JSON.
    package var garbage = false
    /// The body goes as gzip; with `bodySize` it unpacks to so many bytes, and is a thousandth of them on the wire.
    package var gzip = false
    /// The request is carried out even though its answer is replaced or lost.
    package var execute = false

    package struct Drip: Equatable, Sendable {
        package var bytes: Int
        package var pause: Double
    }

    package init() {}

    /// Whether the endpoint is not asked at all.
    package var replacesAnswer: Bool {
        !execute && (drop || error != nil || status != nil || body != nil || redirect != nil)
    }
}

/// What is wrong with the challenge of a 401.
package enum ChallengeFault: Equatable, Sendable {
    /// Another resource than the vault's suffix.
    case resource(String)
    /// Another authority than the emulator's.
    case authority(String)
    case missing
    case malformed
    /// A foreign challenge before the right one.
    case twice
    /// A valid token is refused once for want of claims (continuous access evaluation).
    case insufficientClaims
}

/// One fault: for which requests, how often, and what happens.
package struct Fault: Sendable {
    package var name: String
    package var match = FaultMatch()
    package var effect = FaultEffect()
    /// So many fitting requests pass before it begins.
    package var after = 0
    /// So many fitting requests are hit; nil for all.
    package var times: Int?
    /// How likely a fitting request is hit; nil for always.
    package var probability: Double?
    /// Whether it came from the seed file, and goes when it is edited out.
    package var fromSeed = false
    package private(set) var seen = 0
    package private(set) var hits = 0

    package init(name: String) { self.name = name }

    /// Counts a fitting request; whether the fault is played for it.
    package mutating func strikes(_ random: inout SeededGenerator) -> Bool {
        seen += 1
        guard seen > after else { return false }
        if let times, hits >= times { return false }
        if let probability, Double.random(in: 0..<1, using: &random) >= probability { return false }
        hits += 1
        return true
    }
}

/// A generator with the same numbers for the same seed (SplitMix64), so that a fault with a probability repeats.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// The faults that are set; the first one that fits and strikes is played.
package struct FaultScript: Sendable {
    package var faults: [Fault] = []
    private var random: SeededGenerator

    package init(seed: UInt64 = 1) { random = SeededGenerator(seed: seed) }

    package mutating func reseed(_ seed: UInt64) { random = SeededGenerator(seed: seed) }

    package mutating func strike(_ call: Call, vault: String?) -> (name: String, effect: FaultEffect)? {
        for index in faults.indices where faults[index].match.fits(call, vault: vault) {
            if faults[index].strikes(&random) { return (faults[index].name, faults[index].effect) }
        }
        return nil
    }
}
