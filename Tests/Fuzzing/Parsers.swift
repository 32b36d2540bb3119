import HTTPTransport
import LaunchConfiguration
import LinuxSystem
import Messages
import Refresh
import Secrets
import ServiceNotify
import Systemd
import WorkerProtocol

@testable import Delivery
@testable import HTTPTransport
@testable import KeyVault
@testable import ManagedIdentity

typealias Parser = @Sendable ([UInt8]) -> Void

/// Everything that reads bytes which somebody else wrote, by name. A corpus of each is in `Corpus/NAME`.
let parsers: [String: Parser] = [
    "answer": vaultAnswer, "challenge": challenge, "dates": dates, "endpoint": endpoint, "env-file": environmentFile,
    "head": answerHead, "import": importedFile, "json": json, "memory": refreshMemory, "notify": notification,
    "order": workerOrder, "peer": peerAddress, "realm": realm, "reference": reference, "report": report,
    "template": template, "token": tokenAnswer, "toml": configuration,
]

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

private let vault = try? VaultAddress(parsing: "contoso-web", suffix: .publicCloud)

/// A JSON text, with a pointer behind its first line.
@Sendable private func json(_ bytes: [UInt8]) {
    let lines = bytes.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
    let body = Array(lines.last ?? [])
    let span = body.span
    guard let root = try? JSONReader.read(span) else { return }
    precondition(root.range.upperBound <= body.count)
    if let pointer = JSONPointer(text(Array(lines.first ?? []))), let found = pointer.resolve(from: root, in: span) {
        precondition(root.range.contains(found.range.lowerBound) && found.range.upperBound <= root.range.upperBound)
        // A part of a text is a text.
        let part = Array(body[found.range])
        precondition((try? JSONReader.read(part.span)) != nil)
        _ = found.string(in: span)
        _ = found.integer(in: span)
    }
}

/// What a vault answers: secret, key, certificate, list, refusal.
@Sendable private func vaultAnswer(_ bytes: [UInt8]) {
    guard let vault else { return }
    var set = SecretSet()
    let body = SecretBytes(copying: bytes.span)
    for kind in VaultObjectKind.allCases {
        let object = VaultObject(vault: vault, kind: kind, name: "db-password")
        let fetched: FetchedObject? =
            switch kind {
            case .secret: try? VaultAnswer.secret(body, for: object, into: &set)
            case .key: try? VaultAnswer.key(body, for: object, into: &set)
            case .certificate: try? VaultAnswer.certificate(body, for: object, into: &set)
            }
        precondition(fetched.map { $0.object == object } ?? true)
    }
    _ = try? VaultAnswer.page(body)
    let response = HTTPResponse(status: 403, headers: HTTPHeaders(), body: SecretBytes(copying: bytes.span))
    let code = VaultRefusal(response).code
    precondition(code?.utf8.allSatisfy { $0.isLetterOrDigit } ?? true, "a code that is no word")
}

@Sendable private func challenge(_ bytes: [UInt8]) {
    guard let vault, let challenge = Challenge(HTTPHeaders([("WWW-Authenticate", text(bytes))])) else { return }
    if let resource = try? challenge.verifiedResource(for: vault) {
        let host = resource.lowercased().dropFirst("https://".count).prefix { $0 != ":" }
        precondition(vault.host.hasSuffix("." + host), "a resource of somebody else")
    }
}

/// Retry-After in its forms, and every form of an expiry.
@Sendable private func dates(_ bytes: [UInt8]) {
    let text = text(bytes)
    for name in ["Retry-After", "retry-after-ms", "x-ms-retry-after-ms"] {
        let pause = retryAfter(in: HTTPHeaders([(name, text)]), wallClock: 1_700_000_000)
        precondition(pause.map { $0 >= .seconds(1) && $0 <= .seconds(300) } ?? true, "not clamped")
    }
    _ = Expiry.seconds(text)
    _ = Expiry.localSeconds(text)
}

@Sendable private func endpoint(_ bytes: [UInt8]) {
    guard let url = EndpointURL(text(bytes)) else { return }
    let asking = url.asking([("resource", "https://vault.azure.net")])
    precondition(EndpointURL(asking).map { $0.hostAndPort == url.hostAndPort } ?? false, "another host: \(asking)")
    precondition(EndpointURL(url.text) == url, "what is asked is not what was read: \(url.text)")
    _ = url.appending("oauth2/token")
    // What answers name: an object's id, a list's next page.
    _ = ObjectIdentifier(text(bytes))
    if let vault, let target = VaultRequest.target(ofNextPage: text(bytes), of: "/secrets", in: vault) {
        precondition(target.hasPrefix("/secrets?") && url.host == vault.host, "a page elsewhere: \(target)")
    }
}

@Sendable private func answerHead(_ bytes: [UInt8]) {
    var head = AnswerHead()
    for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
        let line = Array(line) + [0x0A]
        if head.take(line.span) != nil { return }
    }
    precondition(head.headers.fields.count <= AnswerHead.mostFields)
}

@Sendable private func refreshMemory(_ bytes: [UInt8]) {
    guard let memory = try? DeliveryState(decoding: bytes) else { return }
    precondition((try? DeliveryState(decoding: memory.encoded)) == memory)
}

@Sendable private func notification(_ bytes: [UInt8]) {
    guard let notification = ChildNotification(datagram: bytes) else { return }
    // As the manager splits it.
    let lines = notification.forwarded.split { $0 == 0x0A || $0 == 0x0D }
    let foreign = ["MAINPID", "NOTIFYACCESS", "WATCHDOG_USEC", "EXIT_STATUS"].map { Array($0.utf8) }
    let isForeign = lines.contains { line in foreign.contains { line.starts(with: $0) } }
    precondition(!isForeign, "what is not the child's goes on")
    precondition(ChildNotification(datagram: notification.forwarded) == notification, "taken apart it is another one")
}

/// The address of whoever connects for a credential.
@Sendable private func peerAddress(_ bytes: [UInt8]) {
    guard let request = CredentialRequest(address: bytes) else { return }
    let end = Array("/unit/\(request.unit)/\(request.credential)".utf8)
    precondition(bytes.first == 0 && bytes.suffix(end.count).elementsEqual(end), "names that were not asked for")
    let digits = bytes.dropFirst().dropLast(end.count)
    let isHexadecimal = digits.allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
    precondition(!digits.isEmpty && isHexadecimal, "no manager's address")
}

@Sendable private func workerOrder(_ bytes: [UInt8]) {
    guard let order = try? WorkerOrder(decoding: bytes) else { return }
    precondition((try? WorkerOrder(decoding: order.encoded)) == order)
}

@Sendable private func realm(_ bytes: [UInt8]) {
    guard let name = ArcSource.keyName(challenge: text(bytes)) else { return }
    precondition(!name.utf8.contains(UInt8(ascii: "/")) && name.hasSuffix(".key"), "a name that leaves the directory")
}

@Sendable private func reference(_ bytes: [UInt8]) {
    let text = text(bytes)
    _ = ReferenceParser.claims(bytes)
    guard let reference = try? ReferenceParser(defaultVault: vault, suffix: .publicCloud).parse(text) else { return }
    precondition(reference.object.name.utf8.allSatisfy { $0.isLetterOrDigit || $0 == 0x2D }, "an invalid name")
    precondition(reference.object.vault.url.hasPrefix("https://"))
}

/// The stream of a worker, in two parts.
@Sendable private func report(_ bytes: [UInt8]) {
    var buffer: [UInt8] = []
    for part in [bytes.prefix(bytes.count / 2), bytes.dropFirst(bytes.count / 2)] {
        buffer += part
        while let message = try? WorkerMessage.take(from: &buffer) {
            var again = message.encoded
            precondition((try? WorkerMessage.take(from: &again)) == message && again.isEmpty)
        }
    }
}

@Sendable private func template(_ bytes: [UInt8]) {
    guard let source = String(validating: bytes, as: UTF8.self), let template = try? Template(source, path: "t") else {
        return
    }
    var set = SecretSet()
    let value = set.append([UInt8]("va'l\"ue".utf8).span)
    let slots = Dictionary(template.references.map { ($0.text, value) }) { first, _ in first }
    precondition((try? template.render(slots, in: &set, target: "f")) != nil, "a template that names what it reads")
}

@Sendable private func tokenAnswer(_ bytes: [UInt8]) {
    let body = SecretBytes(copying: bytes.span)
    let resource = "https://vault.azure.net"
    let answer = try? TokenAnswer.token(body, kind: .appService, resource: resource, now: 1_700_000_000)
    if let answer { precondition(answer.token.secret.count > 0) }
    let refusal = ErrorAnswer(body)
    precondition(refusal.word?.utf8.count ?? 0 <= 40)
}

/// The configuration file, by way of a memory file.
@Sendable private func configuration(_ bytes: [UInt8]) { readFile(bytes, as: "--config") }

@Sendable private func environmentFile(_ bytes: [UInt8]) { readFile(bytes, as: "--env-file") }

/// What `init --from` makes of a file is a configuration.
@Sendable private func importedFile(_ bytes: [UInt8]) {
    withFile(bytes) { path in
        guard case .initialize(_, .imported(let text), _)? = parsed(["init", "--from", path]) else { return }
        // The reader has bounds for rows of digits and for dots, which names of people don't reach.
        let isBounded = text.split(separator: "\n").allSatisfy { $0.utf8.count < 100 }
        guard isBounded else { return }
        withFile(Array(text.utf8)) { path in
            precondition(parsed(["check", "--config", path, "--", "app"]) != nil, "no configuration: \(text)")
        }
    }
}

/// As `latchkey check` reads it: `run` takes no file that can be read once only.
private func readFile(_ bytes: [UInt8], as option: String) {
    withFile(bytes) { path in _ = parsed(["check", option, path, "--", "app"]) }
}

private func withFile(_ bytes: [UInt8], _ body: (String) -> Void) {
    guard let file = try? MemoryFile.create(name: "file"), (try? writeAll(bytes.span, to: file.number)) != nil else {
        return
    }
    body("/proc/self/fd/\(file.number)")
}

private func parsed(_ words: [String]) -> ParsedCommand? {
    try? CommandLine.parse(
        Invocation(
            arguments: (["latchkey"] + words).map { Array($0.utf8) }, environment: InheritedEnvironment([:]),
            workingDirectory: "/"))
}
