package import LinuxSystem

/// Names one exchange that was begun.
package struct HTTPTicket: Hashable, Sendable {
    package let number: Int

    package init(number: Int) {
        self.number = number
    }
}

/// Many exchanges at once on one thread: begun here, driven while somebody waits, taken when they have ended.
///
/// The style is synchronous and overlapping: begin what is needed soon, go on, wait for the one that is needed now;
/// all others proceed during the wait.
package protocol HTTPTransport: AnyObject {
    /// The clock that `wait` and the retry schedules go by.
    var now: BootInstant { get }

    /// Starts an exchange. It never fails here: a bad request ends at once with `invalidRequest`.
    func begin(_ request: HTTPRequest) -> HTTPTicket

    /// Gives headers to an exchange whose request has not been sent yet: one that was begun to open a connection
    /// becomes the first that is asked over it. False, and nothing is changed, where it is too late.
    func amend(_ ticket: HTTPTicket, with headers: [(name: String, value: HTTPHeaderValue)]) -> Bool

    /// Drives all exchanges until one of `tickets` has ended, and names it; nil if `deadline` comes first.
    /// With no tickets it drives until the deadline: that is how a retry's pause is spent.
    func wait(forAnyOf tickets: Set<HTTPTicket>, until deadline: BootInstant) -> HTTPTicket?

    /// Hands over an ended exchange's answer, once. Taking one that has not ended cancels it (`timedOut`).
    func take(_ ticket: HTTPTicket) throws(HTTPFailure) -> HTTPResponse
}

extension HTTPTransport {
    /// A transport that sends every request at once.
    package func amend(_: HTTPTicket, with _: [(name: String, value: HTTPHeaderValue)]) -> Bool { false }

    /// Begins an exchange and waits for its end, at the latest until `deadline`.
    package func send(_ request: HTTPRequest, until deadline: BootInstant) throws(HTTPFailure) -> HTTPResponse {
        let ticket = begin(request)
        _ = wait(forAnyOf: [ticket], until: deadline)
        return try take(ticket)
    }
}
