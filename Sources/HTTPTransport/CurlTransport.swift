import CCurl
package import LinuxSystem
import Messages
import Secrets

/// The options of a `CurlTransport`. It reads nothing from the process's own environment.
package struct CurlTransportOptions {
    /// `--ca-file`: replaces all other authorities.
    package var authoritiesFile: String?
    /// Looks up `SSL_CERT_FILE`, `SSL_CERT_DIR`, `https_proxy`, `HTTPS_PROXY`, `no_proxy`, `NO_PROXY`.
    package var environment: (String) -> String?
    /// Notified of every exchange's end; not retained.
    package weak var observer: (any WaitObserver)?
    /// The most connections to one host.
    package var connectionsPerHost: Int
    /// Whether the process ends soon after the transport. Then the kernel closes the connections: closing each of 30
    /// TLS connections would take longer than all later steps.
    package var endsWithProcess = false
    /// Whether `peer(of:)` will be called.
    package var notesPeers = false

    package init(
        authoritiesFile: String? = nil, environment: @escaping (String) -> String? = { _ in nil },
        observer: (any WaitObserver)? = nil, connectionsPerHost: Int = 32
    ) {
        self.authoritiesFile = authoritiesFile
        self.environment = environment
        self.observer = observer
        self.connectionsPerHost = connectionsPerHost
    }

    /// The variable whose value is not a valid proxy address.
    package var mistakenProxy: String? { CurlTransportSettings.mistakenProxy(in: environment) }
}

/// Exchanges over libcurl, on the caller's thread while it waits.
///
/// `begin` puts an exchange into its host's queue. `ConnectionPlan` decides how many of a queue are under way at once.
/// An exchange's time limit begins when it leaves the queue.
///
/// Neither the end of an exchange nor the end of the transport waits for a resolver thread.
package final class CurlTransport: HTTPTransport {
    /// One server, with one way to check who it is.
    private struct HostKey: Hashable {
        let scheme: String
        let host: String
        let port: String
        let peer: HTTPRequest.Peer
    }

    private struct Host {
        var plan: ConnectionPlan
        var line: [HTTPTicket] = []
        var active: [HTTPTicket: CurlExchange] = [:]

        var room: Int {
            plan.room(
                active: active.count, connected: active.values.count(where: \.isConnected), waiting: line.count)
        }
    }

    private struct PendingRequest {
        var request: HTTPRequest
        let address: CurlAddress
        let key: HostKey
    }

    private enum Outcome: ~Copyable {
        case answer(HTTPResponse)
        case failure(HTTPFailure)
    }

    private final class EndedExchange {
        var outcome: Outcome?

        init(_ outcome: consuming Outcome) {
            self.outcome = consume outcome
        }
    }

    private weak var observer: (any WaitObserver)?
    private let connectionsPerHost: Int
    private var settings: CurlTransportSettings
    private let loop: CurlLoop
    private var hosts: [HostKey: Host] = [:]
    private var requests: [HTTPTicket: PendingRequest] = [:]
    private var tickets: [ObjectIdentifier: HTTPTicket] = [:]
    private var ended: [HTTPTicket: EndedExchange] = [:]
    private var submitted: [HTTPTicket] = []
    private var lastNumber = 0
    private var peers: [String: TLSPeer] = [:]

    package init(options: CurlTransportOptions) {
        precondition(CurlGlobal.isReady, "libcurl could not be made ready")
        observer = options.observer
        connectionsPerHost = options.connectionsPerHost
        settings = CurlTransportSettings(options)
        loop = CurlLoop(isLeftOpen: options.endsWithProcess)
    }

    package var now: BootInstant { .now }

    /// How a host proved who it is, if peers are noted and the host has answered.
    package func peer(of host: String) -> TLSPeer? { peers[host] }

    package func begin(_ request: HTTPRequest) -> HTTPTicket {
        lastNumber += 1
        let ticket = HTTPTicket(number: lastNumber)
        do throws(HTTPFailure) {
            let address = try CurlAddress(request)
            let key = HostKey(scheme: address.scheme, host: address.host, port: address.port, peer: request.peer)
            requests[ticket] = PendingRequest(request: request, address: address, key: key)
            hosts[key, default: newHost(request.peer)].line.append(ticket)
            advance(key)
            loop.kick()
        } catch {
            end(ticket, request.endpoint, .failure(error))
        }
        return ticket
    }

    package func amend(_ ticket: HTTPTicket, with headers: [(name: String, value: HTTPHeaderValue)]) -> Bool {
        guard var pending = requests[ticket] else { return false }
        if let exchange = hosts[pending.key]?.active[ticket], !exchange.amend(with: headers) { return false }
        pending.request.headers += headers
        requests[ticket] = pending
        return true
    }

    package func wait(forAnyOf tickets: Set<HTTPTicket>, until deadline: BootInstant) -> HTTPTicket? {
        // An exchange that was begun since may have ended at once.
        finishEnded()
        var isLast = false
        while true {
            if let ticket = submitted.first(where: tickets.contains) { return ticket }
            if isLast { return nil }
            // Even after the deadline the exchanges make one step.
            isLast = now >= deadline
            let look = hosts.values.compactMap(\.plan.nextLook).min()
            loop.turn(until: min(look ?? deadline, deadline))
            finishEnded()
        }
    }

    package func take(_ ticket: HTTPTicket) throws(HTTPFailure) -> HTTPResponse {
        if let pending = requests[ticket] { cancel(ticket, pending) }
        submitted.removeAll { $0 == ticket }
        guard let outcome = ended.removeValue(forKey: ticket)?.outcome.take() else {
            throw .invalidRequest(reason: "an exchange is taken once")
        }
        switch consume outcome {
        case .answer(let response): return response
        case .failure(let failure): throw failure
        }
    }
}

// The queues.
extension CurlTransport {
    private func newHost(_ peer: HTTPRequest.Peer) -> Host {
        // A pinned exchange has its own connection, which no other exchange uses.
        let isApart = if case .pinned = peer { true } else { false }
        return Host(plan: ConnectionPlan(bound: connectionsPerHost, isKnown: isApart))
    }

    /// Handles ended exchanges, and starts those that may start.
    private func finishEnded() {
        var ended = loop.ended()
        repeat {
            for (exchange, code) in ended {
                if let ticket = tickets[ObjectIdentifier(exchange)], let pending = requests[ticket] {
                    finish(ticket, pending, exchange, code)
                }
            }
            for key in Array(hosts.keys) {
                watch(key)
                advance(key)
            }
            // An exchange that was just started may have ended already, so that there is no socket to wait for.
            ended = loop.ended()
        } while !ended.isEmpty
    }

    /// Starts as many exchanges of a queue as its plan allows.
    private func advance(_ key: HostKey) {
        while let room = hosts[key]?.room, room > 0, let next = hosts[key]?.line.prefix(room) {
            hosts[key]?.line.removeFirst(room)
            next.forEach(start)
            loop.kick()
            watch(key)
        }
    }

    private func start(_ ticket: HTTPTicket) {
        guard let pending = requests[ticket] else { return }
        do throws(HTTPFailure) {
            let exchange = try CurlExchange(pending.request, pending.address, settings)
            tickets[ObjectIdentifier(exchange)] = ticket
            hosts[pending.key]?.active[ticket] = exchange
            hosts[pending.key]?.plan.started()
            loop.add(exchange)
        } catch {
            end(ticket, pending.request.endpoint, .failure(error))
        }
    }

    /// Reports the progress of a host's exchanges to its plan.
    private func watch(_ key: HostKey) {
        guard var host = hosts[key], !host.active.isEmpty else { return }
        let wasMultiplexed = host.plan.isMultiplexed
        for exchange in host.active.values {
            if exchange.isConnected { host.plan.connected(multiplexes: exchange.isMultiplexed) }
            if host.plan.isWatchingFirst {
                host.plan.watch(resolved: exchange.isResolved, accepted: exchange.isAccepted, now: now)
                count(exchange, in: &host.plan)
            }
        }
        hosts[key] = host
        if host.plan.isMultiplexed && !wasMultiplexed { takeBack(key) }
    }

    private func count(_ exchange: CurlExchange, in plan: inout ConnectionPlan) {
        guard exchange.isAnswering, !exchange.isCounted else { return }
        exchange.isCounted = true
        plan.answered(after: exchange.answerTime)
    }

    /// Puts the exchanges that are still connecting back to the head of the queue, because one connection carries them
    /// all.
    private func takeBack(_ key: HostKey) {
        let connecting = hosts[key]?.active.filter { !$0.value.isConnected } ?? [:]
        for (ticket, exchange) in connecting {
            release(ticket, exchange, key)
        }
        hosts[key]?.line.insert(contentsOf: connecting.keys.sorted { $0.number < $1.number }, at: 0)
    }

    /// Removes an exchange from curl and from its host.
    private func release(_ ticket: HTTPTicket, _ exchange: CurlExchange, _ key: HostKey) {
        loop.remove(exchange)
        tickets[ObjectIdentifier(exchange)] = nil
        hosts[key]?.active[ticket] = nil
    }

    private func finish(_ ticket: HTTPTicket, _ pending: PendingRequest, _ exchange: CurlExchange, _ code: CURLcode) {
        let key = pending.key
        if let peer = exchange.peer { peers[key.host] = peer }
        if exchange.isConnected {
            hosts[key]?.plan.connected(multiplexes: exchange.isMultiplexed)
        }
        release(ticket, exchange, key)
        if code == CURLE_OK, var host = hosts[key] {
            count(exchange, in: &host.plan)
            hosts[key] = host
        }
        hosts[key]?.plan.ended(connectionsMade: exchange.connectionsMade)
        if code == CURLE_OK {
            end(ticket, pending.request.endpoint, .answer(exchange.response()))
            return
        }
        let facts = exchange.facts(code)
        if facts.isUnknownAuthority && retries(with: exchange) {
            hosts[key]?.line.insert(ticket, at: 0)
            return
        }
        end(ticket, pending.request.endpoint, .failure(facts.failure))
        if !exchange.isConnected { failLine(key, facts.failure) }
    }

    /// The system's bundle may have an authority that the directory lacks.
    private func retries(with exchange: CurlExchange) -> Bool {
        if let bundle = settings.trust.fallbackBundle { settings.trust = TrustStore(bundle: bundle) }
        return exchange.trust != settings.trust
    }

    /// If a host can't be reached and no exchange under way may still succeed, fails the exchanges in its queue too.
    /// Otherwise each of them would spend its own time limit.
    private func failLine(_ key: HostKey, _ failure: HTTPFailure) {
        hosts[key]?.plan.failedToConnect()
        guard let host = hosts[key], host.active.isEmpty else { return }
        hosts[key]?.line = []
        hosts[key]?.plan.forget()
        for ticket in host.line {
            if let pending = requests[ticket] { end(ticket, pending.request.endpoint, .failure(failure)) }
        }
    }

    private func cancel(_ ticket: HTTPTicket, _ pending: PendingRequest) {
        var connected = false
        if let exchange = hosts[pending.key]?.active[ticket] {
            connected = exchange.isAccepted
            release(ticket, exchange, pending.key)
            hosts[pending.key]?.plan.ended(connectionsMade: 0)
        }
        hosts[pending.key]?.line.removeAll { $0 == ticket }
        end(ticket, pending.request.endpoint, .failure(.timedOut(connected: connected)))
        advance(pending.key)
    }

    private func end(_ ticket: HTTPTicket, _ endpoint: String, _ outcome: consuming Outcome) {
        let status =
            switch outcome {
            case .answer(let response): response.status
            case .failure: 0
            }
        requests[ticket] = nil
        ended[ticket] = EndedExchange(outcome)
        submitted.append(ticket)
        observer?.exchanged(endpoint: endpoint, status: status)
    }
}
