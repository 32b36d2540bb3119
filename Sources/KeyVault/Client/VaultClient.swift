package import HTTPTransport
import LinuxSystem
package import Secrets

/// The vaults of one run: tokens per audience once, several requests at once, every wait bounded.
///
/// Everything happens on the caller's thread, while it waits (see `HTTPTransport`).
package final class VaultClient {
    /// What may differ between runs and tests.
    package struct Settings {
        /// The most requests that are under way to one vault. A vault speaks HTTP/1.1: each is a connection.
        package var parallelism = 8
        /// The same for more than 32 objects, where round trips cost more than handshakes.
        package var wideParallelism = 16
        /// How long the first requests wait for the connection that is being opened ahead, once the token is there:
        /// one handshake and resumed ones cost less than many full ones, but not much waiting.
        package var warmth = Duration.milliseconds(5)
        /// Who needs a missing permission, as `az role assignment create --assignee` takes it: the identity's client
        /// id, where the configuration names one.
        package var assignee: String?
        package var generator: any RandomNumberGenerator = SystemRandomNumberGenerator()
        /// Seconds since 1970, for `Retry-After` dates.
        package var wallClock: () -> Int64 = wallClockSeconds

        package init() {}
    }

    /// What a certificate is fetched for.
    package enum CertificateSource: Sendable {
        /// Key and chain: the secret of the certificate's name.
        case secret
        /// The public certificate alone.
        case certificate
    }

    let transport: any HTTPTransport
    let tokens: any TokenProvider
    let observer: (any WaitObserver)?
    var settings: Settings
    var lines: [VaultAddress: VaultLine] = [:]
    var audiences: [String: VaultAudience] = [:]

    /// A client for one run. `observer` is told of every try that is going to be repeated, of every answer's status,
    /// and of objects as they arrive.
    package init(
        transport: any HTTPTransport, tokens: any TokenProvider, observer: (any WaitObserver)? = nil,
        settings: Settings = Settings()
    ) {
        self.transport = transport
        self.tokens = tokens
        self.observer = observer
        self.settings = settings
    }

    /// Begins a request without a token to a vault: it opens the connection while the token is being fetched, and
    /// where the vault's suffix is not known its challenge names the resource. Nothing is waited for.
    ///
    /// `object` is the first that will be fetched; without one the request is that of the list.
    package func warm(_ vault: VaultAddress, for object: VaultObject? = nil) {
        let target = object.map { self.target(of: $0, .secret) } ?? VaultRequest.listTarget()
        warm(vault, target: target)
    }

    /// Fetches objects, several at once, and puts their bytes into the set; one outcome for each, in order.
    ///
    /// A failure that may pass is retried as `patience` allows. Once one has failed for good nothing is retried any
    /// more, unless it is gone and `optional`; what was under way is kept. An object that is named twice is fetched
    /// once.
    package func fetch(
        _ objects: [VaultObject], into set: inout SecretSet, optional: Set<VaultObject> = [],
        certificates: CertificateSource = .secret, patience: Patience
    ) -> [VaultOutcome] {
        var outcomes: [VaultObject: VaultOutcome] = [:]
        var wanted: [VaultObject] = []
        for object in Set(objects).sorted(like: objects) {
            if VaultObject.isName(object.name), object.version.map(VaultObject.isName) ?? true {
                wanted.append(object)
            } else {
                outcomes[object] = .failure(VaultError(.invalidName, vault: object.vault, subject: .object(object)))
            }
        }
        open(for: wanted)
        let targets = wanted.map { ($0.vault, target(of: $0, certificates)) }
        let failures = admit(targets, patience)
        var calls: [VaultCall] = []
        var asked: [VaultObject] = []
        for (object, (vault, target)) in zip(wanted, targets) {
            if var error = failures[vault] {
                error.subject = .object(object)
                outcomes[object] = .failure(error)
            } else {
                asked.append(object)
                calls.append(
                    VaultCall(
                        to: vault, about: .object(object), target: target, isOptional: optional.contains(object),
                        correlation: correlation()))
            }
        }
        var round = VaultRound(calls, patience: patience)
        // What can't come true is not waited for.
        round.isHopeless = outcomes.values.contains {
            if case .failure(let error) = $0 { !error.isTemporary } else { false }
        }
        awaitWarmth(of: Set(asked.map(\.vault)))
        var done = 0
        perform(&round) { (index, response) throws(VaultError) in
            let fetched = try read(response, about: asked[index], certificates, into: &set)
            outcomes[asked[index]] = .success(fetched)
            done += 1
            observer?.fetched(done, of: objects.count)
        }
        for (object, call) in zip(asked, round.calls) {
            if let error = call.error { outcomes[object] = .failure(error) }
        }
        return objects.map { object in
            outcomes[object] ?? .failure(VaultError(.timedOut, vault: object.vault, subject: .object(object)))
        }
    }

    private func read(
        _ response: borrowing HTTPResponse, about object: VaultObject, _ certificates: CertificateSource,
        into set: inout SecretSet
    ) throws(VaultError) -> FetchedObject {
        let fetched: FetchedObject
        do throws(VaultError.AnswerFault) {
            fetched =
                switch (object.kind, certificates) {
                case (.key, _): try VaultAnswer.key(response.body, for: object, into: &set)
                case (.certificate, .certificate):
                    try VaultAnswer.certificate(response.body, for: object, into: &set)
                default: try VaultAnswer.secret(response.body, for: object, into: &set)
                }
        } catch {
            throw VaultError(.answer(error), vault: object.vault, subject: .object(object), status: response.status)
        }
        // A vault refuses to hand out a disabled secret, but not a disabled key.
        guard fetched.attributes.enabled else {
            throw VaultError(.disabled, vault: object.vault, subject: .object(object), status: response.status)
        }
        return fetched
    }

    private func target(of object: VaultObject, _ certificates: CertificateSource) -> String {
        let throughSecret = object.kind == .certificate && certificates == .secret
        return VaultRequest.target(of: object, in: throughSecret ? .secret : object.kind)
    }

    /// Opens each vault's gate as wide as the number of its objects makes sensible.
    private func open(for objects: [VaultObject]) {
        for (vault, objects) in Dictionary(grouping: objects, by: \.vault) {
            var line = line(of: vault)
            line.gate.open(to: objects.count > 32 ? settings.wideParallelism : settings.parallelism)
            lines[vault] = line
        }
    }

    /// A random UUID (RFC 9562, version 4) for `x-ms-client-request-id`.
    func correlation() -> String {
        let high = UInt64.random(in: 0...UInt64.max, using: &settings.generator)
        let low = UInt64.random(in: 0...UInt64.max, using: &settings.generator)
        let digits =
            hexadecimal(high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000) + hexadecimal(low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000 << 48)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text += "-" }
            text.append(digit)
        }
        return text
    }

    private func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension Set<VaultObject> {
    /// The set's elements in the order of their first appearance.
    fileprivate func sorted(like order: [VaultObject]) -> [VaultObject] {
        var left = self
        return order.filter { left.remove($0) != nil }
    }
}
