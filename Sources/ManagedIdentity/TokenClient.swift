import HTTPTransport
import LinuxSystem
import Secrets

/// What a source is asked for.
struct TokenAsk {
    /// The audience, without a slash at its end: `https://vault.azure.net`.
    var resource: String
    /// The tenant that the vault's challenge names.
    var tenantHint: String?
    /// The claims of a challenge (continuous access evaluation), as JSON text.
    var claims: String?
    /// The token that the vault refused.
    var refused: SharedSecret?
    var retryPolicy: RetryPolicy
}

/// The pauses between the tries of one request.
struct RetryPlan {
    private var fixed: ArraySlice<Duration>
    private let last: Duration?
    private var backoff = Backoff(base: .milliseconds(800), cap: .seconds(30))

    /// The pauses that Microsoft documents for the instance metadata service, the last one repeated: an upgrade of it
    /// (410) takes up to 70 s.
    static let metadata = RetryPlan(
        fixed: [.zero, .seconds(2), .seconds(6), .seconds(14), .seconds(30)], last: .seconds(30))
    /// As Microsoft's clients, from 0.8 s, with full jitter.
    static let general = RetryPlan(fixed: [], last: nil)

    private init(fixed: ArraySlice<Duration>, last: Duration?) {
        self.fixed = fixed
        self.last = last
    }

    mutating func next(using generator: inout any RandomNumberGenerator) -> Duration {
        if let pause = fixed.popFirst() { return pause }
        return last ?? backoff.next(using: &generator)
    }
}

/// The exchanges with token endpoints: sent, judged by what all of them have in common, and tried again.
final class TokenClient {
    let transport: any HTTPTransport
    let environment: IdentityEnvironment
    /// Whether the metadata service has answered: it is looked for once in a run.
    var metadataServiceAnswered = false
    private weak var observer: (any WaitObserver)?
    private var generator: any RandomNumberGenerator

    init(
        transport: any HTTPTransport, environment: IdentityEnvironment, observer: (any WaitObserver)?,
        generator: any RandomNumberGenerator
    ) {
        self.transport = transport
        self.environment = environment
        self.observer = observer
        self.generator = generator
    }

    /// Says that a source's token is waited for.
    func announce(_ kind: IdentityKind) {
        observer?.awaiting(.identity(kind.rawValue))
    }

    /// Repeats `attempt` as long as its failure may pass, and the policy allows. A try that the deadline cuts off
    /// says less than what the endpoint answered before it.
    func retrying(
        _ plan: RetryPlan, _ retryPolicy: RetryPolicy, _ attempt: () throws(IdentityError) -> AccessToken
    ) throws(IdentityError) -> AccessToken {
        var plan = plan
        var attempts = 1
        var known: IdentityError?
        while true {
            do throws(IdentityError) {
                return try attempt()
            } catch {
                if let known, case .unreachable = error, transport.now >= retryPolicy.deadline { throw known }
                guard error.mayPass, retryPolicy.attempts.map({ attempts < $0 }) ?? true,
                    let pause = pause(after: error, &plan, until: retryPolicy.deadline)
                else { throw error }
                attempts += 1
                known = error
                observer?.retrying(error.diagnosis, after: pause)
                _ = transport.wait(forAnyOf: [], until: transport.now + pause)
            }
        }
    }

    /// The next pause; nil where no further try fits in. A pause that is too long is cut, so that the last try comes
    /// a second before the deadline; one that the server asked for is not.
    private func pause(
        after failure: IdentityError, _ plan: inout RetryPlan, until deadline: BootInstant
    ) -> Duration? {
        let left = deadline - transport.now
        if let asked = failure.retryAfter {
            return asked < left ? asked : nil
        }
        let planned = plan.next(using: &generator)
        if planned < left { return planned }
        return left > .seconds(1) ? left - .seconds(1) : nil
    }

    /// Sends one request. Throws for everything that is no answer, for redirects, and for the statuses that may pass.
    func send(
        _ request: HTTPRequest, _ kind: IdentityKind, until deadline: BootInstant, missingMayPass: Bool = true
    ) throws(IdentityError) -> HTTPResponse {
        let response = try exchange(request, kind, until: deadline)
        switch response.status {
        case 300..<400:
            throw .answer(kind, problem: "the endpoint redirects (HTTP \(response.status)), which is never followed")
        case 429:
            throw .throttled(kind, retryAfter: retryAfter(in: response.headers, wallClock: environment.wallClock()))
        case 408, 500...599:
            throw failing(response, kind)
        case 404 where missingMayPass, 410 where missingMayPass:
            throw failing(response, kind)
        default:
            return response
        }
    }

    /// Sends one request and returns whatever comes.
    func exchange(
        _ request: HTTPRequest, _ kind: IdentityKind, until deadline: BootInstant
    ) throws(IdentityError) -> HTTPResponse {
        do throws(HTTPFailure) {
            let response = try transport.send(request, until: deadline)
            observer?.exchanged(endpoint: request.endpoint, status: response.status)
            return response
        } catch {
            observer?.exchanged(endpoint: request.endpoint, status: 0)
            throw failure(error, kind, host: EndpointURL(request.url)?.hostAndPort ?? "endpoint")
        }
    }

    /// The reason of an endpoint that has accepted a connection and does not answer.
    static let silence = "timed out"

    private func failing(_ response: borrowing HTTPResponse, _ kind: IdentityKind) -> IdentityError {
        .failing(
            kind, status: response.status,
            retryAfter: retryAfter(in: response.headers, wallClock: environment.wallClock()))
    }

    private func failure(_ failure: HTTPFailure, _ kind: IdentityKind, host: String) -> IdentityError {
        switch failure {
        case .couldNotResolve: .unreachable(kind, host: host, reason: "could not resolve the name")
        case .couldNotConnect(_, let reason): .unreachable(kind, host: host, reason: "could not connect: \(reason)")
        case .timedOut(let connected):
            .unreachable(kind, host: host, reason: connected ? Self.silence : "timed out while connecting")
        case .broken(let reason): .unreachable(kind, host: host, reason: reason)
        case .untrusted(let reason): .untrusted(kind, host: host, reason: reason)
        case .tooLarge(let limit): .answer(kind, problem: "the answer is larger than \(limit) bytes")
        case .malformed(let reason): .answer(kind, problem: "the answer is not HTTP: \(reason)")
        case .invalidRequest(let reason): .answer(kind, problem: "the request can't be sent: \(reason)")
        }
    }
}
