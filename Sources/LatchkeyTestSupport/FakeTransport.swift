package import HTTPTransport
package import LinuxSystem
import Secrets

/// A transport without a network: a closure answers, a virtual clock moves only while somebody waits.
package final class FakeTransport: HTTPTransport {
    /// What the closure says of a request.
    package enum Answer {
        case response(Int, [(String, String)] = [], body: String = "")
        case failure(HTTPFailure)
        /// Never answers: ends at the request's own timeout.
        case silence
    }

    package private(set) var now = BootInstant(nanoseconds: 1_000_000_000_000)
    /// The requests so far, in order.
    package private(set) var requests: [HTTPRequest] = []
    /// How long an answer takes.
    package var latency = Duration.milliseconds(5)
    /// Whether a request that has begun can still be given headers, as before its connection stands.
    package var isAmendable = false
    private let answer: (HTTPRequest) -> Answer
    private var pending: [HTTPTicket: (due: BootInstant, answer: Answer)] = [:]

    package init(answer: @escaping (HTTPRequest) -> Answer) {
        self.answer = answer
    }

    package func begin(_ request: HTTPRequest) -> HTTPTicket {
        let ticket = HTTPTicket(number: requests.count)
        requests.append(request)
        var answer = answer(request)
        var due = now + latency
        if case .silence = answer {
            answer = .failure(.timedOut(connected: true))
            due = now + request.timeout
        }
        pending[ticket] = (due, answer)
        return ticket
    }

    package func amend(_ ticket: HTTPTicket, with headers: [(name: String, value: HTTPHeaderValue)]) -> Bool {
        guard isAmendable, let due = pending[ticket]?.due, due > now else { return false }
        requests[ticket.number].headers += headers
        pending[ticket] = (due, answer(requests[ticket.number]))
        return true
    }

    package func wait(forAnyOf tickets: Set<HTTPTicket>, until deadline: BootInstant) -> HTTPTicket? {
        let next = tickets.filter { pending[$0] != nil }
            .min { (pending[$0]?.due ?? now, $0.number) < (pending[$1]?.due ?? now, $1.number) }
        guard let next, let due = pending[next]?.due, due <= deadline else {
            now = max(now, deadline)
            return nil
        }
        now = max(now, due)
        return next
    }

    package func take(_ ticket: HTTPTicket) throws(HTTPFailure) -> HTTPResponse {
        guard let (due, answer) = pending.removeValue(forKey: ticket), due <= now else {
            throw .timedOut(connected: true)
        }
        switch answer {
        case .response(let status, let headers, let body):
            let bytes = Array(body.utf8)
            return HTTPResponse(status: status, headers: HTTPHeaders(headers), body: SecretBytes(copying: bytes.span))
        case .failure(let failure):
            throw failure
        case .silence:
            throw .timedOut(connected: true)
        }
    }
}
