package import HTTPTransport
package import Secrets

extension VaultClient {
    /// Fetches objects, several at once, and puts their bytes into the set; one outcome for each, in order.
    ///
    /// A failure that may pass is retried as `retryPolicy` allows. Once one has failed for good nothing is retried any
    /// more, unless it is gone and `optional`; what was under way is kept. An object that is named twice is fetched
    /// once.
    package func fetch(
        _ objects: [VaultObject], into set: inout SecretSet, optional: Set<VaultObject> = [],
        certificates: CertificateSource = .secret, retryPolicy: RetryPolicy
    ) -> [VaultOutcome] {
        var outcomes: [VaultObject: VaultOutcome] = [:]
        let asked = admitted(objects, certificates, retryPolicy, failures: &outcomes)
        var round = VaultRound(
            asked.map { object in
                VaultCall(
                    to: object.vault, about: .object(object), target: target(of: object, certificates),
                    isOptional: optional.contains(object), correlation: correlation())
            }, retryPolicy: retryPolicy)
        // What can't come true is not waited for.
        round.isHopeless = outcomes.values.contains {
            if case .failure(let error) = $0 { !error.isTemporary } else { false }
        }
        observer?.awaiting(.vaults(round.waiting.keys.map(\.name).sorted()))
        observer?.fetched(0, of: objects.count)
        sendAhead(&round)
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

    /// The objects that can be asked for, each once: their names can exist, and there is a token for their vault.
    private func admitted(
        _ objects: [VaultObject], _ certificates: CertificateSource, _ retryPolicy: RetryPolicy,
        failures: inout [VaultObject: VaultOutcome]
    ) -> [VaultObject] {
        var wanted: [VaultObject] = []
        for object in Set(objects).sorted(like: objects) {
            if VaultObject.isName(object.name), object.version.map(VaultObject.isName) ?? true {
                wanted.append(object)
            } else {
                failures[object] = .failure(VaultError(.invalidName, vault: object.vault, subject: .object(object)))
            }
        }
        let denied = admit(wanted.map { ($0.vault, target(of: $0, certificates)) }, retryPolicy)
        return wanted.filter { object in
            guard var error = denied[object.vault] else { return true }
            error.subject = .object(object)
            failures[object] = .failure(error)
            return false
        }
    }

    private func read(
        _ response: borrowing HTTPResponse, about object: VaultObject, _ certificates: CertificateSource,
        into set: inout SecretSet
    ) throws(VaultError) -> FetchedObject {
        var fetched: FetchedObject
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
        fetched.answeredAt = response.headers["date"].flatMap { seconds(httpDate: $0) }
        // A vault refuses to hand out a disabled secret, but not a disabled key.
        guard fetched.attributes.enabled else {
            throw VaultError(.disabled, vault: object.vault, subject: .object(object), status: response.status)
        }
        return fetched
    }

    /// Most answers of a fetch are of the same second or two: a date is read once.
    private func seconds(httpDate text: String) -> Int64? {
        if let lastDate, lastDate.text == text { return lastDate.seconds }
        let seconds = secondsSince1970(httpDate: text)
        lastDate = (text, seconds)
        return seconds
    }

    func target(of object: VaultObject, _ certificates: CertificateSource) -> String {
        let throughSecret = object.kind == .certificate && certificates == .secret
        return VaultRequest.target(of: object, in: throughSecret ? .secret : object.kind)
    }
}

extension Set<VaultObject> {
    /// The set's elements in the order of their first appearance.
    fileprivate func sorted(like order: [VaultObject]) -> [VaultObject] {
        var left = self
        return order.filter { left.remove($0) != nil }
    }
}
