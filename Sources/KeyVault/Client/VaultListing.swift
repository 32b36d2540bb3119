package import HTTPTransport
package import Secrets

/// The list of a vault's secrets, or its beginning.
package struct VaultListing: Sendable {
    package var secrets: [ListedSecret] = []
    /// The requests that it took.
    package var pages = 0
    /// Whether the end was reached.
    package var isComplete = false
    /// Where each secret, or version, stands in the list.
    private var indices: [String: Int] = [:]

    /// A list that changes while it is read may name a secret twice: the later entry is the newer one.
    fileprivate mutating func add(_ secret: ListedSecret) {
        let key = secret.name.lowercased() + "/" + (secret.version ?? "")
        if let index = indices[key] {
            secrets[index] = secret
        } else {
            indices[key] = secrets.count
            secrets.append(secret)
        }
    }
}

extension VaultClient {
    /// The list of a vault's secrets: names, dates, tags, never a value; 25 a request.
    package func list(_ vault: VaultAddress, retryPolicy: RetryPolicy) -> Result<[ListedSecret], VaultError> {
        listing(of: vault, retryPolicy: retryPolicy).map(\.secrets)
    }

    /// The list, or its beginning where it takes more requests than `pages`.
    package func listing(
        of vault: VaultAddress, atMost pages: Int? = nil, retryPolicy: RetryPolicy
    ) -> Result<VaultListing, VaultError> {
        self.pages(of: vault, about: .listing, name: nil, atMost: pages, retryPolicy)
    }

    /// The versions of one secret; none where the secret does not exist.
    package func versions(
        of name: String, in vault: VaultAddress, retryPolicy: RetryPolicy
    ) -> Result<[ListedSecret], VaultError> {
        guard VaultObject.isName(name) else {
            return .failure(VaultError(.invalidName, vault: vault, subject: .versions(name)))
        }
        return pages(of: vault, about: .versions(name), name: name, atMost: nil, retryPolicy).map(\.secrets)
    }

    /// Follows a list to its end: a page without a next one. Empty pages are followed like others.
    private func pages(
        of vault: VaultAddress, about subject: VaultError.Subject, name: String?, atMost limit: Int?,
        _ retryPolicy: RetryPolicy
    ) -> Result<VaultListing, VaultError> {
        var target = VaultRequest.listTarget(versionsOf: name)
        if var error = admit([(vault, target)], retryPolicy)[vault] {
            error.subject = subject
            return .failure(error)
        }
        var listing = VaultListing()
        var seen: Set<String> = [target]
        for _ in 0..<VaultRequest.pageLimit {
            if let limit, listing.pages >= limit { return .success(listing) }
            observer?.awaiting(.list(vault: vault.name, listed: listing.secrets.count))
            var page = VaultAnswer.Page()
            if let error = fetchPage(vault, subject, target, retryPolicy, into: &page) { return .failure(error) }
            listing.pages += 1
            for secret in page.secrets { listing.add(secret) }
            guard let link = page.next else {
                listing.isComplete = true
                return .success(listing)
            }
            let path = VaultRequest.listPath(versionsOf: name)
            guard let next = VaultRequest.target(ofNextPage: link, of: path, in: vault) else {
                return .failure(VaultError(.answer(.foreignPage), vault: vault, subject: subject))
            }
            guard seen.insert(next).inserted else {
                return .failure(VaultError(.answer(.pageLoop), vault: vault, subject: subject))
            }
            target = next
        }
        return .failure(
            VaultError(.answer(.tooManyPages(VaultRequest.pageLimit)), vault: vault, subject: subject))
    }

    private func fetchPage(
        _ vault: VaultAddress, _ subject: VaultError.Subject, _ target: String, _ retryPolicy: RetryPolicy,
        into page: inout VaultAnswer.Page
    ) -> VaultError? {
        var round = VaultRound(
            [VaultCall(to: vault, about: subject, target: target, correlation: correlation())], retryPolicy: retryPolicy
        )
        sendAhead(&round)
        perform(&round) { (_, response) throws(VaultError) in
            do throws(VaultError.AnswerFault) {
                page = try VaultAnswer.page(response.body)
            } catch {
                throw VaultError(.answer(error), vault: vault, subject: subject, status: response.status)
            }
        }
        return round.calls[0].error
    }
}
