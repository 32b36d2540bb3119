import Foundation
import HTTPTransport
import KeyVault
import LatchkeyTestSupport
import LinuxSystem
import Secrets
import Testing

/// Many clients in one virtual time: of all threads only the one whose moment it is runs, so that a run depends on
/// its seed alone.
private final class Fleet: @unchecked Sendable {
    private let condition = NSCondition()
    private var sleeping: [Int: BootInstant] = [:]
    private var running: Int
    private var turn: Int?
    private var present = BootInstant(nanoseconds: 1_000_000_000_000)
    private var passed: [BootInstant] = []
    private var finished: [Int: BootInstant] = [:]
    let ceiling: Ceiling

    struct Ceiling: Sendable, CustomTestStringConvertible {
        var limit: Int
        var window: Duration
        var retryAfter: String?
        var testDescription: String { "\(limit) in \(window), retry-after \(retryAfter ?? "none")" }
    }

    init(size: Int, ceiling: Ceiling) {
        running = size
        self.ceiling = ceiling
    }

    var now: BootInstant { condition.withLock { present } }

    /// Lets others run until it is `instant`.
    func sleep(_ client: Int, until instant: BootInstant) {
        condition.withLock {
            sleeping[client] = max(instant, present)
            running -= 1
            pass()
            while turn != client { condition.wait() }
            turn = nil
        }
    }

    func end(_ client: Int) {
        condition.withLock {
            finished[client] = present
            running -= 1
            pass()
        }
    }

    /// Gives the turn to the client that wakes first, once all sleep.
    private func pass() {
        if running == 0, let next = sleeping.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }) {
            sleeping[next.key] = nil
            present = next.value
            turn = next.key
            running = 1
        }
        condition.broadcast()
    }

    /// A sliding window; what it refuses does not count.
    func admits() -> Bool {
        condition.withLock {
            passed.removeAll { $0 + ceiling.window <= present }
            guard passed.count < ceiling.limit else { return false }
            passed.append(present)
            return true
        }
    }

    func finish(of size: Int) -> BootInstant {
        condition.withLock {
            while finished.count < size { condition.wait() }
            return finished.values.max() ?? present
        }
    }
}

/// One client's connection to the fleet's vault.
private final class FleetTransport: HTTPTransport {
    private let fleet: Fleet
    private let client: Int
    private var pending: [HTTPTicket: (due: BootInstant, status: Int, url: String)] = [:]
    private var count = 0

    init(fleet: Fleet, client: Int) {
        self.fleet = fleet
        self.client = client
    }

    var now: BootInstant { fleet.now }

    func begin(_ request: HTTPRequest) -> HTTPTicket {
        count += 1
        let ticket = HTTPTicket(number: count)
        let status = request.bearer == nil ? 401 : fleet.admits() ? 200 : 429
        pending[ticket] = (now + .milliseconds(8), status, request.objectName)
        return ticket
    }

    func wait(forAnyOf tickets: Set<HTTPTicket>, until deadline: BootInstant) -> HTTPTicket? {
        let first = tickets.compactMap { ticket in pending[ticket].map { (ticket, $0.due) } }
            .min { ($0.1, $0.0.number) < ($1.1, $1.0.number) }
        guard let first, first.1 <= deadline else {
            fleet.sleep(client, until: deadline)
            return nil
        }
        fleet.sleep(client, until: first.1)
        return first.0
    }

    func take(_ ticket: HTTPTicket) throws(HTTPFailure) -> HTTPResponse {
        guard let answer = pending.removeValue(forKey: ticket), answer.due <= now else {
            throw .timedOut(connected: true)
        }
        let headers = answer.status == 429 ? fleet.ceiling.retryAfter.map { [("Retry-After", $0)] } ?? [] : []
        let body = Array((answer.status == 200 ? secretBody(answer.url) : "").utf8)
        return HTTPResponse(
            status: answer.status, headers: HTTPHeaders(headers), body: SecretBytes(copying: body.span))
    }
}

@Suite struct FleetTests {
    private func run(_ ceiling: Fleet.Ceiling, seed: UInt64, clients: Int, secrets: Int) -> (Duration, failures: Int) {
        let fleet = Fleet(size: clients, ceiling: ceiling)
        let start = fleet.now
        let failures = Failures()
        for client in 0..<clients {
            Thread.detachNewThread {
                var settings = VaultClient.Settings()
                var generator = SeededGenerator(state: seed &* 1000 &+ UInt64(client))
                // Processes that are started at once begin within some tenths of a second.
                fleet.sleep(client, until: start + .milliseconds(Int.random(in: 0...300, using: &generator)))
                settings.generator = generator
                let vault = VaultClient(
                    transport: FleetTransport(fleet: fleet, client: client), tokens: FakeTokens(), settings: settings)
                var set = SecretSet()
                let outcomes = vault.fetch(
                    (1...secrets).map { secret("s\($0)") }, into: &set,
                    retryPolicy: RetryPolicy(deadline: start + .seconds(90)))
                failures.add(outcomes.filter { (try? $0.get()) == nil }.count)
                fleet.end(client)
            }
        }
        return (fleet.finish(of: clients) - start, failures.count)
    }

    private final class Failures: @unchecked Sendable {
        private let lock = NSLock()
        private var total = 0
        var count: Int { lock.withLock { total } }
        func add(_ number: Int) { lock.withLock { total += number } }
    }

    @Test(
        arguments: [1, 2, 3],
        [
            Fleet.Ceiling(limit: 60, window: .seconds(1)),
            Fleet.Ceiling(limit: 60, window: .seconds(1), retryAfter: "1"),
            Fleet.Ceiling(limit: 200, window: .seconds(10)),
        ])
    fileprivate func `thirty launchers of twenty secrets take at most 1.3 times what the ceiling allows`(
        seed: UInt64, ceiling: Fleet.Ceiling
    ) {
        let (taken, failures) = run(ceiling, seed: seed, clients: 30, secrets: 20)
        let allowed = ceiling.window * (600 / ceiling.limit - 1)
        #expect(failures == 0)
        #expect(taken <= allowed * 13 / 10, "\(taken) of \(allowed)")
        #expect(taken >= allowed)
    }
}
