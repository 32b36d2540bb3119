import Secrets

/// Paths and queries of the vaults' interface.
enum VaultRequest {
    /// Serves everything that is asked here (secrets, certificates, keys, managed HSMs).
    static let apiVersion = "7.4"
    /// The most that the interface gives in one page.
    static let pageSize = 25
    /// The most pages that one list is followed for: 100,000 secrets, or fewer with empty pages in between.
    static let pageLimit = 4000

    /// An object's path and query. The newest version is asked for with a slash behind the name, as the official
    /// clients do.
    static func target(of object: VaultObject, in kind: VaultObjectKind) -> String {
        "/\(kind.collection)/\(object.name)/\(object.version ?? "")?api-version=\(apiVersion)"
    }

    static func listTarget(versionsOf name: String? = nil) -> String {
        listPath(versionsOf: name) + "?maxresults=\(pageSize)&api-version=\(apiVersion)"
    }

    static func listPath(versionsOf name: String?) -> String {
        name.map { "/secrets/\($0)/versions" } ?? "/secrets"
    }

    /// The target of a list's next page, where its link stays with the vault and the list: https, the same host and
    /// port, the same path; nil where it leads elsewhere.
    static func target(ofNextPage link: String, of path: String, in vault: VaultAddress) -> String? {
        guard link.utf8.count <= 8192, let url = EndpointURL(link), url.scheme == "https", url.host == vault.host,
            url.portNumber == vault.port ?? 443, url.path.lowercased() == path.lowercased(), let query = url.query
        else { return nil }
        return "\(path)?\(query)"
    }
}
