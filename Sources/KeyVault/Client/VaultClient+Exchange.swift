import HTTPTransport
import LinuxSystem
import ManagedIdentity
import Secrets

/// The loop that all requests go through.
extension VaultClient {
    /// The limit of one try.
    private static let requestTimeout = Duration.seconds(20)
    /// How long before the deadline a last try is made that would else come after it.
    private static let lastTry = Duration.seconds(1)

    /// Drives a round to its end.
    ///
    /// 1. What may go is sent: the gate of each vault and each request's own pause decide.
    /// 2. The transport runs until an answer is there, a pause ends or the deadline comes.
    /// 3. An answer ends its request, sends it into another try, or ends others along with it.
    ///
    /// `accept` gets each answer that is neither a refusal nor to be retried; what it throws ends the request.
    func perform(
        _ round: inout VaultRound, accept: (Int, borrowing HTTPResponse) throws(VaultError) -> Void
    ) {
        for vault in round.waiting.keys { sessions[vault]?.gate.beginRound() }
        while !round.isOver {
            guard transport.now < round.retryPolicy.deadline else {
                expire(&round)
                break
            }
            let wake = send(&round)  // (1)
            let until = min(wake ?? round.retryPolicy.deadline, round.retryPolicy.deadline)
            guard !round.isOver, let ended = transport.wait(forAnyOf: Set(round.flying.keys), until: until)  // (2)
            else { continue }
            complete(ended, in: &round, accept)  // (3)
        }
        for vault in round.waiting.keys { dismissWarm(vault) }
    }

    /// Sends what may be sent, and says when something else may be that waits for the clock alone.
    private func send(_ round: inout VaultRound) -> BootInstant? {
        let now = transport.now
        var wake: BootInstant?
        for (vault, indices) in round.waiting where !indices.isEmpty {
            if round.isHopeless { giveUp(indices, in: &round, session(of: vault).pause(at: now)) }
            for index in round.waiting[vault] ?? [] {
                let session = session(of: vault)
                let due = max(round.calls[index].notBefore, session.gate.pausedUntil ?? now)
                if due > now {
                    wake = min(wake ?? due, due)
                } else if session.gate.admits(inFlight: session.flying, at: now) {
                    begin(index, of: &round, session)
                } else {
                    break
                }
            }
        }
        return wake
    }

    /// Ends those that were tried, and all of them while the vault is being left alone.
    private func giveUp(_ indices: [Int], in round: inout VaultRound, _ refusal: VaultError?) {
        for index in indices {
            if let error = round.calls[index].error ?? refusal { round.end(index, with: error) }
        }
    }

    private func begin(_ index: Int, of round: inout VaultRound, _ session: VaultSession) {
        let call = round.calls[index]
        let known = call.carriesToken ? authorization.token(for: call.vault) : nil
        // The deadline is kept by the round, which knows what was said before.
        let ticket = transport.begin(request(for: call, token: known?.token.secret))
        sessions[call.vault, default: session].flying += 1
        round.fly(index, ticket, epoch: session.gate.epoch, generation: known?.generation ?? 0)
    }

    func request(for call: VaultCall, token: SharedSecret?) -> HTTPRequest {
        var request = HTTPRequest(
            .get, call.vault.url + call.target, peer: .authorities, endpoint: "vault", timeout: Self.requestTimeout)
        request.headers = [
            ("Accept", .plain("application/json")), ("x-ms-client-request-id", .plain(call.correlation)),
        ]
        if let token { request.headers.append(("Authorization", .secret(prefix: "Bearer ", token))) }
        return request
    }

    private func complete(
        _ ticket: HTTPTicket, in round: inout VaultRound,
        _ accept: (Int, borrowing HTTPResponse) throws(VaultError) -> Void
    ) {
        guard let flight = round.land(ticket) else { return }
        let call = round.calls[flight.index]
        sessions[call.vault]?.flying -= 1
        do throws(HTTPFailure) {
            let response = try transport.take(ticket)
            observer?.exchanged(endpoint: "vault", status: response.status)
            judge(response, of: flight, in: &round, accept)
        } catch {
            observer?.exchanged(endpoint: "vault", status: 0)
            let failure = VaultError(transport: error, vault: call.vault, subject: call.subject)
            if failure.isTemporary {
                retry(flight, in: &round, failure)
            } else {
                fail(flight.index, in: &round, failure)
            }
        }
    }

    private func judge(
        _ response: borrowing HTTPResponse, of flight: VaultRound.Flight, in round: inout VaultRound,
        _ accept: (Int, borrowing HTTPResponse) throws(VaultError) -> Void
    ) {
        let call = round.calls[flight.index]
        if VaultRefusal.mayPass(response.status) {
            var error = refusal(response, of: call)
            error.retryAfter = retryAfter(in: response.headers, wallClock: settings.wallClock())
            retry(flight, in: &round, error)
            return
        }
        sessions[call.vault]?.gate.passed(epoch: flight.epoch)
        do throws(VaultError) {
            if call.carriesToken, response.status == 401 {
                try authorization.reconsider(
                    response, of: call, generation: flight.generation, round.retryPolicy)
                round.wait(flight.index, until: transport.now, after: nil)
                return
            }
            guard !call.carriesToken || response.status == 200 else { throw refusal(response, of: call) }
            try accept(flight.index, response)
            round.calls[flight.index].error = nil
        } catch {
            fail(flight.index, in: &round, describe(error, response))
        }
    }

    private func refusal(_ response: borrowing HTTPResponse, of call: VaultCall) -> VaultError {
        let refusal = VaultRefusal(response)
        let error = VaultError(
            refusal.reason(for: call.subject), vault: call.vault, subject: call.subject, status: response.status)
        return describe(error, response)
    }

    /// Tries again, or ends the request where the policy allows no more.
    private func retry(_ flight: VaultRound.Flight, in round: inout VaultRound, _ error: VaultError) {
        let index = flight.index
        let vault = round.calls[index].vault
        let now = transport.now
        var pause: Duration?
        if error.status != 429 { round.calls[index].failures += 1 }
        if error.concernsWholeVault {
            pause = sessions[vault]?.gate.refused(
                epoch: flight.epoch, asked: error.retryAfter, at: now, using: &settings.generator)
            sessions[vault]?.refusal = error
            round.wait(index, until: now, after: error)
        } else {
            let next = round.calls[index].backoff.next(using: &settings.generator)
            round.wait(index, until: now + next, after: error)
            pause = next
        }
        if isExhausted(vault, round.retryPolicy, error) {
            round.endWaiting(for: vault, like: error)
        } else if round.isHopeless || round.calls[index].failures >= round.retryPolicy.attempts ?? .max {
            round.end(index, with: error)
        } else if let pause {
            bringForward(index, in: &round, error)
            observer?.retrying(error.diagnosis, after: pause)
        }
    }

    /// Whether a vault refuses everybody, and nothing more is to be tried there: it has refused as often as the policy
    /// allows, or asks to be left alone beyond the deadline. Without a number of attempts the deadline is waited for: it
    /// is the start's, and whoever starts us anew would only ask the vault too early.
    private func isExhausted(_ vault: VaultAddress, _ retryPolicy: RetryPolicy, _ error: VaultError) -> Bool {
        guard let attempts = retryPolicy.attempts, error.concernsWholeVault else { return false }
        let isTooLong = error.retryAfter.map { transport.now + $0 > retryPolicy.deadline } ?? false
        return isTooLong || (sessions[vault]?.gate.refusals ?? 0) >= attempts
    }

    /// A pause of our own choice that would outlast the deadline ends shortly before it: one more try is worth it.
    private func bringForward(_ index: Int, in round: inout VaultRound, _ error: VaultError) {
        let last = BootInstant(
            nanoseconds: round.retryPolicy.deadline.nanoseconds - Self.lastTry.wholeNanoseconds)
        guard error.retryAfter == nil, transport.now + Self.lastTry < last else { return }
        sessions[round.calls[index].vault]?.gate.resume(at: last)
        round.calls[index].notBefore = min(round.calls[index].notBefore, last)
    }

    /// The end of a request that no retry helps, and of those that would end in the same way.
    private func fail(_ index: Int, in round: inout VaultRound, _ error: VaultError) {
        round.end(index, with: error)
        if error.endsAllOfVault { round.endWaiting(for: round.calls[index].vault, like: error) }
        if !error.isTemporary, !(error.isGone && round.calls[index].isOptional) { round.isHopeless = true }
    }

    /// The deadline: what is under way is given up, and each request ends with what was last known of it.
    private func expire(_ round: inout VaultRound) {
        for (ticket, flight) in round.flying {
            let call = round.calls[flight.index]
            _ = round.land(ticket)
            sessions[call.vault]?.flying -= 1
            _ = try? transport.take(ticket)
            round.end(
                flight.index, with: call.error ?? VaultError(.timedOut, vault: call.vault, subject: call.subject))
        }
        for (vault, indices) in round.waiting {
            for index in indices {
                let known = round.calls[index].error ?? sessions[vault]?.refusal
                round.end(
                    index, with: known ?? VaultError(.timedOut, vault: vault, subject: round.calls[index].subject))
            }
        }
    }

    /// Adds what an answer tells about itself.
    func describe(_ error: VaultError, _ response: borrowing HTTPResponse) -> VaultError {
        var error = error
        error.assignee = settings.assignee
        // Whom the token names is what the remedy needs; nothing else of a token is ever shown.
        if case .forbidden = error.reason, error.assignee == nil,
            let id = owner(ofTokensFor: error.vault)?.clientID, VaultObject.isName(id)
        {
            error.assignee = id
        }
        error.code = error.code ?? VaultRefusal(response).code
        if let id = response.headers["x-ms-request-id"], VaultObject.isName(id) { error.requestID = id }
        return error
    }
}
