import HTTPTransport
import KeyVault
import LatchkeyTestSupport
import LinuxSystem
import Messages
import Secrets
import Testing

@Suite struct RetryTests {
    /// Answers each request with a token by the next of `answers`, then with the secret.
    private func sequence(
        _ answers: [FakeTransport.Answer], parallelism: Int = 8, seed: UInt64 = 1
    ) -> VaultHarness {
        var left = answers
        return VaultHarness(
            seed: seed, parallelism: parallelism,
            answer: challenging(answering: { request in
                left.isEmpty ? found(request) : left.removeFirst()
            }))
    }

    @Test(arguments: [408, 429, 500, 502, 503, 504])
    func `a status that may pass is tried again`(status: Int) {
        let harness = sequence([.response(status), .response(status)])
        #expect(harness.fetch([secret("a")]).first?.text == "s3cret")
        #expect(harness.observer.retries.count == 2)
        #expect(harness.observer.retries.allSatisfy { $0.diagnosis.exitCode == .temporary })
        #expect(harness.observer.retries.allSatisfy { $0.pause <= .milliseconds(1600) })
        #expect(harness.observer.statuses == [status, status, 200])
    }

    @Test(arguments: [
        (HTTPFailure.couldNotResolve(host: "h"), MessageCode.vaultUnresolved),
        (.couldNotConnect(host: "h", reason: "connection refused"), .vaultUnreachable),
        (.timedOut(connected: false), .vaultTimeout), (.timedOut(connected: true), .vaultTimeout),
        (.broken(reason: "reset"), .vaultUnreachable),
    ])
    func `a failure of the transport that may pass is tried again`(failure: HTTPFailure, code: MessageCode) {
        let harness = sequence([.failure(failure)])
        #expect(harness.fetch([secret("a")]).first?.text == "s3cret")
        #expect(harness.observer.retries.map(\.diagnosis.code) == [code])
    }

    @Test func `the tries of one request keep its id`() {
        let harness = sequence([.response(500), .response(500)])
        _ = harness.fetch([secret("a")])
        let ids = harness.transport.requests.filter { $0.bearer != nil }.map { $0.header("x-ms-client-request-id") }
        #expect(ids.count == 3)
        #expect(Set(ids).count == 1)
    }

    @Test func `attempts bound the tries of one request`() throws {
        let harness = VaultHarness(answer: challenging(answering: { _ in .response(503) }))
        let error = try #require(
            harness.fetch([secret("a")], retryPolicy: harness.retryPolicy(attempts: 4)).first?.error)
        #expect(error.messageCode == .vaultFailing)
        #expect(error.isTemporary)
        #expect(harness.transport.requests.compactMap(\.bearer).count == 4)
        #expect(harness.observer.retries.count == 3)
    }

    @Test func `without a number of attempts the deadline bounds them, with a last try before it`() throws {
        let harness = VaultHarness(answer: challenging(answering: { _ in .response(503) }))
        let start = harness.transport.now
        let error = try #require(harness.fetch([secret("a")], retryPolicy: harness.retryPolicy(30)).first?.error)
        #expect(error.messageCode == .vaultFailing)
        #expect(harness.transport.now - start <= .seconds(30))
        #expect(harness.transport.now - start >= .seconds(28))
        #expect(harness.transport.requests.count > 8)
    }

    @Test func `a vault that never answers is a time-out at the deadline`() throws {
        let harness = VaultHarness(answer: challenging(answering: { _ in .silence }))
        let start = harness.transport.now
        let errors = harness.fetch([secret("a"), secret("b")], retryPolicy: harness.retryPolicy(15)).compactMap(\.error)
        #expect(errors.map(\.messageCode) == [.vaultTimeout, .vaultTimeout])
        #expect(harness.transport.now - start == .seconds(15))
    }

    @Test func `a try that the deadline cuts off does not hide what the vault answered before`() throws {
        let harness = sequence([.response(503)] + Array(repeating: .silence, count: 9))
        let error = try #require(harness.fetch([secret("a")], retryPolicy: harness.retryPolicy(15)).first?.error)
        #expect(error.messageCode == .vaultFailing)
    }

    @Test func `a throttled vault is left alone by all requests and probed with one`() {
        var isThrottled = true
        var underWay: [Int] = []
        var harness: VaultHarness?
        var admitted = 0
        harness = VaultHarness(
            parallelism: 4,
            answer: challenging(answering: { request in
                underWay.append(Int(harness?.transport.now.nanoseconds ?? 0))
                if isThrottled, admitted >= 2 { return .response(429) }
                admitted += 1
                return found(request)
            }))
        guard let harness else { return }
        let start = Int(harness.transport.now.nanoseconds)
        let first = harness.fetch((1...10).map { secret("s\($0)") }, retryPolicy: harness.retryPolicy(attempts: 3))
        // Four at once, two of them passed; each pass let another one in, and then one probe after each pause.
        #expect(first.prefix(2).allSatisfy { $0.text == "s3cret" })
        #expect(first.dropFirst(2).allSatisfy { $0.error?.messageCode == .vaultThrottled })
        let later = underWay.filter { $0 > start + 20_000_000 }
        #expect(Set(later).count == later.count && later.count == 2)
        isThrottled = false
        #expect(harness.fetch((1...10).map { secret("s\($0)") }).allSatisfy { $0.text == "s3cret" })
    }

    @Test func `what arrived before a refusal is kept and not asked for again`() {
        var seen: [String: Int] = [:]
        var refusals = 5
        let harness = VaultHarness(
            answer: challenging(answering: { request in
                seen[request.objectName, default: 0] += 1
                if request.objectName > "s4", refusals > 0 {
                    refusals -= 1
                    return .response(429)
                }
                return found(request)
            }))
        let results = harness.fetch((1...9).map { secret("s\($0)") })
        #expect(results.allSatisfy { $0.text == "s3cret" })
        #expect((1...4).allSatisfy { seen["s\($0)"] == 1 })
        #expect(harness.observer.retries.count < 5)
    }

    @Test(arguments: [
        ("Retry-After", "7", 7), ("retry-after-ms", "2500", 2), ("x-ms-retry-after-ms", "2000", 2),
        ("Retry-After", "Tue, 14 Nov 2023 22:13:30 GMT", 10), ("Retry-After", "0", 1), ("Retry-After", "100000", 300),
    ])
    func `what the vault asks to wait is waited by all its requests`(name: String, value: String, seconds: Int) {
        var isFirst = true
        var times: [BootInstant] = []
        var harness: VaultHarness?
        harness = VaultHarness(
            answer: challenging(answering: { request in
                if let now = harness?.transport.now { times.append(now) }
                defer { isFirst = false }
                return isFirst ? .response(503, [(name, value)]) : found(request)
            }))
        guard let harness else { return }
        let start = harness.transport.now
        let results = harness.fetch((1...12).map { secret("s\($0)") }, retryPolicy: harness.retryPolicy(400))
        #expect(results.allSatisfy { $0.text == "s3cret" })
        let between = times.filter { $0 > start + .milliseconds(50) && $0 < start + .seconds(seconds) }
        #expect(between.isEmpty)
        #expect(harness.observer.retries.count == 1)
        #expect(harness.transport.now - start < .seconds(seconds * 12 / 10 + 1))
    }

    @Test func `a pause that outlasts a refresh's retryPolicy ends it at once and is told`() throws {
        let harness = VaultHarness(answer: challenging(answering: { _ in .response(429, [("Retry-After", "60")]) }))
        let start = harness.transport.now
        let errors = harness.fetch(
            (1...20).map { secret("s\($0)") }, retryPolicy: harness.retryPolicy(30, attempts: 4)
        ).compactMap(\.error)
        #expect(errors.count == 20)
        #expect(errors.allSatisfy { $0.retryAfter == .seconds(60) && $0.isTemporary })
        #expect(harness.transport.now - start < .seconds(1))
        #expect(VaultError.summarize(errors).count == 1)
    }

    @Test func `a vault that can't be reached is asked by one request at a time`() {
        let harness = VaultHarness(answer: { _ in .failure(.couldNotConnect(host: "h", reason: "no route to host")) })
        let errors = harness.fetch(
            (1...20).map { secret("s\($0)") }, retryPolicy: harness.retryPolicy(attempts: 4)
        ).compactMap(\.error)
        #expect(errors.count == 20)
        // The one that warms, eight at once, and three probes.
        #expect(harness.transport.requests.count == 12)
        #expect(
            VaultError.summarize(errors).map(\.text)
                == ["vault 'contoso-web': could not connect (no route to host)"])
    }

    @Test func `a failure for good ends the waiting but not what was not tried`() throws {
        let harness = VaultHarness(
            parallelism: 2,
            answer: challenging(answering: { request in
                switch request.objectName {
                case "slow": .response(503)
                case "missing", "also-missing": .response(404, body: errorBody("SecretNotFound"))
                default: found(request)
                }
            }))
        let start = harness.transport.now
        let results = harness.fetch(["slow", "missing", "a", "also-missing"].map { secret($0) })
        #expect(results.map { $0.error?.messageCode } == [.vaultFailing, .secretMissing, nil, .secretMissing])
        #expect(harness.transport.now - start < .milliseconds(900))
    }

    @Test func `an optional object that is gone ends nothing`() {
        var failures = 2
        let harness = VaultHarness(
            answer: challenging(answering: { request in
                if request.objectName == "gone" { return .response(404, body: errorBody("SecretNotFound")) }
                failures -= 1
                return failures >= 0 ? .response(500) : found(request)
            }))
        let results = harness.fetch([secret("gone"), secret("a")], optional: [secret("gone")])
        #expect(results[0].error?.isGone == true)
        #expect(results[1].text == "s3cret")
    }

    @Test func `an optional object that is forbidden ends the waiting`() {
        let harness = VaultHarness(
            answer: challenging(answering: { request in
                request.objectName == "no"
                    ? .response(403, body: errorBody("Forbidden", inner: "ForbiddenByRbac")) : .response(500)
            }))
        let start = harness.transport.now
        let results = harness.fetch([secret("no"), secret("a")], optional: [secret("no")])
        #expect(results.map { $0.error?.exitCode } == [.denied, .temporary])
        #expect(harness.transport.now - start < .seconds(1))
    }

    @Test func `one vault's refusal does not hold up another`() {
        let other = VaultAddress(host: "contoso-shared.vault.azure.net")
        let harness = VaultHarness(
            answer: challenging(answering: { request in
                request.host == contoso.host ? .response(429) : found(request)
            }))
        let results = harness.fetch(
            [secret("a"), secret("b", in: other)], retryPolicy: harness.retryPolicy(attempts: 2))
        #expect(results[0].error?.messageCode == .vaultThrottled)
        #expect(results[1].text == "s3cret")
    }
}
