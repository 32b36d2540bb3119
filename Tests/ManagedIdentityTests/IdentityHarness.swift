import HTTPTransport
import LatchkeyTestSupport
import LinuxSystem
import ManagedIdentity
import Messages
import Secrets
import Testing

let vault = "https://vault.azure.net"
let tokenBody = #"{"access_token":"synthetic-token","expires_on":"4102444800","resource":"https://vault.azure.net"}"#
let now: Int64 = 1_900_000_000

/// A scripted network with the times of its requests.
final class IdentityHarness {
    private var answers: [FakeTransport.Answer]
    /// When each request began, from the stage's start.
    private(set) var times: [Duration] = []
    private let start: BootInstant
    private var network: FakeTransport?

    /// The answers in their order; the last one is given again and again.
    init(_ answers: FakeTransport.Answer...) {
        self.answers = answers
        start = FakeTransport { _ in .silence }.now
    }

    var transport: FakeTransport {
        if let network { return network }
        let made = FakeTransport { [unowned self] _ in answer() }
        made.latency = .zero
        network = made
        return made
    }

    private func answer() -> FakeTransport.Answer {
        times.append((network?.now ?? start) - start)
        return answers.count > 1 ? answers.removeFirst() : answers[0]
    }

    var requests: [HTTPRequest] { transport.requests }

    /// The time since the start.
    var elapsed: Duration { transport.now - start }
}

/// Every draw is the largest one, so that a jittered pause is its bound.
struct LargestDraw: RandomNumberGenerator, Sendable {
    mutating func next() -> UInt64 { .max }
}

/// Files by their paths; a missing one is `ENOENT`.
final class FakeFiles: IdentityFiles {
    var contents: [String: [UInt8]] = [:]
    var failures: [String: CInt] = [:]
    private(set) var reads: [String] = []

    init(_ contents: [String: String] = [:]) {
        self.contents = contents.mapValues { Array($0.utf8) }
    }

    func exists(_ path: String) -> Bool { contents[path] != nil }

    func read(_ path: String, limit: Int) throws(SystemError) -> SecretBytes {
        reads.append(path)
        if let code = failures[path] { throw SystemError(call: "open", code: code, subject: path) }
        guard let bytes = contents[path] else { throw SystemError(call: "open", code: 2, subject: path) }
        return SecretBytes(copying: bytes.span)
    }

    func readKey(named name: String, in directory: String, limit: Int) throws(SystemError) -> SecretBytes {
        try read("\(directory)/\(name)", limit: limit)
    }
}

func environment(
    _ variables: [String: String] = [:], files: FakeFiles = FakeFiles(), run: CommandRunner? = nil
) -> IdentityEnvironment {
    IdentityEnvironment(files: files, wallClock: { now }, runCommand: run) { name in
        variables[name].map { Array($0.utf8) }
    }
}

/// A session over a stage.
func session(
    _ environment: IdentityEnvironment, _ options: IdentityOptions = IdentityOptions(), _ harness: IdentityHarness,
    observer: (any WaitObserver)? = nil
) throws -> IdentitySession {
    IdentitySession(
        try detectIdentity(options, in: environment), environment: environment, transport: harness.transport,
        observer: observer, generator: LargestDraw())
}

extension IdentityHarness {
    func retryPolicy(_ duration: Duration = .seconds(90), attempts: Int? = nil) -> RetryPolicy {
        RetryPolicy(deadline: transport.now + duration, attempts: attempts)
    }
}

/// The diagnosis of what a body throws.
func diagnosis(of body: () throws -> Void) throws -> Diagnosis {
    do {
        try body()
    } catch let error as any DiagnosableError {
        return error.diagnosis
    }
    throw NothingThrown()
}

struct NothingThrown: Error {}

func text(_ secret: SharedSecret) -> String {
    secret.withBytes { bytes in String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
}

/// A request's headers as text, prefixes of secrets included.
func headers(_ request: HTTPRequest) -> [String: String] {
    var fields: [String: String] = [:]
    for (name, value) in request.headers {
        switch value {
        case .plain(let plain): fields[name] = plain
        case .secret(let prefix, let secret): fields[name] = prefix + text(secret)
        }
    }
    return fields
}

/// The pairs of a form, decoded.
func form(_ request: HTTPRequest) -> [String: String] {
    guard let body = request.body else { return [:] }
    var fields: [String: String] = [:]
    for pair in text(body).split(separator: "&") {
        let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { decoded($0) }
        fields[parts[0]] = parts.count > 1 ? parts[1] : ""
    }
    return fields
}

private func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%") {
            bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
            rest = rest.dropFirst(2)
        } else {
            bytes.append(byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

/// What a session told of its waits.
final class Listener: WaitObserver {
    private(set) var retries: [(code: MessageCode, pause: Duration)] = []
    private(set) var exchanges: [String] = []
    private(set) var awaited: [AwaitedAnswer] = []

    func awaiting(_ answer: AwaitedAnswer) { awaited.append(answer) }
    func retrying(_ diagnosis: Diagnosis, after pause: Duration) { retries.append((diagnosis.code, pause)) }
    func fetched(_ done: Int, of total: Int) {}
    func exchanged(endpoint: String, status: Int) { exchanges.append("\(endpoint) \(status)") }
}
