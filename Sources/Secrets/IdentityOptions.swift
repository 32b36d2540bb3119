/// What the user chose of the identity: `--identity` and the options beside it. The configuration reads them, and the
/// detection of identity sources follows them.
package struct IdentityOptions: Sendable, Equatable {
    /// The sources that can be named; their raw values are the user's words.
    package enum Source: String, Sendable, CaseIterable {
        case auto
        case appService = "app-service"
        case imds
        case arc
        case serviceFabric = "service-fabric"
        case cloudShell = "cloud-shell"
        case workloadIdentity = "workload-identity"
        case clientSecret = "client-secret"
        case clientCertificate = "client-certificate"
        case azureCLI = "azure-cli"
    }

    package var source: Source
    /// A user-assigned identity, or an application, by its client id; nil: `AZURE_CLIENT_ID`.
    package var clientID: String?
    /// A user-assigned identity by its object (principal) id.
    package var objectID: String?
    /// A user-assigned identity by its resource id, `/subscriptions/…`.
    package var resourceID: String?

    package init(
        source: Source = .auto, clientID: String? = nil, objectID: String? = nil, resourceID: String? = nil
    ) {
        self.source = source
        self.clientID = clientID
        self.objectID = objectID
        self.resourceID = resourceID
    }
}
