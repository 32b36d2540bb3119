package import LinuxSystem

/// Names one exchange that was begun.
package struct HTTPTicket: Hashable, Sendable {
    package let number: Int

    package init(number: Int) {
        self.number = number
    }
}

/// Many exchanges at once on one thread: the caller begins them, waits for them, and takes their answers.
///
/// Use: begin all exchanges that are needed soon, then wait for the one that is needed now. All others proceed during
/// the wait.
package protocol HTTPTransport: AnyObject {
    /// The clock of `wait` and of retries.
    var now: BootInstant { get }

    /// Starts an exchange. It never fails here: a bad request ends at once with `invalidRequest`.
    func begin(_ request: HTTPRequest) -> HTTPTicket

    /// Adds headers to an exchange whose request has not been sent yet: an exchange that was begun to open a connection
    /// becomes the first request over it. Returns false and changes nothing if it is too late.
    func amend(_ ticket: HTTPTicket, with headers: [(name: String, value: HTTPHeaderValue)]) -> Bool

    /// Drives all exchanges until one of `tickets` has ended, and returns it; nil if `deadline` comes first. Without
    /// tickets it drives until the deadline: used for the pause before a retry.
    func wait(forAnyOf tickets: Set<HTTPTicket>, until deadline: BootInstant) -> HTTPTicket?

    /// Returns an ended exchange's answer, once. Taking one that has not ended cancels it (`timedOut`).
    func take(_ ticket: HTTPTicket) throws(HTTPFailure) -> HTTPResponse
}

extension HTTPTransport {
    /// A transport that sends every request at once.
    package func amend(_: HTTPTicket, with _: [(name: String, value: HTTPHeaderValue)]) -> Bool { false }

    /// Begins an exchange and waits for its end, at most until `deadline`.
    package func send(_ request: HTTPRequest, until deadline: BootInstant) throws(HTTPFailure) -> HTTPResponse {
        let ticket = begin(request)
        _ = wait(forAnyOf: [ticket], until: deadline)
        return try take(ticket)
    }
}
