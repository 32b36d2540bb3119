import HTTPTransport
import KeyVault
import LatchkeyTestSupport
import LinuxSystem
import ManagedIdentity
import Messages
import Secrets

/// Hands out `token-1`, `token-2`, …, or a failure.
final class FakeTokens: TokenProvider {
    struct Asked: Equatable {
        var resource: String
        var tenant: String?
        var claims: String?
        var isRefused = false
    }

    private(set) var asked: [Asked] = []
    var failure: Diagnosis?
    /// Instead of `token-1`.
    var text: String?
    /// Instead of the next one, where the first was refused.
    var later: String?

    func token(
        for resource: String, tenant: String?, claims: String?, isRefused: Bool, retryPolicy: RetryPolicy
    ) throws(Diagnosis) -> AccessToken {
        asked.append(Asked(resource: resource, tenant: tenant, claims: claims, isRefused: isRefused))
        if let failure { throw failure }
        let bytes = Array(((isRefused ? later : text) ?? "token-\(asked.count)").utf8)
        return AccessToken(
            secret: SharedSecret(SecretBytes(copying: bytes.span)), expiresOn: 4_000_000_000, resource: resource)
    }
}

final class FakeObserver: WaitObserver {
    private(set) var retries: [(diagnosis: Diagnosis, pause: Duration)] = []
    private(set) var progress: [String] = []
    private(set) var statuses: [Int] = []
    private(set) var awaited: [AwaitedAnswer] = []

    func awaiting(_ answer: AwaitedAnswer) { awaited.append(answer) }
    func retrying(_ diagnosis: Diagnosis, after pause: Duration) { retries.append((diagnosis, pause)) }
    func fetched(_ done: Int, of total: Int) { progress.append("\(done)/\(total)") }
    func exchanged(endpoint: String, status: Int) { statuses.append(status) }
}

/// A repeatable generator (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// A client over a fake transport, with all that it is told and tells.
final class VaultHarness {
    let transport: FakeTransport
    let tokens = FakeTokens()
    let observer = FakeObserver()
    let client: VaultClient

    init(
        seed: UInt64 = 1, assignee: String? = nil, parallelism: Int = 8, warmth: Duration = .zero,
        answer: @escaping (HTTPRequest) -> FakeTransport.Answer
    ) {
        transport = FakeTransport(answer: answer)
        var settings = VaultClient.Settings()
        settings.generator = SeededGenerator(state: seed)
        settings.assignee = assignee
        settings.parallelism = parallelism
        settings.warmth = warmth
        settings.wallClock = { 1_700_000_000 }
        client = VaultClient(transport: transport, tokens: tokens, observer: observer, settings: settings)
    }

    func retryPolicy(_ seconds: Int = 90, attempts: Int? = nil) -> RetryPolicy {
        RetryPolicy(deadline: transport.now + .seconds(seconds), attempts: attempts)
    }

    /// Fetches, and gives back the values along with the outcomes.
    func fetch(
        _ objects: [VaultObject], optional: Set<VaultObject> = [],
        certificates: VaultClient.CertificateSource = .secret, retryPolicy: RetryPolicy? = nil
    ) -> [Result<Value, VaultError>] {
        var set = SecretSet()
        let outcomes = client.fetch(
            objects, into: &set, optional: optional, certificates: certificates,
            retryPolicy: retryPolicy ?? self.retryPolicy())
        var values: [Result<Value, VaultError>] = []
        for outcome in outcomes {
            switch outcome {
            case .success(let object): values.append(.success(Value(object: object, text: set.text(of: object.slot))))
            case .failure(let error): values.append(.failure(error))
            }
        }
        return values
    }

    struct Value {
        var object: FetchedObject
        var text: String
    }

    /// The paths and queries so far, a token's in front.
    var journal: [String] {
        transport.requests.map { (($0.bearer.map { "[\($0)] " }) ?? "") + $0.url }
    }
}

extension Result where Success == VaultHarness.Value, Failure == VaultError {
    var text: String? { try? get().text }
    var error: VaultError? { if case .failure(let error) = self { error } else { nil } }
}

extension SecretSet {
    borrowing func text(of slot: Slot) -> String {
        withBytes(of: slot) { bytes in String(decoding: (0..<bytes.count).map { bytes[$0] }, as: UTF8.self) }
    }

    borrowing func bytes(of slot: Slot) -> [UInt8] {
        withBytes(of: slot) { bytes in (0..<bytes.count).map { bytes[$0] } }
    }
}

extension HTTPRequest {
    func header(_ name: String) -> String? {
        for header in headers where header.name.lowercased() == name.lowercased() {
            switch header.value {
            case .plain(let text): return text
            case .secret(let prefix, let secret):
                return prefix
                    + secret.withBytes { bytes in
                        String(decoding: (0..<bytes.count).map { bytes[$0] }, as: UTF8.self)
                    }
            }
        }
        return nil
    }

    var bearer: String? { header("Authorization").map { String($0.dropFirst("Bearer ".count)) } }

    /// The second part of the path: `db-password`.
    var objectName: String {
        let path = url.split(separator: "?")[0].split(separator: "/", omittingEmptySubsequences: false)
        return path.count > 4 ? String(path[4]) : ""
    }

    var host: String { String(url.dropFirst("https://".count).split(separator: "/")[0]) }
}

let contoso = VaultAddress(host: "contoso-web.vault.azure.net")
let version = "6fd6c1e4ba1b4b5f8a6a1c0a0e0f0d0c"

func secret(_ name: String, version: String? = nil, in vault: VaultAddress = contoso) -> VaultObject {
    VaultObject(vault: vault, name: name, version: version)
}

/// A secret's answer as a vault gives it.
func secretBody(
    _ name: String, value: String = "s3cret", host: String = contoso.host, extra: String = ""
) -> String {
    """
    {"value":"\(value)","id":"https://\(host)/secrets/\(name)/\(version)","attributes":{"enabled":true,\
    "created":1700000000,"updated":1700000100,"recoveryLevel":"Recoverable+Purgeable","recoverableDays":90}\(extra)}
    """
}

func errorBody(_ code: String, inner: String? = nil, message: String = "Words.") -> String {
    let inner = inner.map { ",\"innererror\":{\"code\":\"\($0)\"}" } ?? ""
    return "{\"error\":{\"code\":\"\(code)\",\"message\":\"\(message)\"\(inner)}}"
}

func challengeHeader(_ resource: String, tenant: String = "54826b22-0000-4000-8000-b7b93a3e9c5a") -> (String, String) {
    (
        "WWW-Authenticate",
        "Bearer authorization=\"https://login.microsoftonline.com/\(tenant)\", resource=\"\(resource)\""
    )
}

/// Answers the request without a token with a challenge, and any other through `answer`.
func challenging(
    _ resource: String = "https://vault.azure.net", _ answer: @escaping (HTTPRequest) -> FakeTransport.Answer
) -> (HTTPRequest) -> FakeTransport.Answer {
    { request in
        request.bearer == nil
            ? .response(401, [challengeHeader(resource)], body: errorBody("Unauthorized", message: "AKV10000: none."))
            : answer(request)
    }
}

/// Every secret is there.
func found(_ request: HTTPRequest) -> FakeTransport.Answer {
    .response(200, body: secretBody(request.objectName, host: request.host))
}
